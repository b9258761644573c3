"""Inside the session room: one tap for what is seen, a note, and who is there.

A tap that was a mistake is corrected like any entry: it then reads as made by
mistake, with the reason, and the session is as if nobody had tapped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, Note, Observed, Session, with_session
from sojourn.protocols.session_room import Observation
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

TEAM = ("therapist", "prescriber")
MISTAKE = Ask("Made by mistake", help="It then counts as if it had not been noted.", optional=True)


@dataclass(frozen=True, slots=True)
class NoteObservation:
    name: ClassVar[str] = "dosing.note-observation"
    title: ClassVar[str] = "Note an observation"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Seen at")]
    observation: Annotated[str, Ask("Observation", choices_from="observations")]
    value: Annotated[str, Ask("Value", help="on, off, a number or a place", optional=True)] = ""
    about: Annotated[str, Ask("Of whom", choices_from="session-practitioners", optional=True)] = ""
    mistaken: Annotated[bool, MISTAKE] = False


@dataclass(frozen=True, slots=True)
class WriteNote:
    name: ClassVar[str] = "dosing.write-note"
    title: ClassVar[str] = "Write a session note"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Time")]
    text: Annotated[str, Ask("Note", help="No names: the record is never erased.", lines=3)]
    mistaken: Annotated[bool, MISTAKE] = False


@dataclass(frozen=True, slots=True)
class LeaveRoom:
    name: ClassVar[str] = "dosing.leave-room"
    title: ClassVar[str] = "A practitioner leaves the room"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Left at")]
    practitioner: Annotated[str, Ask("Who", choices_from="session-practitioners")]
    reason: Annotated[str, Ask("Why", optional=True)] = ""


@dataclass(frozen=True, slots=True)
class EnterRoom:
    name: ClassVar[str] = "dosing.enter-room"
    title: ClassVar[str] = "A practitioner comes into the room"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Came at")]
    practitioner: Annotated[str, Ask("Who", choices_from="practitioners")]


@dataclass(frozen=True, slots=True)
class ObservationNoted:
    kind: ClassVar[str] = "dosing.observation-noted"
    schema: ClassVar[int] = 1
    visit: str
    observation: str
    value: str
    about: str
    mistaken: bool


@dataclass(frozen=True, slots=True)
class NoteWritten:
    kind: ClassVar[str] = "dosing.note-written"
    schema: ClassVar[int] = 1
    visit: str
    text: str
    mistaken: bool


@dataclass(frozen=True, slots=True)
class PractitionerLeft:
    kind: ClassVar[str] = "dosing.practitioner-left"
    schema: ClassVar[int] = 1
    visit: str
    practitioner: str
    reason: str


@dataclass(frozen=True, slots=True)
class PractitionerEntered:
    kind: ClassVar[str] = "dosing.practitioner-entered"
    schema: ClassVar[int] = 1
    visit: str
    practitioner: str


@dataclass(frozen=True, slots=True)
class TooFewPresent:
    """Fewer in the room than the protocol asks for, from this moment on."""

    kind: ClassVar[str] = "dosing.too-few-present"
    schema: ClassVar[int] = 1
    visit: str
    present: int
    needed: int


def needed(circumstances: Circumstances) -> int:
    """How many practitioners the protocol wants in the room."""
    dosing = circumstances.protocol.dosing
    return dosing.practitioners_present if dosing else 2


def note_observation(
    course: Course, command: NoteObservation, circumstances: Circumstances
) -> tuple[Fact, ...]:
    session = visits.session_at(course, command.at)
    dosing = circumstances.protocol.dosing
    room = dosing.room if dosing else None
    planned = room.observation(command.observation) if room else None
    if planned is None:
        raise Refused(f"the protocol has no observation '{command.observation}'", "observation")
    value = command.value.strip()
    _check_value(planned, value)
    if planned.form == "place" and command.about not in session.present:
        raise Refused(f"'{command.about}' is not in the room; say whose place it is", "about")
    about = command.about if planned.form == "place" else ""
    return (ObservationNoted(session.visit, planned.key, value, about, command.mistaken),)


def write_note(
    course: Course, command: WriteNote, circumstances: Circumstances
) -> tuple[Fact, ...]:
    session = visits.session_at(course, command.at)
    return (NoteWritten(session.visit, command.text.strip(), command.mistaken),)


def leave(course: Course, command: LeaveRoom, circumstances: Circumstances) -> tuple[Fact, ...]:
    session = visits.in_session(course, command.at)
    if command.practitioner not in session.present:
        raise Refused(f"'{command.practitioner}' is not in the room", "practitioner")
    fact = PractitionerLeft(session.visit, command.practitioner, command.reason.strip())
    staying, wanted = len(session.present) - 1, needed(circumstances)
    if staying >= wanted:
        return (fact,)
    return (fact, TooFewPresent(session.visit, staying, wanted))


def enter(course: Course, command: EnterRoom, circumstances: Circumstances) -> tuple[Fact, ...]:
    session = visits.in_session(course, command.at)
    if command.practitioner in session.present:
        raise Refused(f"'{command.practitioner}' is in the room already", "practitioner")
    visits.present((command.practitioner,), circumstances)
    return (PractitionerEntered(session.visit, command.practitioner),)


def observed(course: Course, fact: ObservationNoted, entry: Entry) -> Course:
    session = course.sessions.get(fact.visit)
    if fact.mistaken or session is None:
        return course
    tap = Observed(
        entry.occurred_at, fact.observation, fact.value, fact.about, entry.author, entry.sequence
    )
    return with_session(course, replace(session, observed=(*session.observed, tap)))


def noted(course: Course, fact: NoteWritten, entry: Entry) -> Course:
    session = course.sessions.get(fact.visit)
    if fact.mistaken or session is None:
        return course
    note = Note(entry.occurred_at, fact.text, entry.author, entry.sequence)
    return with_session(course, replace(session, notes=(*session.notes, note)))


def left(course: Course, fact: PractitionerLeft, entry: Entry) -> Course:
    session = course.sessions[fact.visit]
    staying = tuple(each for each in session.present if each != fact.practitioner)
    return with_session(course, replace(session, present=staying))


def entered(course: Course, fact: PractitionerEntered, entry: Entry) -> Course:
    session: Session = course.sessions[fact.visit]
    present = (*session.present, fact.practitioner)
    return with_session(course, replace(session, present=present))


def too_few(course: Course, fact: TooFewPresent, entry: Entry) -> Course:
    return course  # who is present says it; the entry marks that the room was told


def _check_value(planned: Observation, value: str) -> None:
    if planned.form == "scale":
        if not (value.isascii() and value.isdecimal()) or not (
            planned.lowest <= int(value) <= planned.highest
        ):
            raise Refused(
                f"'{value}' is not a whole number from {planned.lowest} to {planned.highest}",
                "value",
            )
        return
    places = tuple(key for key, _ in planned.choices)
    allowed = {"toggle": ("on", "off"), "moment": ("",), "place": places}[planned.form]
    if value not in allowed:
        raise Refused(
            f"'{value}' is no value of '{planned.label}'; give "
            f"{' or '.join(allowed) if any(allowed) else 'none'}",
            "value",
        )


DECIDE: Mapping[type, Any] = {
    NoteObservation: note_observation,
    WriteNote: write_note,
    LeaveRoom: leave,
    EnterRoom: enter,
}
EVOLVE: Mapping[type, Any] = {
    ObservationNoted: observed,
    NoteWritten: noted,
    PractitionerLeft: left,
    PractitionerEntered: entered,
    TooFewPresent: too_few,
}
