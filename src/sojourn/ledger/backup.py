"""Copies of the record: made while people write, proved equal when they are read back.

A copy holds the entries after a position and every other table whole, as of one moment.
Since entries are only ever added, the next copy needs only what came since, and a record
can be brought back as it stood at any of its moments.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from sojourn.ledger import archive, clock, kept, seal
from sojourn.ledger.archive import BadArchive
from sojourn.ledger.checkpoint import root_at
from sojourn.ledger.columns import STORED
from sojourn.ledger.models import Checkpoint, EntryRow, Head
from sojourn.ledger.rebuild import TABLES as REBUILT
from sojourn.ledger.rebuild import rebuild
from sojourn.ledger.snapshot import snapshot, stored_rows
from sojourn.ledger.verify import verify
from sojourn.record.hashing import time_text

Progress = Callable[[int, int], None]
ADD = f"INSERT INTO ledger_entry ({STORED}) VALUES ({', '.join(['%s'] * 15)})"


@dataclass(frozen=True, slots=True)
class Copied:
    """What one copy holds: entries after ``after`` up to ``size``, whose tree has ``root``.

    ``seal`` tells which sealing key opens its identities and allocations, and tells
    nothing of the key.
    """

    after: int
    size: int
    root: str
    made_at: str
    seal: str


@dataclass(slots=True)
class _Read:
    """What has been read of a row of copies so far."""

    last: Copied | None = None
    reached: int = 0
    hash: str = ""
    digests: dict[str, str] = field(default_factory=dict)


class NotEmpty(ValueError):
    """The record to restore into holds something already."""


def back_up(path: Path, key: bytes, *, after: int = 0, progress: Progress | None = None) -> Copied:
    """Write a copy of the record to ``path``, sealed with ``key``, while others write.

    ``after`` is the size of the copy this one goes on from; 0 copies everything.

    Raises
    ------
    ValueError
        If the record holds fewer entries than ``after``, or has lost one.
    FileExistsError
        If there is a file at ``path``.
    """
    with snapshot():
        size = Head.objects.get().position
        if after > size:
            raise ValueError(
                f"the record holds {size} entries, the copy to go on from {after}: "
                "it is of another record, or entries were lost; run sojourn verify"
            )
        copied = Copied(after, size, root_at(size), time_text(clock.now()), seal.which())
        archive.write(path, key, _lines(copied, progress))
    return copied


def describe(path: Path, key: bytes) -> Copied:
    """What the copy at ``path`` says it holds.

    Raises
    ------
    BadArchive
        If it is no copy, is damaged at its beginning, or has another key.
    """
    return copied_of(path, next(archive.read(path, key)))


def restore(
    paths: Sequence[Path],
    key: bytes,
    *,
    until: datetime | None = None,
    sealed: bool = True,
    progress: Progress | None = None,
) -> Copied:
    """Bring an empty record to what the copies hold, all of it or nothing.

    ``paths`` are a whole copy and those that go on from it, in order. ``until`` leaves
    out everything recorded later; what is not an entry (accounts, identities) comes
    from the last copy all the same. Every chain, the root and every table are compared
    with what was copied before anything is kept. ``sealed`` is false to do without
    the key that opens identities and allocations.

    Raises
    ------
    BadArchive
        If a copy is damaged, does not go on from the one before, or is not what comes out.
    NotEmpty
        If the record holds entries or accounts.
    """
    with transaction.atomic():
        refuse_unless_empty()
        read = _Read()
        for path in paths:
            _take(path, key, read, until, progress, last=path is paths[-1])
        if read.last is None:
            raise BadArchive("no copy was given")
        if sealed and read.last.seal != seal.which():
            raise BadArchive(
                "the sealing key here is not the one the copied record used; put the site's "
                "sealing.key into SOJOURN_HOME, or do without identities and allocations"
            )
        Head.objects.update(position=read.reached, hash=read.hash)
        rebuild()
        whole = read.reached == read.last.size
        root = _proved(read, whole=whole)
    return Copied(0, read.reached, root, read.last.made_at, read.last.seal)


def _lines(copied: Copied, progress: Progress | None) -> Iterator[str]:
    yield json.dumps({"copied": asdict(copied)})
    yield json.dumps({"table": EntryRow._meta.label})
    for rows in stored_rows(after=copied.after, upto=copied.size):
        yield from (kept.line_of(list(row)) for row in rows)
        if progress:
            progress(rows[-1][0] - copied.after, copied.size - copied.after)
    digests = {}
    for table in _tables():
        yield json.dumps({"table": table._meta.label, "columns": kept.columns(table)})
        found = sha256()
        for row in kept.rows(table):
            line = kept.line_of(row)
            found.update(line.encode() + b"\n")
            yield line
        digests[table._meta.label] = found.hexdigest()
    for table in REBUILT:
        digests[table._meta.label] = kept.digest(table)
    yield json.dumps({"end": digests})


def _take(
    path: Path,
    key: bytes,
    read: _Read,
    until: datetime | None,
    progress: Progress | None,
    *,
    last: bool,
) -> None:
    """Write what one copy holds; of the tables beside the record only the last copy's."""
    lines = archive.read(path, key)
    copied = copied_of(path, next(lines))
    if copied.after != (read.last.size if read.last else 0):
        raise BadArchive(
            f"{path} goes on from entry {copied.after}, and the copies before it end at "
            f"{read.last.size if read.last else 0}; give a whole copy first and leave none out"
        )
    read.last = copied
    by_label = {table._meta.label: table for table in _tables()}
    ended = False
    for head, rows in sections(lines):
        if "end" in head:
            read.digests, ended = head["end"], True
        elif head["table"] == EntryRow._meta.label:
            _add_entries(rows, copied, read, until, progress)
        elif last:
            table = by_label.get(head["table"])
            if table is None or kept.columns(table) != head["columns"]:
                raise BadArchive(
                    f"{path} was made by another version of Sojourn: {head['table']} has other "
                    "columns here; restore with that version and bring it up to date then"
                )
            if table is Checkpoint:
                rows = (row for row in rows if row[0] <= read.reached)
            kept.fill(table, rows)
    if not ended:
        raise BadArchive(f"{path} ends before its last line; use another copy")


