"""Concomitant medication: what a participant takes, and when it stops mattering."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, safety
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, Medication, changed, with_item
from sojourn.medicines import Finding, Formulary, Taken, WashoutRule, findings, resolve
from sojourn.protocols.model import Protocol
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
    medicine: Annotated[str, Ask("Medicine", help="Common or brand name, as on the package.")]
    indication: Annotated[str, Ask("Taken for")]
    started_on: Annotated[date | None, Ask("Started on", optional=True)] = None
    stopped_on: Annotated[date | None, Ask("Last taken on", optional=True)] = None
    dose: Annotated[str, Ask("Dose and how often", help="As prescribed.", optional=True)] = ""
    ended: Annotated[bool, Ask("Ended, the day not known", optional=True)] = False
    as_written: Annotated[
        bool, Ask("The name is right although it is not known here", optional=True)
    ] = False


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
    title: ClassVar[str] = "Prescriber's decision on a medication without a rule"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber",)

    at: Annotated[datetime, Ask("Decided at")]
    medicine: Annotated[str, Ask("Medicine", choices_from="medications")]
    rationale: Annotated[str, Ask("Why it may be taken beside the study drug", lines=3)]
    substance: Annotated[
        str, Ask("What it is", help="Needed when the name is not known here.", optional=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class MedicationRecorded:
    kind: ClassVar[str] = "medication.recorded"
    schema: ClassVar[int] = 2
    key: str
    medicine: str
    substances: tuple[str, ...]
    indication: str
    dose: str
    started_on: date | None
    stopped_on: date | None
    ended: bool


@dataclass(frozen=True, slots=True)
class MedicationStopped:
    kind: ClassVar[str] = "medication.stopped"
    schema: ClassVar[int] = 1
    medicine: str
    stopped_on: date


@dataclass(frozen=True, slots=True)
class MedicationCleared:
    """``name`` is as written when it was decided: corrected to another, nothing is cleared."""

    kind: ClassVar[str] = "medication.cleared"
    schema: ClassVar[int] = 3
    medicine: str
    name: str
    substances: tuple[str, ...]
    rationale: str


def all_findings(course: Course, circumstances: Circumstances, on: date) -> tuple[Finding, ...]:
    """What every recorded medication means for a dose on that day; none where none is given."""
    rule = washout_rule(circumstances.protocol)
    if rule is None:
        return ()
    taken = (_taken(each) for each in course.medications.values())
    return findings(circumstances.formulary, taken, on, rule)


def hindrances(course: Course, circumstances: Circumstances, on: date) -> tuple[Finding, ...]:
    """Findings that forbid a dose on that day: hard stops, and drugs no rule or person cleared."""
    cleared = {each.key for each in course.medications.values() if each.cleared_by}
    return tuple(
        finding
        for finding in all_findings(course, circumstances, on)
        if finding.weight == "hard-stop"
        or (finding.weight == "unknown" and finding.medicine not in cleared)
    )


def earliest_dose(course: Course, circumstances: Circumstances, on: date) -> date | None:
    """First day every medication leaves free; None while one has no day to count from."""
    blocking = hindrances(course, circumstances, on)
    days = [finding.clear_on for finding in blocking]
    return None if None in days else max((day for day in days if day), default=on)


def stopped_antidepressants(course: Course, formulary: Formulary) -> tuple[Medication, ...]:
    """Antidepressants ended since registration: mood is watched more closely after a session."""
    since = course.registered_at.date() if course.registered_at else date.max
    return tuple(
        each
        for each in course.medications.values()
        if each.stopped_on is not None
        and each.stopped_on >= since
        and any(agent and agent.antidepressant for agent in map(formulary.find, each.substances))
    )


def washout_rule(protocol: Protocol) -> WashoutRule | None:
    """The protocol's washout in the words of the medicines; None where nothing is dosed."""
    if protocol.dosing is None:
        return None
    washout = protocol.dosing.washout
    excluded = frozenset(protocol.dosing.excluded_classes)
    return WashoutRule(
        washout.half_lives, washout.settling_days, excluded, protocol.dosing.study_drug
    )


def find(course: Course, medicine: str) -> Medication:
    """The medication of that key, refused when none was recorded."""
    medication = course.medications.get(_plain(medicine))
    if medication is None:
        raise Refused(f"'{medicine}' is not among the recorded medications", "medicine")
    return medication


