"""The one way into the record: append at an expected sequence, under one lock.

Every writer takes the head row in turn, so positions are gap-free and in the
order of commit, and no reader passes an entry by.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from sojourn.ledger import clock
from sojourn.ledger.read import COLUMNS, entry_of
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry, Fact
from sojourn.record.hashing import (
    BEFORE_THE_FIRST,
    hash_of,
    refuse_control_characters,
    time_text,
)

_HEAD = "SELECT position FROM ledger_head WHERE id = 1"
_LAST = "SELECT sequence, hash FROM ledger_entry WHERE stream = %s ORDER BY sequence DESC LIMIT 1"
_AGAIN = (
    f"SELECT {COLUMNS} FROM ledger_entry WHERE command = %s AND command <> '' ORDER BY position"
)
_INSERT = f"INSERT INTO ledger_entry ({COLUMNS}) VALUES ({', '.join(['%s'] * 15)})"
_MOVE = "UPDATE ledger_head SET position = %s, hash = %s WHERE id = 1"


class StaleVersion(Exception):
    """A colleague wrote to this stream first; nothing was written."""

    def __init__(self, stream: str, expected: int, found: int) -> None:
        super().__init__(
            f"{stream} is at entry {found}, not {expected}: read it again, then decide"
        )
        self.stream, self.expected, self.found = stream, expected, found


def append(
    stream: str,
    facts: Sequence[Fact],
    *,
    expected: int,
    occurred_at: datetime,
    author: str,
    role: str,
    recorded_at: datetime | None = None,
    command: str = "",
    reason: str = "",
    signature: str = "",
) -> tuple[Entry, ...]:
    """Write ``facts`` to ``stream`` after its entry ``expected``; all of them or none.

    A ``command`` key that was written before writes nothing again: the entries
    it led to then are returned.

    Raises
    ------
    StaleVersion
        If the stream is not at ``expected``.
    ValueError
        If a text column holds a control character.
    """
    reason = " ".join(reason.split())
    refuse_control_characters(
        stream=stream, author=author, role=role, reason=reason, signature=signature, command=command
    )
    happened = time_text(occurred_at)
    written_at = time_text(recorded_at or clock.now())
    with transaction.atomic(), connection.cursor() as cursor:
        position = _lock(cursor)
        if command and (again := _written(cursor, command)):
            return again
        cursor.execute(_LAST, [stream])
        sequence, previous = cursor.fetchone() or (0, BEFORE_THE_FIRST)
        if sequence != expected:
            raise StaleVersion(stream, expected, sequence)
        rows = []
        for fact in facts:
            position, sequence = position + 1, sequence + 1
            row = (
                position,
                stream,
                sequence,
                *kinds().write(fact),
                happened,
                written_at,
                author,
                role,
                reason,
                signature,
                command,
                previous,
            )
            previous = hash_of(*row)
            rows.append((*row, previous))
        if not rows:
            return ()
        if len(rows) == 1:
            cursor.execute(_INSERT, rows[0])
        else:
            cursor.executemany(_INSERT, rows)
        cursor.execute(_MOVE, [position, previous])
    return tuple(entry_of(row, fact) for row, fact in zip(rows, facts, strict=True))


def _lock(cursor: Any) -> int:
    # SQLite took its write lock when the transaction began (transaction_mode IMMEDIATE).
    cursor.execute(_HEAD + (" FOR UPDATE" if connection.vendor == "postgresql" else ""))
    head = cursor.fetchone()
    if head is None:
        raise RuntimeError("the head row of the record is missing; run `sojourn verify`")
    return int(head[0])


def _written(cursor: Any, command: str) -> tuple[Entry, ...]:
    cursor.execute(_AGAIN, [command])
    return tuple(entry_of(row) for row in cursor.fetchall())
