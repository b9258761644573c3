"""Aftercare: the watchful days after a session, in which mood can drop."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, safety, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Contact, Course, VisitDone, with_item
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

CONCERNS = (
    ("none", "No concern"),
    ("watch", "Call again today"),
    ("act", "A clinician must act now"),
)


@dataclass(frozen=True, slots=True)
class RecordContact:
    name: ClassVar[str] = "aftercare.record-contact"
    title: ClassVar[str] = "Record a daily contact"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber", "coordinator")

    at: Annotated[datetime, Ask("Called at")]
    visit: Annotated[str, Ask("Contact", choices_from="aftercare-visits")]
    mood: Annotated[int, Ask("Mood", help="0 worst, 10 best", at_least=0, at_most=10)]
    sleep_hours: Annotated[int, Ask("Sleep last night", unit="h", at_least=0, at_most=24)]
    concern: Annotated[str, Ask("Concern", choices=CONCERNS)]
    note: Annotated[str, Ask("Note", lines=3, optional=True)] = ""


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
    consent.require(course, circumstances)
    visit = visits.find(circumstances, command.visit, "aftercare")
    visits.refuse_twice(course, visit.key)
    session = course.session(visit.session)
    if session is None or session.closed_at is None:
        raise Refused(f"dosing session {visit.session} has not ended; contacts follow it", "visit")
    fact = ContactRecorded(
        visit.key, command.mood, command.sleep_hours, command.concern, command.note
    )
    if command.concern != "act":
        return (fact,)
    label = f"{visit.label}: a clinician must act (mood {command.mood} of 10)"
    return (fact, safety.new_alert(course, "aftercare-concern", label, visit.key))


def contacted(course: Course, fact: ContactRecorded, entry: Entry) -> Course:
    said = Contact(entry.occurred_at, fact.mood, fact.sleep_hours, fact.concern)
    course = replace(course, contacts=with_item(course.contacts, fact.visit, said))
    return visits.with_visit(course, fact.visit, VisitDone(entry.occurred_at, held=True))


DECIDE: Mapping[type, Any] = {RecordContact: contact}
EVOLVE: Mapping[type, Any] = {ContactRecorded: contacted}
