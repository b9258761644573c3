"""One participant's arm in an emergency: two people, a reason, and what follows from it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn import medicines
from sojourn.course import AFTER_THE_END, unblinding
from sojourn.course.guessing import RecordOwnGuess
from sojourn.course.intercurrent import intercurrent
from sojourn.course.unblinding import (
    ALONE_FROM,
    ALONE_UNTIL,
    AnswerUnblinding,
    ParticipantUnblinded,
    RequestUnblinding,
    RevealAllocation,
    UnblindingRequested,
)
from sojourn.record.command import Refused
from tests.course.story import CLEARED, PROTOCOL, SETTINGS, Story

REASON = "Serotonin syndrome suspected; treatment depends on it."
NIGHT = replace(CLEARED, settings=(*SETTINGS, (ALONE_FROM, 22), (ALONE_UNTIL, 6)))


def asked(story: Story, author: str = "dana", *, alone: bool = False) -> Story:
    story.author = author
    story.ask(RequestUnblinding(story.at, REASON, alone), "prescriber")
    return story.pass_time(minutes=2)


def answer(story: Story, author: str, answer: str = "confirmed", role: str = "prescriber") -> None:
    command = AnswerUnblinding(story.at, "unblinding-1", answer, "Spoke with her; it is needed.")
    story.author = author
    story.ask(command, role)
    story.pass_time(minutes=1)


def seen(story: Story, author: str = "dana") -> tuple[object, ...]:
    story.author = author
    return story.ask(RevealAllocation(story.at, "unblinding-1"), "prescriber")


@pytest.mark.proves("unblinding")
def test_the_arm_is_seen_once_by_the_one_who_asked_after_another_confirmed():
    story = asked(Story().randomised())
    with pytest.raises(Refused, match="nobody has confirmed it"):
        seen(story)
    with pytest.raises(Refused, match="you asked for it"):
        answer(story, "dana")
    answer(story, "erik")
    with pytest.raises(Refused, match="nobody else sees the arm"):
        seen(story, "erik")
    fact, alert = seen(story)
    assert isinstance(fact, ParticipantUnblinded)
    assert alert.rule == "unblinded"
    with pytest.raises(Refused, match="once"):
        seen(story)


def test_no_fact_of_it_holds_an_arm_and_the_raters_so_far_are_named():
    story = asked(Story().randomised())
    answer(story, "erik")
    fact, alert = seen(story)
    raters = {e.author for e in story.course.assessments.values() if e.role == "independent-rater"}
    assert set(fact.raters) == raters
    assert raters
    assert all(each in alert.label for each in raters)
    told = " ".join(repr(entry.fact) for entry in story.entries).lower()
    for arm in PROTOCOL.arms:
        assert f"'{arm.key}'" not in told
        assert arm.label.lower() not in told


def test_a_declined_request_shows_nothing_and_another_may_be_made():
    story = asked(Story().randomised())
    with pytest.raises(Refused, match="dana asked at"):
        asked(story, "finn")
    answer(story, "erik", "declined", "monitor")
    with pytest.raises(Refused, match="nobody has confirmed"):
        seen(story)
    asked(story, "finn")
    assert len(story.course.unblindings) == 2


@pytest.mark.parametrize(
    ("hour", "allowed"), [(21, False), (22, True), (23, True), (0, True), (5, True), (6, False)]
)
def test_alone_is_for_the_night_the_site_named_and_sounds_an_alert(hour, allowed):
    assert unblinding.at_night(hour, 22, 6) is allowed
    story = Story().randomised()
    story.clearance = NIGHT
    story.at = story.at.replace(hour=hour, minute=30) + timedelta(days=1)
    if not allowed:
        with pytest.raises(Refused, match="alone is for 22:00 to 6:00 only") as refusal:
            asked(story, alone=True)
        assert refusal.value.field == "alone"
        return
    asked(story, alone=True)
    assert "alone, at night" in [e.label for e in story.course.open_alerts][-1]
    with pytest.raises(Refused, match="asked alone"):
        answer(story, "erik")
    assert isinstance(seen(story)[0], ParticipantUnblinded)


@pytest.mark.proves("unblinding")
def test_where_the_site_says_nothing_nobody_unblinds_alone():
    story = Story().randomised()
    with pytest.raises(Refused, match="lets nobody unblind alone"):
        asked(story, alone=True)


def test_before_randomisation_and_without_a_reason_nothing_is_asked():
    with pytest.raises(Refused, match="not randomised"):
        asked(Story().prepared())
    story = Story().randomised()
    with pytest.raises(Refused, match="say in a few words") as refusal:
        story.ask(RequestUnblinding(story.at, "urgent"), "prescriber")
    assert refusal.value.field == "reason"
    for role in ("coordinator", "monitor", "statistician", "independent-rater"):
        with pytest.raises(Refused, match="is for prescriber, therapist"):
            story.ask(RequestUnblinding(story.at, REASON), role)


def test_it_is_an_intercurrent_event_on_the_day_the_arm_was_seen():
    story = asked(Story().randomised())
    answer(story, "erik")
    assert not [e for e in happened(story) if e.event == "unblinded"]
    seen(story)
    (event,) = [e for e in happened(story) if e.event == "unblinded"]
    assert event.on == story.at.date()
    assert event.kinds == ("safety.participant-unblinded",)


def happened(story: Story):
    return list(intercurrent(story.course, PROTOCOL, medicines.load_shipped()))


def test_who_saw_the_arm_no_longer_guesses_and_others_may():
    story = asked(Story().randomised())
    answer(story, "erik")
    seen(story)
    (occasion,) = PROTOCOL.blinding_check.occasions[:1]
    guess = RecordOwnGuess(story.at, occasion.key, "unknown")
    with pytest.raises(Refused, match="you saw the arm"):
        story.ask(guess, "therapist")
    story.author = "erik"
    with pytest.raises(Refused, match=r"^(?!you saw the arm)"):
        story.ask(guess, "therapist")  # refused for its day, not for what erik knows


def test_an_emergency_after_the_course_has_ended_is_one_too():
    assert set(unblinding.DECIDE) <= set(AFTER_THE_END)
    assert UnblindingRequested.kind.startswith("safety.")
