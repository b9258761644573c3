"""What of a site's record does not fit the central one: shown to a person, not settled for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.contrib.auth import get_user_model

from sojourn.conduct.offline import BESIDE, Lease
from sojourn.conduct.programme import Programme
from sojourn.ledger import carrying, clock, programmes
from sojourn.ledger.carrying import Stored
from sojourn.ledger.leases import PREFIX
from sojourn.ledger.read import rows_of
from sojourn.ledger.site_copy import SiteCopy
from sojourn.record.hashing import time_of

New = Mapping[str, Sequence[Stored]]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that does not fit, and how a person may settle it."""

    key: str
    what: str
    settle: Literal["leave-out", "accept"]


def found(copy: SiteCopy, lease: Lease, new: New) -> tuple[Conflict, ...]:
    """Everything in the way of adding ``new``, in an order that stays."""
    streams = [
        conflict
        for stream, rows in sorted(new.items())
        if stream.partition(":")[0] not in BESIDE
        and (conflict := _written_here_too(lease, stream, rows))
    ]
    rows = [row for each in new.values() for row in each]
    return (*streams, *_members(copy, rows), *_devices(copy, rows), *_protocol(copy))


def notices(copy: SiteCopy, new: New) -> tuple[str, ...]:
    """What a person should know of the merge though nothing is in its way."""
    told = []
    now, made = clock.now(), time_of(copy.made_at)
    begun = time_of(copy.streams[PREFIX + copy.programme][0][6])
    given = time_of(copy.begun.taken_out_at)
    if made > now:
        told.append(f"the site's clock is ahead by {made - now} at least: it says {copy.made_at}")
    if begun < given:
        told.append(f"the site's clock was behind by {given - begun} at least when it began")
    late = [row for rows in new.values() for row in rows if time_of(row[6]) > now]
    if late:
        told.append(
            f"{len(late)} entries are of a time still to come, such as {carrying.named(late[0])}"
        )
    names = sorted({row[8] for rows in new.values() for row in rows} & set(copy.members))
    known = set(_members_here(names))
    told += [
        f"{each} wrote at the site and has no account here" for each in names if each not in known
    ]
    ours = len(rows_of(programmes.PREFIX + copy.programme))
    theirs = copy.given(programmes.PREFIX + copy.programme)
    if ours > theirs:
        told.append(
            f"the programme's own record went on by {ours - theirs} entries the site did not know"
        )
    return tuple(told)


def _written_here_too(lease: Lease, stream: str, rows: Sequence[Stored]) -> Conflict | None:
    shared = lease.reached(stream)
    ours = rows_of(stream)[shared:]
    if not ours:
        return None
    who = stream.split(":")[2]
    alike = [one for one in ours for other in rows if one[3:6] == other[3:6]]
    words = f"{len(ours)} entries here since, such as {carrying.named(ours[0])}; "
    words += f"{len(rows)} at the site"
    if alike:
        words += f"; {len(alike)} say the same on both sides, such as {alike[0][3]}"
    if not shared:
        return Conflict(stream, f"{who} was made on both sides: {words}", "leave-out")
    return Conflict(stream, f"{who} was written on both sides: {words}", "leave-out")


def _members(copy: SiteCopy, rows: Sequence[Stored]) -> list[Conflict]:
    names = sorted({row[8] for row in rows} & set(copy.members))
    here = _members_here(names)
    conflicts = []
    for name in names:
        theirs, ours = copy.members[name], here.get(name)
        if ours is None or ours == (theirs.role, theirs.full_name):
            continue
        what = (
            f"'{name}' is {theirs.full_name or 'without a name'} ({theirs.role}) at the site and "
            f"{ours[1] or 'without a name'} ({ours[0]}) here: are they one person?"
        )
        conflicts.append(Conflict(f"member:{name}", what, "accept"))
    return conflicts


def _tokens(programme: Programme) -> dict[str, str]:
    return {each.name: each.token_digest for each in programme.devices if not each.revoked}


def _members_here(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    found = get_user_model()._default_manager.filter(username__in=names)
    return {each.username: (each.role, each.get_full_name()) for each in found}


def _devices(copy: SiteCopy, rows: Sequence[Stored]) -> list[Conflict]:
    """Devices whose token was taken away or given anew while the site still took their word."""
    at_site = _tokens(copy.programme_as_given())
    here = _tokens(programmes.load(copy.programme).programme)
    names = sorted({row[8] for row in rows if row[9] == "device"})
    return [
        Conflict(
            f"token:{name}",
            f"device '{name}' delivered at the site under a token that no longer holds here",
            "accept",
        )
        for name in names
        if at_site.get(name) != here.get(name)
    ]


def _protocol(copy: SiteCopy) -> list[Conflict]:
    now = programmes.load(copy.programme).programme
    if now.protocol_digest == copy.begun.protocol_digest:
        return []
    what = (
        f"the site worked to protocol {copy.begun.protocol_digest[:12]}; the programme now goes "
        f"by {now.protocol_version} ({now.protocol_digest[:12]})"
    )
    return [Conflict("protocol", what, "accept")]
