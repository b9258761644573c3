"""Trials to come from the command line: tables, charts, errors with the mend, a cluster."""

import re

import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.design.drawing import prepare
from sojourn.design.model import FOLDER, shipped_model
from sojourn.design.plan import Plan
from sojourn.design.trials import characteristics


def say(*words: str, code: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "160"}).invoke(app, ["design", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_power_is_printed_by_sample_size_and_drawn(tmp_path):
    svg, png = tmp_path / "power.svg", tmp_path / "power.png"
    said = say("power", "mapp2", "--n", "40:80:40", "--trials", "300", "--chart", str(svg))
    found = characteristics(prepare(shipped_model("mapp2")), Plan(80, 300, 1))
    assert f"{found.rejecting.value:.1%} ± {found.rejecting.error:.1%}" in said
    assert f"{found.interval_width.value:.2f}" in said
    assert "Participants randomised" in svg.read_text()
    say("power", "mapp2", "--n", "40,60", "--trials", "50", "--chart", str(png))
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_model_of_ones_own_is_read_and_without_effect_gives_the_type_i_error(tmp_path):
    ours = tmp_path / "ours.yaml"
    ours.write_text(say("model", "mapp1"))
    assert ours.read_text() == (FOLDER / "mapp1.yaml").read_text()
    said = say("power", str(ours), "--n", "60", "--trials", "200", "--null")
    assert "type I error" in said
    assert "no effect" in said


def test_the_answer_does_not_depend_on_the_workers():
    words = ("power", "mapp2", "--n", "50", "--trials", "450", "--seed", "8")
    alone, together = say(*words), say(*words, "--workers", "3")
    assert rows(alone) == rows(together) != []


def test_looks_give_an_expected_sample_size():
    words = ("--n", "100", "--trials", "200", "--looks", "0.6,1", "--futility", "0.9")
    assert "expected n" in say("power", "mapp2", *words)


def test_a_size_looked_at_again_grows_and_not_beyond_the_most():
    words = ("power", "mapp2", "--n", "40", "--trials", "300", "--reestimate", "promising-zone")
    said = rows(say(*words, "--most", "80"))[0].split("│")
    assert 40 < float(said[6].split()[0]) < 80
    assert "most is 30; at least the 40 planned" in say(*words, "--most", "30", code=1)


def test_boundaries_are_printed():
    said = say("boundaries", "--looks", "0.5,1", "--futility", "0.9")
    assert re.search(r"0\.500 +2\.9626", said)  # as rpact and gsDesign print them
    assert re.search(r"1\.000 +1\.9686", said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("power", "nowhere.yaml"), "nowhere.yaml can't be read"),
        (("power", "mapp2", "--n", "many"), "write 60:140:10"),
        (("power", "mapp2", "--looks", "half"), "write 0.5,1"),
        (("power", "mapp2", "--looks", "0.5,0.9"), "the last look has all of it"),
        (("power", "mapp2", "--reestimate", "halves"), "use promising-zone or blinded-variance"),
        (("power", "mapp2", "--alpha", "0.9"), "level is 0.9"),
        (("power", "mapp2", "--trials", "0"), "at least 8 and 1"),
        (("power", "mapp2", "--chart", "power.gif"), "use .svg or .png"),
        (("power", "mapp2", "--on", "127.0.0.1:1"), "write dask://HOST:PORT"),
        (("boundaries", "--spending", "bayes"), "use one of obrien-fleming"),
        (("model", "mapp9"), "use mapp1 or mapp2"),
    ],
)
def test_an_error_says_the_mend(words, said):
    assert said in say(*words, code=1)


def test_a_cluster_is_asked_for_plainly_when_dask_is_not_here():
    try:
        import distributed  # noqa: F401
    except ImportError:
        said = say("power", "mapp2", "--on", "dask://127.0.0.1:1", code=1)
        assert "pip install 'sojourn[dask]'" in said
    else:
        pytest.skip("Dask is installed here; that it is missing can't be tried")


@pytest.mark.filterwarnings("default")  # the cluster's own
def test_a_cluster_gives_the_same_answer_to_the_last_digit():
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed; a cluster was not tried"
    )
    words = ("power", "mapp2", "--n", "40,60", "--trials", "900", "--seed", "5")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        where = cluster.scheduler_address.replace("tcp://", "dask://")
        spread = say(*words, "--on", where)
        with distributed.Client(cluster) as client:
            prepared, plan = prepare(shipped_model("mapp2")), Plan(60, 900, 5)
            tally = characteristics(prepared, plan, spread=over(client), chunk=100)
    assert tally == characteristics(prepared, plan)
    assert rows(spread) == rows(say(*words))


def over(client):
    from sojourn.cli_design import _as_done

    return lambda work, parts: _as_done(client, work, parts)


def rows(said: str) -> list[str]:
    return [line for line in said.splitlines() if re.match(r"│ +\d", line)]
