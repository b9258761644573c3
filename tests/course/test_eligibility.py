"""Rules of eligibility: met, not met or unknown, from what is on record; and who may override."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.course import Refused
from sojourn.course.eligibility import AssessCriteria, OverrideCriterion, RecordCharacteristics
from sojourn.course.judging import judge, unsatisfied
from sojourn.course.screening import ConfirmEligibility, RegisterParticipant
from tests.course.story import PROTOCOL, SUITABLE, Story, consent_to

ASKED = PROTOCOL.characteristics


def screened(birth_year=1980, sex="female", **changed):
    """Someone consented of whom screening found what suits, but for what is changed."""
    story = Story()
    story.ask(RegisterParticipant(story.at, "P-1", "site-1", birth_year, sex))
    story.ask(consent_to("1.0", story.at))
    found = {**dict(SUITABLE), **{key.replace("_", "-"): value for key, value in changed.items()}}
    kept = tuple((key, value) for key, value in found.items() if value is not None)
    story.ask(RecordCharacteristics(story.at, kept, "records"), "prescriber")
    return story


def verdict(story, criterion):
    judged = judge(story.course, story.circumstances("prescriber"))
    return next(each for each in judged if each.criterion.key == criterion)


@pytest.mark.proves("eligibility")
@pytest.mark.parametrize(
    ("criterion", "changed", "expected"),
    [
        ("ptsd-six-months", {"ptsd_months": "6"}, "met"),
        ("ptsd-six-months", {"ptsd_months": "5"}, "not-met"),
        ("ptsd-six-months", {"trauma": "loved-one"}, "met"),
        ("ptsd-six-months", {"trauma": "none"}, "not-met"),
        ("ptsd-six-months", {"ptsd": "no"}, "not-met"),
        ("psychosis", {"bipolar_1": "yes"}, "met"),
        ("psychosis", {"psychotic_disorder": "yes"}, "met"),
        ("personality-disorder", {"eating_disorder_purging": "yes"}, "met"),
        ("substance-use", {"substance_use_disorder": "yes"}, "met"),
        ("pregnancy", {"pregnancy": "positive"}, "met"),
        ("pregnancy", {"pregnancy": "not-applicable"}, "not-met"),
        ("pregnancy", {"breastfeeding": "yes"}, "met"),
        ("cardiovascular", {"systolic_mmhg": "160"}, "not-met"),
        ("cardiovascular", {"systolic_mmhg": "161"}, "met"),
        ("cardiovascular", {"qtc_ms": "460"}, "not-met"),
        ("cardiovascular", {"qtc_ms": "461"}, "met"),
        ("cardiovascular", {"arrhythmia": "yes"}, "met"),
        ("medical-risk", {"liver_disease": "yes"}, "met"),
        ("medical-risk", {"hyponatraemia": "yes"}, "met"),
        ("imminent-suicide-risk", {"suicide_risk": "imminent"}, "met"),
        ("imminent-suicide-risk", {"suicide_risk": "raised"}, "not-met"),
    ],
)
def test_the_published_criteria_at_their_edges(criterion, changed, expected):
    assert verdict(screened(**changed), criterion).verdict == expected


@pytest.mark.parametrize(
    ("sex", "qtc", "expected"), [("male", "451", "met"), ("female", "451", "not-met")]
)
def test_the_limit_of_qtc_is_the_sites_own_by_sex(sex, qtc, expected):
    assert verdict(screened(sex=sex, qtc_ms=qtc), "cardiovascular").verdict == expected


@pytest.mark.parametrize(
    ("born", "expected"), [(2009, "not-met"), (2008, "unknown"), (2007, "met")]
)
def test_a_birthday_that_may_still_come_leaves_age_open(born, expected):
    assert verdict(screened(birth_year=born, of_age="no"), "adult").verdict == expected


def test_a_document_settles_an_age_that_the_year_leaves_open():
    assert verdict(screened(birth_year=2008, of_age="yes"), "adult").verdict == "met"
    assert verdict(screened(birth_year=2008, of_age="no"), "adult").verdict == "unknown"


@pytest.mark.proves("eligibility")
def test_what_was_not_asked_is_unknown_and_named():
    judged = verdict(screened(qtc_ms=None), "cardiovascular")
    assert (judged.verdict, judged.missing) == ("unknown", ("QTc",))


def test_one_answer_that_excludes_settles_the_rest():
    judged = verdict(screened(qtc_ms=None, arrhythmia="yes"), "cardiovascular")
    assert (judged.verdict, judged.grounds) == ("met", ("History of arrhythmia: Yes",))


def test_a_limit_the_site_never_set_leaves_the_rule_unknown():
    story = screened()
    story.with_clearance(
        settings=tuple(each for each in story.clearance.settings if each[0] != "systolic-mmhg-max")
    )
    judged = verdict(story, "cardiovascular")
    assert judged.missing == ("the site's limit for Systolic pressure at rest",)


def test_an_exclusion_that_is_met_stands_in_the_way_and_says_why():
    story = screened(bipolar_1="yes", liver_disease="yes")
    with pytest.raises(Refused, match="2 criteria") as refusal:
        story.ask(ConfirmEligibility(story.at, "seems fine"))
    assert "Bipolar I disorder: Yes" in refusal.value.message


@pytest.mark.proves("eligibility")
def test_an_absolute_criterion_is_overridden_by_nobody():
    story = screened(pregnancy="positive")
    with pytest.raises(Refused, match="is absolute; nobody may override it"):
        story.ask(OverrideCriterion(story.at, "pregnancy", "she insists on it"), "prescriber")


def test_an_override_names_its_reason_and_holds_while_its_grounds_do():
    story = screened(blood_pressure_history="controlled")
    assert not verdict(story, "controlled-hypertension").satisfied
    with pytest.raises(Refused, match="say in a few words why"):
        story.ask(OverrideCriterion(story.at, "controlled-hypertension", "ok"), "prescriber")
    with pytest.raises(Refused, match="may be overridden by prescriber, not by a sponsor"):
        story.ask(OverrideCriterion(story.at, "controlled-hypertension", "saw the ECG"), "sponsor")

    story.ask(
        OverrideCriterion(story.at, "controlled-hypertension", "stress test normal"), "prescriber"
    )

    judged = verdict(story, "controlled-hypertension")
    assert judged.satisfied
    assert judged.override.reason == "stress test normal"
    worse = (("blood-pressure-history", "uncontrolled"),)
    story.ask(RecordCharacteristics(story.at, worse, "measured at home"), "prescriber")
    assert not verdict(story, "cardiovascular").satisfied


def test_nothing_is_overridden_before_it_is_known():
    story = screened(blood_pressure_history=None)
    with pytest.raises(Refused, match="find out first"):
        story.ask(
            OverrideCriterion(story.at, "controlled-hypertension", "stress test fine"), "prescriber"
        )


def test_an_override_does_not_carry_over_to_other_grounds():
    story = screened(blood_pressure_history="controlled")
    story.ask(
        OverrideCriterion(story.at, "controlled-hypertension", "stress test normal"), "prescriber"
    )
    made = story.course.overrides["controlled-hypertension"]
    changed = replace(
        story.course,
        overrides={"controlled-hypertension": replace(made, grounds="something else")},
    )
    judged = judge(changed, story.circumstances("prescriber"))
    assert not next(e for e in judged if e.criterion.key == "controlled-hypertension").satisfied


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (("qtc-ms", "long"), "QTc 'long' is not a whole number"),
        (("qtc-ms", "9999"), "QTc 9999 ms lies outside 300 to 650"),
        (("pregnancy", "maybe"), "Pregnancy test 'maybe' is not one of: negative, positive"),
        (("shoe-size", "43"), "the protocol does not ask for 'shoe-size'"),
    ],
)
def test_an_answer_outside_what_is_asked_is_refused_by_name(answer, message):
    story = Story().consented()
    with pytest.raises(Refused, match=message) as refusal:
        story.ask(RecordCharacteristics(story.at, (answer,), "records"), "prescriber")
    assert refusal.value.field == "answers"


def test_a_rule_is_not_answered_by_hand():
    story = Story().consented()
    with pytest.raises(Refused, match="follows from what is recorded"):
        story.ask(AssessCriteria(story.at, (("pregnancy", "not-met"),), "asked"), "prescriber")


def test_a_criterion_without_a_rule_is_answered_by_hand():
    rules = tuple(
        replace(each, met_when=()) if each.key == "psychosis" else each
        for each in PROTOCOL.criteria
    )
    story = screened()
    story.protocol = replace(PROTOCOL, criteria=rules)
    assert verdict(story, "psychosis").verdict == "unknown"
    story.ask(AssessCriteria(story.at, (("psychosis", "not-met"),), "interview"), "prescriber")
    assert verdict(story, "psychosis").satisfied


def answer_to(asked):
    if asked.is_number:
        return st.integers(asked.lowest, asked.highest).map(str)
    return st.sampled_from([key for key, _ in asked.options])


@pytest.mark.proves("eligibility")
@given(st.fixed_dictionaries({}, optional={each.key: answer_to(each) for each in ASKED}), st.data())
def test_more_knowledge_never_turns_an_answer_back_to_unknown(known, data):
    story = Story().consented()
    if known:
        story.ask(RecordCharacteristics(story.at, tuple(known.items()), "records"), "prescriber")
    before = {e.criterion.key: e.verdict for e in judge(story.course, story.circumstances("x"))}
    rest = [each for each in ASKED if each.key not in known]
    if not rest:
        return
    more = data.draw(st.sampled_from(rest))
    value = data.draw(answer_to(more))
    story.ask(RecordCharacteristics(story.at, ((more.key, value),), "records"), "prescriber")
    after = {e.criterion.key: e.verdict for e in judge(story.course, story.circumstances("x"))}
    for key, said in before.items():
        assert said in ("unknown", after[key])


@given(st.fixed_dictionaries({each.key: answer_to(each) for each in ASKED}))
def test_when_everything_is_answered_nothing_a_rule_decides_is_unknown(answers):
    story = Story().consented()
    story.ask(RecordCharacteristics(story.at, tuple(answers.items()), "records"), "prescriber")
    judged = judge(story.course, story.circumstances("x"))
    assert all(each.verdict != "unknown" for each in judged if each.criterion.met_when)
    standing = {
        each.criterion.key
        for each in unsatisfied(story.course, story.circumstances("x"), later_visits=False)
    }
    assert standing == {
        each.criterion.key
        for each in judged
        if not each.criterion.instrument
        and (each.verdict == "met") != (each.criterion.kind == "inclusion")
    }
