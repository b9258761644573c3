"""Roles given and taken away: each an entry with who did it and why; and access in an emergency."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from sojourn.conduct import blinding
from sojourn.conduct.programme import Programme
from sojourn.conduct.reach import ROLE_KEYS, EmergencyAccess, Grant, reach_of
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

LEAD = "sponsor"
# Whoever looks after people; an unblinded role is not among them, nor one that only reads.
CLINICAL = ("therapist", "prescriber", "coordinator")
OVERSEE = ("sponsor", "monitor")
EMERGENCY = "access.emergency-"
FINDINGS = (("justified", "It was needed"), ("not-justified", "It was not needed"))
MOST_HOURS = 4
SHORTEST_REASON = 10  # characters; a dash or a dot is no reason


@dataclass(frozen=True, slots=True)
class GrantRole:
    name: ClassVar[str] = "access.grant-role"
    title: ClassVar[str] = "Give a member a role"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = (LEAD,)

    at: Annotated[datetime, Ask("Given at")]
    member: Annotated[str, Ask("Member", help="Sign-in name.", longest=150)]
    role: Annotated[str, Ask("Role", choices_from="member-roles")]
    reason: Annotated[str, Ask("Why", help="As on the delegation log.", lines=2)]
    sites: Annotated[
        str, Ask("Sites", help="A line each; empty for every site.", lines=3, optional=True)
    ] = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawRole:
    name: ClassVar[str] = "access.withdraw-role"
    title: ClassVar[str] = "Take a member's role away"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = (LEAD,)

    at: Annotated[datetime, Ask("Taken away at")]
    member: Annotated[str, Ask("Member", help="Sign-in name.", longest=150)]
    reason: Annotated[str, Ask("Why", lines=2)]
    sites: Annotated[
        str, Ask("Sites", help="A line each; empty for all of it.", lines=3, optional=True)
    ] = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class RequireGrants:
    name: ClassVar[str] = "access.require-grants"
    title: ClassVar[str] = "Let nobody in without a role given here"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = (LEAD,)

    at: Annotated[datetime, Ask("From")]
    reason: Annotated[str, Ask("Why", lines=2)]
    by: str = ""


@dataclass(frozen=True, slots=True)
class OpenInEmergency:
    name: ClassVar[str] = "access.open-in-emergency"
    title: ClassVar[str] = "Open a participant of another site"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = CLINICAL
    signed: ClassVar[str] = "I need this record now, for this person's care"

    at: datetime
    participant: str
    site: str
    reason: Annotated[str, Ask("Why you need it now", lines=2)]
    hours: Annotated[int, Ask("For how many hours", at_least=1, at_most=MOST_HOURS)] = MOST_HOURS
    by: str = ""


@dataclass(frozen=True, slots=True)
class ReviewEmergency:
    name: ClassVar[str] = "access.review-emergency"
    title: ClassVar[str] = "Review access in an emergency"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = OVERSEE

    at: Annotated[datetime, Ask("Reviewed at")]
    access: Annotated[str, Ask("Which", choices_from="emergency-accesses")]
    finding: Annotated[str, Ask("Finding", choices=FINDINGS)]
    note: Annotated[str, Ask("What you asked and were told", lines=3)]
    by: str = ""


@dataclass(frozen=True, slots=True)
class RoleGranted:
    kind: ClassVar[str] = "access.role-granted"
    schema: ClassVar[int] = 1
    member: str
    role: str
    sites: tuple[str, ...]  # empty: every site
    reason: str


@dataclass(frozen=True, slots=True)
class RoleWithdrawn:
    kind: ClassVar[str] = "access.role-withdrawn"
    schema: ClassVar[int] = 1
    member: str
    sites: tuple[str, ...]  # empty: all of it
    reason: str


@dataclass(frozen=True, slots=True)
class GrantsRequired:
    kind: ClassVar[str] = "access.grants-required"
    schema: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class EmergencyOpened:
    kind: ClassVar[str] = "access.emergency-opened"
    schema: ClassVar[int] = 1
    access: str
    member: str
    role: str
    participant: str
    site: str
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class EmergencyReviewed:
    kind: ClassVar[str] = "access.emergency-reviewed"
    schema: ClassVar[int] = 1
    access: str
    participant: str
    site: str
    finding: str
    note: str


def grant(programme: Programme, command: GrantRole, protocol: Protocol) -> tuple[Fact, ...]:
    member = command.member.strip()
    if member == command.by:
        raise Refused("nobody gives themselves a role; another lead does", "member")
    if command.role not in ROLE_KEYS:
        raise Refused(f"'{command.role}' is no role; use one of {sorted(ROLE_KEYS)}", "role")
    held = _held(programme, member)
    if held and held.role != command.role:
        raise Refused(
            f"{member} is {held.role} in this programme; take that away first: nobody holds two",
            "role",
        )
    unblinded = member in programme.once_unblinded
    if unblinded and not blinding.may_open_allocation(command.role):
        raise Refused(
            f"{member} held an unblinded role in this programme and can't go back to a blinded one",
            "role",
        )
    sites = _lines(command.sites)
    _within_own(programme, command.by, sites)
    if held and (not held.sites or (set(sites) <= set(held.sites) and sites)):
        raise Refused(f"{member} holds this role there already", "sites")
    return (RoleGranted(member, command.role, sites, _reason(command.reason)),)


def withdraw(programme: Programme, command: WithdrawRole, protocol: Protocol) -> tuple[Fact, ...]:
    member = command.member.strip()
    if member == command.by:
        raise Refused("nobody takes their own role away; another lead does", "member")
    held = _held(programme, member)
    sites = _lines(command.sites)
    _within_own(programme, command.by, sites)
    if sites and (held is None or not held.sites):
        where = "every site; take all of it away and give it anew" if held else "no site"
        raise Refused(f"{member} holds a role at {where}", "sites")
    if held and (missing := [each for each in sites if each not in held.sites]):
        raise Refused(f"{member} holds no role at {', '.join(missing)}", "sites")
    # Without a grant there is an account's own role to take away, unless that ended before.
    if held is None and (programme.grants_required or member in programme.once_granted):
        raise Refused(f"{member} holds no role in this programme", "member")
    return (RoleWithdrawn(member, sites, _reason(command.reason)),)


def require(programme: Programme, command: RequireGrants, protocol: Protocol) -> tuple[Fact, ...]:
    if programme.grants_required:
        raise Refused("nobody gets in without a grant already")
    _within_own(programme, command.by, ())
    reason = _reason(command.reason)
    facts: tuple[Fact, ...] = (GrantsRequired(reason),)
    if _held(programme, command.by) is None:
        # Or the programme would have nobody left who can let anyone in.
        facts = (RoleGranted(command.by, LEAD, (), reason), *facts)
    return facts


def open_in_emergency(
    programme: Programme, command: OpenInEmergency, protocol: Protocol
) -> tuple[Fact, ...]:
    held = _held(programme, command.by)
    if held is None or not held.sites or command.site in held.sites:
        raise Refused(f"{command.participant} is open to you, or you hold no role here")
    reason = _reason(command.reason)
    return (
        EmergencyOpened(
            f"emergency-{len(programme.emergencies) + 1}",
            command.by,
            held.role,
            command.participant,
            command.site,
            reason,
            command.at + timedelta(hours=command.hours),
        ),
    )


def review(programme: Programme, command: ReviewEmergency, protocol: Protocol) -> tuple[Fact, ...]:
    known = next((each for each in programme.emergencies if each.key == command.access), None)
    if known is None or known.finding:
        raise Refused(f"there is no '{command.access}' to review", "access")
    if known.member == command.by:
        raise Refused("nobody reviews their own access; someone else does", "access")
    held = _held(programme, command.by)
    if held and not reach_of(programme, command.by, held.role).includes(known.site):
        raise Refused(f"you hold no role at site '{known.site}'", "access")
    note = command.note.strip()
    return (EmergencyReviewed(known.key, known.participant, known.site, command.finding, note),)


def granted(programme: Programme, fact: RoleGranted, entry: Entry) -> Programme:
    held = _held(programme, fact.member)
    # No site means every site, in the grant that was there and in the new one.
    everywhere = not fact.sites or (held is not None and not held.sites)
    before = held.sites if held else ()
    sites = () if everywhere else tuple(dict.fromkeys((*before, *fact.sites)))
    kept = tuple(each for each in programme.grants if each is not held)
    once = programme.once_unblinded
    if blinding.may_open_allocation(fact.role):
        once = once | {fact.member}
    return replace(
        programme,
        grants=(*kept, Grant(fact.member, fact.role, sites)),
        once_granted=programme.once_granted | {fact.member},
        once_unblinded=once,
    )


def withdrawn(programme: Programme, fact: RoleWithdrawn, entry: Entry) -> Programme:
    held = _held(programme, fact.member)
    kept = tuple(each for each in programme.grants if each is not held)
    left = tuple(each for each in held.sites if each not in fact.sites) if held else ()
    if held and fact.sites and left:
        kept = (*kept, replace(held, sites=left))
    return replace(programme, grants=kept, once_granted=programme.once_granted | {fact.member})


def required(programme: Programme, fact: GrantsRequired, entry: Entry) -> Programme:
    return replace(programme, grants_required=True)


def opened(programme: Programme, fact: EmergencyOpened, entry: Entry) -> Programme:
    access = EmergencyAccess(
        fact.access,
        fact.member,
        fact.role,
        fact.participant,
        fact.site,
        fact.reason,
        entry.occurred_at,
        fact.until,
    )
    return replace(programme, emergencies=(*programme.emergencies, access))


def reviewed(programme: Programme, fact: EmergencyReviewed, entry: Entry) -> Programme:
    return replace(
        programme,
        emergencies=tuple(
            replace(each, finding=fact.finding, reviewed_by=entry.author, note=fact.note)
            if each.key == fact.access
            else each
            for each in programme.emergencies
        ),
    )


def _held(programme: Programme, member: str) -> Grant | None:
    return next((each for each in programme.grants if each.member == member), None)


def _within_own(programme: Programme, by: str, sites: tuple[str, ...]) -> None:
    """A lead of some sites gives and takes roles at those alone."""
    own = _held(programme, by)
    if own and own.sites and not (sites and set(sites) <= set(own.sites)):
        raise Refused(f"you lead {', '.join(own.sites)} only; name sites among them", "sites")


def _lines(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if long := next((each for each in found if len(each) > 64), None):
        raise Refused(f"'{long}' is too long for a site; use at most 64 characters", "sites")
    return found


def _reason(text: str) -> str:
    reason = text.strip()
    if len(reason) < SHORTEST_REASON:
        raise Refused(f"'{reason}' is no reason; say it in a few words", "reason")
    return reason


DECIDE: Mapping[type, Any] = {
    GrantRole: grant,
    WithdrawRole: withdraw,
    RequireGrants: require,
    OpenInEmergency: open_in_emergency,
    ReviewEmergency: review,
}
IN_OWN_NAME: Mapping[type, str] = dict.fromkeys(DECIDE, "by")
EVOLVE: Mapping[type, Any] = {
    RoleGranted: granted,
    RoleWithdrawn: withdrawn,
    GrantsRequired: required,
    EmergencyOpened: opened,
    EmergencyReviewed: reviewed,
}
