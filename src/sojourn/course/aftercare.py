"""Aftercare: the watchful days after a session, in which mood can drop."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, safety, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import (
    Contact,
    ContactAttempt,
    Course,
    Session,
    VisitDone,
    changed,
    with_item,
)
from sojourn.protocols.model import Visit
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

CONCERNS = (
    ("none", "No concern"),
    ("watch", "Call again today"),
    ("act", "A clinician must act now"),
)
WAYS = (("call", "Call"), ("message", "Message"), ("visit", "Visit at home"))
TEAM = ("therapist", "prescriber", "coordinator")
NOT_REACHED = "aftercare-not-reached"


@dataclass(frozen=True, slots=True)
class RecordContact:
    name: ClassVar[str] = "aftercare.record-contact"
    title: ClassVar[str] = "Record a daily contact"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Called at")]
    visit: Annotated[str, Ask("Contact", choices_from="aftercare-visits")]
    mood: Annotated[int, Ask("Mood", help="0 worst, 10 best", at_least=0, at_most=10)]
    sleep_hours: Annotated[int, Ask("Sleep last night", unit="h", at_least=0, at_most=24)]
    concern: Annotated[str, Ask("Concern", choices=CONCERNS)]
    note: Annotated[str, Ask("Note", lines=3, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class RecordAttempt:
    name: ClassVar[str] = "aftercare.record-attempt"
    title: ClassVar[str] = "Record that a daily contact was not reached"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Tried at")]
    visit: Annotated[str, Ask("Contact", choices_from="aftercare-visits")]
    how: Annotated[str, Ask("How", choices=WAYS)]
    next_at: Annotated[datetime | None, Ask("Next attempt at", optional=True)] = None


@dataclass(frozen=True, slots=True)
class ContactNotReached:
    """``attempt`` counts from 1 within its contact."""

    kind: ClassVar[str] = "aftercare.contact-not-reached"
    schema: ClassVar[int] = 1
    visit: str
    attempt: int
    how: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContactRecorded:
    kind: ClassVar[str] = "aftercare.contact-recorded"
    schema: ClassVar[int] = 1
    visit: str
    mood: int
    sleep_hours: int
    concern: str
    note: str


def contact(
    course: Course, command: RecordContact, circumstances: Circumstances
) -> tuple[Fact, ...]:
    visit, _ = _awaited(course, command.visit, circumstances)
    fact = ContactRecorded(
        visit.key, command.mood, command.sleep_hours, command.concern, command.note
    )
    if command.concern != "act":
        return (fact,)
    label = f"{visit.label}: a clinician must act (mood {command.mood} of 10)"
    return (fact, safety.new_alert(course, "aftercare-concern", label, visit.key))


def attempt(
    course: Course, command: RecordAttempt, circumstances: Circumstances
) -> tuple[Fact, ...]:
    visit, session = _awaited(course, command.visit, circumstances)
    if session.closed_at and command.at < session.closed_at:
        raise Refused("the session had not ended then; check the time", "at")
    if command.next_at is not None and command.next_at <= command.at:
        raise Refused("the next attempt comes after this one; check the time", "next_at")
    number = len(course.contact_attempts.get(visit.key, ())) + 1
    fact = ContactNotReached(visit.key, number, command.how, command.next_at)
    plan = circumstances.protocol.aftercare
    if plan is not None and number < plan.attempts:
        if command.next_at is None:
            raise Refused("say when the next attempt is", "next_at")
        return (fact,)
    # A pack that says nothing of attempts asks for the step at the first.
    step = plan.emergency_step if plan else "follow the site's plan for someone not reached"
    open_now = any(
        each.rule == NOT_REACHED and each.visit == visit.key for each in course.open_alerts
    )
    if open_now:
        return (fact,)
    label = f"{visit.label}: not reached at {number} attempts; {step}"
    return (fact, safety.new_alert(course, NOT_REACHED, label, visit.key))


def _awaited(course: Course, key: str, circumstances: Circumstances) -> tuple[Visit, Session]:
    """The contact of that key that is still to be held, and the session it follows."""
    consent.require(course, circumstances, safety=True)
    visit = visits.find(circumstances, key, "aftercare")
    visits.refuse_twice(course, visit.key)
    session = course.session(visit.session)
    if session is None or session.closed_at is None:
        raise Refused(f"dosing session {visit.session} has not ended; contacts follow it", "visit")
    return visit, session


def not_reached(course: Course, fact: ContactNotReached, entry: Entry) -> Course:
    made = ContactAttempt(entry.occurred_at, fact.how, fact.next_at)
    earlier = course.contact_attempts.get(fact.visit, ())
    return changed(
        course,
        contact_attempts=with_item(course.contact_attempts, fact.visit, (*earlier, made)),
    )


def contacted(course: Course, fact: ContactRecorded, entry: Entry) -> Course:
    told = Contact(entry.occurred_at, fact.mood, fact.sleep_hours, fact.concern)
    course = changed(course, contacts=with_item(course.contacts, fact.visit, told))
    return visits.with_visit(course, fact.visit, VisitDone(entry.occurred_at, held=True))


DECIDE: Mapping[type, Any] = {RecordContact: contact, RecordAttempt: attempt}
EVOLVE: Mapping[type, Any] = {ContactRecorded: contacted, ContactNotReached: not_reached}
