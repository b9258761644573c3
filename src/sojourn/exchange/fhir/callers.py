"""Who asks: a program with a token of its own, for a member, within scopes; or a device."""

import hmac
import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from sojourn.conduct import clients, reach
from sojourn.conduct.clients import RegisterClient, RevokeClient
from sojourn.conduct.reach import Reach
from sojourn.exchange.fhir.outcome import Fault
from sojourn.ledger import clock, devices, programmes
from sojourn.ledger.desk import Person
from sojourn.ledger.devices import digest
from sojourn.ledger.monitoring import Sender
from sojourn.record.command import Refused

ROLE = "sponsor"
PREFIX = "fhir"


@dataclass(frozen=True, slots=True)
class Caller:
    """One programme, one person, what they may; and how readings of theirs are signed."""

    programme: str
    name: str
    by: Person
    scopes: tuple[str, ...]
    sender: Sender
    reach: Reach

    def may(self, resource: str, letter: str) -> bool:
        """Whether it may create (c), read (r) or search (s) that resource."""
        return clients.may(self.scopes, resource, letter)

    def must(self, resource: str, letter: str) -> None:
        """Refuse what the scopes don't hold."""
        if not self.may(resource, letter):
            words = {"c": "write", "r": "read", "s": "read"}[letter]
            raise Fault(
                403,
                f"this token has no scope for it; it would need system/{resource}.{words}",
                resource,
            )


def add(programme: str, name: str, member: str, scopes: str, *, author: str) -> str:
    """Register a program for ``member`` and return its token, which nobody can read again.

    Raises
    ------
    Refused
        If there is no such member or programme, a scope is not known, or the name is taken.
    """
    if not _reach_of(programme, member).role:
        raise Refused(f"there is no member '{member}' with a role here", "member")
    token = f"{PREFIX}.{programme}.{name}.{secrets.token_urlsafe(32)}"
    command = RegisterClient(clock.now(), name, digest(token), member, scopes)
    programmes.execute(programme, command, author=author, role=ROLE)
    return token


def revoke(programme: str, name: str, cause: str, *, author: str) -> None:
    """Let the program do nothing from now on."""
    programmes.execute(programme, RevokeClient(clock.now(), name, cause), author=author, role=ROLE)


def caller_of(authorization: str) -> Caller:
    """Who stands behind the Authorization header.

    Raises
    ------
    Fault
        401 when it stands for nobody, or for a member who is gone or has no role any more.
    """
    kind, _, token = authorization.partition(" ")
    token = token.strip()
    if kind.lower() == "bearer" and token.isascii() and token.isprintable():
        found = _client(token) or _device(token)
        if found:
            return found
    raise Fault(
        401, "send 'Authorization: Bearer TOKEN' with a token that is in force here", code="login"
    )


def _client(token: str) -> Caller | None:
    prefix, _, rest = token.partition(".")
    programme, _, rest = rest.partition(".")
    if prefix != PREFIX:
        return None
    try:
        known = programmes.load(programme).programme.client(rest.partition(".")[0])
    except Refused:
        return None
    if known is None or known.revoked:
        return None
    if not hmac.compare_digest(known.token_digest, digest(token)):
        return None
    found = _reach_of(programme, known.member)
    if not found.role:
        return None
    sender = Sender(f"fhir:{known.name}", known.member, found.role)
    by = Person(known.member, found.role)
    return Caller(programme, known.name, by, known.scopes, sender, found)


def _device(token: str) -> Caller | None:
    found = devices.sender_of(token)
    if found is None:
        return None
    programme, sender = found
    # A device delivers and reads nothing; its readings are single values, whose end means nothing.
    single = Sender(f"fhir:{sender.author}", sender.author, sender.role, sender.site)
    by = Person(sender.author, sender.role)
    own = Reach(sender.role, frozenset({sender.site}) if sender.site else None)
    return Caller(programme, sender.author, by, ("system/Observation.c",), single, own)


def _reach_of(programme: str, member: str) -> Reach:
    found = get_user_model().objects.filter(username=member, is_active=True).first()
    if found is None:
        return reach.NOBODY
    return reach.reach_of(programmes.load(programme).programme, member, getattr(found, "role", ""))
