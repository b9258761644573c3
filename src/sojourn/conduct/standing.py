"""What keeps a practitioner in good standing: attestations, suspension, supervision."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import (
    ATTESTATIONS,
    Attestation,
    Programme,
    Supervision,
    Suspension,
)
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

LEAD = ("sponsor",)


@dataclass(frozen=True, slots=True)
class RecordAttestation:
    name: ClassVar[str] = "programme.record-attestation"
    title: ClassVar[str] = "Record a practitioner's attestation"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Recorded at")]
    practitioner: Annotated[str, Ask("Practitioner", choices_from="practitioners")]
    subject: Annotated[str, Ask("On", choices=ATTESTATIONS)]
    valid_from: Annotated[date, Ask("Signed on")]
    valid_until: Annotated[date, Ask("To be renewed by")]


@dataclass(frozen=True, slots=True)
class SuspendPractitioner:
    name: ClassVar[str] = "programme.suspend-practitioner"
    title: ClassVar[str] = "Suspend a practitioner"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor", "monitor")

    at: Annotated[datetime, Ask("Suspended at")]
    practitioner: Annotated[str, Ask("Practitioner", choices_from="practitioners")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class LiftSuspension:
    name: ClassVar[str] = "programme.lift-suspension"
    title: ClassVar[str] = "Lift a suspension"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Lifted at")]
    practitioner: Annotated[str, Ask("Practitioner", choices_from="practitioners")]
    cause: Annotated[str, Ask("What has been settled", lines=2)]


@dataclass(frozen=True, slots=True)
class RecordSupervision:
    name: ClassVar[str] = "programme.record-supervision"
    title: ClassVar[str] = "Record a supervision"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("sponsor", "therapist", "prescriber")

    at: Annotated[datetime, Ask("Held at")]
    supervisor: Annotated[str, Ask("Supervisor")]
    supervised: Annotated[tuple[str, ...], Ask("Supervised", choices_from="practitioners")]
    minutes: Annotated[int, Ask("Minutes", unit="min", at_least=1, at_most=600)]
    note: Annotated[str, Ask("What it was about", help="No participant's name.", lines=2)]


@dataclass(frozen=True, slots=True)
class AttestationRecorded:
    kind: ClassVar[str] = "programme.attestation-recorded"
    schema: ClassVar[int] = 1
    practitioner: str
    subject: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class PractitionerSuspended:
    kind: ClassVar[str] = "programme.practitioner-suspended"
    schema: ClassVar[int] = 1
    practitioner: str
    cause: str


@dataclass(frozen=True, slots=True)
class SuspensionLifted:
    kind: ClassVar[str] = "programme.suspension-lifted"
    schema: ClassVar[int] = 1
    practitioner: str
    cause: str


@dataclass(frozen=True, slots=True)
class SupervisionRecorded:
    kind: ClassVar[str] = "programme.supervision-recorded"
    schema: ClassVar[int] = 1
    supervisor: str
    supervised: tuple[str, ...]
    minutes: int
    note: str


def attest(
    programme: Programme, command: RecordAttestation, protocol: Protocol
) -> tuple[Fact, ...]:
    _known(programme, command.practitioner)
    if command.valid_from > command.at.date():
        raise Refused(f"{command.valid_from} is still to come; record it once signed", "valid_from")
    if command.valid_until <= command.valid_from:
        raise Refused(f"{command.valid_until} does not follow {command.valid_from}", "valid_until")
    return (
        AttestationRecorded(
            command.practitioner, command.subject, command.valid_from, command.valid_until
        ),
    )


def suspend(
    programme: Programme, command: SuspendPractitioner, protocol: Protocol
) -> tuple[Fact, ...]:
    _known(programme, command.practitioner)
    if _suspended(programme, command.practitioner):
        raise Refused(f"'{command.practitioner}' is suspended already", "practitioner")
    return (PractitionerSuspended(command.practitioner, command.cause),)


def lift(programme: Programme, command: LiftSuspension, protocol: Protocol) -> tuple[Fact, ...]:
    if not _suspended(programme, command.practitioner):
        raise Refused(f"'{command.practitioner}' is not suspended", "practitioner")
    since = max(
        each.since for each in programme.suspensions if each.practitioner == command.practitioner
    )
    if command.at.date() < since:
        raise Refused(f"the suspension began on {since}; it can't be lifted before", "at")
    return (SuspensionLifted(command.practitioner, command.cause),)


def supervise(
    programme: Programme, command: RecordSupervision, protocol: Protocol
) -> tuple[Fact, ...]:
    if not command.supervised:
        raise Refused("name who was supervised", "supervised")
    for each in command.supervised:
        _known(programme, each, "supervised")
    if command.supervisor in command.supervised:
        raise Refused(f"'{command.supervisor}' can't supervise themselves", "supervisor")
    return (
        SupervisionRecorded(command.supervisor, command.supervised, command.minutes, command.note),
    )


def attested(programme: Programme, fact: AttestationRecorded, entry: Entry) -> Programme:
    made = Attestation(fact.practitioner, fact.subject, fact.valid_from, fact.valid_until)
    return replace(programme, attestations=(*programme.attestations, made))


def suspended(programme: Programme, fact: PractitionerSuspended, entry: Entry) -> Programme:
    since = entry.occurred_at.date()
    suspension = Suspension(fact.practitioner, fact.cause, since)
    return replace(programme, suspensions=(*programme.suspensions, suspension))


def lifted(programme: Programme, fact: SuspensionLifted, entry: Entry) -> Programme:
    day = entry.occurred_at.date()
    suspensions = tuple(
        replace(each, lifted_on=day)
        if each.practitioner == fact.practitioner and each.lifted_on is None
        else each
        for each in programme.suspensions
    )
    return replace(programme, suspensions=suspensions)


def supervised(programme: Programme, fact: SupervisionRecorded, entry: Entry) -> Programme:
    held = Supervision(
        entry.occurred_at.date(), fact.supervisor, fact.supervised, fact.minutes, fact.note
    )
    return replace(programme, supervisions=(*programme.supervisions, held))


def _known(programme: Programme, practitioner: str, field: str = "practitioner") -> None:
    if practitioner not in programme.practitioners:
        known = ", ".join(programme.practitioners) or "nobody yet"
        raise Refused(f"no credential of '{practitioner}' is on record; there is: {known}", field)


def _suspended(programme: Programme, practitioner: str) -> bool:
    return any(
        each.practitioner == practitioner and each.lifted_on is None
        for each in programme.suspensions
    )


DECIDE: Mapping[type, Any] = {
    RecordAttestation: attest,
    SuspendPractitioner: suspend,
    LiftSuspension: lift,
    RecordSupervision: supervise,
}
EVOLVE: Mapping[type, Any] = {
    AttestationRecorded: attested,
    PractitionerSuspended: suspended,
    SuspensionLifted: lifted,
    SupervisionRecorded: supervised,
}
