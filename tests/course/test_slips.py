"""Slips of a long day: caught at the desk, or put right afterwards."""

from datetime import timedelta

import pytest

from sojourn import instruments
from sojourn.course import Refused
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.dosing import DoseGiven, OpenSession, RecordVitals
from sojourn.course.eligibility import RecordCharacteristics
from sojourn.course.medication import RecordMedication
from sojourn.course.safety import RaiseConcern
from sojourn.course.screening import FailScreening, RegisterParticipant
from sojourn.course.taper import PlanTaper
from sojourn.course.visits import MissVisit
from sojourn.instruments import score_total
from tests.course.story import CHECKLIST, PROTOCOL, SEVERE, Story


def test_a_visit_marked_as_missed_by_mistake_can_still_be_held():
    story = Story().randomised().pass_time(days=4)
    story.ask(MissVisit(story.at, "dosing-1", "wrong line"), "therapist")

    story.in_session()

    assert isinstance(story.dose(), DoseGiven)
    with pytest.raises(Refused, match="took place"):
        story.ask(MissVisit(story.at, "dosing-1", "again"), "therapist")


def test_a_visit_is_marked_as_missed_once():
    story = Story().randomised()
    story.ask(MissVisit(story.at, "dosing-1", "ill"), "therapist")

    with pytest.raises(Refused, match="was recorded as missed"):
        story.ask(MissVisit(story.at, "dosing-1", "ill"), "therapist")


def test_a_missed_session_is_not_held_after_a_later_one():
    story = Story().randomised().pass_time(days=4)
    story.ask(MissVisit(story.at, "dosing-1", "ill"), "therapist")
    story.in_session(2).session_done(2)
    story.pass_time(days=28)

    with pytest.raises(Refused, match="came after it and was held"):
        story.ask(OpenSession(story.at, "dosing-1", ("ana", "ben"), CHECKLIST))


def test_a_rating_made_after_all_settles_a_visit_marked_as_missed():
    story = Story().prepared()
    visit = next(v.key for v in PROTOCOL.visits if v.phase == "assessment" and v.key != "baseline")
    story.ask(MissVisit(story.at, visit, "did not come"), "independent-rater")

    story.rated(visit, SEVERE)

    assert story.course.visits[visit].held


def test_a_rater_does_not_mark_the_teams_visits_as_missed():
    story = Story().randomised()

    with pytest.raises(Refused, match="is for the team to settle") as refused:
        story.ask(MissVisit(story.at, "dosing-1", "wrong line"), "independent-rater")
    assert refused.value.field == "visit"


def test_screening_does_not_fail_while_a_session_is_open():
    story = Story().consented()
    story.ask(OpenSession(story.at, "dosing-1", ("ana", "ben"), CHECKLIST))

    with pytest.raises(Refused, match="dosing-1 is still open"):
        story.ask(FailScreening(story.at, "not eligible"))


@pytest.mark.parametrize("value", ["--5", "-", "5-", "٥", "1e3", ""])
def test_a_number_that_is_none_is_refused_with_its_question(value):
    story = Story().consented()

    with pytest.raises(Refused, match="is not a whole number") as refused:
        story.ask(RecordCharacteristics(story.at, (("systolic-mmhg", value),), "measured"))
    assert refused.value.field == "answers"


def event(story: Story, **changes) -> RecordAdverseEvent:
    plain = {
        "at": story.at,
        "term": "Nausea",
        "grade": 1,
        "serious": False,
        "relatedness": "possible",
        "expectedness": "expected",
        "outcome": "recovered",
        "valence": "unpleasant",
        "started_on": story.at.date(),
    }
    return RecordAdverseEvent(**{**plain, **changes})


def test_an_event_does_not_end_before_its_end_is_known():
    story = Story().consented()
    tomorrow = story.at.date() + timedelta(days=1)

    with pytest.raises(Refused, match="is still to come") as refused:
        story.ask(event(story, ended_on=tomorrow))
    assert refused.value.field == "ended_on"


@pytest.mark.parametrize("field", ["steps", "mood_checks"])
def test_a_taper_planned_for_another_century_is_a_slip(field):
    story = Story().eligible()
    story.ask(RecordMedication(story.at, "Sertraline", "mood"))
    days = {"steps": f"{story.at.date()} stop", "mood_checks": f"{story.at.date()}"}
    days[field] = "9999-12-31 stop" if field == "steps" else "9999-12-31"

    with pytest.raises(Refused, match="check the year") as refused:
        story.ask(PlanTaper(story.at, "sertraline", rationale="slowly", **days))
    assert refused.value.field == field


def test_a_total_alone_leaves_the_questions_on_suicide_unanswered():
    depression = instruments.load_shipped()["hamd-17"]
    asked = {number for alert in depression.alerts for number in alert.items}

    assert asked
    assert set(score_total(depression, 20).missing) == asked


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x85", "\u2028", "\ud800"])
def test_a_sign_nobody_can_read_is_refused_with_its_field(sign):
    story = Story().registered()

    with pytest.raises(Refused, match="control character U\\+") as refused:
        story.ask(RaiseConcern(story.at, f"she seems{sign} tired"))
    assert refused.value.field == "concern"


def test_line_breaks_in_a_text_are_kept():
    story = Story().registered()

    [fact] = story.ask(RaiseConcern(story.at, "tired\r\n\tand pale"))

    assert fact.label == "tired\r\n\tand pale"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (lambda story: RegisterParticipant(story.at, "P-2", "s" * 65), "site"),
        (lambda story: RaiseConcern(story.at, "c" * 2001), "concern"),
    ],
)
def test_a_text_longer_than_its_place_is_refused_with_its_field(command, field):
    story = Story() if field == "site" else Story().consented()

    with pytest.raises(Refused, match="is too long") as refused:
        story.ask(command(story))
    assert refused.value.field == field


def test_a_time_in_the_first_century_is_a_slip():
    story = Story().ready()

    with pytest.raises(Refused, match="check the year") as refused:
        story.ask(RecordVitals(story.at.replace(year=26), "during", 120, 80, 70, 368))
    assert refused.value.field == "at"
