"""Medicines beside the study drug: found by name, and finished on a day that can be counted."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.medicines import MedicineError, Taken, findings, load, load_shipped, washout_ends

FORMULARY = load_shipped()
DAY = date(2026, 3, 1)
RULE = "key: a, label: A, reason: r, rule: r, source: s, verified: false"


def found(name, started=None, stopped=None, on=DAY):
    return findings(FORMULARY, [Taken(name, started, stopped)], on)


@pytest.mark.parametrize("name", ["sertraline", "Sertraline", "  SERTRALINE ", "st john's  wort"])
def test_a_medicine_is_found_however_it_is_written(name):
    assert FORMULARY.find(name) is not None


@pytest.mark.parametrize(
    ("name", "days"),
    [("fluoxetine", 54), ("phenelzine", 14), ("selegiline", 14), ("rasagiline", 14)],
)
def test_the_conventional_washouts_are_those_of_the_sources(name, days):
    assert washout_ends(FORMULARY.find(name), DAY) == DAY + timedelta(days=days)


@pytest.mark.parametrize(
    "name", ["sertraline", "phenelzine", "venlafaxine", "lithium", "bupropion"]
)
def test_a_washout_blocks_to_its_last_day_and_not_beyond(name):
    end = washout_ends(FORMULARY.find(name), DAY)
    [last] = found(name, stopped=DAY, on=end - timedelta(days=1))
    assert (last.weight, last.clear_on) == ("hard-stop", end)
    assert found(name, stopped=DAY, on=end) == ()


@pytest.mark.parametrize(
    "name", ["phenelzine", "ritonavir", "cobicistat", "moclobemide", "sertraline"]
)
def test_what_is_being_taken_and_interacts_is_a_hard_stop(name):
    assert found(name)[0].weight == "hard-stop"


def test_a_last_dose_on_the_day_itself_is_still_being_taken():
    assert "is being taken" in found("sertraline", stopped=DAY)[0].message


def test_a_caution_is_shown_while_taken_and_gone_after():
    [finding] = found("propranolol")
    assert finding.weight == "caution"
    assert found("propranolol", stopped=DAY - timedelta(days=1)) == ()


def test_an_unlisted_drug_is_for_a_prescriber_to_decide():
    [finding] = found("unheard-of")
    assert (finding.weight, finding.message) == (
        "unknown",
        "unheard-of is not listed; a prescriber decides",
    )


def test_a_medicine_that_starts_later_says_nothing_today():
    assert found("sertraline", started=DAY + timedelta(days=1)) == ()


def test_no_finding_tells_a_participant_to_stop():
    for medicine_class in FORMULARY.classes:
        assert "you " not in f"{medicine_class.rule} {medicine_class.reason}".lower()
        assert medicine_class.source


@given(st.sampled_from(sorted(FORMULARY.by_name)), st.integers(0, 400))
def test_once_clear_a_medicine_stays_clear(name, days):
    on = DAY + timedelta(days=days)
    agent = FORMULARY.find(name)
    end = washout_ends(agent, DAY)
    blocking = [f for f in found(name, stopped=DAY, on=on) if f.weight == "hard-stop"]
    if agent.medicine_class.weight == "caution":
        assert not blocking
    elif end is not None:
        assert bool(blocking) == (on < end or days == 0)


def test_one_name_in_two_classes_is_refused(tmp_path):
    one = "{" + RULE + ", weight: taper, agents: [{name: x}]}"
    path = tmp_path / "classes.yaml"
    path.write_text(f"classes:\n  - {one}\n  - {one.replace('key: a', 'key: b')}\n")
    with pytest.raises(MedicineError, match="'x' stands in a and b; keep one"):
        load(path)


def test_a_weight_nobody_knows_is_refused_by_field(tmp_path):
    path = tmp_path / "classes.yaml"
    path.write_text("classes:\n  - {" + RULE + ", weight: mild, agents: []}\n")
    with pytest.raises(MedicineError, match=r"classes\.0\.weight is 'mild'"):
        load(path)
