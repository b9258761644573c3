"""An allocation list made elsewhere: its lines, what must hold of it, and its keeping sealed.

The list is made by a statistician who has no part in the trial, so that nobody who enrols can
foresee an allocation (ICH E9 section 2.3.2, read in copies only: unverified). A message never
repeats a line's arm: it may be shown to somebody who is blinded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sojourn.conduct.randomisation import blocks
from sojourn.protocols.model import Arm, Randomisation
from sojourn.record.command import Refused

HEADINGS = ("stratum", "number", "arm")
BRINGERS = ("sponsor", "coordinator", "statistician")
MOST_LINES = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """The arm that the ``number``-th participant (from 1) of a stratum gets."""

    stratum: str
    number: int
    arm: str


@dataclass(frozen=True, slots=True)
class AllocationListReceived:
    """A list as it was taken in: each line its stratum, number and the arm's ciphertext.

    ``digest`` is the one its maker has; ``checked`` says in words what was found to hold.
    """

    kind: ClassVar[str] = "allocation.list-received"
    schema: ClassVar[int] = 1
    digest: str
    made_by: str
    checked: tuple[str, ...]
    lines: tuple[tuple[str, int, str], ...]


def read_lines(text: str) -> tuple[Line, ...]:
    """Lines from comma-separated text under the headings stratum, number, arm.

    Raises
    ------
    Refused
        Naming the line that can't be read.
    """
    rows = [[part.strip() for part in row.split(",")] for row in text.splitlines() if row.strip()]
    if not rows or tuple(part.lower() for part in rows[0]) != HEADINGS:
        raise Refused(f"the list does not begin with the line '{','.join(HEADINGS)}'; add it")
    if len(rows) - 1 > MOST_LINES:
        raise Refused(f"the list holds {len(rows) - 1} lines; {MOST_LINES} are the most at once")
    found = []
    for place, row in enumerate(rows[1:], start=2):
        if len(row) != len(HEADINGS) or not all(row) or not _is_number(row[1]):
            raise Refused(f"line {place} is not 'stratum, number, arm'; mend it")
        found.append(Line(row[0], int(row[1]), row[2]))
    return tuple(found)


def as_text(lines: Sequence[Line]) -> str:
    """The lines under their headings, as ``read_lines`` reads them."""
    rows = [HEADINGS, *((each.stratum, str(each.number), each.arm) for each in lines)]
    return "\n".join(",".join(row) for row in rows) + "\n"


def make(
    seed: bytes, after: Mapping[str, int], numbers: int, arms: tuple[Arm, ...], plan: Randomisation
) -> tuple[Line, ...]:
    """Whole blocks that follow from ``seed``, to at least ``numbers`` in each stratum.

    ``after`` names the strata, and for each the last number of its earlier list, 0 for none.
    """
    lines: list[Line] = []
    for stratum, last in after.items():
        sequence: list[str] = []
        drawn = blocks(seed, stratum, arms, plan)
        while len(sequence) < numbers:
            sequence += next(drawn)
        every = (Line(stratum, number, arm) for number, arm in enumerate(sequence, start=1))
        lines += [each for each in every if each.number > last]
    return tuple(lines)


def check(
    lines: Sequence[Line],
    arms: tuple[Arm, ...],
    plan: Randomisation,
    *,
    reached: Mapping[str, int],
    least: int,
) -> tuple[str, ...]:
    """What holds of a list, in words; ``reached`` are the numbers earlier lists came to.

    Raises
    ------
    Refused
        Naming the stratum or line where it does not hold.
    """
    if plan.method != "permuted-blocks":
        raise Refused("the protocol minimises: there each allocation follows from those before it")
    known = {each.key for each in arms}
    for place, line in enumerate(lines, start=2):
        if line.arm not in known:
            raise Refused(f"line {place} names no arm of the protocol; mend it")
    by_stratum: dict[str, list[Line]] = {}
    for line in lines:
        by_stratum.setdefault(line.stratum, []).append(line)
    if not by_stratum:
        raise Refused("the list holds no line")
    for stratum, mine in by_stratum.items():
        first = reached.get(stratum, 0) + 1
        if [each.number for each in mine] != list(range(first, first + len(mine))):
            raise Refused(f"the numbers of {stratum} do not run from {first} without a gap")
        if mine[-1].number < least:
            raise Refused(f"{stratum} ends at number {mine[-1].number}; at least {least} are asked")
        if not in_blocks([each.arm for each in mine], arms, plan.block_sizes):
            sizes = " or ".join(map(str, plan.block_sizes))
            raise Refused(f"the lines of {stratum} are not whole blocks of {sizes}")
    return (
        f"{len(lines)} lines in {len(by_stratum)} strata",
        "every arm is one of the protocol's",
        "numbers run without a gap",
        f"whole blocks of {' or '.join(map(str, plan.block_sizes))}, balanced within each",
        f"at least {least} numbers in each stratum",
    )


def in_blocks(sequence: Sequence[str], arms: tuple[Arm, ...], sizes: Sequence[int]) -> bool:
    """Whether ``sequence`` can be cut into blocks of those sizes that hold the arms' ratio."""
    turns = sum(each.ratio for each in arms)
    reachable = {0}
    for start in range(len(sequence)):
        if start not in reachable:
            continue
        for size in sizes:
            block = sequence[start : start + size]
            wanted = {each.key: each.ratio * size // turns for each in arms}
            if len(block) == size and all(block.count(key) == n for key, n in wanted.items()):
                reachable.add(start + size)
    return len(sequence) in reachable


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 7
