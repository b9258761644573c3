"""Whether the record is the one that was written, and which entry is not.

One pass over the rows in the order of their positions. It holds the last hash
of each stream and nothing else that grows with the record.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sojourn.ledger.checkpoint import Lodged, range_of
from sojourn.ledger.findings import Findings, Problem
from sojourn.ledger.models import Checkpoint, Head
from sojourn.ledger.snapshot import snapshot, stored_rows
from sojourn.record.hashing import BEFORE_THE_FIRST, SEPARATORS
from sojourn.record.merkle import CompactRange

Progress = Callable[[int, int], None]
START = (0, BEFORE_THE_FIRST)


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. ``problems`` are in the order of their positions."""

    entries: int
    checkpoints: int
    root: str
    problems: tuple[Problem, ...]


def verify(*, against: Lodged | None = None, progress: Progress | None = None) -> Report:
    """Check every entry and chain, the head row, all checkpoints and the lodged one, ``against``.

    ``progress`` is called with the entries checked so far and the entries
    there should be. Writers are not held up.
    """
    with snapshot():
        head = Head.objects.get()
        made = list(Checkpoint.objects.order_by("size"))
        findings = Findings(head.position)
        stops = {each.size for each in made} | ({against.size} if against else set())
        tree = CompactRange()
        trees = {0: tree}
        last: tuple[Any, ...] = ()
        for rows, hashes in _checked(findings, head.position):
            for part in _parts(hashes, tree.size, stops):
                tree = tree.extend([sha256(b"\x00" + each).digest() for each in part])
                if tree.size in stops:
                    trees[tree.size] = tree
            last = rows[-1]
            if progress:
                progress(tree.size, head.position)
        findings.settle()
    findings.compare_head(head.hash, last)
    for each in made:
        _compare(findings, each, trees.get(each.size), tree.size)
    if against:
        found = trees.get(against.size)
        whose = f"the lodged checkpoint of {against.made_at}"
        _compare_root(findings, whose, against.size, against.root, found, tree.size)
    return Report(tree.size, len(made), tree.root().hex(), findings.problems())


def _checked(findings: Findings, last: int) -> Iterator[tuple[list[tuple[Any, ...]], list[bytes]]]:
    """Each batch of rows with the hashes of what the rows say; findings hear of every flaw."""
    heads: dict[str, tuple[int, str]] = {}
    reached = 0
    for rows in stored_rows():
        hashes: list[bytes] = []
        for row in rows:
            (at, stream, number, kind, schema, data, occurred, recorded) = row[:8]
            (author, role, reason, signature, command, previous, stored) = row[8:]
            text = (
                f"{at}\n{stream}\n{number}\n{kind}\n{schema}\n{data}\n{occurred}\n{recorded}\n"
                f"{author}\n{role}\n{reason}\n{signature}\n{command}\n{previous}"
            ).encode("utf-8", "surrogateescape")
            found = sha256(text).digest()
            hashes.append(found)
            if (
                found.hex() == stored
                and text.count(b"\n") == SEPARATORS
                and at == reached + 1 <= last
                and heads.get(stream, START) == (number - 1, previous)
            ):
                heads[stream] = (number, stored)
            else:
                whole = found.hex() == stored and text.count(b"\n") == SEPARATORS
                findings.examine(row, found.hex(), whole, reached, heads)
            if at > reached:
                reached = at
        yield rows, hashes
    findings.reached(reached)


def _parts(hashes: Sequence[bytes], before: int, stops: set[int]) -> Iterator[Sequence[bytes]]:
    """``hashes`` cut where a checkpoint ends; ``before`` is how many came earlier."""
    start = 0
    for stop in sorted(size - before for size in stops if before < size < before + len(hashes)):
        yield hashes[start:stop]
        start = stop
    yield hashes[start:]


def _compare(
    findings: Findings, made: Checkpoint, found: CompactRange | None, entries: int
) -> None:
    whose = f"the checkpoint made {made.made_at} by {made.made_by}"
    try:
        kept = range_of(made)
    except ValueError:
        kept = None
    if kept is None or kept.root().hex() != made.root:
        findings.add(made.size, f"{whose} was itself changed")
        return
    if found and found.peaks != kept.peaks:
        first, last = _first_difference(kept, found)
        findings.add_unless_explained(
            made.size, first, f"{whose} counts other entries between {first} and {last}"
        )
        return
    _compare_root(findings, whose, made.size, made.root, found, entries)


def _compare_root(
    findings: Findings, whose: str, size: int, root: str, found: CompactRange | None, entries: int
) -> None:
    if found is None:
        findings.add_unless_explained(
            size,
            entries + 1,
            f"{whose} counts {size} entries and the record holds {entries}: the end was cut off",
        )
    elif found.root().hex() != root:
        findings.add_unless_explained(
            size, 1, f"{whose} counts other entries between 1 and {size}: one was rewritten"
        )


def _first_difference(kept: CompactRange, found: CompactRange) -> tuple[int, int]:
    """The first and last position under the first peak that differs."""
    first, left = 1, kept.size
    for ours, theirs in zip(kept.peaks, found.peaks, strict=True):
        width = 1 << left.bit_length() - 1
        if ours != theirs:
            return first, first + width - 1
        first, left = first + width, left - width
    raise ValueError("the trees are the same")
