"""Study drug on the record: a stream for each container, one for each site's storage.

Every command is decided within the writer's turn, on what stands then; a key makes a retry
write nothing twice. What the session room records reaches the container it names.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection

from sojourn.conduct import accountability, containers, labels, pharmacy, storage
from sojourn.conduct.blinding import may_open_allocation
from sojourn.conduct.containers import (
    Container,
    ContentsSealed,
    Discrepancy,
    DiscrepancyExplained,
    DiscrepancyFound,
)
from sojourn.conduct.stock import Placed, Recipient, Stock
from sojourn.conduct.storage import Storage
from sojourn.course.dosing import DoseGiven
from sojourn.course.state import Course
from sojourn.ledger import allocating, clock, programmes, seal
from sojourn.ledger.append import append, take_turn
from sojourn.ledger.columns import STORED, entry_of
from sojourn.ledger.read import read_stream, streams, version, written_by
from sojourn.ledger.registry import kinds
from sojourn.ledger.turns import in_turn
from sojourn.record.command import Refused
from sojourn.record.entry import Entry, Fact

CONTAINERS, STORAGE = "container:", "storage:"
UNLABELLED = "UNLABELLED"  # where a dose's container is no number at all
# Commands about containers they do not name.
ABOUT_ALL = (pharmacy.RecallLot, pharmacy.RecordTemperature)
_LAST_CHARACTER = "\U0010ffff"


def stream_of(programme: str, container: str) -> str:
    """The stream of one container."""
    return f"{CONTAINERS}{programme}:{container}"


def load_storage(programme: str, site: str) -> Storage:
    """Where the site keeps study drug, and its temperatures."""
    return storage.fold(read_stream(f"{STORAGE}{programme}:{site}"))


def load(programme: str, container: str) -> Container:
    """One container as it stands."""
    return containers.fold(container, read_stream(stream_of(programme, container)))


def histories(programme: str) -> list[tuple[str, tuple[Entry, ...]]]:
    """Every container of the programme with its entries, read at once."""
    prefix, known = stream_of(programme, ""), kinds()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {STORED} FROM ledger_entry WHERE stream >= %s AND stream < %s "
            "ORDER BY stream, sequence",
            (prefix, prefix + _LAST_CHARACTER),
        )
        entries = [entry_of(row, known) for row in cursor.fetchall()]
    return [
        (stream.removeprefix(prefix), tuple(group))
        for stream, group in groupby(entries, key=lambda each: each.stream)
    ]


def load_all(programme: str) -> dict[str, Container]:
    """Every container of the programme."""
    return {number: containers.fold(number, entries) for number, entries in histories(programme)}


def unexplained(programme: str) -> list[tuple[str, Discrepancy]]:
    """Every open alert of diversion with its container, the oldest first."""
    prefix, known = stream_of(programme, ""), kinds()
    told = (DiscrepancyFound.kind, DiscrepancyExplained.kind)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {STORED} FROM ledger_entry WHERE stream >= %s AND stream < %s "
            "AND kind IN (%s, %s) ORDER BY stream, sequence",
            (prefix, prefix + _LAST_CHARACTER, *told),
        )
        entries = [entry_of(row, known) for row in cursor.fetchall()]
    found = [
        (stream.removeprefix(prefix), gap)
        for stream, group in groupby(entries, key=lambda each: each.stream)
        for gap in containers.fold(stream, group).open
    ]
    return sorted(found, key=lambda each: (each[1].found_at, each[0]))


def sites(programme: str) -> tuple[str, ...]:
    """Sites that have set up a place of storage."""
    prefix = f"{STORAGE}{programme}:"
    return tuple(each.removeprefix(prefix) for each in streams(prefix))


def execute(
    programme: str, site: str, command: Any, by: Any, *, course: Course | None = None, key: str = ""
) -> tuple[Entry, ...]:
    """Decide and write one command of the pharmacy at ``site``.

    ``course`` is that of the participant it is about.

    Raises
    ------
    Refused
        If the role may not ask for it or it makes no sense.
    """
    standing = programmes.load(programme)
    command = clock.as_lived_here(command)
    with in_turn():
        take_turn()
        if key and (written := _written(programme, site, command, key)):
            return written
        stock = _stock(programme, standing, site, command, by, course)
        facts = accountability.decide(stock, command, role=by.role, now=clock.now())
        return _write(programme, site, facts, command.at, by, key)


def follow(programme: str, course: Course, facts: Iterable[Fact], at: datetime) -> None:
    """Bring doses the session room recorded to the containers they name, within its turn."""
    doses = [each for each in facts if isinstance(each, DoseGiven)]
    if not doses or not version(f"{STORAGE}{programme}:{course.site}"):
        return  # this site keeps no book of its containers here
    for dose in doses:
        number = dose.container.strip().upper()
        if not labels.NUMBER.fullmatch(number):
            number = UNLABELLED
        container = load(programme, number)
        found = accountability.given(
            container, course.participant, dose.visit, dose.which, dose.level_mg, course.site
        )
        _append(programme, container, found, at)


def reconcile(programme: str) -> int:
    """Raise an alert for whatever is not back in time; returns how many. For a timer."""
    raised, now = 0, clock.now()
    with in_turn():
        take_turn()
        places = {site: load_storage(programme, site).places for site in sites(programme)}
        for each in load_all(programme).values():
            place = places.get(each.site, {}).get(each.place)
            found = accountability.late(each, place, now)
            _append(programme, each, found, now)
            raised += len(found)
    return raised


def fitting(programme: str, site: str, course: Course) -> tuple[Container, ...]:
    """Containers that may be dispensed to this participant today, the first to expire first."""
    standing = programmes.load(programme)
    today = clock.now().date()
    here = [
        each
        for each in load_all(programme).values()
        if each.site == site and each.in_stock and not each.open and not each.hindrance(today)
    ]
    if _sealed(standing):
        fits = _recipient(programme, standing, course, here).fits
        here = [each for each in here if fits.get(each.number)]
    return tuple(sorted(here, key=lambda each: (str(each.expires_on), each.number)))


def _written(programme: str, site: str, command: Any, key: str) -> tuple[Entry, ...]:
    number = getattr(command, "container", "")
    if not number and isinstance(command, pharmacy.ReceiveShipment):
        number = labels.numbers(command.containers)[0]
    if not number and isinstance(command, pharmacy.SealContents):
        number = next((each for each, _ in labels.kit_list(command.lines)), "")
    if number:
        return written_by(stream_of(programme, number), key)
    return written_by(f"{STORAGE}{programme}:{site}", key)


def _stock(
    programme: str,
    standing: programmes.Standing,
    site: str,
    command: Any,
    by: Any,
    course: Course | None,
) -> Stock:
    on = command.at.date() if command.at.tzinfo else clock.now().date()
    known = _named(programme, command)
    sealed = _sealed(standing)
    recipient = (
        _recipient(programme, standing, course, known.values())
        if course is not None and isinstance(command, pharmacy.Dispense)
        else None
    )
    return Stock(
        site=site,
        storage=load_storage(programme, site) if hasattr(command, "place") else Storage(),
        containers=known,
        credentialed=frozenset(
            each.practitioner for each in standing.programme.credentials if each.holds(on)
        ),
        author=by.name,
        sealed=sealed,
        arms=tuple(each.key for each in standing.protocol.arms),
        recipient=recipient,
        undelegated=standing.programme.log.lacking(by.name, by.role, command.name, on, site),
    )


def _named(programme: str, command: Any) -> dict[str, Container]:
    if isinstance(command, ABOUT_ALL):
        return load_all(programme)
    if isinstance(command, pharmacy.ReceiveShipment):
        named = labels.numbers(command.containers)
    elif isinstance(command, pharmacy.SealContents):
        named = tuple(each for each, _ in labels.kit_list(command.lines))
    else:
        named = (str(getattr(command, "container", "")),)
    return {each: load(programme, each) for each in named if each}


def _sealed(standing: programmes.Standing) -> bool:
    plan = standing.protocol.randomisation
    return plan is not None and plan.blinded


def _recipient(
    programme: str, standing: programmes.Standing, course: Course, of: Iterable[Container]
) -> Recipient:
    # Compared with what containers hold and shown to nobody.
    sealed = allocating.sealed_arm(programme, course) if _sealed(standing) else ""
    arm = seal.open_seal(sealed) if sealed else ""
    return Recipient(
        participant=course.participant,
        site=course.site,
        randomised=course.randomised_at is not None,
        ended=bool(course.ended),
        fits={each.number: bool(arm) and _holds(each, arm) for each in of},
    )


def _holds(container: Container, arm: str) -> bool:
    return bool(container.sealed) and seal.open_seal(container.sealed) == arm


def _write(
    programme: str,
    site: str,
    facts: Iterable[Placed],
    at: datetime,
    by: Any,
    key: str,
) -> tuple[Entry, ...]:
    written: list[Entry] = []
    by_stream: dict[str, list[Fact]] = {}
    for number, fact in facts:
        if isinstance(fact, ContentsSealed):
            if not may_open_allocation(by.role):
                raise Refused(f"a {by.role} is blinded and can't handle the kit list")
            fact = replace(fact, sealed=seal.seal(fact.sealed))
        stream = stream_of(programme, number) if number else f"{STORAGE}{programme}:{site}"
        by_stream.setdefault(stream, []).append(fact)
    for stream, told in by_stream.items():
        written += append(
            stream,
            told,
            expected=version(stream),
            occurred_at=at,
            author=by.name,
            role=by.role,
            command=key,
        )
    return tuple(written)


def _append(programme: str, container: Container, facts: tuple[Fact, ...], at: datetime) -> None:
    append(
        stream_of(programme, container.number),
        facts,
        expected=container.version,
        occurred_at=at,
        author="sojourn",
        role="system",
    )
