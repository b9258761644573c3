"""Follow-up and endings: completed, withdrawn or lost; everyone is accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, changed
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

TEAM = ("therapist", "prescriber", "coordinator")


@dataclass(frozen=True, slots=True)
class CompleteCourse:
    name: ClassVar[str] = "followup.complete"
    title: ClassVar[str] = "Complete the course"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = (*TEAM, "import")

    at: Annotated[datetime, Ask("Completed at")]
    note: Annotated[str, Ask("Note", lines=2, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class WithdrawParticipant:
    name: ClassVar[str] = "followup.withdraw"
    title: ClassVar[str] = "Withdrawal from the programme"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = (*TEAM, "import")

    at: Annotated[datetime, Ask("Withdrawn at")]
    reason: Annotated[str, Ask("Reason", choices_from="withdrawal-reasons")]
    note: Annotated[str, Ask("In the participant's words", lines=3, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class DeclareLost:
    name: ClassVar[str] = "followup.declare-lost"
    title: ClassVar[str] = "Lost to follow-up"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Declared at")]
    last_contact_on: Annotated[date, Ask("Last contact on")]
    attempts: Annotated[int, Ask("Attempts to reach them", at_least=1, at_most=50)]


@dataclass(frozen=True, slots=True)
class CourseCompleted:
    kind: ClassVar[str] = "followup.completed"
    schema: ClassVar[int] = 1
    note: str


@dataclass(frozen=True, slots=True)
class ParticipantWithdrawn:
    kind: ClassVar[str] = "followup.withdrawn"
    schema: ClassVar[int] = 1
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class ParticipantLost:
    kind: ClassVar[str] = "followup.lost"
    schema: ClassVar[int] = 1
    last_contact_on: date
    attempts: int


def complete(
    course: Course, command: CompleteCourse, circumstances: Circumstances
) -> tuple[Fact, ...]:
    _refuse_loose_ends(course)
    outcome = circumstances.protocol.visit(circumstances.protocol.outcome.visit)
    if outcome is not None and outcome.key not in course.visits:
        raise Refused(f"visit {outcome.label} is not recorded, neither held nor missed")
    return (CourseCompleted(command.note),)


def withdraw(
    course: Course, command: WithdrawParticipant, circumstances: Circumstances
) -> tuple[Fact, ...]:
    _refuse_loose_ends(course)
    reasons = dict(circumstances.protocol.withdrawal_reasons)
    if command.reason not in reasons:
        raise Refused(f"reason '{command.reason}' is not one of: {', '.join(reasons)}", "reason")
    return (ParticipantWithdrawn(command.reason, command.note),)


def declare_lost(
    course: Course, command: DeclareLost, circumstances: Circumstances
) -> tuple[Fact, ...]:
    _refuse_loose_ends(course)
    if command.last_contact_on > command.at.date():
        raise Refused(f"last contact {command.last_contact_on} is still to come", "last_contact_on")
    return (ParticipantLost(command.last_contact_on, command.attempts),)


def completed(course: Course, fact: CourseCompleted, entry: Entry) -> Course:
    return changed(course, ended="completed", ended_at=entry.occurred_at, ended_reason=fact.note)


def withdrawn(course: Course, fact: ParticipantWithdrawn, entry: Entry) -> Course:
    return changed(course, ended="withdrawn", ended_at=entry.occurred_at, ended_reason=fact.reason)


def lost(course: Course, fact: ParticipantLost, entry: Entry) -> Course:
    return changed(course, ended="lost", ended_at=entry.occurred_at)


def _refuse_loose_ends(course: Course) -> None:
    if not course.eligible_at:
        raise Refused("eligibility was never confirmed; record the screening as failed instead")
    if course.open_session:
        raise Refused(f"{course.open_session.visit} is still open; close the session first")
    if course.open_alerts:
        raise Refused(f"alert '{course.open_alerts[0].label}' is open; act on it first")


DECIDE: Mapping[type, Any] = {
    CompleteCourse: complete,
    WithdrawParticipant: withdraw,
    DeclareLost: declare_lost,
}
EVOLVE: Mapping[type, Any] = {
    CourseCompleted: completed,
    ParticipantWithdrawn: withdrawn,
    ParticipantLost: lost,
}
