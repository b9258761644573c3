"""Rows rebuilt from the record alone: the proof that nothing lives only in a list."""

from collections.abc import Callable, Iterator
from hashlib import sha256

from django.db import connection, models, transaction

from sojourn import course as courses
from sojourn.ledger import confidential, programmes, projections, watching
from sojourn.ledger.read import read_stream, streams
from sojourn.ledger.registry import kinds
from sojourn.ledger.rows import ConfidentialRow, SafetyCount, StatusCount

TABLES: tuple[type[models.Model], ...] = (
    *projections.TABLES,
    *watching.TABLES,
    ConfidentialRow,
    StatusCount,
    SafetyCount,
)

Progress = Callable[[int, int], None]


def rebuild(progress: Progress | None = None) -> int:
    """Empty every projected table and fill it from the entries; returns how many courses."""
    names = tuple(streams("course:"))
    with transaction.atomic():
        for table in TABLES:
            table._default_manager.all().delete()
        for done, stream in enumerate(names, start=1):
            _, programme, _ = stream.split(":", 2)
            entries = read_stream(stream)
            course = courses.fold(entries, kinds().read)
            whole = programmes.load(programme)
            projections.write({}, programmes.lists_of(whole, stream, course, entries))
            if progress:
                progress(done, len(names))
        watching.rebuild()
        for stream in tuple(streams(confidential.PREFIX)):
            confidential.project(stream.removeprefix(confidential.PREFIX), read_stream(stream))
    return len(names)


def fingerprint() -> str:
    """SHA-256 over every projected row in key order: equal rows, equal fingerprint."""
    digest = sha256()
    for line in _lines():
        digest.update(line.encode())
    return digest.hexdigest()


def _lines() -> Iterator[str]:
    with connection.cursor() as cursor:
        for table in TABLES:
            names = projections.columns(table)
            cursor.execute(
                f"SELECT {', '.join(names)} FROM {table._meta.db_table} ORDER BY "
                + ", ".join(names[: projections.key_width(table)])
            )
            for row in cursor.fetchall():
                yield f"{table._meta.db_table}{row!r}\n"
