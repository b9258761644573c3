"""A record made once and put back for the tests that follow, row by row, instead of made anew."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.management.color import no_style
from django.db import connection, transaction

# A demonstration older than this is made anew: its session goes on as time does.
LASTS_S = 90
HEAD = "ledger_head"
Rows = dict[str, Any]  # by table: tuples on SQLite, PostgreSQL's own copy there
Made = TypeVar("Made")
_kept: dict[str, tuple[float, Rows, Any]] = {}


def once(name: str, make: Callable[[], Made], lasts_s: float = LASTS_S) -> Made:
    """What ``make`` gives, with the rows it wrote: made once, then put back into empty tables."""
    kept = _kept.get(name)
    if kept and time.monotonic() - kept[0] < lasts_s:
        put_back(kept[1])
        return kept[2]
    empty = {table for table, rows in every_row().items() if not rows}
    made = make()
    filled = every_row()
    rows = {table: each for table, each in filled.items() if table in empty and each}
    _kept[name] = (time.monotonic(), rows | {HEAD: filled[HEAD]}, made)
    return made


def every_row() -> Rows:
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return {table: _copied_out(cursor, table) for table in tables}
        return {table: cursor.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


def put_back(rows: Rows) -> None:
    """The rows into their tables; the head, which is there, moves to where it stood."""
    with transaction.atomic(), connection.cursor() as cursor:
        position, head = _head(rows[HEAD])
        cursor.execute(f"UPDATE {HEAD} SET position = %s, hash = %s", [position, head])
        for table, each in rows.items():
            if table == HEAD:
                continue
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(each)
            else:
                marks = ", ".join(["%s"] * len(each[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", each)
        _count_on(cursor)


def _copied_out(cursor: Any, table: str) -> bytes:
    with cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(each) for each in copy)


def _head(rows: Any) -> tuple[Any, str]:
    if isinstance(rows, bytes):
        _, position, head = rows.decode().rstrip("\n").split("\t")
        return int(position), head
    [(_, position, head)] = rows
    return position, head


def _count_on(cursor: Any) -> None:
    """Let the numbers the database gives follow those put back."""
    from django.apps import apps

    for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
        cursor.execute(statement)
