"""Reading the record: one stream, as it is or as it was known, or all of it in order."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from sojourn.ledger.columns import STORED, entry_of
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry
from sojourn.record.hashing import time_of, time_text
from sojourn.record.kinds import canonical

_LAST_CHARACTER = "\U0010ffff"


def read_stream(
    stream: str,
    *,
    as_of: datetime | None = None,
    until: int | None = None,
    since: int = 0,
    about: str = "",
) -> tuple[Entry, ...]:
    """The entries of ``stream`` in order; none if there is no such stream.

    ``as_of`` leaves out what was recorded after that moment, ``until`` what
    comes after that sequence, ``since`` what comes before that one, ``about`` most of what
    does not hold that text as a value.

    Raises
    ------
    sojourn.record.kinds.UnreadableEntry
        If an entry was written by a newer version.
    """
    where, values = ["stream = %s"], [stream]
    if as_of is not None:
        where.append("recorded_at <= %s")
        values.append(time_text(as_of))
    if until is not None:
        where.append("sequence <= %s")
        values.append(until)  # type: ignore[arg-type]
    if since:
        where.append("sequence >= %s")
        values.append(since)  # type: ignore[arg-type]
    if about:
        # A sign that LIKE takes for more than itself lets in more, and leaves nothing out.
        where.append("data LIKE %s")
        values.append(f"%:{canonical(about)}%".replace("\\", "_"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {STORED} FROM ledger_entry WHERE {' AND '.join(where)} ORDER BY sequence",
            values,
        )
        rows = cursor.fetchall()
    known = kinds()
    return tuple(entry_of(row, known) for row in rows)


def last_hash(stream: str) -> str | None:
    """Hash of the last entry of ``stream``, which stands for its whole history; None if empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hash FROM ledger_entry WHERE stream = %s ORDER BY sequence DESC LIMIT 1",
            [stream],
        )
        row = cursor.fetchone()
    return str(row[0]) if row else None


def version(stream: str) -> int:
    """The sequence of the stream's last entry; 0 if there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(sequence) FROM ledger_entry WHERE stream = %s", (stream,))
        return int(cursor.fetchone()[0] or 0)


def has_entry(stream: str, kind: str, author: str) -> bool:
    """Whether ``stream`` holds an entry of that kind by that author."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM ledger_entry WHERE stream = %s AND kind = %s AND author = %s LIMIT 1",
            (stream, kind, author),
        )
        return cursor.fetchone() is not None


def written_by(stream: str, command: str) -> tuple[Entry, ...]:
    """The entries that a command with this idempotency key wrote to ``stream``; none if none."""
    if not command:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {STORED} FROM ledger_entry "
            "WHERE command = %s AND command > '' AND stream = %s ORDER BY position",
            (command, stream),
        )
        rows = cursor.fetchall()
    known = kinds()
    return tuple(entry_of(row, known) for row in rows)


def under_key(command: str) -> tuple[Entry, ...]:
    """The entries that a command with this idempotency key wrote to any stream; none if none."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {STORED} FROM ledger_entry "
            "WHERE command = %s AND command > '' ORDER BY position",
            (command,),
        )
        rows = cursor.fetchall()
    known = kinds()
    return tuple(entry_of(row, known) for row in rows)


def streams(prefix: str = "") -> Iterator[str]:
    """The names of all streams that begin with ``prefix``, in the order of their bytes."""
    # SQLite would walk every entry's key unless told of the index of first entries.
    hint = "INDEXED BY ledger_entry_first " if connection.vendor == "sqlite" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT stream FROM ledger_entry {hint}"
            "WHERE sequence = 1 AND stream >= %s AND stream < %s ORDER BY stream",
            (prefix, prefix + _LAST_CHARACTER),
        )
        names = cursor.fetchall()
    return (name for (name,) in names)


def last_of(prefixes: Sequence[str], as_of: datetime | None = None) -> tuple[int, datetime] | None:
    """Position and time of the last entry in streams that begin with one of ``prefixes``.

    None if there is none by ``as_of``.
    """
    within = " OR ".join("(stream >= %s AND stream < %s)" for _ in prefixes)
    values = [each for prefix in prefixes for each in (prefix, prefix + _LAST_CHARACTER)]
    by = " AND recorded_at <= %s" if as_of else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT position, recorded_at FROM ledger_entry WHERE ({within}){by} "
            "ORDER BY position DESC LIMIT 1",
            [*values, *([time_text(as_of)] if as_of else [])],
        )
        row = cursor.fetchone()
    return (int(row[0]), time_of(row[1])) if row else None


def stored_at(positions: Sequence[int]) -> tuple[tuple[Any, ...], ...]:
    """The rows of the ``STORED`` columns at these positions, as they lie in the database."""
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(positions), 500):
            part = list(positions[start : start + 500])
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(
                f"SELECT {STORED} FROM ledger_entry WHERE position IN ({marks}) ORDER BY position",
                part,
            )
            found += cursor.fetchall()
    return tuple(found)


def rows_of(stream: str) -> list[tuple[Any, ...]]:
    """The rows of the ``STORED`` columns of one stream, as they lie in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {STORED} FROM ledger_entry WHERE stream = %s ORDER BY sequence", (stream,)
        )
        return list(cursor.fetchall())


def read_all(after: int = 0, batch: int = 2000) -> Iterator[Entry]:
    """Every entry after position ``after`` in order, ``batch`` at a time.

    Entries written while reading are read too.
    """
    known = kinds()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {STORED} FROM ledger_entry WHERE position > %s ORDER BY position LIMIT %s",
                (after, batch),
            )
            rows = cursor.fetchall()
        if not rows:
            return
        for row in rows:
            yield entry_of(row, known)
        after = rows[-1][0]
