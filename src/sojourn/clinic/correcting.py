"""The command behind an entry, so that a correction opens the form that made it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sojourn.course import (
    adverse_events,
    aftercare,
    assessment,
    correction,
    dosing,
    guessing,
    medication,
    room,
)
from sojourn.course import visits as visit_facts
from sojourn.course.integration import HoldIntegration
from sojourn.course.preparation import HoldPreparation
from sojourn.ledger.registry import kinds
from sojourn.record.command import Refused
from sojourn.record.entry import Entry


def command_of(entries: Sequence[Entry], sequence: int) -> Any:
    """The command that the entry ``sequence``, as it reads now, answers.

    Raises
    ------
    Refused
        If there is no such entry or it can't be corrected.
    """
    entry = correction.as_it_reads(entries, sequence, kinds().read)
    maker = _COMMANDS.get(type(entry.fact))
    if maker is None:
        raise Refused(f"entry {sequence} has no form; record what is right instead")
    return maker(entry)


def _held(entry: Entry) -> Any:
    fact: Any = entry.fact
    if fact.minutes is None:
        return visit_facts.HoldScreeningVisit(entry.occurred_at, fact.visit, fact.note)
    common = (entry.occurred_at, fact.visit, fact.practitioners, fact.minutes, fact.note)
    if fact.visit.startswith("integration"):
        return HoldIntegration(*common, fact.homework, fact.goals)
    return HoldPreparation(*common)


def _same_fields(kind: type[Any]) -> Callable[[Entry], Any]:
    names = [field.name for field in dataclasses.fields(kind) if field.name != "at"]

    def make(entry: Entry) -> Any:
        # A question asked only to be sure ("is the name right?") leaves no trace in the fact.
        held = {name: getattr(entry.fact, name) for name in names if hasattr(entry.fact, name)}
        return kind(at=entry.occurred_at, **held)

    return make


def _guess(entry: Entry) -> Any:
    fact: Any = entry.fact
    kind = guessing.RecordOwnGuess if fact.account else guessing.RecordParticipantsGuess
    return _same_fields(kind)(entry)


_COMMANDS: Mapping[type, Callable[[Entry], Any]] = {
    assessment.AssessmentRecorded: _same_fields(assessment.RecordAssessment),
    medication.MedicationRecorded: _same_fields(medication.RecordMedication),
    medication.MedicationStopped: _same_fields(medication.StopMedication),
    visit_facts.VisitHeld: _held,
    aftercare.ContactRecorded: _same_fields(aftercare.RecordContact),
    dosing.VitalsRecorded: _same_fields(dosing.RecordVitals),
    room.ObservationNoted: _same_fields(room.NoteObservation),
    room.NoteWritten: _same_fields(room.WriteNote),
    guessing.GuessRecorded: _guess,
    adverse_events.AdverseEventRecorded: _same_fields(adverse_events.RecordAdverseEvent),
}

# The commands by whose forms entries are corrected.
CORRECTING: tuple[type[Any], ...] = (
    assessment.RecordAssessment,
    medication.RecordMedication,
    medication.StopMedication,
    visit_facts.HoldScreeningVisit,
    HoldPreparation,
    HoldIntegration,
    aftercare.RecordContact,
    dosing.RecordVitals,
    room.NoteObservation,
    room.WriteNote,
    guessing.RecordOwnGuess,
    guessing.RecordParticipantsGuess,
    adverse_events.RecordAdverseEvent,
)
