"""Visits that take place or are missed, whatever their stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, Session, VisitDone, changed, with_item
from sojourn.protocols.model import Phase, Visit
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class HoldScreeningVisit:
    name: ClassVar[str] = "screening.hold-visit"
    title: ClassVar[str] = "Record a screening visit"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "therapist", "coordinator")

    at: Annotated[datetime, Ask("Held at")]
    visit: Annotated[str, Ask("Visit", choices_from="screening-visits")]
    note: Annotated[str, Ask("Note", lines=3, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class MissVisit:
    name: ClassVar[str] = "visit.miss"
    title: ClassVar[str] = "Record a missed visit"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (
        "therapist",
        "prescriber",
        "coordinator",
        "independent-rater",
    )

    at: Annotated[datetime, Ask("Noted at")]
    visit: Annotated[str, Ask("Visit", choices_from="open-visits")]
    reason: Annotated[str, Ask("Why it did not take place", lines=2)]


@dataclass(frozen=True, slots=True)
class VisitHeld:
    """``session`` is the dosing session it followed; None before or without one."""

    kind: ClassVar[str] = "visit.held"
    schema: ClassVar[int] = 2
    visit: str
    practitioners: tuple[str, ...]
    minutes: int | None
    note: str
    homework: str = ""
    goals: str = ""
    session: int | None = None


@dataclass(frozen=True, slots=True)
class VisitMissed:
    kind: ClassVar[str] = "visit.missed"
    schema: ClassVar[int] = 1
    visit: str
    reason: str


def find(circumstances: Circumstances, key: str, *phases: Phase) -> Visit:
    """The protocol's visit of that key, refused when it is not of one of ``phases``."""
    visit = circumstances.protocol.visit(key)
    if visit is None:
        raise Refused(f"protocol {circumstances.protocol.key} plans no visit '{key}'", "visit")
    if phases and visit.phase not in phases:
        raise Refused(f"visit '{key}' belongs to {visit.phase}, not {phases[0]}", "visit")
    return visit


def in_session(course: Course, at: datetime) -> Session:
    """The open dosing session; refused when there is none or it opened after ``at``."""
    session = course.open_session
    if session is None:
        raise Refused("no dosing session is open; open it first")
    if at < session.opened_at:
        raise Refused(f"the session opened at {session.opened_at:%H:%M}; give a later time", "at")
    return session


def session_at(course: Course, at: datetime) -> Session:
    """The dosing session that was open at that time, though it may have closed since."""
    for session in course.sessions.values():
        if session.opened_at <= at and session.closed_at and at <= session.closed_at:
            return session
    return in_session(course, at)


def refuse_twice(course: Course, key: str, *, missing: bool = False) -> None:
    """A visit takes place once, and is missed once; one marked as missed may still be held."""
    done = course.visits.get(key)
    if done is not None and (done.held or missing):
        what = "took place" if done.held else "was recorded as missed"
        raise Refused(f"visit '{key}' {what} on {done.at:%Y-%m-%d} already", "visit")


def present(command_practitioners: tuple[str, ...], circumstances: Circumstances) -> None:
    """Refuse practitioners whose credentials are not on the record and valid."""
    if not command_practitioners:
        raise Refused("name who was present", "practitioners")
    unknown = [
        each for each in command_practitioners if each not in circumstances.clearance.practitioners
    ]
    if unknown:
        why = dict(circumstances.clearance.unfit)
        told = "; ".join(
            f"{each}: {', '.join(why.get(each, ('no valid credential is on record',)))}"
            for each in unknown
        )
        raise Refused(f"{told}; settle it first", "practitioners")


def hold(
    course: Course,
    visit: Visit,
    practitioners: tuple[str, ...],
    minutes: int,
    themes: str,
    circumstances: Circumstances,
) -> VisitHeld:
    """A session with the team, once its own stage has nothing against it."""
    refuse_twice(course, visit.key)
    present(practitioners, circumstances)
    return VisitHeld(visit.key, practitioners, minutes, themes)


def hold_screening(
    course: Course, command: HoldScreeningVisit, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    visit = find(circumstances, command.visit, "screening")
    refuse_twice(course, visit.key)
    return (VisitHeld(visit.key, (), None, command.note),)


def miss(course: Course, command: MissVisit, circumstances: Circumstances) -> tuple[Fact, ...]:
    visit = find(circumstances, command.visit)
    if circumstances.role == "independent-rater" and visit.rated_by != "independent-rater":
        raise Refused(f"{visit.label} is for the team to settle", "visit")
    refuse_twice(course, visit.key, missing=True)
    return (VisitMissed(visit.key, command.reason),)


def held(course: Course, fact: VisitHeld, entry: Entry) -> Course:
    return with_visit(course, fact.visit, VisitDone(entry.occurred_at, held=True))


def missed(course: Course, fact: VisitMissed, entry: Entry) -> Course:
    return with_visit(course, fact.visit, VisitDone(entry.occurred_at, False, fact.reason))


def with_visit(course: Course, key: str, done: VisitDone) -> Course:
    """The course with this visit settled."""
    return changed(course, visits=with_item(course.visits, key, done))


DECIDE: Mapping[type, Any] = {HoldScreeningVisit: hold_screening, MissVisit: miss}
EVOLVE: Mapping[type, Any] = {VisitHeld: held, VisitMissed: missed}
