"""A site's record comes home: what does not fit, and the one transaction that adds the rest.

What is merged is any copy of the site's record (``backup.py``), so that a site whose machine is
lost is merged from its last copy. A merge adds everything that fits or nothing at all, and what
does not fit is shown and settled by a person, whose reason stands with the merge.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from sojourn import course as courses
from sojourn.conduct.offline import (
    BESIDE,
    EntriesCarried,
    Lease,
    LeftOut,
    Reached,
    SiteMerged,
)
from sojourn.course.dosing import DoseGiven
from sojourn.ledger import (
    carrying,
    clock,
    leases,
    programmes,
    projections,
    seal,
    stock,
    vault,
    watching,
)
from sojourn.ledger.append import append_carried, take_turn
from sojourn.ledger.archive import BadArchive
from sojourn.ledger.carrying import Stored, named
from sojourn.ledger.checkpoint import Lodged
from sojourn.ledger.columns import entry_of
from sojourn.ledger.conflicts import Conflict, found, notices
from sojourn.ledger.desk import Person, stream_of
from sojourn.ledger.read import read_stream, rows_of
from sojourn.ledger.registry import kinds
from sojourn.ledger.site_copy import SiteCopy, read_copy
from sojourn.ledger.taking_out import require_lead
from sojourn.ledger.turns import in_turn
from sojourn.record.command import Refused
from sojourn.record.entry import Entry


@dataclass(frozen=True, slots=True)
class Settled:
    """How a person settles what does not fit: streams left out, differences accepted, and why."""

    leave_out: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge adds, or would add: nothing while ``open_conflicts`` are not settled."""

    site: str
    copy: SiteCopy
    added: int
    streams: int
    known: int
    conflicts: tuple[Conflict, ...]
    open_conflicts: tuple[Conflict, ...]
    notices: tuple[str, ...]
    ended: bool
    written: bool


class _NotKept(Exception):
    """Ends the transaction of a merge that is only tried."""


def merge(
    path: Path,
    key: bytes,
    by: Person,
    *,
    write: bool,
    settled: Settled | None = None,
    lodged: Lodged | None = None,
) -> Merged:
    """Add what a site wrote to the streams it took out, in one transaction.

    With ``write`` false everything is tried and nothing is kept. ``lodged`` is a checkpoint of
    the site's own, kept apart from the file.

    Raises
    ------
    BadArchive
        If the file is damaged, cut, of another site or record, or an entry in it is not what was
        written; it is named.
    Refused
        If the role may not merge, the database is locked, or what is settled does not occur.
    """
    require_lead(by)
    copy = read_copy(path, key, lodged)
    merged: list[Merged] = []
    try:
        with in_turn():
            take_turn()
            merged.append(_merge(copy, by, settled or Settled(), write=write))
            if not merged[0].written:
                raise _NotKept
    except _NotKept:
        pass
    return merged[0]


