"""At the desk: a retry is answered as the first time, and what was wrong can be put right."""

from datetime import timedelta

import pytest

from sojourn.course.aftercare import RecordContact
from sojourn.course.dosing import CloseSession, RecordVitals, WithholdDose
from sojourn.course.safety import RaiseConcern
from sojourn.ledger import clock, desk
from sojourn.ledger.desk import Person, load_course, stream_of
from sojourn.ledger.read import read_stream, version
from sojourn.ledger.rows import OpenSessionRow, ParticipantRow
from sojourn.record.command import Refused
from tests.clinic.conftest import people_and_accounts
from tests.kept import once

pytestmark = pytest.mark.django_db
THERAPIST = Person("therapist", "therapist")
PROGRAMME = "demo"


@pytest.fixture
def participant() -> str:
    once("24 people", people_and_accounts)
    return OpenSessionRow.objects.get().participant


def ask(participant: str, command, **how):
    return desk.execute(PROGRAMME, participant, command, THERAPIST, **how)


def test_a_decision_sent_twice_is_answered_twice_and_written_once(participant: str) -> None:
    shown = load_course(PROGRAMME, participant).version
    command = WithholdDose(clock.now(), "supplemental", "prefers not to")

    first = ask(participant, command, shown=shown, key="k-1")
    again = ask(participant, command, shown=shown, key="k-1")

    assert again == first
    assert version(stream_of(PROGRAMME, participant)) == shown + 1


def test_a_retry_of_what_can_be_done_once_is_answered_and_not_refused(participant: str) -> None:
    now = clock.now()
    row = ParticipantRow.objects.filter(status="in-progress", sessions_dosed__gt=0).exclude(
        participant=participant
    )
    for each in row:
        course = load_course(PROGRAMME, each.participant)
        open_contacts = [
            f"contact-{number}-{day}"
            for number in (1, 2, 3)
            for day in range(1, 8)
            if (held := course.session(number))
            and held.closed_at
            and f"contact-{number}-{day}" not in course.visits
        ]
        if open_contacts:
            break
    command = RecordContact(now, open_contacts[0], 6, 7, "none")

    first = ask(each.participant, command, key="k-2")
    assert ask(each.participant, command, key="k-2") == first
    with pytest.raises(Refused, match="already"):
        ask(each.participant, command, key="k-3")


def closed(participant: str) -> list[int]:
    """The session is closed; the sequences of its vital signs."""
    now = clock.now()
    ask(participant, RecordVitals(now, "end", 120, 75, 70, 368))
    ask(participant, CloseSession(now, "overnight-stay", "felt well early"))
    course = load_course(PROGRAMME, participant)
    last = max(course.sessions.values(), key=lambda each: each.opened_at)
    entries = read_stream(stream_of(PROGRAMME, participant))
    return [
        each.sequence
        for each in entries
        if each.fact.kind == "dosing.vitals-recorded" and each.fact.visit == last.visit
    ]


def test_a_correction_sent_twice_is_answered_twice_and_written_once(participant: str) -> None:
    sequence = closed(participant)[0]
    entry = read_stream(stream_of(PROGRAMME, participant))[sequence - 1]
    at = clock.here(entry.occurred_at)
    command = RecordVitals(at, entry.fact.moment, 111, 71, 61, 366)
    how = {"reason": "read from the wrong line", "key": "k-4"}

    first = desk.correct(PROGRAMME, participant, sequence, command, THERAPIST, **how)
    again = desk.correct(PROGRAMME, participant, sequence, command, THERAPIST, **how)

    assert again == first


def test_vital_signs_of_a_closed_session_are_corrected_in_that_session(participant: str) -> None:
    sequence = closed(participant)[0]
    entry = read_stream(stream_of(PROGRAMME, participant))[sequence - 1]
    command = RecordVitals(clock.here(entry.occurred_at), entry.fact.moment, 111, 71, 61, 366)

    desk.correct(PROGRAMME, participant, sequence, command, THERAPIST, reason="misread")

    vitals = load_course(PROGRAMME, participant).sessions[entry.fact.visit].vitals
    assert 111 in [each.systolic_mmhg for each in vitals]


def test_what_was_recorded_wrongly_is_put_right_after_the_course_has_ended(participant) -> None:
    ended = ParticipantRow.objects.filter(status="completed")[0].participant
    entries = read_stream(stream_of(PROGRAMME, ended))
    wrong = next(each for each in entries if each.fact.kind == "dosing.vitals-recorded")
    command = RecordVitals(clock.here(wrong.occurred_at), wrong.fact.moment, 111, 71, 61, 366)

    desk.correct(PROGRAMME, ended, wrong.sequence, command, THERAPIST, reason="misread")

    course = load_course(PROGRAMME, ended)
    assert course.ended == "completed"
    vitals = course.sessions[wrong.fact.visit].vitals
    assert 111 in [each.systolic_mmhg for each in vitals]
    with pytest.raises(Refused, match="has ended"):
        ask(ended, RecordVitals(clock.now(), "during", 111, 71, 61, 366))


def test_a_concern_with_the_key_of_another_participant_is_still_written(participant: str) -> None:
    other = ParticipantRow.objects.exclude(participant=participant)[0].participant
    concern = RaiseConcern(clock.now() - timedelta(minutes=1), "seems very tired")

    ask(participant, concern, key="shared")
    before = version(stream_of(PROGRAMME, other))
    ask(other, concern, key="shared")

    assert version(stream_of(PROGRAMME, other)) == before + 1
