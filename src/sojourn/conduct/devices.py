"""Devices that may deliver readings: each with a token of which only the SHA-256 is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import Device, Programme
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact

NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@dataclass(frozen=True, slots=True)
class RegisterDevice:
    name: ClassVar[str] = "programme.register-device"
    title: ClassVar[str] = "Let a device deliver readings"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)

    at: Annotated[datetime, Ask("Registered at")]
    device: Annotated[str, Ask("Name", help="Small letters, digits and hyphens.")]
    token_digest: Annotated[
        str, Ask("SHA-256 of its token", help="'sojourn device add' makes the token for you.")
    ]
    site: Annotated[str, Ask("Site", help="Empty: every site of the programme.", optional=True)] = (
        ""
    )


@dataclass(frozen=True, slots=True)
class RevokeDevice:
    name: ClassVar[str] = "programme.revoke-device"
    title: ClassVar[str] = "Take a device's right away"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)

    at: Annotated[datetime, Ask("Revoked at")]
    device: Annotated[str, Ask("Name", choices_from="devices")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class DeviceRegistered:
    kind: ClassVar[str] = "programme.device-registered"
    schema: ClassVar[int] = 1
    device: str
    token_digest: str
    site: str


@dataclass(frozen=True, slots=True)
class DeviceRevoked:
    kind: ClassVar[str] = "programme.device-revoked"
    schema: ClassVar[int] = 1
    device: str
    cause: str


def register(programme: Programme, command: RegisterDevice, protocol: Protocol) -> tuple[Fact, ...]:
    name = command.device.strip()
    if not name or set(name) - NAME_CHARACTERS or len(name) > 40:
        raise Refused(
            f"'{command.device}' is no device name; use up to 40 small letters, digits and hyphens",
            "device",
        )
    known = programme.device(name)
    if known and not known.revoked:
        raise Refused(f"a device '{name}' delivers already; revoke it first", "device")
    digest = digest_of(command.token_digest, "token_digest")
    if any(each.token_digest == digest for each in programme.devices):
        raise Refused("this token was used before; make a new one", "token_digest")
    return (DeviceRegistered(name, digest, command.site.strip()),)


def revoke(programme: Programme, command: RevokeDevice, protocol: Protocol) -> tuple[Fact, ...]:
    known = programme.device(command.device)
    if known is None or known.revoked:
        raise Refused(f"no device '{command.device}' delivers here", "device")
    return (DeviceRevoked(command.device, command.cause.strip()),)


def registered(programme: Programme, fact: DeviceRegistered, entry: Entry) -> Programme:
    device = Device(fact.device, fact.token_digest, fact.site)
    return replace(programme, devices=(*programme.devices, device))


def revoked(programme: Programme, fact: DeviceRevoked, entry: Entry) -> Programme:
    devices = tuple(
        replace(each, revoked=True) if each.name == fact.device else each
        for each in programme.devices
    )
    return replace(programme, devices=devices)


DECIDE: Mapping[type, Any] = {RegisterDevice: register, RevokeDevice: revoke}
EVOLVE: Mapping[type, Any] = {DeviceRegistered: registered, DeviceRevoked: revoked}
