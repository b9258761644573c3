"""The only code that adds entries to the record.

Writers take turns at the one head row, so that the order of positions is the
order of commits and a reader never skips an entry.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from sojourn.ledger import clock, leases
from sojourn.ledger.columns import STORED, entry_with
from sojourn.ledger.read import version, written_by
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry, Fact
from sojourn.record.hashing import (
    BEFORE_THE_FIRST,
    hash_of,
    refuse_control_characters,
    time_text,
)

_HEAD = "SELECT position FROM ledger_head WHERE id = 1"
_TAIL = (
    "SELECT sequence, hash, recorded_at, stream FROM ledger_entry "
    "WHERE stream = %s ORDER BY sequence DESC LIMIT 1"
)
# With the tail of what is out of the programme, so that asking costs no statement of its own.
_TAILS = f"SELECT * FROM ({_TAIL}) AS own UNION ALL SELECT * FROM ({_TAIL}) AS away"
_ADD = f"INSERT INTO ledger_entry ({STORED}) VALUES ({', '.join(['%s'] * 15)})"
_MOVE = "UPDATE ledger_head SET position = %s, hash = %s WHERE id = 1"


class StaleVersion(Exception):
    """Someone wrote to the stream first. Nothing was written; read it again and decide again."""

    def __init__(self, stream: str, expected: int, found: int) -> None:
        super().__init__(
            f"{stream} was at entry {expected} when this was decided and is now at {found}; "
            "look at what was added and decide again"
        )
        self.stream = stream
        self.expected = expected
        self.found = found


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
    """Add ``facts`` to ``stream``, all or none, and return them as entries.

    ``expected`` is the sequence of the stream's last entry when the facts were
    decided, 0 for a new stream. ``command`` is the idempotency key: where the
    stream already holds entries under it, those are returned, with a sequence
    of at most ``expected`` unless a twin wrote them just now, and nothing is
    written. An entry is never recorded earlier than the one before it in its
    stream: where the clock stepped back, the earlier entry's time stands. Line
    breaks and runs of spaces in ``reason`` become one space.

    Opens a transaction when there is none. The entries are kept once the
    outermost transaction commits.

    Raises
    ------
    StaleVersion
        If the stream is no longer at ``expected``.
    sojourn.record.command.Refused
        If another record writes to the stream: a site took it offline.
    ValueError
        If a text holds a control character, a time has no zone, the author is
        missing, or a fact is of no kind the record knows.
    """
    reason = " ".join(reason.split())
    refuse_control_characters(
        stream=stream, author=author, role=role, reason=reason, signature=signature, command=command
    )
    if not stream or not author:
        raise ValueError("an entry needs a stream and an author; give both")
    texts = [kinds().write(fact) for fact in facts]
    shared = (author, role, reason, signature, command)
    if connection.in_atomic_block:
        return _append(stream, facts, texts, expected, occurred_at, recorded_at, shared)
    with transaction.atomic():
        return _append(stream, facts, texts, expected, occurred_at, recorded_at, shared)


def append_next(
    stream: str,
    facts: Sequence[Fact],
    *,
    occurred_at: datetime,
    author: str,
    role: str,
    reason: str = "",
) -> tuple[Entry, ...]:
    """Add ``facts`` wherever ``stream`` has come to: for what follows from no earlier entry."""
    with transaction.atomic():
        take_turn()
        return append(
            stream,
            facts,
            expected=version(stream),
            occurred_at=occurred_at,
            author=author,
            role=role,
            reason=reason,
        )


def append_carried(
    rows: Sequence[tuple[Any, ...]], *, recorded_at: datetime | None = None
) -> list[tuple[Any, ...]]:
    """Add entries of another record behind the last of this one, and return them as rows here.

    ``rows`` are of the ``STORED`` columns, in their order there. What was said, by whom, when
    it happened and under which key stays; position, sequence and chain are this record's.
    ``recorded_at`` is when they are recorded here; without it they keep their own time, for a
    record that begins with them. Must run within a transaction.
    """
    tails: dict[str, tuple[int, str, str]] = {}
    added: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        position = _take_turn(cursor)
        for row in rows:
            stream = row[1]
            if stream not in tails:
                cursor.execute(_TAIL, (stream,))
                tails[stream] = (cursor.fetchone() or (0, BEFORE_THE_FIRST, ""))[:3]
            sequence, previous, latest = tails[stream]
            position += 1
            kept = max(time_text(recorded_at) if recorded_at else row[7], latest)
            columns = (position, stream, sequence + 1, *row[3:7], kept, *row[8:13], previous)
            tails[stream] = (sequence + 1, hash_of(*columns), kept)
            added.append((*columns, tails[stream][1]))
        if added:
            cursor.executemany(_ADD, added)
            cursor.execute(_MOVE, (position, added[-1][14]))
    return added


def take_turn() -> int:
    """Wait until no other writer is writing, and return the record's last position.

    The turn lasts until the transaction ends. What is read after it cannot be
    stale when it is appended.
    """
    with connection.cursor() as cursor:
        return _take_turn(cursor)


def _take_turn(cursor: CursorWrapper) -> int:
    # SQLite takes its one write lock when the transaction begins (see the settings).
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    cursor.execute(_HEAD + lock)
    return int(cursor.fetchone()[0])


def _append(
    stream: str,
    facts: Sequence[Fact],
    texts: Sequence[tuple[str, int, str]],
    expected: int,
    occurred_at: datetime,
    recorded_at: datetime | None,
    shared: tuple[str, str, str, str, str],
) -> tuple[Entry, ...]:
    command = shared[-1]
    with connection.cursor() as cursor:
        position = _take_turn(cursor)
        if command and (written := written_by(stream, command)):
            return written
        away = leases.stream_beside(stream)
        cursor.execute(_TAILS, (stream, away))
        tails = {row[3]: row[:3] for row in cursor.fetchall()}
        found, previous, latest = tails.get(stream, (0, BEFORE_THE_FIRST, ""))
        if away in tails:
            leases.refuse_elsewhere(stream, tails[away][1])
        if found != expected:
            raise StaleVersion(stream, expected, found)
        if not facts:
            return ()
        happened = time_text(occurred_at)
        kept = max(time_text(recorded_at or clock.now()), latest)
        rows: list[tuple[Any, ...]] = []
        for step, (kind, schema, data) in enumerate(texts, start=1):
            columns = (
                position + step,
                stream,
                expected + step,
                kind,
                schema,
                data,
                happened,
                kept,
                *shared,
                previous,
            )
            previous = hash_of(*columns)
            rows.append((*columns, previous))
        if len(rows) == 1:
            cursor.execute(_ADD, rows[0])
        else:
            cursor.executemany(_ADD, rows)
        cursor.execute(_MOVE, (position + len(rows), previous))
    return tuple(entry_with(row, fact) for row, fact in zip(rows, facts, strict=True))
