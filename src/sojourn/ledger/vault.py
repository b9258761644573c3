"""The identity vault: who a participant is, encrypted for each, and nowhere in the record.

Each person has a key of their own, itself sealed by the site's key. Erasing that key
erases the person, and leaves the science. Whether someone is screened twice is found
by keyed hashes of likenesses, which say nothing without the site's key.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from cryptography.fernet import Fernet
from django.db import connection, transaction
from pydantic import TypeAdapter

from sojourn.conduct.identity import IdentityOpened
from sojourn.course.identity import EraseIdentity, Match, RecordIdentity
from sojourn.ledger import clock, seal
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import Person, at_desk
from sojourn.ledger.rows import IdentityMark, IdentityRow
from sojourn.record.command import Refused
from sojourn.record.likeness import likenesses

READERS = ("coordinator", "prescriber", "therapist", "sponsor")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the site knows of a person. ``time_zone`` is an IANA name, ``country`` two letters."""

    given_name: str
    family_name: str
    born_on: date
    email: str = ""
    phone: str = ""
    address: str = ""
    emergency_contact: str = ""
    country: str = ""
    language: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach someone: the only part of an identity that reminders read."""

    email: str
    phone: str
    country: str
    language: str
    time_zone: str


_IDENTITY = TypeAdapter(Identity)


def keep(programme: str, participant: str, identity: Identity, by: Person) -> tuple[Match, ...]:
    """Keep who ``participant`` is, and write down that it is known and who else it may be.

    Raises
    ------
    Refused
        If a name has no letters, the day of birth is impossible, or the role may not.
    """
    for name in ("given_name", "family_name"):
        if not any(each.isalpha() for each in getattr(identity, name)):
            raise Refused("write the name in letters", name)
    now = clock.now()
    if not date(1900, 1, 1) <= identity.born_on <= now.date():
        raise Refused(f"{identity.born_on} is no day of birth; check it", "born_on")
    with transaction.atomic(), at_desk(programme, participant, by) as desk:
        marks = _marks(identity)
        matches = _matches(programme, participant, marks)
        known = tuple(each.name for each in fields(identity) if getattr(identity, each.name))
        desk.execute(RecordIdentity(now, known, matches))
        _write(programme, participant, identity, marks)
    return matches


def open_identity(programme: str, participant: str, purpose: str, by: Person) -> Identity | None:
    """Who ``participant`` is, for a purpose that is written down first.

    Raises
    ------
    Refused
        If the role has no business with names, or no purpose is given.
    """
    if by.role not in READERS:
        raise Refused(f"a {by.role} works with participant numbers; names are not shown")
    if not purpose.strip():
        raise Refused("say what the name is needed for", "purpose")
    append_next(
        f"identity:{programme}",
        (IdentityOpened(participant, purpose.strip()),),
        occurred_at=clock.now(),
        author=by.name,
        role=by.role,
    )
    return _read(programme, participant)


def contact(programme: str, participant: str) -> Contact | None:
    """How to reach ``participant``; None when nothing is known."""
    known = _read(programme, participant)
    if known is None:
        return None
    return Contact(known.email, known.phone, known.country, known.language, known.time_zone)


def erase(programme: str, participant: str, ground: str, by: Person) -> None:
    """Destroy the person's key, ciphertext and likenesses, and write down that it was done.

    Raises
    ------
    Refused
        If nothing is kept, no ground is given, or the role may not.
    """
    with transaction.atomic(), at_desk(programme, participant, by) as desk:
        desk.execute(EraseIdentity(clock.now(), ground))
        forget(programme, participant)


def under_another_seal(
    programme: str, participants: Collection[str], key: bytes
) -> Iterator[tuple[str, str, str]]:
    """Participant, sealed key and ciphertext of each identity, for a site whose seal is ``key``."""
    for row in IdentityRow.objects.filter(programme=programme).order_by("participant"):
        if row.participant in participants:
            own = seal.unwrap(row.sealed_key.encode())
            yield row.participant, Fernet(key).encrypt(own).decode(), row.ciphertext


def adopt(
    programme: str, participant: str, sealed_key: str, ciphertext: str, key: bytes
) -> tuple[Match, ...]:
    """Keep an identity that lay under the seal ``key`` as if it had been kept here.

    Returns who else it may be, as ``keep`` does. Nothing is written to the record.
    """
    own = Fernet(key).decrypt(sealed_key.encode())
    identity = _IDENTITY.validate_json(Fernet(own).decrypt(ciphertext.encode()))
    marks = _marks(identity)
    _put(programme, participant, seal.wrap(own).decode(), ciphertext, marks)
    return _matches(programme, participant, marks)


def forget(programme: str, participant: str) -> None:
    """Destroy what is kept of a person whose erasure stands in the record already."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # or the bytes would stay in the file's free pages
            cursor.execute("PRAGMA secure_delete=ON")
    where = {"programme": programme, "participant": participant}
    IdentityMark.objects.filter(**where).delete()
    IdentityRow.objects.filter(**where).delete()


def _read(programme: str, participant: str) -> Identity | None:
    row = IdentityRow.objects.filter(programme=programme, participant=participant).first()
    if row is None:
        return None
    own = Fernet(seal.unwrap(row.sealed_key.encode()))
    return _IDENTITY.validate_json(own.decrypt(row.ciphertext.encode()))


def _write(programme: str, participant: str, identity: Identity, marks: dict[str, str]) -> None:
    key = Fernet.generate_key()
    ciphertext = Fernet(key).encrypt(_IDENTITY.dump_json(identity)).decode()
    _put(programme, participant, seal.wrap(key).decode(), ciphertext, marks)


def _put(
    programme: str, participant: str, sealed_key: str, ciphertext: str, marks: Collection[str]
) -> None:
    where: dict[str, Any] = {"programme": programme, "participant": participant}
    kept = {"sealed_key": sealed_key, "ciphertext": ciphertext}
    IdentityRow.objects.update_or_create(**where, defaults=kept)
    IdentityMark.objects.filter(**where).delete()
    IdentityMark.objects.bulk_create(IdentityMark(mark=mark, **where) for mark in marks)


def _marks(identity: Identity) -> dict[str, str]:
    """Keyed hash of each likeness, with how close it is."""
    found = likenesses(identity.given_name, identity.family_name, identity.born_on)
    return {seal.keyed_hash("likeness", each.text): each.kind for each in found}


def _matches(programme: str, participant: str, marks: dict[str, str]) -> tuple[Match, ...]:
    kinds: dict[tuple[str, str], str] = {}
    for row in IdentityMark.objects.filter(mark__in=list(marks)):
        other = (row.programme, row.participant)
        if other != (programme, participant) and kinds.get(other) != "same":
            kinds[other] = marks[row.mark]
    return tuple(
        Match(*other, "same" if kind == "same" else "close")
        for other, kind in sorted(kinds.items())
    )
