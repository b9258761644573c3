"""A population from the command line: need, years, cost, every person, errors with the mend."""

import pytest
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.design.population.capacity import flow
from sojourn.design.population.model import FOLDER, shipped_population
from sojourn.design.population.people import simulate


def say(*words: str, code: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "170"}).invoke(app, ["population", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_the_law_need_years_cost_and_people_are_told(tmp_path):
    svg, model = tmp_path / "need.svg", shipped_population()
    said = say("--people", "20000", "--draws", "200", "--chart", str(svg))
    assert said.index("not approved in the United States") < said.index("From need to demand")
    found = flow(model)
    assert f"Everyone who waits is treated in year {found.cleared}." in said
    assert f"{found.years[1].treated:,.0f}" in said
    assert "printed 132,900,000 (cost-growth calibrated to it); agrees within rounding" in said
    assert "printed 887 (held back); does not agree" in said
    people = simulate(model, 1, people=20_000)
    assert f"{people.treated.sum():,} are treated, {people.deaths_averted:,} deaths" in said
    assert "Year after lawful approval" in svg.read_text()


def test_a_model_of_ones_own_is_read_and_inputs_set(tmp_path):
    ours = tmp_path / "ours.yaml"
    ours.write_text(say("--text"))
    assert ours.read_text() == (FOLDER / "united-states.yaml").read_text()
    words = (str(ours), "--people", "1000", "--draws", "100")
    said = say(*words, "--set", "therapists-trained=0", "--scenario", "lasting")
    assert "Some still wait after 30 years." in said
    assert "none were followed" in say(*words, "--scenario", "without-drug")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "relaps=1"), "no input is called 'relaps'"),
        (("--set", "relapse=2"), "relapse is 2; a share from 0 to 1"),
        (("--set", "relapse=some"), "'some' is no number"),
        (("--scenario", "best"), "no scenario is called 'best'"),
        (("nowhere.yaml",), "nowhere.yaml can't be read"),
        (("mine", "--text"), "'mine' does not come with Sojourn; use united-states"),
        (("--people", "10", "--draws", "100", "--chart", "a.pdf"), "ends in '.pdf'; use .svg"),
    ],
)
def test_what_is_wrong_is_named_with_the_mend(words, said):
    assert said in say(*words, code=1)
