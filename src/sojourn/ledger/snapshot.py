"""The stored rows as they stand at one moment, whoever writes meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction

from sojourn.ledger.columns import STORED

BATCH = 2000


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


def stored_rows(columns: str = STORED, after: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
    """The rows after position ``after`` in order, in batches; ``columns`` begin with position.

    Bytes that are no text are read too, as surrogates: someone put them there.
    """
    try:
        for rows in _batches(columns, after):
            yield rows
            after = rows[-1][0]
    except OperationalError as error:
        if "decode" not in str(error):
            raise
        raw = connection.connection
        before = raw.text_factory
        raw.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        try:
            yield from _batches(columns, after)
        finally:
            raw.text_factory = before


def _batches(columns: str, after: int | None) -> Iterator[list[tuple[Any, ...]]]:
    where = "" if after is None else "WHERE position > %s "
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM ledger_entry {where}ORDER BY position",
            () if after is None else (after,),
        )
        while rows := cursor.fetchmany(BATCH):
            yield rows
