"""A published trial, imported whole: the report's primary result is the model's on its file."""

import csv

import polars as pl
import pytest

from sojourn import reporting
from sojourn.analysis import mmrm
from sojourn.exchange.reading import Translation
from sojourn.exchange.spreadsheets import import_assessments, import_participants
from sojourn.ledger.read import version
from tests.clinic.founding import found_depression
from tests.reporting.conftest import STATISTICIAN

KEY = "depression"


@pytest.fixture
def trial(db, shared):
    path = shared / "data" / "antidepressant-trial" / "data.csv"
    if not path.exists():
        pytest.skip(f"{path} is absent; the real trial was not imported")
    found_depression()
    arms = {("arm", "DRUG"): "drug", ("arm", "PLACEBO"): "placebo"}
    sexes = {("sex", "F"): "female", ("sex", "M"): "male"}
    headings = {"participant": "PATIENT", "sex": "GENDER", "site": "POOLINV", "arm": "THERAPY"}
    people = Translation(headings, arms | sexes, {"registered_on": "2000-01-03"})
    import_participants(path, KEY, people, author="lead")
    constants = {"visit": "baseline", "day": "0", "instrument": "hamd-17"}
    start = Translation({"participant": "PATIENT", "total": "BASVAL"}, {}, constants)
    import_assessments(path, KEY, start, author="lead")
    later = Translation(
        {"participant": "PATIENT", "total": "HAMDTL17", "day": "RELDAYS"},
        {("visit", number): f"visit-{number}" for number in "4567"},
        {"instrument": "hamd-17"},
    )
    import_assessments(path, KEY, later, author="lead", close_courses=True)
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_primary_difference_is_the_models_on_the_file(trial, tmp_path):
    report = reporting.make(reporting.Wish(KEY), STATISTICIAN)

    frame = pl.DataFrame(
        [
            (row["PATIENT"], row["THERAPY"], row["VISIT"],
             float(row["HAMDTL17"]) - float(row["BASVAL"]), float(row["BASVAL"]))
            for row in trial
        ],
        schema={"participant": pl.String, "arm": pl.Enum(["PLACEBO", "DRUG"]),
                "visit": pl.Enum(list("4567")), "change": pl.Float64, "baseline": pl.Float64},
        orient="row",
    )  # fmt: skip
    fit = mmrm.fit("change ~ arm * visit + baseline + baseline:visit", frame,
                   participant="participant", visit="visit")  # fmt: skip
    direct = mmrm.differences(fit, "arm", "PLACEBO", by=["visit"])[-1].value
    (figure,) = [
        each for each in report.figures if each.name.endswith("/difference/visit-7/Antidepressant")
    ]
    told = dict(figure.values)
    assert float(told["estimate"]) == pytest.approx(direct.estimate, rel=1e-5)
    assert float(told["standard_error"]) == pytest.approx(direct.standard_error, rel=1e-5)
    assert float(told["low"]) == pytest.approx(direct.low, rel=1e-5)
    assert figure.inputs == len(trial)

    # Its arms were never sealed, so nothing is opened. The difference rests on every rating,
    # every baseline and every allocation.
    assert version(f"openings:{KEY}") == 0
    reporting.write(report, tmp_path)
    found = reporting.trace(figure.key, tmp_path)
    assert found.problems == ()
    assert len(found.sources) == len(trial) + 172 + 172
