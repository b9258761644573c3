"""The checklist of a dosing day: each item signed by whoever checked it, on that day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, Signed, changed, with_item
from sojourn.protocols.model import ChecklistItem, Dosing
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class SignChecklist:
    name: ClassVar[str] = "dosing.sign-checklist"
    title: ClassVar[str] = "Sign checklist items"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber")

    at: Annotated[datetime, Ask("Checked at")]
    visit: Annotated[str, Ask("Session", choices_from="checklist-visits")]
    items: Annotated[tuple[str, ...], Ask("I checked", choices_from="checklist")]


@dataclass(frozen=True, slots=True)
class ChecklistItemSigned:
    kind: ClassVar[str] = "dosing.checklist-item-signed"
    schema: ClassVar[int] = 1
    visit: str
    item: str


def unsigned(course: Course, visit: str, day: date, dosing: Dosing) -> tuple[ChecklistItem, ...]:
    """Items of the checklist nobody has signed on that day."""
    return tuple(
        item
        for item in dosing.checklist
        if (signed := course.checklist.get((visit, item.key))) is None or signed.at.date() != day
    )


def known(items: tuple[str, ...], dosing: Dosing, field: str) -> tuple[str, ...]:
    """The items, each once and in the order of the list; refused when it has no such item."""
    keys = [item.key for item in dosing.checklist]
    for key in items:
        if key not in keys:
            raise Refused(f"the checklist has no item '{key}'", field)
    return tuple(key for key in keys if key in items)


def sign(course: Course, command: SignChecklist, circumstances: Circumstances) -> tuple[Fact, ...]:
    consent.require(course, circumstances, treatment=True)
    visit = visits.find(circumstances, command.visit, "dosing")
    dosing = circumstances.protocol.dosing
    if dosing is None:
        raise Refused(f"protocol {circumstances.protocol.key} gives no study drug")
    if not command.items:
        raise Refused("sign at least one item", "items")
    session = course.sessions.get(visit.key)
    if session is None:
        visits.refuse_twice(course, visit.key)
    elif session.closed_at or session.initial:
        raise Refused("the dose was given or the session closed; the checklist comes before it")
    open_items = {each.key for each in unsigned(course, visit.key, command.at.date(), dosing)}
    items = known(command.items, dosing, "items")
    for key in items:
        if key not in open_items:
            by = course.checklist[visit.key, key].by
            raise Refused(f"'{key}' was signed today already, by {by}", "items")
    return tuple(ChecklistItemSigned(visit.key, key) for key in items)


def signed(course: Course, fact: ChecklistItemSigned, entry: Entry) -> Course:
    signature = Signed(entry.occurred_at, entry.author)
    return changed(
        course, checklist=with_item(course.checklist, (fact.visit, fact.item), signature)
    )


DECIDE: Mapping[type, Any] = {SignChecklist: sign}
EVOLVE: Mapping[type, Any] = {ChecklistItemSigned: signed}
