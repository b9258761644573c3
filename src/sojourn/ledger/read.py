"""Reading the record: a stream, as it stands or as it was known at a moment."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry, Fact
from sojourn.record.hashing import COLUMNS as HASHED
from sojourn.record.hashing import time_of, time_text

COLUMNS = ", ".join((*HASHED, "hash"))


def read_stream(
    stream: str, *, as_of: datetime | None = None, until: int | None = None
) -> tuple[Entry, ...]:
    """The entries of ``stream`` in order.

    ``as_of`` keeps those recorded by that moment; ``until`` those up to that sequence.
    """
    query, values = f"SELECT {COLUMNS} FROM ledger_entry WHERE stream = %s", [stream]
    if as_of is not None:
        query += " AND recorded_at <= %s"
        values.append(time_text(as_of))
    if until is not None:
        query += " AND sequence <= %s"
        values.append(until)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(query + " ORDER BY sequence", values)
        return tuple(entry_of(row) for row in cursor.fetchall())


def version(stream: str) -> int:
    """Sequence of the last entry of ``stream``; 0 when it has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence FROM ledger_entry WHERE stream = %s ORDER BY sequence DESC LIMIT 1",
            [stream],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def streams(prefix: str = "") -> Iterator[str]:
    """Names of the streams that begin with ``prefix``, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stream FROM ledger_entry WHERE sequence = 1 AND stream >= %s AND stream < %s "
            "ORDER BY stream",
            [prefix, prefix + "\uffff"],
        )
        names = [str(row[0]) for row in cursor.fetchall()]
    # A database's own collation may let others in between.
    return (name for name in names if name.startswith(prefix))


def read_all(after: int = 0, batch: int = 2000) -> Iterator[Entry]:
    """Every entry after that position, in order of position."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {COLUMNS} FROM ledger_entry WHERE position > %s "
                "ORDER BY position LIMIT %s",
                [after, batch],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        for row in rows:
            yield entry_of(row)
        after = rows[-1][0]


def entry_of(row: Sequence[Any], fact: Fact | None = None) -> Entry:
    """The entry that a row holds; its fact is read and checked unless given."""
    return Entry(
        position=row[0],
        stream=row[1],
        sequence=row[2],
        fact=fact if fact is not None else kinds().read(row[3], row[4], row[5]),
        occurred_at=time_of(row[6]),
        recorded_at=time_of(row[7]),
        author=row[8],
        role=row[9],
        reason=row[10],
        signature=row[11],
        command=row[12],
        hash=row[14],
    )
