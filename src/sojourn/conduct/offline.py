"""Courses a site takes offline: a lease says who writes them meanwhile, a merge brings them home.

A course is written in one record at a time. While a site holds it, the central record refuses
to write to it, and the site's record refuses to write to anything else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from types import MappingProxyType
from typing import ClassVar, Literal

from sojourn.record.entry import Entry, Fact

TRAVELLING = ("course", "vitals")  # streams of a participant, which go with them
# Who looked at a name, which file was read: each entry stands alone, wherever it was made.
BESIDE = ("identity", "imports")
Ending = Literal["", "given-back", "taken-back"]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a stream has come."""

    stream: str
    entries: int


@dataclass(frozen=True, slots=True)
class StreamsTakenOut:
    """``numbers`` is how the numbers begin that the site may register meanwhile; empty: none."""

    kind: ClassVar[str] = "offline.streams-taken-out"
    schema: ClassVar[int] = 1
    lease: str
    site: str
    until: date
    participants: tuple[str, ...]
    numbers: str
    streams: tuple[Reached, ...]
    protocol_digest: str


@dataclass(frozen=True, slots=True)
class RecordBegun:
    """The first fact of a site's own record: which lease it holds, and what it began with.

    ``taken_out_at`` is the central clock's; the entry's own time is the site's. ``record`` tells
    this record from another that was begun with the same file.
    """

    kind: ClassVar[str] = "offline.record-begun"
    schema: ClassVar[int] = 1
    lease: str
    record: str
    site: str
    until: date
    participants: tuple[str, ...]
    numbers: str
    streams: tuple[Reached, ...]
    protocol_digest: str
    taken_out_at: str
    central_size: int
    central_root: str


@dataclass(frozen=True, slots=True)
class Carried:
    """An entry as the other record has it: where, when, after which hash, and its own hash.

    ``here`` is its position in this record, 0 where only its hash was brought: then the other
    fields are empty.
    """

    position: int
    hash: str
    here: int = 0
    sequence: int = 0
    recorded_at: str = ""
    previous_hash: str = ""


