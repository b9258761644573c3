"""Rows that single things in a course are found by: what each is, and which entries it is made of.

A resource (a word of FHIR: a reading, a medicine, an event) is the fold over the entries
that touch it, and each of them made a version of it. So a page of search reads its rows
and those entries, however long the record has become.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from sojourn import instruments
from sojourn.course.adverse_events import AdverseEventRecorded, AdverseEventUpdated
from sojourn.course.assessment import AssessmentRecorded
from sojourn.course.consent import AgreementsRecorded, ConsentSigned, ConsentWithdrawn
from sojourn.course.correction import Corrected, Reader, effective
from sojourn.course.dosing import (
    DoseGiven,
    DoseWithheld,
    SessionClosed,
    SessionOpened,
    VitalsRecorded,
)
from sojourn.course.followup import CourseCompleted, ParticipantLost, ParticipantWithdrawn
from sojourn.course.medication import MedicationCleared, MedicationRecorded, MedicationStopped
from sojourn.course.screening import (
    AllocationRecorded,
    EligibilityConfirmed,
    ParticipantRegistered,
    Randomised,
    ScreeningFailed,
)
from sojourn.course.visits import VisitHeld, VisitMissed
from sojourn.ledger.rows import ResourceRow
from sojourn.protocols.model import Protocol
from sojourn.record.entry import Entry, Fact
from sojourn.record.hashing import time_text

Rows = Mapping[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]]
Place = tuple[str, str]  # resource and key within the course
SIGNS = ("blood-pressure", "pulse", "temperature", "saturation")
_STANDING = (
    EligibilityConfirmed,
    Randomised,
    AllocationRecorded,
    ScreeningFailed,
    CourseCompleted,
    ParticipantWithdrawn,
    ParticipantLost,
)
_PLANNED = (VisitHeld, VisitMissed, SessionOpened, SessionClosed)


@dataclass(slots=True)
class _Found:
    """One resource while its history is walked through."""

    code: str = ""
    rated_by: str = ""
    entries: list[Entry] = field(default_factory=list)


def rows(
    programme: str, stream: str, protocol: Protocol, entries: Sequence[Entry], read: Reader
) -> Rows:
    """The row of every resource in this course, by table and key."""
    happened = {each.sequence: each.occurred_at for each in effective(entries, read)}
    participant = stream.rpartition(":")[2]
    result: dict[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]] = {}
    for (resource, key), found in _walk(protocol, entries).items():
        first, last = found.entries[0], found.entries[-1]
        result[ResourceRow, (stream, resource, key)] = (
            programme,
            participant,
            found.code,
            found.rated_by,
            time_text(happened[first.sequence]),
            time_text(last.recorded_at),
            " ".join(str(each.position) for each in found.entries),
        )
    return result


def _walk(protocol: Protocol, entries: Sequence[Entry]) -> Mapping[Place, _Found]:
    found: dict[Place, _Found] = {}
    touched: dict[int, tuple[Place, ...]] = {}
    named: dict[tuple[str, str], Place] = {}  # what later entries call a thing, and its place
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, Corrected):
            places = touched.get(fact.corrects, ())
        else:
            places = tuple(_places(entry, fact, named))
        touched[entry.sequence] = places
        for place in places:
            one = found.setdefault(place, _Found())
            if not one.entries:
                one.code = _code(place, fact)
                visit = protocol.visit(getattr(fact, "visit", ""))
                one.rated_by = visit.rated_by if visit else ""
            one.entries.append(entry)
    return found


def _places(entry: Entry, fact: Fact, named: dict[tuple[str, str], Place]) -> Iterator[Place]:
    own = str(entry.sequence)
    if isinstance(fact, ParticipantRegistered):
        yield from (("Patient", ""), ("ResearchSubject", ""), ("CarePlan", ""))
    elif isinstance(fact, _STANDING):
        yield from (("ResearchSubject", ""), ("CarePlan", ""))
    elif isinstance(fact, _PLANNED):
        yield "CarePlan", ""
    elif isinstance(fact, VitalsRecorded):
        for sign in SIGNS:
            if sign != "saturation" or fact.spo2_percent is not None:
                yield "Observation", f"{own}.{sign}"
    elif isinstance(fact, AssessmentRecorded):
        yield "QuestionnaireResponse", own
        instrument = instruments.load_shipped().get(fact.instrument)
        if instrument and instrument.scored:
            yield "Observation", f"{own}.score"
        if fact.settles_visit:
            yield "CarePlan", ""
    elif isinstance(fact, DoseGiven | DoseWithheld):
        yield "MedicationAdministration", own
    else:
        yield from _named_places(own, fact, named)


def _named_places(own: str, fact: Fact, named: dict[tuple[str, str], Place]) -> Iterator[Place]:
    """What later entries go on about, under the name the first one gave it."""
    if isinstance(fact, MedicationRecorded):
        yield named.setdefault(("medicine", fact.key), ("MedicationStatement", own))
    elif isinstance(fact, AdverseEventRecorded):
        yield named.setdefault(("event", fact.event), ("AdverseEvent", own))
    elif isinstance(fact, ConsentSigned):
        named["consent", ""] = ("Consent", own)
        yield "Consent", own
    else:
        name = (
            ("medicine", fact.medicine)
            if isinstance(fact, MedicationStopped | MedicationCleared)
            else ("event", fact.event)
            if isinstance(fact, AdverseEventUpdated)
            else ("consent", "")
            if isinstance(fact, ConsentWithdrawn | AgreementsRecorded)
            else None
        )
        if name in named:
            yield named[name]


def _code(place: Place, fact: Fact) -> str:
    """What a thing is looked for by, in words of our own."""
    resource, key = place
    if isinstance(fact, AssessmentRecorded):
        return fact.instrument
    if isinstance(fact, AdverseEventRecorded):
        return fact.code
    if isinstance(fact, MedicationRecorded):
        return " ".join(fact.substances)[:64]
    return key.partition(".")[2] if resource == "Observation" else ""
