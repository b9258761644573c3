"""Freeze and lock: when the data of a course no longer change, and what enters all the same.

Frozen, a course takes corrections that a query asks for and nothing new. Locked, it takes nothing
until it is unlocked, with a reason and a signature. What concerns safety or a person's rights is
never refused by either: an adverse event, an alert, a report, a withdrawal of consent
(``course.UNDER_A_LOCK``). It stands in the record after the lock, for everyone to see.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import queries
from sojourn.course.circumstances import Circumstances
from sojourn.course.quality_state import Hold
from sojourn.course.state import Course, changed
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

HOLDING = ("monitor", "sponsor")
# A wrong report of harm is put right whatever was locked.
CORRECTED_UNDER_A_LOCK = frozenset({"safety.adverse-event-recorded"})


@dataclass(frozen=True, slots=True)
class FreezeData:
    name: ClassVar[str] = "quality.freeze"
    title: ClassVar[str] = "Freeze the data"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = HOLDING

    at: Annotated[datetime, Ask("Frozen at")]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class UnfreezeData:
    name: ClassVar[str] = "quality.unfreeze"
    title: ClassVar[str] = "Unfreeze the data"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = HOLDING

    at: Annotated[datetime, Ask("Unfrozen at")]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class LockData:
    name: ClassVar[str] = "quality.lock"
    title: ClassVar[str] = "Lock the data"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = HOLDING
    signed: ClassVar[str] = "The data of this participant are complete and checked; I lock them."

    at: Annotated[datetime, Ask("Locked at")]
    reason: Annotated[str, Ask("On what grounds", lines=2)]


@dataclass(frozen=True, slots=True)
class UnlockData:
    name: ClassVar[str] = "quality.unlock"
    title: ClassVar[str] = "Unlock the data"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)
    signed: ClassVar[str] = "I unlock the data of this participant for the reason given."

    at: Annotated[datetime, Ask("Unlocked at")]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class DataFrozen:
    kind: ClassVar[str] = "quality.data-frozen"
    schema: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class DataUnfrozen:
    kind: ClassVar[str] = "quality.data-unfrozen"
    schema: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class DataLocked:
    kind: ClassVar[str] = "quality.data-locked"
    schema: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class DataUnlocked:
    kind: ClassVar[str] = "quality.data-unlocked"
    schema: ClassVar[int] = 1
    reason: str


def state(course: Course) -> str:
    """'frozen', 'locked' or empty."""
    return course.hold.state if course.hold else ""


def refuse(
    course: Course, command: Any, under_a_lock: tuple[type, ...], while_frozen: tuple[type, ...]
) -> None:
    """Refuse what a freeze or a lock keeps out; the two tuples name what each lets in.

    Raises
    ------
    Refused
        Naming since when, and what would let it in.
    """
    hold = course.hold
    if hold is None or isinstance(command, under_a_lock):
        return
    if hold.state == "frozen":
        if isinstance(command, while_frozen):
            return
        raise Refused(
            f"the data are frozen since {hold.at:%Y-%m-%d}: only corrections that a query asks for "
            "are taken; unfreeze them for anything new"
        )
    raise Refused(f"the data are locked since {hold.at:%Y-%m-%d}; unlock them first")


def refuse_correction(course: Course, wrong: Entry) -> None:
    """Refuse a correction under a lock, or one under a freeze that no query asks for.

    Raises
    ------
    Refused
        Naming since when, and what would let it in.
    """
    hold = course.hold
    if hold is None or wrong.fact.kind in CORRECTED_UNDER_A_LOCK:
        return
    if hold.state == "locked":
        raise Refused(f"the data are locked since {hold.at:%Y-%m-%d}; unlock them first")
    if not any(each.entry == wrong.sequence for each in queries.unsettled(course)):
        raise Refused(
            f"the data are frozen since {hold.at:%Y-%m-%d} and no query asks about entry "
            f"{wrong.sequence}; open one first"
        )


def freeze(course: Course, command: FreezeData, circumstances: Circumstances) -> tuple[Fact, ...]:
    if course.hold:
        raise Refused(f"the data are {course.hold.state} already, by {course.hold.by}")
    if course.ended is None:
        raise Refused("the course goes on; its data are frozen once it has ended")
    return (DataFrozen(command.reason.strip()),)


def unfreeze(
    course: Course, command: UnfreezeData, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if state(course) != "frozen":
        raise Refused("the data are not frozen")
    return (DataUnfrozen(command.reason.strip()),)


def lock(course: Course, command: LockData, circumstances: Circumstances) -> tuple[Fact, ...]:
    if state(course) != "frozen":
        raise Refused("freeze the data first; what is locked was frozen and looked through")
    if waiting := queries.unsettled(course):
        keys = ", ".join(each.key for each in waiting)
        raise Refused(f"{keys} not closed; close every query before the lock")
    return (DataLocked(command.reason.strip()),)


def unlock(course: Course, command: UnlockData, circumstances: Circumstances) -> tuple[Fact, ...]:
    if state(course) != "locked":
        raise Refused("the data are not locked")
    if circumstances.clearance.database_locked:
        raise Refused("the programme's database is locked; unlock the database first")
    return (DataUnlocked(command.reason.strip()),)


def frozen(course: Course, fact: DataFrozen, entry: Entry) -> Course:
    return changed(course, hold=Hold("frozen", entry.occurred_at, entry.author, fact.reason))


def locked(course: Course, fact: DataLocked, entry: Entry) -> Course:
    return changed(course, hold=Hold("locked", entry.occurred_at, entry.author, fact.reason))


def released(course: Course, fact: DataUnfrozen | DataUnlocked, entry: Entry) -> Course:
    return changed(course, hold=None)


DECIDE: Mapping[type, Any] = {
    FreezeData: freeze,
    UnfreezeData: unfreeze,
    LockData: lock,
    UnlockData: unlock,
}
EVOLVE: Mapping[type, Any] = {
    DataFrozen: frozen,
    DataUnfrozen: released,
    DataLocked: locked,
    DataUnlocked: released,
}
