"""Guesses of the arm: who is asked, when, and what becomes of a guess once it is given."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.course import Refused
from sojourn.course import decide as decide_on
from sojourn.course.correction import require_author
from sojourn.course.dosing import CloseSession
from sojourn.course.followup import WithdrawParticipant
from sojourn.course.guessing import (
    UNKNOWN,
    GuessRecorded,
    RecordOwnGuess,
    RecordParticipantsGuess,
    asked,
    pending,
    to_give,
)
from tests.course.story import PROTOCOL, SEVERE, Story


def after_session() -> Story:
    return Story().ready().session_done().pass_time(days=1)


def their_guess(story: Story, **changes) -> RecordParticipantsGuess:
    return replace(RecordParticipantsGuess(story.at, "session-1", "mdma", 80, "effects"), **changes)


def own_guess(story: Story, **changes) -> RecordOwnGuess:
    return replace(RecordOwnGuess(story.at, "session-1", "placebo", 30, "other"), **changes)


def refused(story: Story, command, role: str, **circumstances) -> Refused:
    with pytest.raises(Refused) as refusal:
        decide_on(story.course, command, replace(story.circumstances(role), **circumstances))
    return refusal.value


@pytest.mark.proves("guesses-of-arm")
def test_the_participant_and_both_therapists_are_asked_from_the_day_after_a_session():
    story = after_session()

    waiting = pending(story.course, PROTOCOL)

    assert [(each.guesser, each.account) for each in waiting] == [
        ("participant", ""),
        ("therapist", "ana"),
        ("therapist", "ben"),
    ]
    closed = story.course.sessions["dosing-1"].closed_at.date()
    assert {each.first for each in waiting} == {closed + timedelta(days=1)}
    assert {each.last for each in waiting} == {closed + timedelta(days=7)}


def test_a_guess_is_kept_with_who_gave_it_how_sure_and_why_and_is_asked_no_more():
    story = after_session()

    [fact] = story.ask(their_guess(story))

    assert fact == GuessRecorded("session-1", "dosing-1", "participant", "", "mdma", 80, "effects")
    assert story.course.guesses["session-1", "participant", ""].certainty_percent == 80
    assert ("session-1", "participant", "") not in {
        each.key for each in pending(story.course, PROTOCOL)
    }


def test_not_knowing_is_an_answer_without_certainty_or_reason():
    story = after_session()

    [fact] = story.ask(their_guess(story, guess=UNKNOWN, certainty_percent=None, reason=""))

    assert (fact.guess, fact.certainty_percent, fact.reason) == (UNKNOWN, None, "")


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"guess": "psilocybin"}, "guess", "'psilocybin'"),
        ({"certainty_percent": None}, "certainty_percent", "0 to 100"),
        ({"certainty_percent": 101}, "certainty_percent", "101"),
        ({"reason": ""}, "reason", "missing"),
        ({"reason": "hunch"}, "reason", "'hunch'"),
        ({"guess": UNKNOWN, "reason": ""}, "certainty_percent", "80 %"),
        ({"guess": UNKNOWN, "certainty_percent": None}, "reason", "'effects'"),
        ({"occasion": "rating-1"}, "occasion", "session-1, session-2"),
        ({"occasion": "never"}, "occasion", "'never'"),
        ({"occasion": "session-2"}, "occasion", "'dosing-2'"),
    ],
)
def test_a_guess_that_makes_no_sense_is_refused_with_field_value_and_mend(changes, field, value):
    story = after_session()

    refusal = refused(story, their_guess(story, **changes), "coordinator")

    assert refusal.field == field
    assert value in refusal.message


def test_a_therapist_writes_down_no_participants_guess_and_a_coordinator_none_of_their_own():
    story = after_session()

    assert "for coordinator" in refused(story, their_guess(story), "therapist").message
    assert "for coordinator" in refused(story, their_guess(story), "independent-rater").message
    assert "not for a coordinator" in refused(story, own_guess(story), "coordinator").message
    assert "not for a statistician" in refused(story, own_guess(story), "statistician").message


def test_only_who_was_in_the_session_guesses_after_it_and_each_for_themselves():
    story = after_session()

    [mine] = decide_on(story.course, own_guess(story), story.circumstances("therapist"))
    someone = refused(story, own_guess(story), "therapist", author="eve")

    assert mine.account == "ana"
    assert "'eve'" in someone.message


def test_nobody_guesses_while_the_session_goes_on_or_where_no_dose_was_given():
    story = Story().ready()
    assert "not over" in refused(story, own_guess(story), "therapist").message
    story.ask(CloseSession(story.at, "escorted-home", "talked instead"))

    assert not list(asked(story.course, PROTOCOL))


def test_nobody_guesses_before_the_session_was_over():
    story = after_session()

    early = their_guess(story, at=story.at - timedelta(days=1, minutes=1))

    assert "was over at" in refused(story, early, "coordinator").message


def test_nobody_guesses_on_the_day_of_the_session_itself():
    story = Story().ready().session_done().pass_time(minutes=10)

    refusal = refused(story, their_guess(story), "coordinator")

    assert refusal.field == "at"
    assert "asked from" in refusal.message
    story.pass_time(days=1)
    assert story.ask(their_guess(story))


def test_the_rater_who_rated_guesses_after_the_rating_and_no_other():
    story = after_session()
    story.pass_time(days=19).rated("rating-1", SEVERE)
    guess = RecordOwnGuess(story.at, "rating-1", "mdma", 20, "benefit")

    [fact] = decide_on(story.course, guess, story.circumstances("independent-rater"))
    other = refused(story, guess, "independent-rater", author="another-rater")

    assert (fact.guesser, fact.account) == ("independent-rater", "ana")
    assert "'another-rater'" in other.message


def test_a_second_guess_on_the_same_occasion_is_refused():
    story = after_session()
    story.ask(their_guess(story))

    refusal = refused(story, their_guess(story, guess="placebo"), "coordinator")

    assert "is recorded" in refusal.message


@pytest.mark.proves("guesses-of-arm")
def test_no_guess_is_taken_once_the_allocation_was_opened():
    story = after_session()

    refusal = refused(story, their_guess(story), "coordinator", allocation_opened_at=story.at)

    assert "was opened" in refusal.message


def test_nobody_is_asked_where_arms_are_known_or_the_pack_names_no_occasion():
    story = after_session()
    open_label = replace(PROTOCOL, randomisation=replace(PROTOCOL.randomisation, blinded=False))
    silent = replace(PROTOCOL, blinding_check=None)

    for protocol, word in ((open_label, "not blinded"), (silent, "no occasion")):
        assert pending(story.course, protocol) == ()
        refusal = refused(story, their_guess(story), "coordinator", protocol=protocol)
        assert refusal.field == "occasion"
        assert word in refusal.message


def test_a_guess_is_asked_of_each_by_their_own_role():
    story = after_session()

    def mine(role: str, account: str) -> list[str]:
        return [each.guesser for each in to_give(story.course, PROTOCOL, role, account)]

    assert mine("therapist", "ana") == ["therapist"]
    assert mine("prescriber", "ben") == ["therapist"]
    assert mine("therapist", "eve") == []
    assert mine("coordinator", "cora") == ["participant"]
    assert mine("monitor", "ana") == mine("statistician", "ana") == []


def test_nobody_is_asked_after_the_course_has_ended():
    story = after_session()
    story.ask(WithdrawParticipant(story.at, "choice"))

    assert pending(story.course, PROTOCOL) == ()


def test_a_guess_is_corrected_only_by_who_wrote_it():
    story = after_session()
    story.ask(their_guess(story))
    entry = story.entries[-1]

    require_author(entry, "ana")
    with pytest.raises(Refused, match="only by who wrote it"):
        require_author(entry, "ben")