@dataclass(frozen=True, slots=True)
class EntriesCarried:
    """What of another record was brought here, so that its own hashes can be made again."""

    kind: ClassVar[str] = "offline.entries-carried"
    schema: ClassVar[int] = 1
    lease: str
    record: str
    entries: tuple[Carried, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Entries of a site that were not brought in, and over which the digest is: their hashes."""

    stream: str
    entries: int
    digest: str
    why: str


@dataclass(frozen=True, slots=True)
class SiteMerged:
    """``size`` and ``root`` are those of the site's record; ``made_at`` is by the site's clock."""

    kind: ClassVar[str] = "offline.site-merged"
    schema: ClassVar[int] = 1
    lease: str
    record: str
    file_digest: str
    size: int
    root: str
    made_at: str
    entries: int
    streams: tuple[Reached, ...]
    left_out: tuple[LeftOut, ...]
    accepted: tuple[str, ...]
    notices: tuple[str, ...]
    given_back: bool


@dataclass(frozen=True, slots=True)
class StreamsGivenBack:
    """The last fact of a site's own record."""

    kind: ClassVar[str] = "offline.streams-given-back"
    schema: ClassVar[int] = 1
    lease: str
    record: str


@dataclass(frozen=True, slots=True)
class StreamsTakenBack:
    """The central record writes again, whatever the site still wrote."""

    kind: ClassVar[str] = "offline.streams-taken-back"
    schema: ClassVar[int] = 1
    lease: str
    cause: str


FACTS: tuple[type[Fact], ...] = (
    StreamsTakenOut,
    RecordBegun,
    EntriesCarried,
    SiteMerged,
    StreamsGivenBack,
    StreamsTakenBack,
)


def participant_of(rest: str) -> str:
    """The participant in what follows the first word of a stream's name."""
    return [*rest.split(":"), ""][1]


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge, by the central clock and by the site's."""

    at: datetime
    by: str
    fact: SiteMerged
    reason: str


@dataclass(frozen=True, slots=True)
class Lease:
    """What a site holds. ``here`` in the site's own record; ``record`` is known once it merged."""

    key: str
    site: str
    until: date
    since: datetime
    by: str
    participants: tuple[str, ...]
    numbers: str
    streams: MappingProxyType[str, int]
    protocol_digest: str
    here: bool = False
    record: str = ""
    merges: tuple[Merge, ...] = ()
    ended_at: datetime | None = None
    ending: Ending = ""

    @property
    def size(self) -> int:
        """How much of the site's record was merged."""
        return self.merges[-1].fact.size if self.merges else 0

    def reached(self, stream: str) -> int:
        """How many entries of ``stream`` both records share."""
        brought = sum(
            each.entries
            for merge in self.merges
            for each in merge.fact.streams
            if each.stream == stream
        )
        return self.streams.get(stream, 0) + brought

    def covers(self, stream: str) -> bool:
        """Whether the site writes to ``stream``."""
        kind, _, rest = stream.partition(":")
        return kind in TRAVELLING and self.holds(participant_of(rest))

    def holds(self, participant: str) -> bool:
        """Whether the participant is out, or may be registered by the site alone."""
        new = bool(self.numbers) and participant.startswith(self.numbers)
        return new or participant in self.participants


@dataclass(frozen=True, slots=True)
class Leases:
    """Everything that was taken out of a programme, oldest first."""

    all: tuple[Lease, ...] = ()
    version: int = 0

    @property
    def out(self) -> tuple[Lease, ...]:
        """What is out now, seen from the central record."""
        return tuple(each for each in self.all if not each.here and each.ended_at is None)

    @property
    def own(self) -> Lease | None:
        """The lease this record was begun with; None in a central record."""
        return next((each for each in self.all if each.here), None)

    def of(self, key: str) -> Lease | None:
        """The lease of that key."""
        return next((each for each in self.all if each.key == key), None)

    def holder(self, participant: str) -> Lease | None:
        """Who holds the participant offline; None when nobody does."""
        return next((each for each in self.out if each.holds(participant)), None)

    def elsewhere(self, participant: str) -> bool:
        """Whether another record writes this course now."""
        own = self.own
        if own is None:
            return self.holder(participant) is not None
        return own.ended_at is not None or not own.holds(participant)


def evolve(leases: Leases, entry: Entry) -> Leases:
    """The leases after ``entry``."""
    fact = entry.fact
    if isinstance(fact, EntriesCarried):
        return replace(leases, version=entry.sequence)
    if isinstance(fact, StreamsTakenOut | RecordBegun):
        return Leases((*leases.all, _given(fact, entry)), entry.sequence)
    lease = leases.of(fact.lease)  # type: ignore[attr-defined]
    if lease is None:
        raise TypeError(f"'{fact.kind}' is about a lease nobody was given")
    if isinstance(fact, SiteMerged):
        made = Merge(entry.recorded_at, entry.author, fact, entry.reason)
        lease = replace(lease, record=fact.record, merges=(*lease.merges, made))
        if fact.given_back and lease.ended_at is None:
            lease = replace(lease, ended_at=entry.recorded_at, ending="given-back")
    elif isinstance(fact, StreamsGivenBack):
        lease = replace(lease, ended_at=entry.recorded_at, ending="given-back")
    elif isinstance(fact, StreamsTakenBack):
        lease = replace(lease, ended_at=entry.recorded_at, ending="taken-back")
    else:
        raise TypeError(f"'{fact.kind}' is no fact of what is offline")
    known = tuple(lease if each.key == lease.key else each for each in leases.all)
    return Leases(known, entry.sequence)


def fold(entries: Iterable[Entry]) -> Leases:
    """The leases that a programme's offline stream adds up to."""
    return reduce(evolve, entries, Leases())


def _given(fact: StreamsTakenOut | RecordBegun, entry: Entry) -> Lease:
    begun = isinstance(fact, RecordBegun)
    return Lease(
        key=fact.lease,
        site=fact.site,
        until=fact.until,
        since=entry.recorded_at,
        by=entry.author,
        participants=fact.participants,
        numbers=fact.numbers,
        streams=MappingProxyType({each.stream: each.entries for each in fact.streams}),
        protocol_digest=fact.protocol_digest,
        here=begun,
        record=fact.record if isinstance(fact, RecordBegun) else "",
    )
