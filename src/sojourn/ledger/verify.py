"""Verification: every entry read once, every hash made again, every fault named.

What it finds: an entry changed in any column, missing, added, out of order, or
a cut-off tail; a record rewritten as a whole is found against a checkpoint
that was lodged elsewhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import connection

from sojourn.ledger.checkpoint import Lodged, lodged
from sojourn.ledger.models import Checkpoint
from sojourn.record.hashing import BEFORE_THE_FIRST, COLUMNS, SEPARATORS
from sojourn.record.merkle import CompactRange

BATCH = 8192
MOST_PROBLEMS = 1000
Progress = Callable[[int, int], None]
_FIRST = BEFORE_THE_FIRST.encode()


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. ``position`` is the entry's place in the record; 0 for the record as a whole."""

    position: int
    stream: str
    sequence: int
    what: str

    def __str__(self) -> str:
        if not self.position:
            return self.what
        return f"entry {self.position} ({self.stream} {self.sequence}): {self.what}"


@dataclass(frozen=True, slots=True)
class Report:
    entries: int
    checkpoints: int
    root: str
    problems: tuple[Problem, ...]


def verify(*, against: Lodged | None = None, progress: Progress | None = None) -> Report:
    """Verify the whole record; ``against`` is a checkpoint lodged outside the database."""
    marks = [lodged(each) for each in Checkpoint.objects.order_by("size")]
    if against is not None:
        marks.append(against)
    walk = _Walk(marks)
    with _as_bytes(), connection.cursor() as cursor:
        cursor.execute("SELECT position, hash FROM ledger_head WHERE id = 1")
        head = cursor.fetchone()
    total = int(head[0]) if head else 0
    with _as_bytes():
        for rows in _batches():
            walk.take(rows)
            if progress:
                progress(walk.entries, max(total, walk.entries))
    walk.finish(head)
    problems = tuple(walk.problems[:MOST_PROBLEMS])
    return Report(walk.entries, len(marks), walk.tree.root().hex(), problems)


class _Walk:
    """One pass over the record, in order of position."""

    def __init__(self, marks: list[Lodged]) -> None:
        self.entries = 0
        self.last_position = 0
        self.last_hash = b""
        self.streams: dict[bytes, tuple[int, bytes]] = {}
        self.tree = CompactRange()
        self.leaves: list[bytes] = []
        self.problems: list[Problem] = []
        self.marks = sorted(marks, key=lambda each: each.size)
        self.next_mark = self.marks[0].size if self.marks else -1

    def take(self, rows: list[tuple[Any, ...]]) -> None:
        streams, leaves, position = self.streams, self.leaves, self.last_position
        for row in rows:
            place, stream, sequence, previous, stored, text = row
            position += 1
            digest = sha256(text)
            computed = digest.hexdigest().encode()
            known = streams.get(stream)
            before, chained = known if known is not None else (0, _FIRST)
            if (
                computed != stored
                or place != position
                or sequence != before + 1
                or previous != chained
                or text.count(b"\n") != SEPARATORS
            ):
                self._name(row, position, computed, before, chained)
                position = place if isinstance(place, int) else position
            streams[stream] = (sequence, stored)
            leaves.append(sha256(b"\x00" + digest.digest()).digest())
            if self.entries + len(leaves) == self.next_mark:
                self._settle()
                self._compare()
        self.last_position = position
        if rows:
            self.last_hash = rows[-1][4]
        self._settle()

    def finish(self, head: tuple[Any, ...] | None) -> None:
        if head is None:
            self._add(0, b"", 0, "the head row is missing")
        elif (head[0], _shown(head[1])) != (self.last_position, _shown(self.last_hash)):
            self._add(
                0,
                b"",
                0,
                f"the head row says the last entry is {head[0]}; the last one found is "
                f"{self.last_position}: entries were cut off, added or the head was changed",
            )
        for mark in self.marks:
            if mark.size > self.entries:
                self._add(
                    0,
                    b"",
                    0,
                    f"the checkpoint of {mark.made_at} covers {mark.size} entries; only "
                    f"{self.entries} are left",
                )

    def _name(
        self, row: tuple[Any, ...], position: int, computed: bytes, before: int, chained: bytes
    ) -> None:
        place, stream, sequence, previous, stored, text = row
        if isinstance(place, int) and place > position:
            self._add(position, b"?", 0, f"missing: the next one found is {place}")
        elif place != position:
            self._add(position, stream, sequence, f"out of order: it says it is {_shown(place)}")
        if computed != stored or text.count(b"\n") != SEPARATORS:
            self._add(place, stream, sequence, "changed: its hash is not that of its columns")
        elif sequence != before + 1:
            self._add(
                place,
                stream,
                sequence,
                f"out of order in its stream: entry {before + 1} is missing or was moved",
            )
        elif previous != chained:
            self._add(place, stream, sequence, "does not follow the entry before it in its stream")

    def _settle(self) -> None:
        self.tree = self.tree.extend(self.leaves)
        self.entries += len(self.leaves)
        self.leaves.clear()

    def _compare(self) -> None:
        root = self.tree.root().hex()
        for mark in self.marks:
            if mark.size == self.entries and mark.root != root:
                self._add(
                    0,
                    b"",
                    0,
                    f"the first {mark.size} entries are not those of the checkpoint of "
                    f"{mark.made_at}",
                )
        later = [mark.size for mark in self.marks if mark.size > self.entries]
        self.next_mark = min(later, default=-1)

    def _add(self, place: Any, stream: Any, sequence: Any, what: str) -> None:
        if len(self.problems) <= MOST_PROBLEMS:
            number = place if isinstance(place, int) else 0
            count = sequence if isinstance(sequence, int) else 0
            self.problems.append(Problem(number, _shown(stream), count, what))


def _batches() -> Iterator[list[tuple[Any, ...]]]:
    # The database joins the columns: one value to hash instead of fourteen to build.
    if connection.vendor == "sqlite":
        joined = "||char(10)||".join(COLUMNS)
        columns = f"position, stream, sequence, previous_hash, hash, {joined}"
    else:
        texts = ", ".join(f"{column}::text" for column in COLUMNS)
        columns = (
            "position, convert_to(stream, 'UTF8'), sequence, convert_to(previous_hash, 'UTF8'), "
            f"convert_to(hash, 'UTF8'), convert_to(concat_ws(E'\\n', {texts}), 'UTF8')"
        )
    after = -(2**62)
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {columns} FROM ledger_entry WHERE position > {after} "
                f"ORDER BY position LIMIT {BATCH}"
            )
            rows = cursor.fetchall()
            if not rows:
                return
            yield rows
            after = rows[-1][0]


@contextmanager
def _as_bytes() -> Iterator[None]:
    """Text comes as the bytes that are stored, be they valid text or not."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    before = connection.connection.text_factory
    connection.connection.text_factory = bytes
    try:
        yield
    finally:
        connection.connection.text_factory = before


def _shown(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
