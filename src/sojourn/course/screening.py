"""Screening: who may take part, and what has to be settled first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, identity, judging
from sojourn.course.amendment import VersionFollowed
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, changed
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

SEXES = (("female", "Female"), ("male", "Male"), ("unknown", "Not known"))


@dataclass(frozen=True, slots=True)
class RegisterParticipant:
    name: ClassVar[str] = "screening.register"
    title: ClassVar[str] = "Register a participant"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = (
        "coordinator",
        "therapist",
        "prescriber",
        "sponsor",
        "import",
    )

    at: Annotated[datetime, Ask("Registered at")]
    participant: Annotated[str, Ask("Participant number", help="No name, no initials.")]
    site: Annotated[str, Ask("Site", longest=64)]
    birth_year: Annotated[int | None, Ask("Year of birth", at_least=1900, optional=True)] = None
    sex: Annotated[str, Ask("Sex", choices=SEXES)] = "unknown"


@dataclass(frozen=True, slots=True)
class ConfirmEligibility:
    name: ClassVar[str] = "screening.confirm-eligibility"
    title: ClassVar[str] = "Confirm eligibility"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "import")
    signed: ClassVar[str] = "I have reviewed the criteria; this person may be treated."

    at: Annotated[datetime, Ask("Confirmed at")]
    rationale: Annotated[str, Ask("Why this person may be treated", lines=3)]


@dataclass(frozen=True, slots=True)
class FailScreening:
    name: ClassVar[str] = "screening.fail"
    title: ClassVar[str] = "Not eligible"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "coordinator")

    at: Annotated[datetime, Ask("Decided at")]
    reason: Annotated[str, Ask("Reason", lines=2)]


@dataclass(frozen=True, slots=True)
class Randomise:
    name: ClassVar[str] = "screening.randomise"
    title: ClassVar[str] = "Randomise"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("coordinator", "prescriber")

    at: Annotated[datetime, Ask("Randomised at")]


@dataclass(frozen=True, slots=True)
class RecordAllocation:
    """The arm of someone randomised elsewhere, in a trial that is not blinded."""

    name: ClassVar[str] = "screening.record-allocation"
    title: ClassVar[str] = "Record an allocation made elsewhere"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("import", "sponsor")

    at: Annotated[datetime, Ask("Randomised at")]
    arm: Annotated[str, Ask("Arm", choices_from="arms")]


@dataclass(frozen=True, slots=True)
class ParticipantRegistered:
    kind: ClassVar[str] = "screening.participant-registered"
    schema: ClassVar[int] = 1
    participant: str
    site: str
    birth_year: int | None
    sex: str


@dataclass(frozen=True, slots=True)
class EligibilityConfirmed:
    kind: ClassVar[str] = "screening.eligibility-confirmed"
    schema: ClassVar[int] = 1
    rationale: str
    programme_version: int


@dataclass(frozen=True, slots=True)
class ScreeningFailed:
    kind: ClassVar[str] = "screening.failed"
    schema: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class Randomised:
    """``arm`` is empty in a blinded programme: the allocation is sealed elsewhere."""

    kind: ClassVar[str] = "screening.randomised"
    schema: ClassVar[int] = 1
    number: int
    arm: str


@dataclass(frozen=True, slots=True)
class AllocationRecorded:
    kind: ClassVar[str] = "screening.allocation-recorded"
    schema: ClassVar[int] = 1
    arm: str


def register(
    course: Course, command: RegisterParticipant, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if course.participant:
        raise Refused(f"participant {course.participant} is registered already", "participant")
    if not _is_number(command.participant):
        raise Refused(
            f"participant number '{command.participant}' may hold only letters, digits, "
            "dots and dashes (at most 32)",
            "participant",
        )
    clearance = circumstances.clearance
    if not clearance.programme_open:
        raise Refused("the programme is not open; nobody new is registered")
    if clearance.database_locked:
        raise Refused("the programme's database is locked; nobody new is registered")
    if not clearance.authorisation:
        why = clearance.unauthorised or "no legal authorisation is in force on this day"
        raise Refused(
            f"{why}; nobody new is registered there until the programme lead records one", "site"
        )
    year = command.birth_year
    if year is not None and year > command.at.year:
        raise Refused(f"year of birth {year} is still to come; check it", "birth_year")
    registered = ParticipantRegistered(command.participant, command.site, year, command.sex)
    amended, protocol = circumstances.amended, circumstances.protocol
    if amended and protocol.digest != amended.founding:
        return registered, VersionFollowed(protocol.version, protocol.digest)
    return (registered,)


def confirm(
    course: Course, command: ConfirmEligibility, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if course.eligible_at:
        raise Refused(f"eligibility was confirmed on {course.eligible_at:%Y-%m-%d} already")
    consent.require(course, circumstances, treatment=True)
    for alert in course.open_alerts:
        if alert.rule == identity.DUPLICATE:
            raise Refused(f"{alert.label}; act on the alert first")
    missing = judging.unsatisfied(course, circumstances, later_visits=False)
    if missing:
        names = "; ".join(each.in_words() for each in missing[:4])
        raise Refused(f"{len(missing)} criteria are not satisfied or not answered: {names}")
    return (EligibilityConfirmed(command.rationale, circumstances.clearance.programme_version),)


def fail(course: Course, command: FailScreening, circumstances: Circumstances) -> tuple[Fact, ...]:
    if course.eligible_at:
        raise Refused("eligibility was confirmed; record a withdrawal instead")
    if course.open_session:
        raise Refused(f"{course.open_session.visit} is still open; close the session first")
    return (ScreeningFailed(command.reason),)


def randomise(course: Course, command: Randomise, circumstances: Circumstances) -> tuple[Fact, ...]:
    plan = circumstances.protocol.randomisation
    if plan is None:
        raise Refused(f"protocol {circumstances.protocol.key} has no randomisation")
    if course.randomised_at:
        raise Refused(f"randomised on {course.randomised_at:%Y-%m-%d} already")
    if not course.eligible_at:
        raise Refused("confirm eligibility before randomising")
    consent.require(course, circumstances, treatment=True)
    if plan.after_visit and plan.after_visit not in course.visits:
        raise Refused(f"visit {plan.after_visit} comes before randomisation; record it first")
    missing = judging.unsatisfied(course, circumstances, later_visits=True)
    if missing:
        raise Refused("not satisfied: " + "; ".join(each.in_words() for each in missing[:4]))
    if circumstances.allocation is None:
        raise Refused("no allocation is at hand; the programme has no randomisation list")
    number, arm = circumstances.allocation
    return (Randomised(number, "" if plan.blinded else arm),)


def record_allocation(
    course: Course, command: RecordAllocation, circumstances: Circumstances
) -> tuple[Fact, ...]:
    plan = circumstances.protocol.randomisation
    if plan is None or plan.blinded:
        raise Refused("an allocation is recorded by hand only where nothing is blinded", "arm")
    if course.randomised_at:
        raise Refused(f"randomised on {course.randomised_at:%Y-%m-%d} already")
    if not course.eligible_at:
        raise Refused("confirm eligibility before recording the allocation")
    arms = [arm.key for arm in circumstances.protocol.arms]
    if command.arm not in arms:
        raise Refused(f"arm '{command.arm}' is not one of: {', '.join(arms)}", "arm")
    return (AllocationRecorded(command.arm),)


def registered(course: Course, fact: ParticipantRegistered, entry: Entry) -> Course:
    return changed(
        course,
        participant=fact.participant,
        site=fact.site,
        birth_year=fact.birth_year,
        sex=fact.sex,
        registered_at=entry.occurred_at,
    )


def confirmed(course: Course, fact: EligibilityConfirmed, entry: Entry) -> Course:
    return changed(course, eligible_at=entry.occurred_at)


def failed(course: Course, fact: ScreeningFailed, entry: Entry) -> Course:
    return changed(
        course, ended="screen-failed", ended_at=entry.occurred_at, ended_reason=fact.reason
    )


def randomised(course: Course, fact: Randomised, entry: Entry) -> Course:
    return changed(
        course,
        randomised_at=entry.occurred_at,
        randomisation_number=fact.number,
        arm=fact.arm,
    )


def allocation_recorded(course: Course, fact: AllocationRecorded, entry: Entry) -> Course:
    return changed(course, randomised_at=entry.occurred_at, arm=fact.arm)


def _is_number(text: str) -> bool:
    return 0 < len(text) <= 32 and all(
        part.isascii() and part.isalnum() for part in text.replace(".", "-").split("-")
    )


DECIDE: Mapping[type, Any] = {
    RegisterParticipant: register,
    ConfirmEligibility: confirm,
    FailScreening: fail,
    Randomise: randomise,
    RecordAllocation: record_allocation,
}
EVOLVE: Mapping[type, Any] = {
    ParticipantRegistered: registered,
    EligibilityConfirmed: confirmed,
    ScreeningFailed: failed,
    Randomised: randomised,
    AllocationRecorded: allocation_recorded,
}
