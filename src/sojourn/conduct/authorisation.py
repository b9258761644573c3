"""The legal ground a programme stands on, and whether it is open."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import Authorisation, Programme, ProtocolVersion, Status
from sojourn.protocols.model import AuthorisationKind, Protocol
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact

LEAD = ("sponsor",)


@dataclass(frozen=True, slots=True)
class FoundProgramme:
    """Binds the programme to one protocol text; the rest of its record follows."""

    name: ClassVar[str] = "programme.found"
    title: ClassVar[str] = "Found a programme"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Founded at")]
    title_of_programme: Annotated[str, Ask("Title of the programme")]


@dataclass(frozen=True, slots=True)
class RecordAuthorisation:
    name: ClassVar[str] = "programme.record-authorisation"
    title: ClassVar[str] = "Record a legal authorisation"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Recorded at")]
    reference: Annotated[str, Ask("Reference", help="As it stands on the document.")]
    authorisation_kind: Annotated[str, Ask("Kind", choices_from="authorisation-kinds")]
    valid_from: Annotated[date, Ask("In force from")]
    valid_until: Annotated[date | None, Ask("Until", optional=True)] = None
    filed_at: Annotated[str, Ask("Where the document is filed", optional=True)] = ""
    scope: Annotated[
        str, Ask("Scope", help="What it permits, in its own words.", lines=2, optional=True)
    ] = ""
    sites: Annotated[
        str, Ask("Sites", help="A line each; empty when it covers all.", lines=3, optional=True)
    ] = ""
    document_digest: Annotated[
        str, Ask("SHA-256 of the document", help="64 digits 0-9 a-f.", optional=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class RevokeAuthorisation:
    name: ClassVar[str] = "programme.revoke-authorisation"
    title: ClassVar[str] = "Record that an authorisation has ended"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Ended at")]
    reference: Annotated[str, Ask("Reference", choices_from="authorisations")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class OpenProgramme:
    name: ClassVar[str] = "programme.open"
    title: ClassVar[str] = "Open the programme"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Opened at")]
    settings: Annotated[tuple[tuple[str, int], ...], Ask("Limits", choices_from="site-settings")]


@dataclass(frozen=True, slots=True)
class PauseProgramme:
    name: ClassVar[str] = "programme.pause"
    title: ClassVar[str] = "Pause the programme"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor", "prescriber", "monitor")

    at: Annotated[datetime, Ask("Paused at")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class ResumeProgramme:
    name: ClassVar[str] = "programme.resume"
    title: ClassVar[str] = "Resume the programme"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Resumed at")]
    cause: Annotated[str, Ask("What has been settled", lines=2)]


@dataclass(frozen=True, slots=True)
class ProgrammeFounded:
    """Names the protocol by the digest of its text, so that what was opened can be proved."""

    kind: ClassVar[str] = "programme.founded"
    schema: ClassVar[int] = 1
    title: str
    protocol: str
    protocol_version: str
    protocol_digest: str


@dataclass(frozen=True, slots=True)
class AuthorisationRecorded:
    kind: ClassVar[str] = "programme.authorisation-recorded"
    schema: ClassVar[int] = 2
    reference: str
    authorisation_kind: str
    jurisdiction: str
    valid_from: date
    valid_until: date | None
    filed_at: str
    scope: str
    sites: tuple[str, ...]
    document_digest: str


@dataclass(frozen=True, slots=True)
class AuthorisationRevoked:
    kind: ClassVar[str] = "programme.authorisation-revoked"
    schema: ClassVar[int] = 1
    reference: str
    cause: str


@dataclass(frozen=True, slots=True)
class ProgrammeOpened:
    kind: ClassVar[str] = "programme.opened"
    schema: ClassVar[int] = 1
    authorisation: str
    settings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ProgrammePaused:
    kind: ClassVar[str] = "programme.paused"
    schema: ClassVar[int] = 1
    cause: str


@dataclass(frozen=True, slots=True)
class ProgrammeResumed:
    kind: ClassVar[str] = "programme.resumed"
    schema: ClassVar[int] = 1
    cause: str


def found(programme: Programme, command: FoundProgramme, protocol: Protocol) -> tuple[Fact, ...]:
    if programme.protocol:
        raise Refused(f"programme {programme.key} was founded on {programme.protocol} already")
    return (
        ProgrammeFounded(
            command.title_of_programme, protocol.key, protocol.version, protocol.digest
        ),
    )


def record(
    programme: Programme, command: RecordAuthorisation, protocol: Protocol
) -> tuple[Fact, ...]:
    kinds = {each.key: each for each in protocol.authorisations}
    if command.authorisation_kind not in kinds:
        raise Refused(
            f"'{command.authorisation_kind}' is not a legal ground of this protocol; "
            f"it has: {', '.join(kinds)}",
            "authorisation_kind",
        )
    reference = command.reference.strip()
    if any(each.reference == reference for each in programme.authorisations):
        raise Refused(f"authorisation '{reference}' is recorded already", "reference")
    _check_days(kinds[command.authorisation_kind], command)
    digest = digest_of(command.document_digest, "document_digest")
    return (
        AuthorisationRecorded(
            reference,
            command.authorisation_kind,
            kinds[command.authorisation_kind].jurisdiction,
            command.valid_from,
            command.valid_until,
            command.filed_at,
            command.scope,
            tuple(
                dict.fromkeys(line.strip() for line in command.sites.splitlines() if line.strip())
            ),
            digest,
        ),
    )


def revoke(
    programme: Programme, command: RevokeAuthorisation, protocol: Protocol
) -> tuple[Fact, ...]:
    known = {each.reference for each in programme.authorisations if not each.revoked}
    if command.reference not in known:
        raise Refused(f"no authorisation '{command.reference}' is in force", "reference")
    return (AuthorisationRevoked(command.reference, command.cause),)


def open_programme(
    programme: Programme, command: OpenProgramme, protocol: Protocol
) -> tuple[Fact, ...]:
    if programme.status != "not-opened":
        raise Refused(f"the programme is {programme.status} already")
    authorisation = programme.authorisation(command.at.date())
    if authorisation is None:
        raise Refused(
            f"no legal authorisation is in force on {command.at:%Y-%m-%d}; record it first"
        )
    check_settings(protocol, command.settings)
    return (ProgrammeOpened(authorisation.reference, tuple(sorted(command.settings))),)


def pause(programme: Programme, command: PauseProgramme, protocol: Protocol) -> tuple[Fact, ...]:
    if programme.status != "open":
        raise Refused(f"the programme is {programme.status}; only an open one can be paused")
    _after_the_last(programme, command.at)
    return (ProgrammePaused(command.cause),)


def resume(programme: Programme, command: ResumeProgramme, protocol: Protocol) -> tuple[Fact, ...]:
    if programme.status != "paused":
        raise Refused(f"the programme is {programme.status}; only a paused one can be resumed")
    if programme.authorisation(command.at.date()) is None:
        raise Refused(f"no legal authorisation is in force on {command.at:%Y-%m-%d}")
    _after_the_last(programme, command.at)
    return (ProgrammeResumed(command.cause),)


def _after_the_last(programme: Programme, at: datetime) -> None:
    """Doses entered late are weighed by these times: they must run forward."""
    since, status = programme.statuses[-1]
    if whole_minute(at) < since:
        raise Refused(f"it has been {status} since {since:%Y-%m-%d %H:%M}; give a later time", "at")


def recorded(programme: Programme, fact: AuthorisationRecorded, entry: Entry) -> Programme:
    authorisation = Authorisation(
        fact.reference,
        fact.authorisation_kind,
        fact.jurisdiction,
        fact.valid_from,
        fact.valid_until,
        scope=fact.scope,
        sites=fact.sites,
        document_digest=fact.document_digest,
        filed_at=fact.filed_at,
    )
    return replace(programme, authorisations=(*programme.authorisations, authorisation))


def revoked(programme: Programme, fact: AuthorisationRevoked, entry: Entry) -> Programme:
    authorisations = tuple(
        replace(each, revoked_on=entry.occurred_at.date())
        if each.reference == fact.reference and not each.revoked
        else each
        for each in programme.authorisations
    )
    return replace(programme, authorisations=authorisations)


def founded(programme: Programme, fact: ProgrammeFounded, entry: Entry) -> Programme:
    return replace(
        programme,
        title=fact.title,
        protocol=fact.protocol,
        versions=(ProtocolVersion(fact.protocol_version, fact.protocol_digest, None),),
    )


def opened(programme: Programme, fact: ProgrammeOpened, entry: Entry) -> Programme:
    *earlier, current = programme.versions
    versions = (*earlier, replace(current, settings=fact.settings))
    return _stands(replace(programme, versions=versions), "open", entry)


def paused(programme: Programme, fact: ProgrammePaused, entry: Entry) -> Programme:
    return _stands(programme, "paused", entry)


def resumed(programme: Programme, fact: ProgrammeResumed, entry: Entry) -> Programme:
    return _stands(programme, "open", entry)


def _stands(programme: Programme, status: Status, entry: Entry) -> Programme:
    since = (whole_minute(entry.occurred_at), status)
    return replace(programme, status=status, statuses=(*programme.statuses, since))


def whole_minute(moment: datetime) -> datetime:
    """People write down minutes: what is dated to the minute of a change comes after it."""
    return moment.replace(second=0, microsecond=0)


def _check_days(kind: AuthorisationKind, command: RecordAuthorisation) -> None:
    since, until = command.valid_from, command.valid_until
    if until and until < since:
        raise Refused(f"{until} lies before {since}", "valid_until")
    if until and until < command.at.date():
        raise Refused(
            f"it ended on {until}; record the one that is in force, or mend the date", "valid_until"
        )
    if kind.in_force_since and since < kind.in_force_since:
        raise Refused(
            f"{since} lies before {kind.in_force_since}, when the law for '{kind.key}' came into "
            "force; check the date",
            "valid_from",
        )
    if kind.in_force_until and since > kind.in_force_until:
        raise Refused(
            f"the law for '{kind.key}' ended on {kind.in_force_until}; check the kind", "valid_from"
        )


def check_settings(protocol: Protocol, settings: tuple[tuple[str, int], ...]) -> None:
    """Refuse limits that are missing, unknown or out of range for that protocol."""
    given = dict(settings)
    for setting in protocol.site_settings:
        value = given.pop(setting.key, None)
        if value is None and not setting.required:
            continue
        if value is None:
            raise Refused(
                f"{setting.label} ({setting.key}) is not set; the site decides it", "settings"
            )
        if not setting.lowest <= value <= setting.highest:
            raise Refused(
                f"{setting.label} {value} {setting.unit} lies outside "
                f"{setting.lowest} to {setting.highest}",
                "settings",
            )
    if given:
        raise Refused(f"the protocol has no setting '{next(iter(given))}'", "settings")


DECIDE: Mapping[type, Any] = {
    FoundProgramme: found,
    RecordAuthorisation: record,
    RevokeAuthorisation: revoke,
    OpenProgramme: open_programme,
    PauseProgramme: pause,
    ResumeProgramme: resume,
}
EVOLVE: Mapping[type, Any] = {
    ProgrammeFounded: founded,
    AuthorisationRecorded: recorded,
    AuthorisationRevoked: revoked,
    ProgrammeOpened: opened,
    ProgrammePaused: paused,
    ProgrammeResumed: resumed,
}
