"""Amendments: a later version of the protocol, proposed as a text and adopted once approved.

From its adoption on, new participants follow it. Everybody else stays on the version they
enrolled under until they are moved one by one (``course/amendment.py``). No amended protocol is
used before the ethics committee has approved it (ICH E6(R3), annex 1, sections 1.1 and 2.4).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from sojourn import protocols
from sojourn.conduct.authorisation import check_settings, whole_minute
from sojourn.conduct.programme import Programme, Proposal, ProtocolVersion
from sojourn.protocols import ProtocolError
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

LEAD = ("sponsor",)
LONGEST = 400_000  # characters


@dataclass(frozen=True, slots=True)
class ProposeAmendment:
    """The whole text of the amended protocol; a later proposal takes the place of this one."""

    name: ClassVar[str] = "programme.propose-amendment"
    title: ClassVar[str] = "Propose an amended protocol"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD

    at: Annotated[datetime, Ask("Proposed at")]
    pack: Annotated[
        str,
        Ask(
            "Text of the amended protocol",
            help="The whole pack (YAML) with its new version; nobody follows it yet.",
            lines=16,
            longest=LONGEST,
        ),
    ]
    summary: Annotated[str, Ask("What is amended, and why", lines=3)]


@dataclass(frozen=True, slots=True)
class AdoptAmendment:
    name: ClassVar[str] = "programme.adopt-amendment"
    title: ClassVar[str] = "Adopt the proposed amendment"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = LEAD
    signed: ClassVar[str] = "The approvals named are on file; this version holds from now on."

    at: Annotated[datetime, Ask("In force from", help="For everyone registered from then on.")]
    amended_version: Annotated[str, Ask("Version", choices_from="proposed-versions")]
    committee: Annotated[str, Ask("Ethics committee")]
    approval: Annotated[str, Ask("Reference of its approval")]
    approved_on: Annotated[date, Ask("Approved on")]
    authority: Annotated[str, Ask("Authority, where one must approve", optional=True)] = ""
    authority_approval: Annotated[str, Ask("Reference of its approval", optional=True)] = ""
    authority_approved_on: Annotated[date | None, Ask("Approved on", optional=True)] = None
    consent_version: Annotated[
        str,
        Ask(
            "Consent form of this version",
            help="Whoever is moved signs it first. Empty when the form stays.",
            choices_from="approved-consent-versions",
            optional=True,
        ),
    ] = ""
    settings: Annotated[
        tuple[tuple[str, int], ...], Ask("Limits under it", choices_from="site-settings")
    ] = ()


@dataclass(frozen=True, slots=True)
class AmendmentProposed:
    """Names the text by its digest; the text is kept with the record."""

    kind: ClassVar[str] = "programme.amendment-proposed"
    schema: ClassVar[int] = 1
    version: str
    digest: str
    summary: str


@dataclass(frozen=True, slots=True)
class AmendmentAdopted:
    kind: ClassVar[str] = "programme.amendment-adopted"
    schema: ClassVar[int] = 1
    version: str
    digest: str
    summary: str
    committee: str
    approval: str
    approved_on: date
    authority: str
    authority_approval: str
    authority_approved_on: date | None
    consent_version: str
    settings: tuple[tuple[str, int], ...]


@lru_cache(maxsize=4)
def read(text: str) -> Protocol:
    """The amended protocol that ``text`` holds, as it is kept and hashed.

    Raises
    ------
    Refused
        Naming the first faults with their lines.
    """
    try:
        return protocols.load_text(plain(text), "amendment")
    except ProtocolError as error:
        told = "; ".join(str(each) for each in error.problems[:3])
        raise Refused(f"the text is no valid protocol: {told}", "pack") from error


def plain(text: str) -> str:
    """``text`` with one kind of line break and one at its end, as it is kept and hashed."""
    return "\n".join(text.strip().splitlines()) + "\n"


def propose(
    programme: Programme, command: ProposeAmendment, protocol: Protocol
) -> tuple[Fact, ...]:
    amended = read(command.pack)
    for obstacle in obstacles(programme, protocol, amended):
        raise Refused(obstacle, "pack")
    if not command.summary.strip():
        raise Refused("say what is amended, and why", "summary")
    return (AmendmentProposed(amended.version, amended.digest, command.summary.strip()),)


def obstacles(programme: Programme, protocol: Protocol, amended: Protocol) -> Iterator[str]:
    """Why that text can't amend the programme's protocol; none where it can."""
    if amended.key != protocol.key:
        yield f"it is protocol '{amended.key}'; an amendment keeps the key '{protocol.key}'"
    if any(each.version == amended.version for each in programme.versions):
        yield f"version '{amended.version}' is in use already; give the amendment its own"
    if _treats(protocol) != _treats(amended):
        yield "another study drug, unit or condition is another programme; found one for it"
    if protocol.randomisation and _dealt(protocol) != _dealt(amended):
        yield (
            "the arms and how participants are allotted to them stay as they are: numbers already "
            "given could not be checked again. Found a programme for other arms"
        )
    grounds = {each.key for each in amended.authorisations}
    for held in programme.authorisations:
        if held.authorisation_kind not in grounds and not held.revoked:
            yield (
                f"it leaves out the legal ground '{held.authorisation_kind}' of authorisation "
                f"{held.reference}; keep it"
            )


def adopt(programme: Programme, command: AdoptAmendment, protocol: Protocol) -> tuple[Fact, ...]:
    """``protocol`` is the proposed one."""
    proposed = programme.proposal
    if proposed is None or proposed.version != command.amended_version:
        asked = command.amended_version
        raise Refused(f"no amendment '{asked}' is proposed; propose it first", "amended_version")
    if programme.database_lock:
        raise Refused("the database is locked; nothing is amended any more")
    _in_order(programme, proposed, command)
    known = {each.version for each in programme.consent_versions}
    if command.consent_version and command.consent_version not in known:
        raise Refused(
            f"consent form '{command.consent_version}' is not approved on record; record it first",
            "consent_version",
        )
    check_settings(protocol, command.settings)
    return (
        AmendmentAdopted(
            proposed.version,
            proposed.digest,
            proposed.summary,
            command.committee.strip(),
            command.approval.strip(),
            command.approved_on,
            command.authority.strip(),
            command.authority_approval.strip(),
            command.authority_approved_on,
            command.consent_version,
            tuple(sorted(command.settings)),
        ),
    )


def _in_order(programme: Programme, proposed: Proposal, command: AdoptAmendment) -> None:
    """Approved before it holds; not before the proposal, nor before the version it follows."""
    day = command.at.date()
    if command.approved_on > day:
        raise Refused(f"approved on {command.approved_on}, after it came into force", "approved_on")
    told = (command.authority, command.authority_approval, command.authority_approved_on)
    if any(told) and not all(told):
        raise Refused("name the authority, its reference and the day, or none", "authority")
    if command.authority_approved_on and command.authority_approved_on > day:
        raise Refused(
            f"approved on {command.authority_approved_on}, after it came into force",
            "authority_approved_on",
        )
    since = programme.versions[-1].since
    if command.at < proposed.proposed_at or (since and command.at <= since):
        raise Refused(
            f"it was proposed on {proposed.proposed_at:%Y-%m-%d %H:%M}; give a later time", "at"
        )


def _treats(protocol: Protocol) -> tuple[str, ...]:
    dosing = protocol.dosing
    return (protocol.condition, *((dosing.study_drug, dosing.unit) if dosing else ()))


def _dealt(protocol: Protocol) -> tuple[Any, ...]:
    plan = protocol.randomisation
    arms = tuple((each.key, each.role, each.ratio, each.percent_of_label) for each in protocol.arms)
    return arms, replace(plan, source="") if plan else None


def proposed(programme: Programme, fact: AmendmentProposed, entry: Entry) -> Programme:
    since = whole_minute(entry.occurred_at)
    made = Proposal(fact.version, fact.digest, fact.summary, since, entry.author)
    return replace(programme, proposal=made)


def adopted(programme: Programme, fact: AmendmentAdopted, entry: Entry) -> Programme:
    version = ProtocolVersion(
        fact.version,
        fact.digest,
        whole_minute(entry.occurred_at),
        fact.summary,
        fact.committee,
        fact.approval,
        fact.approved_on,
        fact.authority,
        fact.authority_approval,
        fact.authority_approved_on,
        fact.consent_version,
        fact.settings,
    )
    return replace(programme, versions=(*programme.versions, version), proposal=None)


DECIDE: Mapping[type, Any] = {ProposeAmendment: propose, AdoptAmendment: adopt}
EVOLVE: Mapping[type, Any] = {AmendmentProposed: proposed, AmendmentAdopted: adopted}
