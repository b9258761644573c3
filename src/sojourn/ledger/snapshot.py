"""The stored rows as they stand at one moment, whoever writes meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import (
    DEFAULT_DB_ALIAS,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper

from sojourn.ledger.columns import STORED
from sojourn.record.hashing import COLUMNS

BATCH = 2000
# Longer than two threads take to hand Python over to each other, or neither gains.
JOINED = 8000
BEFORE_ALL, BEHIND_ALL = -(2**62), 2**62
_BETWEEN_ROWS = "\x1e"  # no column holds it: the writer refuses it, and JSON escapes it


@contextmanager
def snapshot() -> Iterator[None]:
    """Let everything read inside be of one moment, and hold up no writer."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            # Not atomic(): that would take the write lock for as long as we read.
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield


def stored_rows(
    columns: str = STORED, *, after: int = BEFORE_ALL, upto: int = BEHIND_ALL
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows at positions after ``after`` and up to ``upto`` in order, in batches.

    ``columns`` begin with the position. Bytes that are no text are read too, as
    surrogates: someone put them there.
    """
    try:
        for rows in _batches(columns, after, upto):
            yield rows
            after = rows[-1][0]
    except OperationalError as error:
        if "decode" not in str(error):
            raise
        raw = connection.connection
        before = raw.text_factory
        raw.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        try:
            yield from _batches(columns, after, upto)
        finally:
            raw.text_factory = before


def joined_rows() -> Iterator[tuple[int, list[str]]]:
    """Each batch's last position and its rows, each the hashed text, a line break and the hash.

    The database joins the columns, and reads the next batch while the caller
    works on this one. A batch whose rows can't be told apart, because a column
    holds what no writer wrote, comes without rows: read it with ``stored_rows``.
    """
    shared = connections[DEFAULT_DB_ALIAS]
    shared.inc_thread_sharing()
    try:
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(_joined_batch, shared, BEFORE_ALL)
            while batch := coming.result():
                coming = reader.submit(_joined_batch, shared, batch[0])
                yield batch
    finally:
        shared.dec_thread_sharing()


def _joined_batch(shared: BaseDatabaseWrapper, after: int) -> tuple[int, list[str]] | None:
    line = " || '\n' || ".join((*COLUMNS, "hash"))
    if shared.vendor == "sqlite":
        lines = f"CAST(group_concat(line, '{_BETWEEN_ROWS}') AS BLOB)"
    else:
        lines = f"string_agg(line, '{_BETWEEN_ROWS}')"
    with shared.cursor() as cursor:
        cursor.execute(
            f"SELECT MAX(position), COUNT(*), {lines} FROM (SELECT position, {line} AS line "
            "FROM ledger_entry WHERE position > %s ORDER BY position LIMIT %s) AS batch",
            (after, JOINED),
        )
        upto, count, text = cursor.fetchone()
    if not count:
        return None
    try:
        rows = (text.decode() if isinstance(text, bytes) else text or "").split(_BETWEEN_ROWS)
    except UnicodeDecodeError:
        rows = []
    return upto, rows if len(rows) == count else []


def _batches(columns: str, after: int, upto: int) -> Iterator[list[tuple[Any, ...]]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM ledger_entry WHERE position > %s AND position <= %s "
            "ORDER BY position",
            (after, upto),
        )
        while rows := cursor.fetchmany(BATCH):
            yield rows
