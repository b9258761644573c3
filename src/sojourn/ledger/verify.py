"""Whether the record is the one that was written, and which entry is not.

One pass over the rows in the order of their positions. It holds the last hash
of each stream and nothing else that grows with the record.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sojourn.ledger.checkpoint import Lodged, range_of
from sojourn.ledger.findings import Findings, Problem
from sojourn.ledger.models import Checkpoint, Head
from sojourn.ledger.snapshot import BEFORE_ALL, joined_rows, snapshot, stored_rows
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
        for hashes in _checked(findings, head.position):
            for part in _parts(hashes, tree.size, stops):
                tree = tree.extend([sha256(b"\x00" + each).digest() for each in part])
                if tree.size in stops:
                    trees[tree.size] = tree
            if progress:
                progress(tree.size, head.position)
        findings.settle()
        findings.compare_head(head.hash)
    for each in made:
        _compare(findings, each, trees.get(each.size), tree.size)
    if against:
        found = trees.get(against.size)
        whose = f"the lodged checkpoint of {against.made_at}"
        _compare_root(findings, whose, against.size, against.root, found, tree.size)
    return Report(tree.size, len(made), tree.root().hex(), findings.problems())


def _checked(findings: Findings, last: int) -> Iterator[list[bytes]]:
    """The hashes of what each batch's rows say; findings hear of every row that does not fit."""
    heads: dict[str, tuple[int, str]] = {}
    reached = 0
    for upto, rows in joined_rows():
        hashes = _fitting(rows, reached, last, heads)
        reached += len(hashes)
        if len(hashes) < len(rows) or not rows:
            # From the first row that does not fit, look at each column by itself.
            start = reached if hashes or reached else BEFORE_ALL
            reached = _examine(findings, start, upto, reached, heads, hashes)
        yield hashes
    findings.reached(reached)


def _fitting(
    rows: Sequence[str], reached: int, last: int, heads: dict[str, tuple[int, str]]
) -> list[bytes]:
    """The hashes of ``rows`` up to the first that does not fit; brings ``heads`` up to there."""
    hashes: list[bytes] = []
    for row in rows:
        reached += 1
        place, stream, number, _ = row.split("\n", 3)
        at, tail = heads.get(stream, START)
        found = sha256(row[:-65].encode()).digest()
        stored = row[-64:]
        if (
            found.hex() != stored
            or row.count("\n") != SEPARATORS + 1
            or row[-130:-64] != f"\n{tail}\n"
            or number != str(at + 1)
            or place != str(reached)
            or reached > last
        ):
            break
        heads[stream] = (at + 1, stored)
        hashes.append(found)
    return hashes


def _examine(
    findings: Findings,
    start: int,
    upto: int,
    reached: int,
    heads: dict[str, tuple[int, str]],
    hashes: list[bytes],
) -> int:
    """Hand every row after ``start`` that does not fit to the findings; the position reached."""
    for rows in stored_rows(after=start, upto=upto):
        for row in rows:
            text = "\n".join(map(str, row[:14])).encode("utf-8", "surrogateescape")
            found = sha256(text)
            whole = found.hexdigest() == row[14] and text.count(b"\n") == SEPARATORS
            at, tail = heads.get(row[1], START)
            fits = whole and row[0] == reached + 1 <= findings.head
            if fits and (row[2], row[13]) == (at + 1, tail):
                heads[row[1]] = (at + 1, row[14])
            else:
                findings.examine(row, found.hexdigest(), whole, reached, heads)
            hashes.append(found.digest())
            reached = max(reached, row[0])
    return reached


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