def sections(lines: Iterator[str]) -> Iterator[tuple[dict[str, Any], Iterator[list[Any]]]]:
    """Each heading of a file with the rows under it; rows nobody took are passed over."""
    waiting: list[str] = []

    def below() -> Iterator[list[Any]]:
        for line in lines:
            if line.startswith("{"):
                waiting.append(line)
                return
            yield json.loads(line)

    for line in lines:
        waiting.append(line)
        while waiting:
            rows = below()
            yield json.loads(waiting.pop()), rows
            for _ in rows:
                pass


def _add_entries(
    rows: Iterator[list[Any]],
    copied: Copied,
    read: _Read,
    until: datetime | None,
    progress: Progress | None,
) -> None:
    latest = time_text(until) if until else ""
    recorded, entry_hash = 7, 14
    with connection.cursor() as cursor:
        for batch in kept.in_batches(rows):
            if latest:
                late = [at for at, row in enumerate(batch) if row[recorded] > latest]
                batch = batch[: late[0]] if late else batch
            if not batch or batch[0][0] != read.reached + 1:
                return  # an entry before was too late, and so is all that follows it
            cursor.executemany(ADD, batch)
            read.reached, read.hash = batch[-1][0], batch[-1][entry_hash]
            if progress:
                progress(read.reached, copied.size)


def _tables() -> tuple[kept.Table, ...]:
    return (Checkpoint, *kept.tables())


def copied_of(path: Path, line: str) -> Copied:
    """What the first line of the copy at ``path`` says it holds.

    Raises
    ------
    BadArchive
        If it says something else.
    """
    try:
        return Copied(**json.loads(line)["copied"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadArchive(f"{path} does not say what it holds: {error}") from error


def refuse_unless_empty() -> None:
    """Refuse a record that holds anything already.

    Raises
    ------
    NotEmpty
        Saying how many entries, and which tables.
    """
    holding = [table._meta.label for table in kept.tables() if table._default_manager.exists()]
    position = Head.objects.get().position
    if position or holding:
        raise NotEmpty(
            f"the record here holds {position} entries and rows in {', '.join(holding) or 'no'} "
            "table; restore into an empty one (another SOJOURN_HOME or SOJOURN_DATABASE)"
        )


def _proved(read: _Read, *, whole: bool) -> str:
    """The root of what was written, once everything is what was copied."""
    report = verify()
    if report.problems:
        raise BadArchive(f"what was restored does not hold: {report.problems[0]}")
    assert read.last is not None
    if not whole:
        return report.root
    if report.root != read.last.root:
        raise BadArchive(f"the root is {report.root}, and {read.last.root} was copied")
    for table in _tables() + REBUILT:
        if kept.digest(table) != read.digests.get(table._meta.label):
            raise BadArchive(f"{table._meta.label} is not what was copied; nothing was kept")
    return report.root
