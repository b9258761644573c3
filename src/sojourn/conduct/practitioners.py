"""Who may work with participants, and which consent forms the committee approved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import Attestation, ConsentVersion, Credential, Programme
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

LEAD = ("sponsor",)
SUPERVISION_DAYS = 90
CREDENTIALS = (
    ("licence", "Licence to practise"),
    ("training", "Training in this therapy"),
    ("certificate", "Certificate"),
)


@dataclass(frozen=True, slots=True)
class RecordCredential:
    name: ClassVar[str] = "programme.record-credential"
    title: ClassVar[str] = "Record a practitioner's credential"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Checked at")]
    practitioner: Annotated[str, Ask("Practitioner", help="Their sign-in name.")]
    profession: Annotated[str, Ask("Profession")]
    credential: Annotated[str, Ask("Number or name", help="As it stands on the document.")]
    valid_from: Annotated[date, Ask("Valid from")]
    valid_until: Annotated[date | None, Ask("Until", optional=True)] = None
    credential_kind: Annotated[str, Ask("Kind", choices=CREDENTIALS)] = "licence"
    authority: Annotated[str, Ask("Issued by", optional=True)] = ""


@dataclass(frozen=True, slots=True)
class WithdrawCredential:
    name: ClassVar[str] = "programme.withdraw-credential"
    title: ClassVar[str] = "Withdraw a practitioner's credential"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Withdrawn at")]
    practitioner: Annotated[str, Ask("Practitioner", choices_from="practitioners")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class ApproveConsentVersion:
    name: ClassVar[str] = "programme.approve-consent-version"
    title: ClassVar[str] = "Record an approved consent form"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Recorded at")]
    form_version: Annotated[str, Ask("Version")]
    approved_on: Annotated[date, Ask("Approved on")]
    committee: Annotated[str, Ask("Ethics committee")]
    sign_again: Annotated[bool, Ask("Those who signed an older version must sign again")]


@dataclass(frozen=True, slots=True)
class CredentialRecorded:
    kind: ClassVar[str] = "programme.credential-recorded"
    schema: ClassVar[int] = 2
    practitioner: str
    profession: str
    credential: str
    valid_from: date
    valid_until: date | None
    credential_kind: str
    authority: str


@dataclass(frozen=True, slots=True)
class CredentialWithdrawn:
    kind: ClassVar[str] = "programme.credential-withdrawn"
    schema: ClassVar[int] = 1
    practitioner: str
    cause: str


@dataclass(frozen=True, slots=True)
class ConsentVersionApproved:
    kind: ClassVar[str] = "programme.consent-version-approved"
    schema: ClassVar[int] = 1
    version: str
    approved_on: date
    committee: str
    sign_again: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """One practitioner on one day: their papers, why they may not be in a session, supervision."""

    practitioner: str
    profession: str
    credentials: tuple[tuple[Credential, bool], ...]  # each with whether it holds
    attestations: tuple[tuple[Attestation, bool], ...]
    unfit: tuple[str, ...]
    licensed: bool
    supervised_on: date | None  # the last time
    supervised_min: int  # in the last 90 days


def registry(programme: Programme, on: date) -> tuple[Standing, ...]:
    """Everyone with a credential on record, as they stand on that day."""
    return tuple(_standing(programme, each, on) for each in programme.practitioners)


def _standing(programme: Programme, practitioner: str, on: date) -> Standing:
    mine = [each for each in programme.credentials if each.practitioner == practitioner]
    held = [each for each in programme.supervisions if practitioner in each.supervised]
    recent = [each for each in held if 0 <= (on - each.on).days < SUPERVISION_DAYS]
    return Standing(
        practitioner,
        mine[-1].profession,
        tuple((each, each.holds(on)) for each in mine),
        tuple(
            (each, each.holds(on))
            for each in programme.attestations
            if each.practitioner == practitioner
        ),
        programme.unfitness(practitioner, on),
        practitioner in programme.licensed(on),
        max((each.on for each in held), default=None),
        sum(each.minutes for each in recent),
    )


def record(programme: Programme, command: RecordCredential, protocol: Protocol) -> tuple[Fact, ...]:
    if command.valid_until and command.valid_until < command.valid_from:
        raise Refused(f"{command.valid_until} lies before {command.valid_from}", "valid_until")
    return (
        CredentialRecorded(
            command.practitioner,
            command.profession,
            command.credential,
            command.valid_from,
            command.valid_until,
            command.credential_kind,
            command.authority,
        ),
    )


def withdraw(
    programme: Programme, command: WithdrawCredential, protocol: Protocol
) -> tuple[Fact, ...]:
    if command.practitioner not in {each.practitioner for each in programme.credentials}:
        raise Refused(f"no credential of '{command.practitioner}' is on record", "practitioner")
    return (CredentialWithdrawn(command.practitioner, command.cause),)


def approve(
    programme: Programme, command: ApproveConsentVersion, protocol: Protocol
) -> tuple[Fact, ...]:
    if any(each.version == command.form_version for each in programme.consent_versions):
        raise Refused(
            f"consent version '{command.form_version}' is recorded already", "form_version"
        )
    if command.approved_on > command.at.date():
        raise Refused(f"{command.approved_on} is still to come", "approved_on")
    return (
        ConsentVersionApproved(
            command.form_version, command.approved_on, command.committee, command.sign_again
        ),
    )


def recorded(programme: Programme, fact: CredentialRecorded, entry: Entry) -> Programme:
    credential = Credential(
        fact.practitioner,
        fact.profession,
        fact.credential,
        fact.valid_from,
        fact.valid_until,
        fact.credential_kind,
        fact.authority,
    )
    return replace(programme, credentials=(*programme.credentials, credential))


def withdrawn(programme: Programme, fact: CredentialWithdrawn, entry: Entry) -> Programme:
    credentials = tuple(
        replace(each, withdrawn_on=entry.occurred_at.date())
        if each.practitioner == fact.practitioner and not each.withdrawn
        else each
        for each in programme.credentials
    )
    return replace(programme, credentials=credentials)


def approved(programme: Programme, fact: ConsentVersionApproved, entry: Entry) -> Programme:
    version = ConsentVersion(fact.version, fact.approved_on, fact.committee, fact.sign_again)
    return replace(programme, consent_versions=(*programme.consent_versions, version))


DECIDE: Mapping[type, Any] = {
    RecordCredential: record,
    WithdrawCredential: withdraw,
    ApproveConsentVersion: approve,
}
EVOLVE: Mapping[type, Any] = {
    CredentialRecorded: recorded,
    CredentialWithdrawn: withdrawn,
    ConsentVersionApproved: approved,
}
