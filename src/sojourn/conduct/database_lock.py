"""The lock of a programme's database: every course locked, no query open, signed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import DatabaseLock, Programme
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class LockDatabase:
    name: ClassVar[str] = "programme.lock-database"
    title: ClassVar[str] = "Lock the database"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)
    signed: ClassVar[str] = "Every course is locked and every query closed; I lock the database."

    at: Annotated[datetime, Ask("Locked at")]
    reason: Annotated[str, Ask("On what grounds", lines=2)]


@dataclass(frozen=True, slots=True)
class UnlockDatabase:
    name: ClassVar[str] = "programme.unlock-database"
    title: ClassVar[str] = "Unlock the database"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)
    signed: ClassVar[str] = "I unlock the database for the reason given."

    at: Annotated[datetime, Ask("Unlocked at")]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class DatabaseLocked:
    kind: ClassVar[str] = "programme.database-locked"
    schema: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class DatabaseUnlocked:
    kind: ClassVar[str] = "programme.database-unlocked"
    schema: ClassVar[int] = 1
    reason: str


def lock(programme: Programme, command: LockDatabase, protocol: Protocol) -> tuple[Fact, ...]:
    if programme.database_lock:
        raise Refused(f"the database is locked already, by {programme.database_lock.by}")
    return (DatabaseLocked(command.reason.strip()),)


def unlock(programme: Programme, command: UnlockDatabase, protocol: Protocol) -> tuple[Fact, ...]:
    if programme.database_lock is None:
        raise Refused("the database is not locked")
    return (DatabaseUnlocked(command.reason.strip()),)


def before_locking(participants: int, locked: int, open_queries: int) -> None:
    """Refuse a lock while a course is not locked or a query is not closed.

    Raises
    ------
    Refused
        With the counts.
    """
    if not participants:
        raise Refused("nobody is registered; there is nothing to lock")
    if locked < participants:
        raise Refused(f"{locked} of {participants} participants are locked; lock the others first")
    if open_queries:
        raise Refused(f"{open_queries} queries are not closed; close them first")


def locked(programme: Programme, fact: DatabaseLocked, entry: Entry) -> Programme:
    made = DatabaseLock(entry.recorded_at, entry.author, entry.position, fact.reason)
    return replace(programme, database_lock=made)


def unlocked(programme: Programme, fact: DatabaseUnlocked, entry: Entry) -> Programme:
    return replace(programme, database_lock=None)


DECIDE: Mapping[type, Any] = {LockDatabase: lock, UnlockDatabase: unlock}
EVOLVE: Mapping[type, Any] = {DatabaseLocked: locked, DatabaseUnlocked: unlocked}
