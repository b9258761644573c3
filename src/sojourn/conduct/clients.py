"""Programs that may read or write over FHIR: each acts for a member, within scopes of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.devices import NAME_CHARACTERS
from sojourn.conduct.programme import Client, Programme
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact

# SMART App Launch, version 1 (read, write, *) and version 2 (letters of cruds, in this order).
SCOPE = re.compile(r"(user|system)/(\*|[A-Z][A-Za-z]{1,39})\.(read|write|\*|(?=[cruds])c?r?u?d?s?)")
_WORDS = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class RegisterClient:
    name: ClassVar[str] = "programme.register-client"
    title: ClassVar[str] = "Let a program read or write over FHIR"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)

    at: Annotated[datetime, Ask("Registered at")]
    client: Annotated[str, Ask("Name", help="Small letters, digits and hyphens.")]
    token_digest: Annotated[
        str, Ask("SHA-256 of its token", help="'sojourn fhir add' makes the token for you.")
    ]
    member: Annotated[str, Ask("Acts for", help="Sign-in name; it may what their role may.")]
    scopes: Annotated[str, Ask("Scopes", help="As 'system/Observation.read user/Patient.rs'.")]


@dataclass(frozen=True, slots=True)
class RevokeClient:
    name: ClassVar[str] = "programme.revoke-client"
    title: ClassVar[str] = "Take a program's right away"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)

    at: Annotated[datetime, Ask("Revoked at")]
    client: Annotated[str, Ask("Name")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class ClientRegistered:
    kind: ClassVar[str] = "programme.client-registered"
    schema: ClassVar[int] = 1
    client: str
    token_digest: str
    member: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClientRevoked:
    kind: ClassVar[str] = "programme.client-revoked"
    schema: ClassVar[int] = 1
    client: str
    cause: str


def may(scopes: tuple[str, ...], resource: str, letter: str) -> bool:
    """Whether ``scopes`` allow to create, read, update, delete or search ``resource``."""
    for scope in scopes:
        found = SCOPE.fullmatch(scope)
        if found and found[2] in ("*", resource) and letter in _WORDS.get(found[3], found[3]):
            return True
    return False


def register(programme: Programme, command: RegisterClient, protocol: Protocol) -> tuple[Fact, ...]:
    name = command.client.strip()
    if not name or set(name) - NAME_CHARACTERS or len(name) > 40:
        raise Refused(
            f"'{command.client}' is no name; use up to 40 small letters, digits and hyphens",
            "client",
        )
    known = programme.client(name)
    if known and not known.revoked:
        raise Refused(f"'{name}' may already read or write; revoke it first", "client")
    digest = digest_of(command.token_digest, "token_digest")
    if any(each.token_digest == digest for each in programme.clients):
        raise Refused("this token was used before; make a new one", "token_digest")
    scopes = tuple(dict.fromkeys(command.scopes.split()))
    for scope in scopes:
        if not SCOPE.fullmatch(scope):
            raise Refused(
                f"'{scope}' is no scope known here; write user/ or system/, a resource or *, "
                "then .read, .write, .* or letters of .cruds in that order",
                "scopes",
            )
    if not scopes:
        raise Refused("name at least one scope, such as system/Observation.read", "scopes")
    return (ClientRegistered(name, digest, command.member.strip(), scopes),)


def revoke(programme: Programme, command: RevokeClient, protocol: Protocol) -> tuple[Fact, ...]:
    known = programme.client(command.client)
    if known is None or known.revoked:
        raise Refused(f"no program '{command.client}' reads or writes here", "client")
    return (ClientRevoked(command.client, command.cause.strip()),)


def registered(programme: Programme, fact: ClientRegistered, entry: Entry) -> Programme:
    client = Client(fact.client, fact.token_digest, fact.member, fact.scopes)
    return replace(programme, clients=(*programme.clients, client))


def revoked(programme: Programme, fact: ClientRevoked, entry: Entry) -> Programme:
    clients = tuple(
        replace(each, revoked=True) if each.name == fact.client else each
        for each in programme.clients
    )
    return replace(programme, clients=clients)


DECIDE: Mapping[type, Any] = {RegisterClient: register, RevokeClient: revoke}
EVOLVE: Mapping[type, Any] = {ClientRegistered: registered, ClientRevoked: revoked}