@dataclass(slots=True)
class _Plan:
    """What is new in a copy, stream by stream, in the site's order."""

    copy: SiteCopy
    lease: Lease
    new: dict[str, list[Stored]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def bringing(self) -> list[Stored]:
        """The rows that are added, in the order of their places at the site."""
        out = {each.stream for each in self.left_out}
        return sorted(row for name, rows in self.new.items() if name not in out for row in rows)


def _merge(copy: SiteCopy, by: Person, settled: Settled, *, write: bool) -> Merged:
    lease = _lease_of(copy)
    plan = _Plan(copy, lease, _new(copy, lease) if copy.size > lease.size else {})
    plan.conflicts = found(copy, lease, plan.new) if plan.new else ()
    open_conflicts = _left_open(plan.conflicts, settled)
    plan.left_out = tuple(
        LeftOut(each, len(plan.new[each]), _digest(plan.new[each]), settled.reason.strip())
        for each in settled.leave_out
    )
    told = notices(copy, plan.new)
    fits = copy.size > lease.size and not open_conflicts
    if fits:
        told = (*told, *_write(plan, by, settled, told))
    return Merged(
        site=lease.site,
        copy=copy,
        added=0 if open_conflicts else len(plan.bringing),
        streams=len({row[1] for row in plan.bringing}),
        known=lease.size,
        conflicts=plan.conflicts,
        open_conflicts=open_conflicts,
        notices=told,
        ended=copy.given_back,
        written=write and fits,
    )


def _lease_of(copy: SiteCopy) -> Lease:
    """The lease the copy was written under, as this record gave it.

    Raises
    ------
    BadArchive
        If it gave none, another record was merged under it, or the copy is older than that.
    """
    known = leases.standing(copy.programme)
    if known.own:
        raise Refused("this record is a site's own; merge into the central record")
    lease = known.of(copy.begun.lease)
    if lease is None or lease.site != copy.begun.site:
        raise BadArchive(
            f"it is of site {copy.begun.site} under lease {copy.begun.lease}, which this record "
            "never gave: it is of another central record"
        )
    if programmes.load(copy.programme).programme.database_lock:
        raise Refused("the database is locked; unlock it before a site is merged")
    if lease.record and lease.record != copy.begun.record:
        raise BadArchive(
            "another record was begun with the same file and merged before: two were at work "
            "under one lease. Find out which the site used; nothing was merged"
        )
    _refuse_another_past(copy, lease)
    return lease


def _refuse_another_past(copy: SiteCopy, lease: Lease) -> None:
    """What was given out and what was merged before must be in the copy as it was."""
    if copy.size < lease.size:
        raise BadArchive(
            f"it holds {copy.size} entries of the site and {lease.size} are merged already: "
            "it is older than what was merged"
        )
    for fact in carrying.kept_of(copy.programme, lease.key):
        for each in fact.entries if isinstance(fact, EntriesCarried) else ():
            row = copy.rows[each.position - 1]
            if row[14] != each.hash:
                raise BadArchive(f"{named(row)} is not the one merged before: it was rewritten")
    for stream in (programmes.PREFIX + copy.programme, *lease.streams):
        ours = rows_of(stream)
        given = lease.streams.get(stream, copy.given(stream))
        theirs = copy.streams.get(stream, [])[:given]
        if len(theirs) < given:
            raise BadArchive(f"{stream} was given out with {given} entries; {len(theirs)} are left")
        for one, other in zip(theirs, ours, strict=False):
            if not carrying.said_alike(one, other) or one[7] != other[7]:
                raise BadArchive(f"{named(one)} is not the one given out: it was rewritten")


def _new(copy: SiteCopy, lease: Lease) -> dict[str, list[Stored]]:
    """Rows of the site that are not here, by stream.

    Raises
    ------
    BadArchive
        If the site wrote where it may not.
    """
    new: dict[str, list[Stored]] = {}
    beside = {f"{each}:{copy.programme}" for each in BESIDE}
    for stream, rows in copy.streams.items():
        if lease.covers(stream) or stream in beside:
            if fresh := rows[lease.reached(stream) :]:
                new[stream] = fresh
        elif len(rows) > copy.given(stream) and not stream.startswith(leases.PREFIX):
            raise BadArchive(f"{named(rows[-1])} lies in no stream that was taken out")
    known = kinds()
    for row in (row for rows in new.values() for row in rows):
        entry_of(row, known)  # what this version can't read is not brought in
    return new


def _left_open(conflicts: Sequence[Conflict], settled: Settled) -> tuple[Conflict, ...]:
    """The conflicts nobody settled.

    Raises
    ------
    Refused
        If something is settled that is no conflict, or no reason is given.
    """
    answers = {"leave-out": settled.leave_out, "accept": settled.accept}
    for how, keys in answers.items():
        possible = {each.key for each in conflicts if each.settle == how}
        for each in keys:
            if each not in possible:
                raise Refused(f"--{how} {each}: there is no such conflict; nothing was merged")
    if any(answers.values()) and len(settled.reason.strip()) < 8:
        raise Refused("say in a few words why conflicts are settled like this: --reason")
    return tuple(each for each in conflicts if each.key not in answers[each.settle])


def _write(plan: _Plan, by: Person, settled: Settled, told: tuple[str, ...]) -> tuple[str, ...]:
    """Add all of it to the record and to the lists; returns what only then came to light."""
    copy, lease, bringing = plan.copy, plan.lease, plan.bringing
    before = {each: read_stream(each) for each in dict.fromkeys(row[1] for row in bringing)}
    added = append_carried(bringing, recorded_at=clock.now())
    here = {there[0]: row[0] for there, row in zip(bringing, added, strict=True)}
    unseen = copy.rows[lease.size :]
    for fact in carrying.facts(lease.key, copy.begun.record, unseen, here):
        carrying.say(copy.programme, fact, by)
    known = kinds()
    entries = [entry_of(row, known) for row in added]
    likenesses = _bring_identities(plan)
    counts = Counter(row[1] for row in added)
    merged = SiteMerged(
        lease=lease.key,
        record=copy.begun.record,
        file_digest=copy.file_digest,
        size=copy.size,
        root=copy.root,
        made_at=copy.made_at,
        entries=len(added),
        streams=tuple(Reached(*each) for each in sorted(counts.items())),
        left_out=plan.left_out,
        accepted=settled.accept,
        notices=(*told, *likenesses),
        given_back=copy.given_back,
    )
    carrying.say(copy.programme, merged, by, settled.reason.strip())
    for stream, earlier in before.items():
        _show(copy.programme, stream, earlier, [e for e in entries if e.stream == stream])
    return likenesses


def _show(
    programme: str, stream: str, earlier: tuple[Entry, ...], brought: Sequence[Entry]
) -> None:
    """Bring the lists in line with what was brought, and doses to their containers."""
    if stream.startswith(watching.PREFIX):
        monitor = watching.load(stream)
        for entry in brought:
            watching.apply(monitor, entry)
        watching.save(monitor)
    elif stream.startswith(stream_of(programme, "")):
        whole = (*earlier, *brought)
        standing = programmes.load(programme)
        was, now = (courses.fold(each, kinds().read) for each in (earlier, whole))
        projections.write(
            programmes.lists_of(standing, stream, was, earlier),
            programmes.lists_of(standing, stream, now, whole),
        )
        for entry in brought:
            if isinstance(entry.fact, DoseGiven):
                stock.follow(programme, now, (entry.fact,), entry.occurred_at)


def _bring_identities(plan: _Plan) -> tuple[str, ...]:
    """Keep who the site's people are as the site keeps it; say who may be one person."""
    copy, told = plan.copy, list[str]()
    key = seal.key_for(plan.lease.key)
    touched = {row[1] for row in plan.bringing}
    people = sorted(each.split(":")[2] for each in touched if each.startswith("course:"))
    for participant in people:
        kept = copy.identities.get(participant)
        if kept is None:
            vault.forget(copy.programme, participant)
            continue
        told += [
            f"{participant} may be the same person as {each.participant} of {each.programme}"
            for each in vault.adopt(copy.programme, participant, *kept, key)
        ]
    return tuple(told)


def _digest(rows: Iterable[Stored]) -> str:
    return sha256("\n".join(row[14] for row in rows).encode()).hexdigest()
