"""Personal tokens: made by a member for a program that acts as them, shown once, kept as SHA-256.

A token may never more than its member may, and signs nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from sojourn.clinic.models import Member, PersonalToken
from sojourn.ledger import clock
from sojourn.ledger.devices import digest
from sojourn.record.command import UNREADABLE, Refused

PREFIX = "personal."
LONGEST_DAYS = 365
NAME_LENGTH = 60
# Writing down each use would make every read a write.
USE_NOTED_EVERY = timedelta(minutes=5)
AREAS = (
    ("participants", "Participants: courses, visits, ratings"),
    ("programme", "The programme: legal ground, practitioners, record"),
    ("safety", "Safety board, deviations, confidential reports"),
    ("quality", "Queries and source verification"),
    ("stock", "Study drug"),
)
VERBS = (("read", "Read"), ("write", "Write"))
SCOPES: tuple[tuple[str, str], ...] = (
    ("read", "Read everything you may read"),
    ("write", "Write everything you may write"),
    *((f"{area}:{verb}", f"{word}: {label}") for area, label in AREAS for verb, word in VERBS),
)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token in force: whose it is, its number, and what it may."""

    member: Member
    number: int
    scopes: tuple[str, ...]

    def may(self, area: str, verb: str) -> bool:
        """Whether the scopes hold reading or writing in that area."""
        return verb in self.scopes or f"{area}:{verb}" in self.scopes


def make(member: Member, name: str, scopes: tuple[str, ...], days: int) -> str:
    """A new token of this member, which nobody can read again.

    Raises
    ------
    Refused
        If the name is empty, taken or unreadable, a scope is not known, or it would last too long.
    """
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or UNREADABLE.search(name):
        raise Refused(f"'{name[:NAME_LENGTH]}' is no name; say what the token is for", "name")
    if in_force(member).filter(name=name).exists():
        raise Refused(f"you have a token '{name}'; revoke it first or choose another name", "name")
    if unknown := set(scopes) - dict(SCOPES).keys():
        raise Refused(f"'{min(unknown)}' is no scope; choose from the list", "scopes")
    if not scopes:
        raise Refused("a token without a scope may nothing; choose at least one", "scopes")
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(f"{days} days; choose from 1 to {LONGEST_DAYS}", "days")
    token, now = PREFIX + secrets.token_urlsafe(32), clock.now()
    PersonalToken.objects.create(
        member=member,
        name=name,
        digest=digest(token),
        scopes=" ".join(scopes),
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    return token


def revoke(member: Member, number: int) -> None:
    """Let this token of the member's do nothing from now on.

    Raises
    ------
    Refused
        If they have none of that number in force.
    """
    if not in_force(member).filter(pk=number).update(revoked_at=clock.now()):
        raise Refused(f"you have no token {number} in force; see the list")


def in_force(member: Member) -> QuerySet[PersonalToken]:
    """The member's tokens that open something."""
    return PersonalToken.objects.filter(
        member=member, revoked_at=None, expires_at__gt=clock.now()
    ).order_by("made_at", "pk")


def bearer_of(authorization: str) -> Bearer | None:
    """Who stands behind the Authorization header; None when it stands for nobody.

    A member who is gone or inactive is nobody.
    """
    kind, _, token = authorization.partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token.startswith(PREFIX) or not token.isascii():
        return None
    now = clock.now()
    found = (
        PersonalToken.objects.select_related("member")
        .filter(digest=digest(token), revoked_at=None, expires_at__gt=now, member__is_active=True)
        .first()
    )
    if found is None:
        return None
    if found.last_used_at is None or now - found.last_used_at > USE_NOTED_EVERY:
        PersonalToken.objects.filter(pk=found.pk).update(last_used_at=now)
    return Bearer(found.member, found.pk, tuple(found.scopes.split()))
