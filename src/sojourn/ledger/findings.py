"""From rows that do not fit to the entry that someone changed, removed or added."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from sojourn.ledger.snapshot import stored_rows
from sojourn.record.hashing import BEFORE_THE_FIRST, hash_of

# How many flawed rows are traced to where they stood; the rest are named as found.
TRACED = 1000


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is not as it was written, and the entry it happened to.

    ``stream`` is empty and ``sequence`` 0 where nothing left tells them.
    """

    position: int
    stream: str
    sequence: int
    what: str

    def __str__(self) -> str:
        if not self.stream:
            return self.what
        return f"entry {self.position} ({self.stream} {self.sequence}) {self.what}"


@dataclass(frozen=True, slots=True)
class _Gap:
    """Entries of a stream that should come before ``position`` and don't."""

    stream: str
    first: int
    last: int
    position: int
    hash_before: str  # what the next entry says came before it


class Findings:
    """Gathers what does not fit, and tells causes from consequences."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._problems: list[Problem] = []
        self._flawed: list[tuple[Any, ...]] = []
        self._missing: list[tuple[int, int]] = []
        self._gaps: list[_Gap] = []
        self._explained: dict[str, int] = {}  # hashes of rows already named

    def examine(
        self,
        row: tuple[Any, ...],
        found: str,
        whole: bool,
        reached: int,
        heads: dict[str, tuple[int, str]],
    ) -> None:
        """Judge a row that does not fit and bring ``heads`` to where honest rows can go on.

        ``found`` is the hash of what the row says, ``whole`` whether that is
        the hash it carries, ``reached`` the position before it.
        """
        position = row[0]
        if reached + 1 < position and reached < self.head:
            self._missing.append((reached + 1, min(position - 1, self.head)))
        if whole:
            self._judge_chain(row, heads)
        else:
            self._judge_content(row, found, heads)

    def reached(self, position: int) -> None:
        """Say which position was the last."""
        if position < self.head:
            self._missing.append((position + 1, self.head))

    def settle(self) -> None:
        """Bring together what moved with where it is missing; name what is left."""
        missing = list(self._missing_positions())
        for row in self._flawed:
            home = _home_of(row, missing)
            if home:
                missing.remove(home)
                self._name(row, f"its position was changed to {row[0]}", position=home)
            else:
                self._name(row, "does not match its hash")
        told = {row[14] for row in self._flawed}
        for gap in self._gaps:
            if gap.hash_before not in told:
                self._name_missing(gap, missing)
        for first, last in _ranges(missing):
            which = f"entries {first} to {last} are" if first < last else f"entry {first} is"
            self.add(first, f"{which} missing")

    def compare_head(self, head_hash: str) -> None:
        """Hold the row at the head's position against the head row."""
        named = any(each.position == self.head for each in self._problems)
        for rows in stored_rows(after=self.head - 1, upto=self.head):
            if rows[0][14] != head_hash and not named:
                self._name(rows[0], "is not the entry that the head of the record names")

    def add(self, position: int, what: str) -> None:
        """A problem whose stream nothing left tells."""
        self._problems.append(Problem(position, "", 0, what))

    def add_unless_explained(self, size: int, position: int, what: str) -> None:
        """A problem with the first ``size`` entries, unless one of them is already named."""
        if not any(each.position <= size for each in self._problems):
            self.add(position, what)

    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of their positions."""
        return tuple(sorted(self._problems))

    def _judge_content(
        self, row: tuple[Any, ...], found: str, heads: dict[str, tuple[int, str]]
    ) -> None:
        position, stream, number, previous, stored = row[0], row[1], row[2], row[13], row[14]
        self._explained[found] = self._explained[stored] = position
        if len(self._flawed) >= TRACED:
            self._name(row, "does not match its hash")
            heads[stream] = (number, stored)
            return
        for home, (at, tail) in heads.items():
            if tail == previous and _fits(row, stream=home, sequence=at + 1):
                changed = "stream" if home != stream else "sequence"
                was = stream if home != stream else number
                self._name(row, f"its {changed} was changed to {was}", stream=home, number=at + 1)
                heads[home] = (at + 1, stored)
                return
        for at in (1, heads.get(stream, (0, ""))[0] + 1):
            if at != number and _fits(row, stream=stream, sequence=at):
                self._name(row, f"its sequence was changed to {number}", number=at)
                heads[stream] = (at, stored)
                return
        self._flawed.append(row)
        if heads.get(stream, (0, ""))[0] == _less_one(number):
            heads[stream] = (number, stored)

    def _judge_chain(self, row: tuple[Any, ...], heads: dict[str, tuple[int, str]]) -> None:
        position, stream, number, previous, stored = row[0], row[1], row[2], row[13], row[14]
        at, tail = heads.get(stream, (0, BEFORE_THE_FIRST))
        if (at, tail) == (number - 1, previous):
            if position < 1:
                self._name(row, "was added before the first entry")
            elif position > self.head:
                self._name(row, f"was added behind entry {self.head}, the head of the record")
        elif number <= at:
            self._name(row, f"was added, or stands out of order: its stream was already at {at}")
            return
        elif previous not in self._explained:
            if number > at + 1:
                self._gaps.append(_Gap(stream, at + 1, number - 1, position, previous))
            elif at:
                before = _position_of(stream, at)
                self._problems.append(
                    Problem(before, stream, at, f"was rewritten: entry {number} followed another")
                )
            else:
                self._name(row, "was added as the first entry of its stream and is not")
        heads[stream] = (number, stored)

    def _name_missing(self, gap: _Gap, missing: list[int]) -> None:
        after = _position_of(gap.stream, gap.first - 1)
        start, end = bisect_right(missing, after), bisect_left(missing, gap.position)
        if end - start == gap.last - gap.first + 1:
            for number, position in enumerate(missing[start:end], start=gap.first):
                self._problems.append(Problem(position, gap.stream, number, "is missing"))
            del missing[start:end]
            return
        which = f"{gap.first} to {gap.last}" if gap.first < gap.last else f"{gap.first}"
        self._problems.append(
            Problem(gap.position, gap.stream, gap.first, f"before this, {which} of it is missing")
        )

    def _name(
        self,
        row: tuple[Any, ...],
        what: str,
        *,
        position: int | None = None,
        stream: str | None = None,
        number: int | None = None,
    ) -> None:
        self._problems.append(
            Problem(
                row[0] if position is None else position,
                str(row[1] if stream is None else stream).encode(errors="replace").decode(),
                (row[2] if isinstance(row[2], int) else 0) if number is None else number,
                what,
            )
        )

    def _missing_positions(self) -> Iterator[int]:
        for first, last in self._missing:
            yield from range(first, last + 1)


def _fits(row: tuple[Any, ...], **original: Any) -> bool:
    """Whether the row carries the right hash once these columns are put back."""
    names = ("position", "stream", "sequence")
    columns = [original.get(name, row[place]) for place, name in enumerate(names)]
    try:
        return bool(hash_of(*columns, *row[3:14]) == row[14])
    except ValueError:  # a line break, or bytes that are no text
        return False


def _home_of(row: tuple[Any, ...], missing: list[int]) -> int:
    """The missing position this row was written at; 0 if it was none of them."""
    return next((each for each in missing[:TRACED] if _fits(row, position=each)), 0)


def _less_one(number: Any) -> int:
    return number - 1 if isinstance(number, int) else -1


def _position_of(stream: str, sequence: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position FROM ledger_entry WHERE stream = %s AND sequence = %s",
            (stream, sequence),
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _ranges(positions: list[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for position in positions:
        if first and position == last + 1:
            last = position
            continue
        if first:
            yield first, last
        first = last = position
    if first:
        yield first, last
