"""Who may take courses offline, and what may be written where while they are out."""

from collections.abc import Iterable
from datetime import date

from sojourn.conduct.offline import (
    BESIDE,
    TRAVELLING,
    Leases,
    StreamsGivenBack,
    StreamsTakenBack,
    StreamsTakenOut,
    participant_of,
)
from sojourn.record.command import Refused
from sojourn.record.entry import Fact


def take_out(
    leases: Leases, wanted: StreamsTakenOut, registered: Iterable[str], today: date
) -> tuple[Fact, ...]:
    """The lease a site is given; ``registered`` are all participant numbers of the programme.

    Raises
    ------
    Refused
        If somebody is out already, numbers meet, nothing is asked for or the day has passed.
    """
    if leases.own:
        raise Refused("this record is a site's own; only the central record gives courses out")
    if wanted.until < today:
        raise Refused(f"{wanted.until} has passed; say until which day the site keeps them")
    known = set(registered)
    for each in wanted.participants:
        if each not in known:
            raise Refused(f"there is no participant '{each}' in this programme")
        if held := leases.holder(each):
            raise Refused(f"{each} is out at {held.site} since {held.since:%Y-%m-%d}")
    if wanted.numbers:
        _refuse_numbers_that_meet(leases, wanted, known)
    if not wanted.participants and not wanted.numbers:
        raise Refused(f"site {wanted.site} has no participant, and no new numbers were given to it")
    return (wanted,)


def _refuse_numbers_that_meet(leases: Leases, wanted: StreamsTakenOut, known: set[str]) -> None:
    numbers = wanted.numbers
    met = sorted(
        each for each in known if each.startswith(numbers) and each not in wanted.participants
    )
    if met:
        raise Refused(f"{met[0]} begins with {numbers} and stays here; give the site other numbers")
    for other in leases.out:
        both = (numbers, other.numbers)
        if other.numbers and (both[0].startswith(both[1]) or both[1].startswith(both[0])):
            raise Refused(f"{other.site} may register numbers that begin with {other.numbers}")
        if any(each.startswith(numbers) for each in other.participants):
            raise Refused(f"{other.site} holds a participant whose number begins with {numbers}")


def take_back(leases: Leases, key: str, cause: str) -> tuple[Fact, ...]:
    """The end of a lease in an emergency.

    Raises
    ------
    Refused
        If nothing is out under that lease, or no cause is given.
    """
    lease = leases.of(key)
    if lease is None or lease not in leases.out:
        raise Refused(f"nothing is out under lease '{key}'")
    if len(cause.strip()) < 8:
        raise Refused("say in a few words why it is taken back")
    return (StreamsTakenBack(key, cause.strip()),)


def give_back(leases: Leases) -> tuple[Fact, ...]:
    """The end of a site's own record: nothing is written to it afterwards.

    Raises
    ------
    Refused
        If this is no site's record, or it was given back.
    """
    own = leases.own
    if own is None:
        raise Refused("this record was not begun with a file that was taken out")
    if own.ended_at:
        raise Refused(f"it was given back at {own.ended_at:%Y-%m-%d %H:%M}; make a copy of it")
    return (StreamsGivenBack(own.key, own.record),)


_AT_A_SITE = {
    "allocation": "Nobody can be randomised offline: the allocation lies under the seal of the "
    "central record. Randomise there, before a course is taken out or after it was given back.",
    "openings": "The allocation can't be opened offline: it lies in the central record.",
    "emergencies": "The allocation can't be opened offline: telephone who is at the central record "
    "and unblind there.",
    "container": "Study drug is booked in the central record alone.",
    "storage": "Study drug is booked in the central record alone.",
    "programme": "What the whole programme goes by can't be changed offline: change it in the "
    "central record.",
    "confidential": "A confidential report can't be made offline: tell who oversees the site "
    "yourself, or report it in the central record.",
}


def refusal(leases: Leases, stream: str) -> str:
    """Why nothing may be written to ``stream`` in this record now; empty when it may."""
    kind, _, rest = stream.partition(":")
    who = participant_of(rest)
    own = leases.own
    if own is None:
        lease = leases.holder(who) if kind in TRAVELLING else None
        if lease is None:
            return ""
        if who not in lease.participants:
            return (
                f"numbers that begin with {lease.numbers} are site {lease.site}'s to register "
                f"until it gives back what it took offline (planned {lease.until}); take another"
            )
        return (
            f"{who} was taken offline by site {lease.site} on {lease.since:%Y-%m-%d}, until "
            f"{lease.until}: it is written there. Nothing was written here; enter it at the site, "
            "or have the programme lead take the course back"
        )
    if own.ended_at:
        return (
            f"this site's record was given back at {own.ended_at:%Y-%m-%d %H:%M}: go on in the "
            "central record"
        )
    if own.covers(stream) or kind in BESIDE:
        return ""
    if kind in TRAVELLING:
        return f"{who} was not taken out by site {own.site}: go on with it in the central record"
    return _AT_A_SITE.get(kind, "This can't be done offline: do it in the central record.")
