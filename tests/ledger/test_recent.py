"""A course kept folded is the course the record holds, whatever was written meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from sojourn import course as courses
from sojourn.course.room import NoteObservation, ObservationNoted
from sojourn.ledger import recent, registry
from sojourn.ledger.desk import Person, correct, execute, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import OpenSessionRow
from tests.clinic.conftest import people_and_accounts
from tests.kept import once

THERAPIST = Person("therapist", "therapist")


@pytest.fixture(autouse=True)
def facts_of_no_clinic():
    """Here the clinic's own facts are meant."""


def as_it_is(stream: str):
    entries = read_stream(stream)
    return entries, courses.fold(entries, registry.kinds().read)


def test_taps_and_their_corrections_are_known_at_once(db):
    once("24 people", people_and_accounts)
    who = OpenSessionRow.objects.get().participant
    stream = stream_of("demo", who)
    assert recent.course_of(stream) == as_it_is(stream)

    now = datetime.now(UTC)
    for number in range(3):
        tap = NoteObservation(now - timedelta(seconds=number), "distress", str(number))
        [entry] = execute("demo", who, tap, THERAPIST)
        assert isinstance(entry.fact, ObservationNoted)
        assert recent.course_of(stream) == as_it_is(stream)
    mistaken = NoteObservation(entry.occurred_at, "distress", "2", mistaken=True)
    correct("demo", who, entry.sequence, mistaken, THERAPIST, reason="tapped by mistake")
    assert recent.course_of(stream) == as_it_is(stream)
    execute("demo", who, NoteObservation(now, "tears"), THERAPIST)
    assert recent.course_of(stream) == as_it_is(stream)


def test_a_record_that_is_another_one_is_read_anew(db):
    once("24 people", people_and_accounts)
    who = OpenSessionRow.objects.get().participant
    stream = stream_of("demo", who)
    entries, course = recent.course_of(stream)
    from dataclasses import replace

    stranger = (*entries[:-1], replace(entries[-1], hash="0" * 64))
    recent._known[stream] = stranger, course
    assert recent.course_of(stream) == as_it_is(stream)


def test_a_stream_nobody_wrote_is_empty(db):
    entries, course = recent.course_of("course:demo:nobody")
    assert entries == ()
    assert not course.participant


def test_a_retry_of_what_makes_no_sense_twice_is_answered_with_what_was_written(db):
    from sojourn.course.room import LeaveRoom

    once("24 people", people_and_accounts)
    who = OpenSessionRow.objects.get().participant
    leave = LeaveRoom(datetime.now(UTC), "therapist2")
    first = execute("demo", who, leave, THERAPIST, key="tap-1")
    again = execute("demo", who, leave, THERAPIST, key="tap-1")
    assert [each.sequence for each in again] == [each.sequence for each in first]
    with pytest.raises(courses.Refused, match="not in the room"):
        execute("demo", who, leave, THERAPIST, key="tap-2")
