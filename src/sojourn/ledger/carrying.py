"""Entries on their way between the central record and a site's; proof that they are the same.

An entry's hash covers its place in its record, so each record has hashes of its own. What the
other record had is kept here as entries too: each hash, place and time. From them the other
record's hashes and its root can be made again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sojourn.conduct.offline import Carried, EntriesCarried, Reached, SiteMerged
from sojourn.ledger import clock
from sojourn.ledger.append import append_next
from sojourn.ledger.archive import BadArchive
from sojourn.ledger.checkpoint import Lodged
from sojourn.ledger.desk import Person
from sojourn.ledger.leases import PREFIX
from sojourn.ledger.read import read_stream, stored_at
from sojourn.record.entry import Fact
from sojourn.record.hashing import BEFORE_THE_FIRST, hash_of
from sojourn.record.merkle import CompactRange, leaf_hash

Stored = tuple[Any, ...]  # a row of the STORED columns
IN_A_FACT = 200  # entries told of in one fact, so that none grows without bound
# What an entry says, whichever record holds it: all but its place, its chain and when it came.
SAID = (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12)


def say(programme: str, fact: Fact, by: Person, reason: str = "") -> None:
    """Add a fact to what the programme's record says of its leases."""
    append_next(
        PREFIX + programme,
        (fact,),
        occurred_at=clock.now(),
        author=by.name,
        role=by.role,
        reason=reason,
    )


def named(row: Stored) -> str:
    """An entry as a person is told which."""
    return f"entry {row[0]} ({row[1]} {row[2]})"


def said_alike(one: Stored, other: Stored) -> bool:
    """Whether two rows say the same, wherever they stand."""
    return all(one[each] == other[each] for each in SAID)


def prove(rows: Iterable[Stored]) -> None:
    """Make every hash and every chain again; each stream must be there from its first entry.

    Raises
    ------
    BadArchive
        Naming the first entry that is not what was written.
    """
    tails: dict[str, tuple[int, str]] = {}
    for row in rows:
        at, tail = tails.get(row[1], (0, BEFORE_THE_FIRST))
        if _hash_of(row) != row[14]:
            raise BadArchive(f"{named(row)} does not match its hash: it was changed")
        if (row[2], row[13]) != (at + 1, tail):
            raise BadArchive(f"{named(row)} does not follow entry {at} of its stream")
        tails[row[1]] = (at + 1, row[14])


def reached(rows: Iterable[Stored]) -> tuple[Reached, ...]:
    """How far each stream of ``rows`` comes, by name."""
    last: dict[str, int] = {}
    for row in rows:
        last[row[1]] = row[2]
    return tuple(Reached(stream, entries) for stream, entries in sorted(last.items()))


def facts(
    lease: str, record: str, there: Sequence[Stored], here: dict[int, int]
) -> Iterator[EntriesCarried]:
    """What is kept of ``there``, rows of the other record; ``here`` gives the place of each
    that was brought by its place there."""
    for start in range(0, len(there), IN_A_FACT):
        part = there[start : start + IN_A_FACT]
        yield EntriesCarried(lease, record, tuple(_carried(each, here) for each in part))


def kept_of(programme: str, lease: str) -> Iterator[Fact]:
    """What this record keeps of the other one under that lease: what was carried, and merges."""
    for entry in read_stream(PREFIX + programme):
        if isinstance(entry.fact, EntriesCarried | SiteMerged) and entry.fact.lease == lease:
            yield entry.fact


def check(programme: str, lease: str, lodged: Lodged | None = None) -> tuple[int, tuple[str, ...]]:
    """Hold what was merged under ``lease`` against the site's own hashes, roots and checkpoint.

    Returns how many entries were held against them, and what is amiss.
    """
    tree, trees, amiss, held = CompactRange(), {0: ""}, list[str](), 0
    stops = {lodged.size} if lodged else set[int]()
    for fact in kept_of(programme, lease):
        if isinstance(fact, SiteMerged):
            if tree.size != fact.size or tree.root().hex() != fact.root:
                amiss.append(f"the root of the site's {fact.size} entries is not the one merged")
            continue
        assert isinstance(fact, EntriesCarried)
        amiss += _differing(fact)
        held += sum(1 for each in fact.entries if each.here)
        for each in fact.entries:
            tree = tree.extend([leaf_hash(bytes.fromhex(each.hash))])
            if tree.size in stops:
                trees[tree.size] = tree.root().hex()
    if lodged and lodged.size > tree.size:
        amiss.append(f"{lodged.size - tree.size} entries of the lodged checkpoint are not merged")
    elif lodged and trees.get(lodged.size) != lodged.root:
        amiss.append(f"the site's checkpoint of {lodged.made_at} counts other entries")
    return held, tuple(amiss)


def root_of(hashes: Iterable[str]) -> str:
    """The root of a record whose entries have these hashes."""
    return CompactRange().extend([leaf_hash(bytes.fromhex(each)) for each in hashes]).root().hex()


def _differing(fact: EntriesCarried) -> Iterator[str]:
    """The entries here whose hash in the other record can't be made again."""
    brought = {each.here: each for each in fact.entries if each.here}
    rows = {row[0]: row for row in stored_at(sorted(brought))}
    for position, there in brought.items():
        row = rows.get(position)
        if row is None:
            yield f"entry {position} was merged and is missing"
        elif _as_there(row, there) != there.hash:
            yield f"{named(row)} is not the one the site wrote as its entry {there.position}"


def _as_there(row: Stored, there: Carried) -> str:
    columns = list(row[:14])
    columns[0], columns[2] = there.position, there.sequence
    columns[7], columns[13] = there.recorded_at, there.previous_hash
    return _hash_of(columns)


def _carried(row: Stored, here: dict[int, int]) -> Carried:
    if row[0] not in here:
        return Carried(row[0], row[14])
    return Carried(row[0], row[14], here[row[0]], row[2], row[7], row[13])


def _hash_of(row: Sequence[Any]) -> str:
    try:
        return hash_of(*row[:14])
    except ValueError:  # a line break, which no writer lets through
        return ""
