"""The example notebook: its cells run in order in a process of its own, on the trial's record."""

import json
import os
import re
import subprocess
import sys

import polars
import pytest

from sojourn.exchange.cdisc import dataset_json
from tests.conftest import ROOT

pytestmark = pytest.mark.django_db  # the trial is loaded into the tests' database
NOTEBOOK = ROOT / "examples" / "outcomes.ipynb"
# Every cell as a notebook would run it: what its last line says is kept, and drawn if it can be.
RUN = """
import ast, json, sys
known, shown = {}, []
for cell in json.load(sys.stdin)["cells"]:
    if cell["cell_type"] == "code":
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), known)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), known))
charts = [each.to_dict() for each in shown if isinstance(each, known["altair"].TopLevelMixin)]
tables = {name: known[name].to_dicts() for name in ("flow", "trajectory", "effects")}
print(json.dumps({"charts": charts, **tables}))
"""


@pytest.fixture(scope="module")
def done(trial):
    if trial.home is None:
        pytest.skip("the notebook is run on the embedded record alone")
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        input=NOTEBOOK.read_text(encoding="utf-8"),
        env={**os.environ, "SOJOURN_HOME": str(trial.home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_it_is_kept_without_outputs_or_anything_of_the_machine_it_was_written_on():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert "kernelspec" not in notebook["metadata"]
    code = [each for each in notebook["cells"] if each["cell_type"] == "code"]
    assert all(each["outputs"] == [] and each["execution_count"] is None for each in code)
    assert not re.search(r"/(home|work|Users|tmp)/", NOTEBOOK.read_text(encoding="utf-8"))


def test_everybody_is_in_the_flow(done, trial):
    steps = {each["step"]: 0 for each in done["flow"]}
    for each in done["flow"]:
        steps[each["step"]] += each["participants"]
    assert steps["Registered"] == trial.opened.records["sdtm"]["DM"]
    assert steps["Randomised"] == 104
    assert list(steps.values()) == sorted(steps.values(), reverse=True)


def test_the_trajectory_is_that_of_the_ratings(done, trial):
    rows = list(dataset_json.read(trial.opened.folder / "adam" / "adqs.json")[1])
    caps = polars.DataFrame([row for row in rows if row["PARAMCD"] == "CAPS5TOT"])
    assert len(done["trajectory"]) >= 8
    for each in done["trajectory"]:
        same = caps.filter(
            polars.col("AVISIT") == each["AVISIT"], polars.col("TRTP") == each["TRTP"]
        )
        assert (each["n"], each["mean"]) == (same.height, pytest.approx(same["AVAL"].mean()))
        assert each["low"] < each["mean"] < each["high"]


def test_the_mixed_model_estimates_each_visit_up_to_the_outcome(done):
    assert [each["visit"] for each in done["effects"]][-1] == "Week 18"
    for each in done["effects"]:
        assert each["low"] < each["difference"] < each["high"]
        assert 80 < each["df"] < 104
    assert len(done["charts"]) == 3
