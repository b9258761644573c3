"""Queries, checks against source, freeze and lock in one course."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.course import (
    COMMANDS,
    SAFETY_AND_RIGHTS,
    UNDER_A_LOCK,
    Refused,
    correction,
    decide,
    locking,
    queries,
)
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.assessment import AssessmentRecorded, RecordAssessment
from sojourn.course.consent import WithdrawConsent
from sojourn.course.followup import WithdrawParticipant
from sojourn.course.locking import FreezeData, LockData, UnfreezeData, UnlockData
from sojourn.course.medication import RecordMedication
from sojourn.course.queries import AnswerQuery, CloseQuery, OpenQuery, ReopenQuery
from sojourn.course.safety import RaiseConcern
from sojourn.course.verification import VerifySource, progress, sampled, to_verify
from tests.course.story import KINDS, Story


class Checked(Story):
    """A story whose commands about entries know the history, and whose people have names."""

    def give(self, command, role="", author="ana"):
        role = role or command.roles[0]
        told = replace(
            self.circumstances(role),
            author=author,
            entries=correction.effective(self.entries, KINDS.read),
        )
        facts = decide(self.course, command, told)
        for fact in facts:
            entry = replace(self.record_as_it_is(fact, command.at, role), author=author)
            self.entries[-1] = entry
        self.course = self.folded()
        return facts

    def first(self, kind):
        return next(each for each in self.entries if each.fact.kind == kind)


def ended() -> Checked:
    story = Checked().eligible()
    story.ask(WithdrawParticipant(story.at, "moved-away", "moved abroad"))
    return story


def question(story, entry, text="the date differs from the clinic file"):
    return OpenQuery(story.at, entry, text, story.at.date() + timedelta(days=7))


@pytest.fixture
def asked() -> Checked:
    story = Checked().eligible()
    story.give(question(story, story.first("consent.signed").sequence), author="mona")
    return story


# --- Queries ------------------------------------------------------------------


@pytest.mark.proves("review-of-data")
def test_a_query_is_asked_answered_closed_and_reopened_and_keeps_every_word(asked):
    asked.give(AnswerQuery(asked.at, "query-1", "copied from the wrong page"), author="ben")
    asked.give(CloseQuery(asked.at, "query-1", "the file agrees now"), author="mona")
    assert not queries.unsettled(asked.course)
    due = asked.at.date() + timedelta(days=3)
    asked.give(ReopenQuery(asked.at, "query-1", "the year is still wrong", due), author="mona")

    query = asked.course.queries["query-1"]
    assert (query.standing, query.due_on, query.about) == ("open", due, "consent.signed")
    assert [each.did for each in query.remarks] == ["opened", "answered", "closed", "reopened"]
    assert asked.folded() == asked.course


@pytest.mark.parametrize(
    ("role", "author", "may"),
    [("sponsor", "mona", True), ("monitor", "mike", True), ("sponsor", "lee", False)],
)
def test_who_asked_or_a_monitor_closes_it(asked, role, author, may):
    command = CloseQuery(asked.at, "query-1", "seen on site, agrees")
    if may:
        assert asked.give(command, role, author)
        return
    with pytest.raises(Refused, match="opened by mona; they or a monitor"):
        asked.give(command, role, author)


def test_a_rater_answers_for_no_entry_but_a_rating(asked):
    with pytest.raises(Refused, match="for ratings only"):
        asked.give(AnswerQuery(asked.at, "query-1", "long enough text"), "independent-rater")


def test_what_makes_no_sense_is_refused_with_its_mend(asked):
    entry = asked.first("consent.signed").sequence
    for command, said in (
        (question(asked, 900), "no entry 900"),
        (question(asked, entry, "hm"), "in a few words"),
        (question(asked, entry), "asked already, as query-1"),
        (question(asked, asked.entries[-1].sequence), "nothing is asked about"),
        (
            OpenQuery(asked.at, entry, "long enough text", asked.at.date() - timedelta(days=1)),
            "is past",
        ),
        (AnswerQuery(asked.at, "query-9", "long enough text"), "no 'query-9'"),
    ):
        with pytest.raises(Refused, match=said):
            asked.give(command, author="mona")


# --- Source verification ------------------------------------------------------


@pytest.mark.proves("review-of-data")
def test_what_is_verified_counts_until_it_is_corrected():
    story = Checked().eligible()
    medicine = RecordMedication(story.at, "paracetamol", "headache")
    story.give(medicine)
    entry = story.first("medication.recorded")
    every = to_verify(story.entries, story.course)
    story.give(VerifySource(story.at, tuple(str(e.sequence) for e in every), "clinic file"))
    assert all(done == of for done, of in progress(story.course).values())

    right = replace(entry.fact, indication="migraine")
    _, schema, text = KINDS.write(right)
    [fact] = correction.correct(entry, (right,), story.at, (schema, text))
    story.record_as_it_is(fact, story.at)
    story.course = story.folded()

    assert progress(story.course)["medication.recorded"] == (0, 1)
    left = to_verify(correction.effective(story.entries, KINDS.read), story.course)
    assert [each.sequence for each in left] == [entry.sequence]
    story.give(VerifySource(story.at, (str(entry.sequence),), "clinic file, page 2"))
    assert progress(story.course)["medication.recorded"] == (1, 1)


def test_nothing_is_verified_twice_or_without_a_source():
    story = Checked().eligible()
    consent = str(story.first("consent.signed").sequence)
    story.give(VerifySource(story.at, (consent,), "clinic file"))
    for entries in ((consent,), ("1",), ("x",), ()):
        with pytest.raises(Refused):
            story.give(VerifySource(story.at, entries, "clinic file"))


def test_the_sample_is_the_share_that_was_set_and_the_same_each_time():
    story = Checked().eligible()
    shown = story.first("consent.signed")
    entries = [
        replace(
            shown, fact=AssessmentRecorded("v", "pcl-5", (), 1, False), hash=f"{n * 429497:08x}"
        )
        for n in range(10_000)
    ]
    for percent in (0, 20, 100):
        drawn = sum(sampled(each, percent, 0) for each in entries)
        assert drawn == pytest.approx(percent * 100, abs=2)
    few = {e.hash for e in entries if sampled(e, 20, 0)}
    assert few <= {e.hash for e in entries if sampled(e, 50, 0)}
    assert not sampled(replace(shown, fact=story.entries[0].fact, hash="0" * 64), 100, 100)


# --- Freeze and lock ----------------------------------------------------------


def test_frozen_takes_nothing_new_and_a_correction_only_where_a_query_asks():
    story = ended()
    visit = story.first("visit.held")
    story.give(FreezeData(story.at, "cleaning before the lock"))

    with pytest.raises(Refused, match="frozen since"):
        story.give(RecordAssessment(story.at, "screening", "c-ssrs", (0,) * 11), "prescriber")
    with pytest.raises(Refused, match="no query asks about entry"):
        locking.refuse_correction(story.course, visit)
    story.give(question(story, visit.sequence), author="mona")
    locking.refuse_correction(story.course, visit)
    with pytest.raises(Refused, match="query-1 not closed"):
        story.give(LockData(story.at, "complete"))


@pytest.mark.proves("locked-data")
def test_locked_takes_nothing_until_unlocked_but_what_concerns_safety_and_rights():
    story = ended()
    entry = story.first("consent.signed").sequence
    with pytest.raises(Refused, match="freeze the data first"):
        story.give(LockData(story.at, "complete"))
    story.give(FreezeData(story.at, "cleaning before the lock"))
    story.give(LockData(story.at, "complete and checked"))

    for command in (question(story, entry), UnfreezeData(story.at, "one more look")):
        with pytest.raises(Refused, match="locked since"):
            story.give(command)
    with pytest.raises(Refused, match="locked since"):
        locking.refuse_correction(story.course, story.first("visit.held"))
    story.give(RaiseConcern(story.at, "called, very low"))
    story.give(WithdrawConsent(story.at, "leave me out of it", "all"))

    story.with_clearance(database_locked=True)
    with pytest.raises(Refused, match="database is locked"):
        story.give(UnlockData(story.at, "a dose was missing"))
    story.with_clearance(database_locked=False)
    story.give(UnlockData(story.at, "a dose was missing"))
    assert story.course.hold is None


def test_no_course_that_goes_on_is_frozen():
    story = Checked().eligible()
    with pytest.raises(Refused, match="the course goes on"):
        story.give(FreezeData(story.at, "a first look"))


@pytest.mark.proves("locked-data")
def test_every_command_about_harm_enters_under_a_lock():
    harm = {each for name, each in COMMANDS.items() if name.startswith("safety.")}
    assert harm <= set(UNDER_A_LOCK)
    assert RecordAdverseEvent in SAFETY_AND_RIGHTS
    assert set(UNDER_A_LOCK) - set(SAFETY_AND_RIGHTS) == {UnlockData}
