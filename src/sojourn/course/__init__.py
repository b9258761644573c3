"""One participant's way through a programme, in files named after the pathway.

``decide(course, command, circumstances)`` answers a command with facts or
refuses it; ``evolve(course, entry)`` says what an entry changes. Both are pure:
the same history always folds to the same course.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from sojourn.course import (
    adverse_events,
    aftercare,
    alerting,
    amendment,
    assessment,
    checklist,
    consent,
    deviations,
    diary,
    diary_access,
    discharge,
    dose_against_rule,
    dosing,
    eligibility,
    followup,
    guessing,
    history,
    identity,
    integration,
    locking,
    medication,
    next_dose,
    preparation,
    queries,
    reminding,
    reporting,
    room,
    safety,
    screening,
    taper,
    unblinding,
    verification,
    visits,
)
from sojourn.course.circumstances import Circumstances, Clearance
from sojourn.course.correction import Corrected, Reader, effective
from sojourn.course.state import Course, changed
from sojourn.record.command import Refused, check
from sojourn.record.entry import Entry, Fact

PATHWAY = (
    screening,
    amendment,
    identity,
    eligibility,
    history,
    consent,
    medication,
    taper,
    visits,
    preparation,
    checklist,
    dosing,
    room,
    discharge,
    next_dose,
    integration,
    aftercare,
    diary_access,
    diary,
    reminding,
    assessment,
    guessing,
    followup,
    safety,
    alerting,
    deviations,
    dose_against_rule,
    adverse_events,
    reporting,
    unblinding,
    queries,
    verification,
    locking,
)
_DECIDE: Mapping[Any, Any] = {
    command: decider for stage in PATHWAY for command, decider in stage.DECIDE.items()
}
_EVOLVE: Mapping[type, Any] = {
    fact: evolver for stage in PATHWAY for fact, evolver in stage.EVOLVE.items()
}
FACTS: tuple[type[Fact], ...] = (*_EVOLVE, Corrected)
COMMANDS: Mapping[str, type[Any]] = MappingProxyType({each.name: each for each in _DECIDE})
# What concerns a person's safety or rights is refused by no freeze and no lock.
SAFETY_AND_RIGHTS = (
    consent.WithdrawConsent,
    consent.RecordSafetyContact,
    identity.EraseIdentity,
    adverse_events.RecordAdverseEvent,
    adverse_events.UpdateAdverseEvent,
    reporting.WriteNarrative,
    reporting.RecordReportSent,
    reporting.WaiveReport,
    safety.RaiseConcern,
    safety.ResolveAlert,
    *alerting.DECIDE,
    *unblinding.DECIDE,
    *dose_against_rule.DECIDE,
    diary.MakeEntry,
    diary.ReviewEffects,
    diary_access.RevokeAccess,
)
QUALITY = (*queries.DECIDE, *verification.DECIDE, *locking.DECIDE)
AFTER_THE_END = (
    *SAFETY_AND_RIGHTS,
    *QUALITY,
    *deviations.DECIDE,
    assessment.RecordAssessment,
)
UNDER_A_LOCK = (*SAFETY_AND_RIGHTS, locking.UnlockData)
WHILE_FROZEN = (*QUALITY, *deviations.DECIDE)


def decide(course: Course, command: Any, circumstances: Circumstances) -> tuple[Fact, ...]:
    """The facts that follow from ``command``; nothing is changed.

    Raises
    ------
    Refused
        If the role may not ask for this, a value is out of range, or the
        command makes no sense in this course. Nothing is to be written then.
    """
    decider = _DECIDE.get(type(command))
    if decider is None:
        raise Refused(f"'{type(command).__name__}' is no command of a course")
    if circumstances.role not in command.roles:
        raise Refused(
            f"'{command.title}' is for {', '.join(command.roles)}, not for a {circumstances.role}"
        )
    check(command, now=circumstances.now)
    if circumstances.undelegated:
        raise Refused(circumstances.undelegated)
    if not course.participant and not isinstance(command, screening.RegisterParticipant):
        raise Refused("this participant is not registered; register them first")
    if course.ended and not isinstance(command, AFTER_THE_END):
        raise Refused(f"the course has ended ({course.ended}); nothing more is planned")
    locking.refuse(course, command, UNDER_A_LOCK, WHILE_FROZEN)
    facts: tuple[Fact, ...] = decider(course, command, circumstances)
    return facts


def evolve(course: Course, entry: Entry) -> Course:
    """The course after ``entry``."""
    after = _evolved(course, entry)
    entered = verification.entered((entry,), after.entered)
    return changed(after, version=entry.sequence, entered=entered)


def fold(entries: Iterable[Entry], read: Reader) -> Course:
    """The course that a whole history adds up to, corrections applied.

    ``read`` turns the stored text of a corrected fact back into a fact.
    """
    entries = tuple(entries)
    history = effective(entries, read)
    corrected = {e.fact.corrects: e.sequence for e in entries if isinstance(e.fact, Corrected)}
    return changed(
        reduce(_evolved, history, Course()),
        version=entries[-1].sequence if entries else 0,
        entered=verification.entered(history),
        corrected=MappingProxyType(corrected),
    )


def _evolved(course: Course, entry: Entry) -> Course:
    after: Course = _EVOLVE[type(entry.fact)](course, entry.fact, entry)
    return after


__all__ = [
    "AFTER_THE_END",
    "COMMANDS",
    "FACTS",
    "Circumstances",
    "Clearance",
    "Course",
    "Refused",
    "decide",
    "evolve",
    "fold",
]
