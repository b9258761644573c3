"""Medicines beside the study drug: found by name, and finished on a day that can be counted."""

import shutil
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.medicines import (
    Agent,
    MedicineError,
    Taken,
    WashoutRule,
    findings,
    load,
    load_shipped,
    washout_ends,
)
from sojourn.medicines.load import FOLDER

FORMULARY = load_shipped()
DAY = date(2026, 3, 1)
RULE = WashoutRule(half_lives=5, settling_days=7)
NAMES = st.sampled_from(sorted({agent.name for agent in FORMULARY.by_name.values()}))


def found(name, started=None, stopped=None, on=DAY, rule=RULE, ended=False):
    taken = Taken(name, (name,), started, stopped, ended)
    return findings(FORMULARY, [taken], on, rule)


@pytest.mark.parametrize("name", ["sertraline", "Sertraline", "  SERTRALINE ", "st john’s  wort"])
def test_a_medicine_is_found_however_it_is_written(name):
    assert FORMULARY.find(name) is not None


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("sertraline", 29),  # desmethylsertraline up to 104 h: 22 days, and 7 to settle
        ("fluoxetine", 87),  # norfluoxetine up to 384 h: 80 days, and 7 to settle
        ("phenelzine", 14),  # the enzyme, not the half-life
        ("selegiline", 14),
        ("rasagiline", 14),
        ("methylphenidate", 1),  # 4 h; nothing to settle
    ],
)
def test_a_washout_is_the_later_of_half_lives_and_convention(name, days):
    assert washout_ends(FORMULARY.find(name), DAY, RULE) == DAY + timedelta(days=days)


@given(NAMES, st.integers(1, 10), st.integers(0, 30))
def test_a_washout_is_never_shorter_than_the_half_lives_or_the_convention(name, lives, settling):
    agent = FORMULARY.find(name)
    end = washout_ends(agent, DAY, WashoutRule(lives, settling))
    if agent.half_life_h is not None:
        assert (end - DAY) >= timedelta(hours=lives * agent.half_life_h)
    if agent.least_days is not None:
        assert (end - DAY).days >= agent.least_days
    if agent.half_life_h is None and agent.least_days is None:
        assert end is None


@pytest.mark.parametrize(
    "name", ["sertraline", "phenelzine", "venlafaxine", "lithium", "bupropion"]
)
def test_a_washout_blocks_to_its_last_day_and_not_beyond(name):
    end = washout_ends(FORMULARY.find(name), DAY, RULE)
    last = found(name, stopped=DAY, on=end - timedelta(days=1))[0]
    assert (last.weight, last.clear_on) == ("hard-stop", end)
    assert found(name, stopped=DAY, on=end) == ()


@pytest.mark.parametrize(
    "name", ["phenelzine", "ritonavir", "cobicistat", "moclobemide", "sertraline"]
)
def test_what_is_being_taken_and_interacts_is_a_hard_stop(name):
    assert found(name)[0].weight == "hard-stop"


def test_a_last_dose_on_the_day_itself_is_still_being_taken():
    assert "is being taken" in found("sertraline", stopped=DAY)[0].message


def test_what_ended_on_a_day_nobody_knows_is_a_hard_stop_that_asks_for_the_day():
    [finding] = found("phenelzine", ended=True)
    assert finding.weight == "hard-stop"
    assert "record the latest day it can have been" in finding.message


def test_a_caution_is_shown_while_the_medicine_may_still_act():
    assert found("propranolol")[0].weight == "caution"
    [finding] = found("terbinafine", stopped=DAY - timedelta(days=30))
    assert "may still act" in finding.message
    assert finding.clear_on == DAY - timedelta(days=30) + timedelta(days=91)
    assert found("terbinafine", stopped=DAY - timedelta(days=91)) == ()


def test_a_medicine_of_two_classes_says_both_the_heavier_first():
    weights = [(each.weight, each.medicine_class.key) for each in found("paroxetine")]
    assert weights == [("hard-stop", "ssri"), ("caution", "cyp2d6-inhibitor")]
    assert found("ayahuasca")[0].medicine_class.key == "maoi-reversible-or-b"


def test_a_class_the_protocol_excludes_is_a_hard_stop_whatever_its_weight():
    strict = WashoutRule(5, 7, frozenset({"beta-blocker"}))
    assert found("propranolol", rule=strict)[0].weight == "hard-stop"


def test_what_has_no_rule_is_for_a_prescriber_to_decide():
    [finding] = found("metformin")
    assert (finding.weight, finding.message) == (
        "unknown",
        "metformin has no rule on file; a prescriber decides",
    )
    [finding] = findings(FORMULARY, [Taken("the blue one", ())], DAY, RULE)
    assert (finding.weight, finding.message) == (
        "unknown",
        "the blue one is not a medicine known here; a prescriber decides",
    )


def test_a_product_of_two_substances_is_judged_by_each():
    taken = Taken("contrave", ("bupropion", "naltrexone"))
    assert {each.weight for each in findings(FORMULARY, [taken], DAY, RULE)} == {
        "hard-stop",
        "caution",
        "unknown",
    }


def test_a_medicine_that_starts_later_says_nothing_today():
    assert found("sertraline", started=DAY + timedelta(days=1)) == ()


def test_no_advice_is_an_order_and_each_class_says_where_it_comes_from():
    for each in FORMULARY.classes:
        words = f"{each.advice} {each.consequence}".lower()
        assert "you " not in words
        assert not words.startswith(("stop", "hard stop"))
        assert each.source


@given(NAMES, st.integers(0, 400))
def test_once_clear_a_medicine_stays_clear(name, days):
    on = DAY + timedelta(days=days)
    agent = FORMULARY.find(name)
    end = washout_ends(agent, DAY, RULE)
    blocking = [f for f in found(name, stopped=DAY, on=on) if f.weight == "hard-stop"]
    if agent.classes[0].weight == "caution":
        assert not blocking
    elif end is not None:
        assert bool(blocking) == (on < end or days == 0)


@given(st.integers(1, 2000), st.integers(1, 400))
def test_a_longer_half_life_never_shortens_a_washout(half_life_h, more):
    some = Agent("x", FORMULARY.find("sertraline").classes, half_life_h)
    longer = Agent("x", some.classes, half_life_h + more)
    assert washout_ends(longer, DAY, RULE) >= washout_ends(some, DAY, RULE)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("agents.yaml", 'name: "sertraline"', 'name: "paroxetine"', "is both paroxetine and"),
        ("agents.yaml", "classes: [ssri]", "classes: [sri]", "names class 'sri'; there are:"),
        ("agents.yaml", "half_life_h: 36", "half_life: 36", "did you mean 'half_life_h'?"),
        ("agents.yaml", "half_life_h: 36", "half_life_h: 0", "half_life_h is 0"),
        ("classes.yaml", "weight: taper", "weight: mild", "weight is 'mild'"),
        ("classes.yaml", "    settles: true\n", "", "settles is missing; add it"),
        ("classes.yaml", "classes:", "clases:", "must hold 'classes'"),
        ("classes.yaml", "classes:", "classes: [", "is not YAML"),
    ],
)
def test_a_broken_rule_names_file_field_value_and_mend(tmp_path, file, old, new, message):
    for each in FOLDER.glob("*.yaml"):
        shutil.copy(each, tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(MedicineError) as error:
        load(tmp_path)
    assert message in str(error.value)
    assert file in str(error.value)


def test_rules_that_are_not_there_are_said_plainly(tmp_path):
    with pytest.raises(MedicineError, match=r"classes\.yaml can't be read"):
        load(tmp_path)
