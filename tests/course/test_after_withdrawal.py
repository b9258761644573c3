"""After consent is withdrawn from everything: what may still be put right, and what asked."""

from datetime import timedelta

import pytest

from sojourn.course import Refused, fold
from sojourn.course import decide as decide_on
from sojourn.course.aftercare import RecordContact
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import RecordSafetyContact, WithdrawConsent
from sojourn.course.correction import as_consented, without
from tests.course.story import KINDS, NO_SUICIDALITY, SEVERE, Story, dose_of

WISH = "leave me out of it"


def withdrawn(scope: str = "all") -> Story:
    """A contact the day after the session, then the withdrawal."""
    story = Story().ready().session_done().pass_time(days=1)
    story.ask(RecordContact(story.at, "contact-1-1", 6, 7, "none"))
    story.pass_time(days=1)
    story.ask(WithdrawConsent(story.at, WISH, scope))
    return story.pass_time(days=1)


def corrected(story: Story, sequence: int, command):
    """What the desk decides a correction on: the history without the wrong entry."""
    before = fold(without(story.entries, sequence), KINDS.read)
    then = fold(story.entries[:sequence], KINDS.read)
    before = as_consented(before, then, story.course, command.at)
    return decide_on(before, command, story.circumstances("therapist"))


def contact_entry(story: Story) -> int:
    return next(e.sequence for e in story.entries if e.fact.kind == "aftercare.contact-recorded")


def test_a_typing_error_made_before_the_withdrawal_can_still_be_put_right():
    story = withdrawn()
    wrong = story.entries[contact_entry(story) - 1]

    right = RecordContact(wrong.occurred_at, "contact-1-1", 3, 7, "none")
    [fact, *_] = corrected(story, wrong.sequence, right)

    assert fact.mood == 3


def test_a_correction_brings_nothing_from_after_the_withdrawal_onto_the_record():
    story = withdrawn()
    moved = RecordContact(story.at, "contact-1-1", 3, 7, "none")

    with pytest.raises(Refused, match="withdrawn on"):
        corrected(story, contact_entry(story), moved)


def suicidality(story: Story) -> RecordAssessment:
    return RecordAssessment(story.at, "contact-1-3", "c-ssrs", NO_SUICIDALITY)


def test_suicidality_is_asked_after_a_withdrawal_only_where_they_agreed_to_it():
    story = withdrawn()
    with pytest.raises(Refused, match="if they agree to contact for safety, record that first"):
        story.ask(suicidality(story), "therapist")

    story.ask(RecordSafetyContact(story.at, True, "you may call me"))
    [fact] = story.ask(suicidality(story), "therapist")

    assert fact.instrument == "c-ssrs"
    story.ask(RecordContact(story.at, "contact-1-3", 5, 7, "none"))


def test_who_declines_contact_for_safety_is_left_alone_and_may_think_again():
    story = withdrawn()
    story.ask(RecordSafetyContact(story.at, False, "no more calls"))
    with pytest.raises(Refused, match="withdrawn on"):
        story.ask(suicidality(story), "therapist")

    story.ask(RecordSafetyContact(story.at, True, "call me after all"))

    assert story.ask(suicidality(story), "therapist")


def test_contact_for_safety_lets_nothing_else_be_recorded():
    story = withdrawn()
    story.ask(RecordSafetyContact(story.at, True, "you may call me"))
    story.pass_time(days=20)

    with pytest.raises(Refused, match="withdrawn on"):
        story.rated("rating-1", SEVERE)


def test_nobody_is_asked_for_it_while_follow_up_goes_on():
    story = withdrawn("treatment")

    with pytest.raises(Refused, match="no need to ask"):
        story.ask(RecordSafetyContact(story.at, True, "you may call me"))


def test_a_dose_before_the_withdrawal_that_is_entered_after_it_is_weighed_as_it_was():
    story = Story().ready()
    given_at = story.at
    story.pass_time(minutes=20).ask(WithdrawConsent(story.at, WISH, "all"))
    story.pass_time(minutes=20)
    assert story.ask(dose_of(given_at, "initial", 80))[0].kind == "dosing.dose-given"


def test_a_dose_after_the_withdrawal_stays_withheld():
    story = Story().ready()
    story.ask(WithdrawConsent(story.at, WISH, "all"))
    at = story.pass_time(minutes=5).at + timedelta(0)
    assert story.ask(dose_of(at, "initial", 80))[0].kind == "dosing.dose-withheld"
