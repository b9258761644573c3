"""Concomitant medication: what a participant takes, and when it stops mattering."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, Medication, with_item
from sojourn.medicines import Finding, Taken, findings
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

CLINICAL = ("prescriber", "therapist", "coordinator")


@dataclass(frozen=True, slots=True)
class RecordMedication:
    name: ClassVar[str] = "medication.record"
    title: ClassVar[str] = "Record a concomitant medication"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = CLINICAL

    at: Annotated[datetime, Ask("Recorded at")]
    medicine: Annotated[str, Ask("Medicine", help="The active substance, such as sertraline.")]
    indication: Annotated[str, Ask("Taken for")]
    started_on: Annotated[date | None, Ask("Started on", optional=True)] = None
    stopped_on: Annotated[date | None, Ask("Last taken on", optional=True)] = None


@dataclass(frozen=True, slots=True)
class StopMedication:
    name: ClassVar[str] = "medication.stop"
    title: ClassVar[str] = "Record that a medication has ended"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = CLINICAL

    at: Annotated[datetime, Ask("Recorded at")]
    medicine: Annotated[str, Ask("Medicine", choices_from="medications")]
    stopped_on: Annotated[date, Ask("Last taken on")]


@dataclass(frozen=True, slots=True)
class ClearMedication:
    name: ClassVar[str] = "medication.clear"
    title: ClassVar[str] = "Prescriber's decision on an unlisted medication"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber",)

    at: Annotated[datetime, Ask("Decided at")]
    medicine: Annotated[str, Ask("Medicine", choices_from="medications")]
    rationale: Annotated[str, Ask("Why it may be taken beside the study drug", lines=3)]


@dataclass(frozen=True, slots=True)
class MedicationRecorded:
    kind: ClassVar[str] = "medication.recorded"
    schema: ClassVar[int] = 1
    medicine: str
    indication: str
    started_on: date | None
    stopped_on: date | None


@dataclass(frozen=True, slots=True)
class MedicationStopped:
    kind: ClassVar[str] = "medication.stopped"
    schema: ClassVar[int] = 1
    medicine: str
    stopped_on: date


@dataclass(frozen=True, slots=True)
class MedicationCleared:
    kind: ClassVar[str] = "medication.cleared"
    schema: ClassVar[int] = 1
    medicine: str
    rationale: str


def hindrances(course: Course, circumstances: Circumstances, on: date) -> tuple[Finding, ...]:
    """Findings that forbid a dose on that day: hard stops, and unlisted drugs nobody cleared."""
    taken = tuple(
        Taken(each.name, each.started_on, each.stopped_on) for each in course.medications.values()
    )
    cleared = {each.name for each in course.medications.values() if each.cleared_by}
    return tuple(
        finding
        for finding in findings(circumstances.formulary, taken, on)
        if finding.weight == "hard-stop"
        or (finding.weight == "unknown" and finding.medicine not in cleared)
    )


def record(
    course: Course, command: RecordMedication, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    name = _plain(command.medicine)
    if not name:
        raise Refused("name the medicine", "medicine")
    _check_order(command.started_on, command.stopped_on)
    return (MedicationRecorded(name, command.indication, command.started_on, command.stopped_on),)


def stop(course: Course, command: StopMedication, circumstances: Circumstances) -> tuple[Fact, ...]:
    medication = _find(course, command.medicine)
    _check_order(medication.started_on, command.stopped_on)
    if command.stopped_on > command.at.date():
        raise Refused(
            f"{command.stopped_on} is still to come; record it once stopped", "stopped_on"
        )
    return (MedicationStopped(medication.name, command.stopped_on),)


def clear(
    course: Course, command: ClearMedication, circumstances: Circumstances
) -> tuple[Fact, ...]:
    medication = _find(course, command.medicine)
    taken = Taken(medication.name, medication.started_on, medication.stopped_on)
    for finding in findings(circumstances.formulary, (taken,), command.at.date()):
        if finding.weight == "hard-stop":
            raise Refused(f"{finding.message}; no decision can clear it", "medicine")
    return (MedicationCleared(medication.name, command.rationale),)


def recorded(course: Course, fact: MedicationRecorded, entry: Entry) -> Course:
    medication = Medication(fact.medicine, fact.indication, fact.started_on, fact.stopped_on)
    return _with(course, medication)


def stopped(course: Course, fact: MedicationStopped, entry: Entry) -> Course:
    return _with(course, replace(course.medications[fact.medicine], stopped_on=fact.stopped_on))


def cleared(course: Course, fact: MedicationCleared, entry: Entry) -> Course:
    return _with(course, replace(course.medications[fact.medicine], cleared_by=entry.author))


def _with(course: Course, medication: Medication) -> Course:
    return replace(course, medications=with_item(course.medications, medication.name, medication))


def _find(course: Course, medicine: str) -> Medication:
    medication = course.medications.get(_plain(medicine))
    if medication is None:
        raise Refused(f"'{medicine}' is not among the recorded medications", "medicine")
    return medication


def _plain(name: str) -> str:
    return " ".join(name.lower().split())


def _check_order(started_on: date | None, stopped_on: date | None) -> None:
    if started_on and stopped_on and stopped_on < started_on:
        raise Refused(f"{stopped_on} lies before the start {started_on}", "stopped_on")


DECIDE: Mapping[type, Any] = {
    RecordMedication: record,
    StopMedication: stop,
    ClearMedication: clear,
}
EVOLVE: Mapping[type, Any] = {
    MedicationRecorded: recorded,
    MedicationStopped: stopped,
    MedicationCleared: cleared,
}