def record(
    course: Course, command: RecordMedication, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    name = " ".join(command.medicine.split())
    if not name:
        raise Refused("name the medicine", "medicine")
    _check_days(command.started_on, command.stopped_on, command.at.date())
    if command.ended and command.stopped_on:
        raise Refused("the day of the last dose is given; then its day is known", "ended")
    resolution = resolve(circumstances.formulary, circumstances.drug_names, name)
    if not resolution.substances and not command.as_written:
        nearest = " or ".join(resolution.nearest)
        mend = f"did you mean {nearest}? " if nearest else ""
        raise Refused(
            f"'{name}' is not a medicine known here; {mend}Correct it, or say that the name is "
            "right: a prescriber then decides before any dose",
            "medicine",
        )
    fact = MedicationRecorded(
        _free_key(course, name),
        name,
        resolution.substances,
        command.indication,
        command.dose,
        command.started_on,
        command.stopped_on,
        command.ended,
    )
    return (fact, *_learned_late(course, fact, circumstances))


def _learned_late(
    course: Course, fact: MedicationRecorded, circumstances: Circumstances
) -> tuple[Fact, ...]:
    """An alert when a dose was given on a day on which this medicine forbade it."""
    rule = washout_rule(circumstances.protocol)
    taken = Taken(fact.key, fact.substances, fact.started_on, fact.stopped_on, fact.ended)
    for session in course.sessions.values() if rule else ():
        if session.initial is None or rule is None:
            continue
        found = findings(circumstances.formulary, (taken,), session.initial.at.date(), rule)
        for each in found:
            if each.weight == "hard-stop":
                label = f"learned after the dose of {session.visit}: {each.message}"
                return (safety.new_alert(course, "medicine-after-dose", label, session.visit),)
    return ()


def stop(course: Course, command: StopMedication, circumstances: Circumstances) -> tuple[Fact, ...]:
    medication = find(course, command.medicine)
    if medication.stopped_on and command.stopped_on < medication.stopped_on:
        raise Refused(
            f"'{medication.name}' was last taken on {medication.stopped_on}; an earlier day "
            "would shorten its washout: correct the entry that says so",
            "stopped_on",
        )
    _check_days(medication.started_on, command.stopped_on, command.at.date())
    fact = MedicationStopped(medication.key, command.stopped_on)
    registered = course.registered_at.date() if course.registered_at else command.stopped_on
    here = command.stopped_on >= registered and medication.key not in course.tapers
    if not here or not _needs_taper(medication, circumstances.formulary):
        return (fact,)
    label = f"{medication.name} ended without a taper plan on record; a prescriber reviews it"
    return (fact, safety.new_alert(course, "taper-missing", label, ""))


def clear(
    course: Course, command: ClearMedication, circumstances: Circumstances
) -> tuple[Fact, ...]:
    medication = find(course, command.medicine)
    substances = medication.substances
    if not substances:
        if not command.substance.strip():
            raise Refused(f"nobody knows what '{medication.name}' is; say it", "substance")
        resolution = resolve(
            circumstances.formulary, circumstances.drug_names, command.substance.strip()
        )
        substances = resolution.substances or (command.substance.strip(),)
    rule = washout_rule(circumstances.protocol)
    taken = replace(_taken(medication), substances=substances)
    if rule is not None:
        for each in findings(circumstances.formulary, (taken,), command.at.date(), rule):
            if each.weight == "hard-stop":
                raise Refused(f"{each.message}; no decision can clear it", "medicine")
    return (MedicationCleared(medication.key, medication.name, substances, command.rationale),)


def recorded(course: Course, fact: MedicationRecorded, entry: Entry) -> Course:
    medication = Medication(
        fact.key,
        fact.medicine,
        fact.substances,
        fact.indication,
        fact.dose,
        fact.started_on,
        fact.stopped_on,
        fact.ended,
    )
    return _with(course, medication)


def stopped(course: Course, fact: MedicationStopped, entry: Entry) -> Course:
    held = course.medications.get(fact.medicine)
    if held is None:  # while the medication itself is being corrected
        return course
    return _with(course, replace(held, stopped_on=fact.stopped_on, ended=False))


def cleared(course: Course, fact: MedicationCleared, entry: Entry) -> Course:
    held = course.medications.get(fact.medicine)
    if held is None or fact.name not in ("", held.name):  # decided on what it was taken for then
        return course
    if held.substances and held.substances != fact.substances:
        return course
    return _with(course, replace(held, substances=fact.substances, cleared_by=entry.author))


def _with(course: Course, medication: Medication) -> Course:
    return changed(course, medications=with_item(course.medications, medication.key, medication))


def _taken(each: Medication) -> Taken:
    return Taken(each.key, each.substances, each.started_on, each.stopped_on, each.ended)


def _needs_taper(medication: Medication, formulary: Formulary) -> bool:
    agents = map(formulary.find, medication.substances)
    return any(
        each.abrupt_stop_risk and each.weight == "taper"
        for agent in agents
        if agent
        for each in agent.classes
    )


def _free_key(course: Course, name: str) -> str:
    """The name itself, or with a number when it was taken before: each stretch counts."""
    plain = _plain(name)
    if plain not in course.medications:
        return plain
    number = 2
    while f"{plain} ({number})" in course.medications:
        number += 1
    return f"{plain} ({number})"


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _check_days(started_on: date | None, stopped_on: date | None, today: date) -> None:
    if started_on and started_on > today:
        raise Refused(f"{started_on} is still to come; record it once started", "started_on")
    if started_on and stopped_on and stopped_on < started_on:
        raise Refused(f"{stopped_on} lies before the start {started_on}", "stopped_on")
    if stopped_on and stopped_on > today:
        raise Refused(f"{stopped_on} is still to come; record it once stopped", "stopped_on")


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
