"""A dose given against a rule is recorded as it was, and never let through by being recorded."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.course import Refused
from sojourn.course.deviations import ClassifyDeviation, known
from sojourn.course.dose_against_rule import DeviationRecorded, RecordDoseAgainstRule
from sojourn.course.dosing import DoseGiven, SessionClosed, SessionOpened
from sojourn.course.followup import DeclareLost
from sojourn.course.safety import AlertRaised, ResolveAlert
from tests.course.story import PROTOCOL, Story

CAUSE = "the pharmacy sent the wrong box"
ACTION = "pulse watched all night; prescriber told"


def told(story: Story, **changes) -> RecordDoseAgainstRule:
    asked = RecordDoseAgainstRule(
        story.at,
        "dosing-1",
        80,
        "ana",
        True,
        "important",
        CAUSE,
        "ana",
        ACTION,
        container="C-1",
        witness="ben",
    )
    return replace(asked, **changes)


def high_pressure() -> Story:
    story = Story().randomised().pass_time(days=4).in_session()
    story.vitals("before-initial", systolic=185)
    story.ask(
        ResolveAlert(story.at, story.course.open_alerts[0].key, "rested; the physician was told"),
        "prescriber",
    )
    return story


def test_a_dose_given_in_spite_of_high_pressure_is_on_record_with_the_rule_and_an_open_alert():
    story = high_pressure()
    assert story.dose().kind == "dosing.dose-withheld"

    given, deviation, alert = story.ask(told(story))

    assert isinstance(given, DoseGiven)
    assert story.course.sessions["dosing-1"].initial.level_mg == 80
    assert isinstance(deviation, DeviationRecorded)
    assert deviation.rules == ("systolic 185 mmHg is above the site's limit 160",)
    assert (deviation.cause, deviation.decided_by, deviation.action) == (CAUSE, "ana", ACTION)
    assert isinstance(alert, AlertRaised)
    assert "systolic 185" in alert.label
    assert [each.rule for each in story.course.open_alerts] == ["dose-against-rule"]


def test_it_stands_first_among_the_deviations_classified_and_not_twice():
    story = high_pressure()
    story.ask(told(story))

    doses = [e for e in known(story.course, PROTOCOL, story.at.date()) if e.category == "dose"]

    assert [each.key for each in doses] == ["dose-against-rule-1"]
    assert doses[0].recorded
    assert story.course.classified["dose-against-rule-1"].classification == "important"


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"happened": False}, "happened", "already given"),
        ({"cause": "  "}, "cause", "few words"),
        ({"cause": "oops"}, "cause", "few words"),
        ({"action": "none"}, "action", "few words"),
        ({"decided_by": " "}, "decided_by", "who decided"),
        ({"classification": "grave"}, "classification", "'grave'"),
        ({"visit": "preparation-1"}, "visit", "belongs to preparation"),
        ({"level_mg": 0}, "level_mg", "below 1"),
    ],
)
def test_it_is_refused_without_what_makes_it_true(changes, field, says):
    story = high_pressure()

    with pytest.raises(Refused) as refusal:
        story.ask(told(story, **changes))

    assert refusal.value.field == field
    assert says in refusal.value.message


@pytest.mark.parametrize("minutes", [5, 6])
def test_it_is_never_of_this_moment_or_of_one_to_come(minutes):
    story = high_pressure()

    with pytest.raises(Refused) as refusal:
        story.ask(told(story, at=story.at + timedelta(minutes=minutes)))

    assert refusal.value.field == "at"


def test_a_dose_that_no_rule_stood_against_is_not_recorded_this_way():
    story = Story().ready()

    with pytest.raises(Refused, match="session room"):
        story.ask(told(story))


def test_what_is_wrong_with_the_level_and_the_hands_is_named_too():
    story = Story().ready()

    _, deviation, _ = story.ask(told(story, level_mg=120, container="", witness=""))

    assert deviation.rules == (
        "120 mg is not a dose of this protocol here; allowed: 80",
        "the container number is not known",
        "nobody else was witness to it",
    )


def test_a_dose_without_a_session_opens_and_ends_one_so_that_aftercare_follows():
    story = Story().randomised().pass_time(days=4)

    facts = story.ask(told(story))

    assert [type(each) for each in facts] == [
        SessionOpened,
        DoseGiven,
        SessionClosed,
        DeviationRecorded,
        AlertRaised,
    ]
    assert facts[3].rules[0] == "no session was opened"
    assert any("checklist not signed" in each for each in facts[3].rules)
    assert story.course.last_session.visit == "dosing-1"


def test_a_third_dose_of_a_session_is_kept_beside_the_two():
    story = Story().ready().session_done()

    given, deviation, _ = story.ask(told(story, level_mg=40, container="C-3"))

    assert given.which == deviation.dose == "further"
    session = story.course.sessions["dosing-1"]
    assert [each.level_mg for each in session.doses] == [80, 40, 40]
    assert "40 mg more is not a dose" in "; ".join(deviation.rules)


def test_the_same_dose_is_not_recorded_twice():
    story = high_pressure()
    story.ask(told(story))

    with pytest.raises(Refused, match="recorded already"):
        story.ask(told(story))


def test_its_alert_is_acted_on_by_the_prescriber_or_the_lead_and_by_no_therapist():
    story = high_pressure()
    story.ask(told(story))
    act = ResolveAlert(story.at, story.course.open_alerts[0].key, "board told; protocol read again")

    with pytest.raises(Refused, match="prescriber or sponsor"):
        story.ask(act, "therapist")
    story.ask(act, "sponsor")

    assert not story.course.open_alerts


def test_the_lead_acts_on_no_other_alert():
    story = Story().randomised().pass_time(days=4).in_session()
    story.vitals("before-initial", systolic=185)

    with pytest.raises(Refused, match="therapist or prescriber"):
        story.ask(ResolveAlert(story.at, "alert-1", "told the physician"), "sponsor")


def test_no_further_dose_is_lawful_until_someone_acted_on_it():
    story = high_pressure()
    story.ask(told(story))
    story.pass_time(minutes=100).vitals("before-supplemental")

    withheld = story.dose(40, "supplemental")

    assert any("an alert is open: Dose given against a rule" in each for each in withheld.reasons)


def test_one_found_after_the_course_has_ended_is_recorded_too():
    story = Story().randomised().pass_time(days=4)
    given_at = story.at
    story.pass_time(days=60)
    story.ask(DeclareLost(story.at, given_at.date(), 5))

    facts = story.ask(told(story, at=given_at))

    assert not any("has ended" in rule for rule in facts[3].rules)


def test_someone_may_grade_it_again():
    story = high_pressure()
    story.ask(told(story))
    again = ClassifyDeviation(story.at, "dose-against-rule-1", "major", "no harm was done by it")

    story.ask(again, "sponsor")

    assert story.course.classified["dose-against-rule-1"].classification == "major"
    assert story.folded() == story.course
