"""Published values are read whole, cited, and refused when something is off."""

import csv
import os
from pathlib import Path

import pytest
import yaml

from sojourn.design.calibration import FOLDER, CalibrationError, load, load_shipped
from sojourn.protocols import load_shipped as protocol

SHARED = Path(
    os.environ.get("SOJOURN_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)


@pytest.fixture
def text() -> str:
    return (FOLDER / "mapp2.yaml").read_text(encoding="utf-8")


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_calibration_holds_the_trial_as_published() -> None:
    mapp2 = load_shipped("mapp2")
    mdma, placebo = mapp2.arm("mdma"), mapp2.arm("placebo")
    assert (mdma.randomised, placebo.randomised) == (53, 51)
    assert (mdma.completed, placebo.completed) == (52, 42)
    assert (mdma.change.mean, placebo.change.mean) == (-23.7, -14.8)
    assert mapp2.citations[0].doi == "10.1038/s41591-023-02565-4"


def test_the_spread_of_change_comes_from_the_published_interval() -> None:
    # Given the interval of 52 people, half its width over 1.96 is the standard error.
    change = load_shipped("mapp2").arm("mdma").change
    error = (change.upper - change.lower) / 2 / 1.96
    assert change.sd == pytest.approx(error * 52**0.5)
    assert change.sd == pytest.approx(11.957, abs=0.001)


def test_the_share_leaving_is_those_randomised_who_did_not_complete() -> None:
    mapp2 = load_shipped("mapp2")
    assert mapp2.arm("mdma").leaving == pytest.approx(1 / 53)
    assert mapp2.arm("placebo").leaving == pytest.approx(9 / 51)


@pytest.mark.parametrize("arm", ["mdma", "placebo"])
def test_every_published_outcome_is_counted_among_those_who_completed(arm: str) -> None:
    published = load_shipped("mapp2").arm(arm)
    keys = {each.key for each in published.outcomes}
    assert keys == {"response", "loss-of-diagnosis", "remission"}
    assert all(each.of == published.completed for each in published.outcomes)


@pytest.mark.parametrize("arm", ["mdma", "placebo"])
def test_adverse_events_are_counted_among_everyone_randomised(arm: str) -> None:
    published = load_shipped("mapp2").arm(arm)
    assert len(published.events) == 6
    assert all(each.of == published.randomised for each in published.events)
    assert published.serious_events.count == 0


def test_the_calibration_names_arms_and_visits_of_the_shipped_protocol() -> None:
    mapp2, pack = load_shipped("mapp2"), protocol("mdma-ptsd")
    assert {arm.key for arm in mapp2.arms} == {arm.key for arm in pack.arms}
    for arm in mapp2.arms:
        assert all(pack.visit(each.visit) for each in arm.course)
        assert arm.course[-1].visit == pack.outcome.visit


def test_an_unknown_arm_is_named_with_those_there_are() -> None:
    with pytest.raises(CalibrationError, match="no arm 'low'; it has: mdma, placebo"):
        load_shipped("mapp2").arm("low")


def test_a_missing_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"none\.yaml can't be read"):
        load(tmp_path / "none.yaml")


def test_a_misspelt_field_is_named(tmp_path: Path, text: str) -> None:
    wrong = text.replace("completed: 52", "complete: 52")
    with pytest.raises(CalibrationError, match=r"arms\.0\.complete") as raised:
        load(written(tmp_path, wrong))
    assert "mine.yaml" in str(raised.value)


def test_a_spread_of_nothing_is_refused_with_its_value(tmp_path: Path, text: str) -> None:
    wrong = text.replace("mean: 39.4, sd: 6.6", "mean: 39.4, sd: 0")
    with pytest.raises(CalibrationError, match=r"baseline\.sd is 0; .*greater than 0"):
        load(written(tmp_path, wrong))


def test_a_value_without_a_known_source_is_refused(tmp_path: Path, text: str) -> None:
    wrong = text.replace("source: vizeli-2017", "source: hearsay", 1)
    with pytest.raises(CalibrationError, match="source 'hearsay' is no citation here"):
        load(written(tmp_path, wrong))


@pytest.mark.parametrize(("arm", "suffix"), [("mdma", "arm1"), ("placebo", "arm2")])
def test_the_values_by_visit_are_those_of_the_public_database(arm: str, suffix: str) -> None:
    rows = _public_rows()
    weeks = {"rating-1": "4,00", "rating-2": "8,00", "week-18": "18,00"}
    for ours in load_shipped("mapp2").arm(arm).course:
        row = rows[weeks[ours.visit]]
        assert ours.n == int(row[f"n_{suffix}"])
        assert ours.mean == _number(row[f"mean_{suffix}"])
        assert ours.sd == pytest.approx(_number(row[f"sd_{suffix}"]), abs=0.006)


@pytest.mark.parametrize("arm", ["mdma", "placebo"])
def test_the_collected_facts_say_the_same(arm: str) -> None:
    path = SHARED / "facts" / "trials.yaml"
    if not path.exists():
        pytest.skip("the folder of facts is not here; nothing to compare with")
    trials = yaml.safe_load(path.read_text(encoding="utf-8"))["trials"]
    theirs = next(each for each in trials if each["id"] == "MAPP2")
    ours = load_shipped("mapp2").arm(arm)
    assert [ours.change.lower, ours.change.upper] == theirs["caps5"]["ls_change_week18"][arm][
        "ci95"
    ]
    assert theirs["flow"]["completed"][arm] == ours.completed
    assert theirs["demographics"]["female"][arm] == ours.female
    counts = {each["term"]: each for each in theirs["adverse_events_n"]}
    for event in ours.events:
        assert counts[event.term][arm] == event.count
        assert counts[event.term]["verified"] is event.verified


def _public_rows() -> dict[str, dict[str, str]]:
    path = SHARED / "data" / "mdma-ptsd-trials" / "data.csv"
    if not path.exists():
        pytest.skip("the public database of trials is not here; nothing to compare with")
    with path.open(encoding="utf-8") as file:
        return {
            row["time_weeks"]: row
            for row in csv.DictReader(file, delimiter=";")
            if (row["study"], row["instrument"], row["outcome_type"])
            == ("Mitchell 2023", "caps-5", "msd")
        }


def _number(text: str) -> float:
    return float(text.replace(",", "."))
