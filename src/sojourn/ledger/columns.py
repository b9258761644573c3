"""Between a stored row and an entry: one place, so that writer and reader agree."""

from datetime import UTC, date, datetime
from typing import Any

from sojourn.ledger import clock
from sojourn.record.entry import Entry, Fact
from sojourn.record.hashing import COLUMNS, time_of
from sojourn.record.kinds import Kinds

STORED = ", ".join((*COLUMNS, "hash"))


def entry_of(row: tuple[Any, ...], kinds: Kinds) -> Entry:
    """The entry that a row of the ``STORED`` columns holds.

    Raises
    ------
    sojourn.record.kinds.UnreadableEntry
        If this version does not know the kind, or the data does not fit it.
    """
    return entry_with(row, kinds.read(row[3], row[4], row[5]))


def entry_with(row: tuple[Any, ...], fact: Fact) -> Entry:
    """The entry of a row of the ``STORED`` columns whose fact is at hand."""
    return Entry(
        stream=row[1],
        sequence=row[2],
        fact=fact,
        occurred_at=clock.here(time_of(row[6])),
        recorded_at=clock.here(time_of(row[7])),
        author=row[8],
        role=row[9],
        reason=row[10],
        signature=row[11],
        position=row[0],
        command=row[12],
        hash=row[14],
    )


def day_of(moment: datetime | None) -> str | None:
    """The day of ``moment`` as a list keeps it."""
    return moment.date().isoformat() if moment else None


def iso(value: date | datetime | None) -> str | None:
    """A day or moment as a list keeps it: text, which both databases keep alike."""
    # A driver's own adapters differ.
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return None if value is None else str(value)
