"""What a copy of the record must hold: every table that can't be made anew from the entries.

A new table is copied unless it is named here as one that is not.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from sojourn.ledger.models import Checkpoint, EntryRow, Head
from sojourn.ledger.rebuild import TABLES as REBUILT
from sojourn.ledger.snapshot import BATCH

# Sessions end with the server, counts with their window; the others the program fills itself.
PASSING = frozenset(
    {
        "sessions.Session",
        "clinic.RequestCount",
        "contenttypes.ContentType",
        "auth.Permission",
        "auth.Group_permissions",
        "clinic.Member_user_permissions",
    }
)
Table = type[models.Model]
Row = list[Any]


def tables() -> tuple[Table, ...]:
    """The tables to copy beside the record itself, each after those it points to."""
    left = [
        table
        for table in apps.get_models(include_auto_created=True)
        if table not in (EntryRow, Head, Checkpoint, *REBUILT)
        and table._meta.label not in PASSING
        and table._meta.managed
    ]
    ordered: list[Table] = []
    while left:
        ready = [each for each in left if not (_points_to(each) & (set(left) - {each}))]
        ordered += sorted(ready, key=lambda each: each._meta.label)
        left = [each for each in left if each not in ready]
    return tuple(ordered)


def rows(table: Table, **where: Any) -> Iterator[Row]:
    """Every row in the order of its key, as values JSON can hold, the same on both databases."""
    found = table._default_manager.filter(**where).order_by("pk")
    for row in found.values_list(*columns(table)).iterator(BATCH):
        yield list(row)


def fill(table: Table, found: Iterable[Row]) -> int:
    """Put rows that ``rows`` gave into an empty table, as they were; returns how many."""
    fields = _fields(table)
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {table._meta.db_table} ({names}) VALUES ({marks})"
    count = 0
    with connection.cursor() as cursor:
        for batch in in_batches(found):
            cursor.executemany(
                statement,
                [
                    [
                        field.get_db_prep_save(field.to_python(value), connection)
                        for field, value in zip(fields, row, strict=True)
                    ]
                    for row in batch
                ],
            )
            count += len(batch)
        for reset in connection.ops.sequence_reset_sql(no_style(), [table]):
            cursor.execute(reset)
    return count


def in_batches(found: Iterable[Row]) -> Iterator[list[Row]]:
    """What ``found`` gives, in lists of a size a database takes well."""
    rows = iter(found)
    while batch := list(islice(rows, BATCH)):
        yield batch


def columns(table: Table) -> list[str]:
    """The names under which ``rows`` gives a table's values, in its order."""
    return [str(field.attname) for field in _fields(table)]


def line_of(row: Row) -> str:
    """One row as a line of text that says the same whichever database held it."""
    return json.dumps(row, cls=_Exact, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def digest(table: Table, **where: Any) -> str:
    """SHA-256 over a table's rows in the order of their keys: equal rows, equal digest."""
    found = sha256()
    for row in rows(table, **where):
        found.update(line_of(row).encode() + b"\n")
    return found.hexdigest()


class _Exact(DjangoJSONEncoder):
    """JSON that keeps microseconds, which Django's own rounds away, and bytes."""

    def default(self, o: Any) -> Any:
        if isinstance(o, bytes | memoryview):
            raise TypeError("a table with bytes is not copied yet; keep them as text")
        if hasattr(o, "isoformat"):
            return o.isoformat()
        return super().default(o)


def _fields(table: Table) -> list[Any]:
    return [field for field in table._meta.concrete_fields if field.column]


def _points_to(table: Table) -> set[Table]:
    pointed = (field.related_model for field in table._meta.local_fields if field.is_relation)
    return {each for each in pointed if each is not None}
