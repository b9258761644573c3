"""Readings onto the record, and what they set off: one batch, one entry, one turn.

The entry, the rows that charts are drawn from, what the alarms remember and the
alert in the participant's course are written in one transaction: nothing a
device was told is kept can be lost, and no alarm is lost by a restart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import chain

from django.db import connection, transaction

from sojourn.course.alarms import Raised, Watch
from sojourn.course.readings import (
    RIGHT,
    Clock,
    MonitoringSet,
    Reading,
    ReadingsReceived,
    batch_of,
    followed,
    monitoring_of,
)
from sojourn.ledger import clock, programmes, recent, watching
from sojourn.ledger.append import append, take_turn
from sojourn.ledger.desk import load_course
from sojourn.ledger.desk import stream_of as course_stream
from sojourn.ledger.programmes import Standing
from sojourn.ledger.raising import raise_all
from sojourn.ledger.read import written_by
from sojourn.ledger.registry import kinds
from sojourn.ledger.together import Together
from sojourn.ledger.turns import in_turn
from sojourn.ledger.watching import Monitor, moment
from sojourn.protocols.monitoring import ClockLimits
from sojourn.record.command import Refused
from sojourn.record.entry import Fact

BELIEVED = ClockLimits(agrees_within_s=10, corrected_up_to_s=10)  # where a protocol says nothing
NAMED = 20  # readings left out that a receipt names


@dataclass(frozen=True, slots=True)
class Delivery:
    """Readings of one session as they arrive. Stamps and ``clock_ms`` are the device's own.

    ``clock_ms`` is what the device's clock says on sending; None where the stamps
    are to be believed. ``visit`` is needed only once the session is closed.
    """

    participant: str
    batch: str
    readings: tuple[Reading, ...]
    clock_ms: int | None = None
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who delivers: ``source`` stands in the entries, ``site`` limits whom it may speak of."""

    source: str
    author: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery: 'written', 'known' (all of it was there) or 'refused'."""

    participant: str
    batch: str
    status: str
    message: str = ""
    field: str = ""
    visit: str = ""
    written: int = 0
    duplicates: int = 0
    late: int = 0
    unusable: int = 0
    corrected_ms: int = 0
    left_out: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Arrival:
    standing: Standing
    deliveries: tuple[Delivery, ...]
    sender: Sender
    at: datetime


@dataclass(frozen=True, slots=True)
class _Place:
    """A session that readings may belong to, and when it began and ended."""

    site: str
    visit: str
    opened_at: datetime
    closed_at: datetime | None = None


def receive(programme: str, deliveries: Sequence[Delivery], sender: Sender) -> tuple[Receipt, ...]:
    """Write what is new in each delivery and raise what it sets off; one receipt for each.

    A delivery that can't be taken is refused by itself and holds up no other.

    Raises
    ------
    Refused
        If there is no such programme.
    """
    standing = programmes.load(programme)
    # A device's clock is compared with the arrival, however long the line is.
    arrival = _Arrival(standing, tuple(deliveries), sender, clock.now())
    if connection.in_atomic_block:
        return _write_all([arrival])[0]
    return _line.ask(arrival)


def _write_all(arrivals: Sequence[_Arrival]) -> list[tuple[Receipt, ...]]:
    """Write all arrivals in one transaction; the receipts of each."""
    with in_turn():
        take_turn()
        return [_taken(each) for each in arrivals]


_line: Together[_Arrival, tuple[Receipt, ...]] = Together(_write_all)


def _taken(arrival: _Arrival) -> tuple[Receipt, ...]:
    standing = arrival.standing
    participants = [
        each.participant for each in arrival.deliveries if each.participant.isprintable()
    ]
    places = _open_places(standing.programme.key, participants)
    return tuple(
        _one(standing, each, places, arrival.sender, arrival.at) for each in arrival.deliveries
    )


def _one(
    standing: Standing,
    delivery: Delivery,
    places: dict[str, _Place],
    sender: Sender,
    arrived: datetime,
) -> Receipt:
    try:
        # What is refused halfway leaves nothing behind, not even of the readings before it.
        with transaction.atomic():
            place = _place(standing.programme.key, delivery, places, sender)
            return _receive(_their(standing, delivery, place), delivery, place, sender, arrived)
    except Refused as refusal:
        who, batch = delivery.participant, delivery.batch
        return Receipt(who, batch, "refused", refusal.message, refusal.field)


def _their(standing: Standing, delivery: Delivery, place: _Place) -> Standing:
    """The programme under the version of the protocol that this session follows."""
    if not standing.programme.amended:
        return standing
    _, course = recent.course_of(course_stream(standing.programme.key, delivery.participant))
    return programmes.followed(standing, course, place.opened_at)


def _receive(
    standing: Standing, delivery: Delivery, place: _Place, sender: Sender, arrived: datetime
) -> Receipt:
    stream = watching.stream_of(standing.programme.key, delivery.participant, place.visit)
    limits = standing.protocol.monitoring.clock if standing.protocol.monitoring else BELIEVED
    receipt = Receipt(delivery.participant, delivery.batch, "known", visit=place.visit)
    key = f"{sender.source}:{delivery.batch}"
    if written := written_by(stream, key):
        _refuse_another(delivery, [entry.fact for entry in written])
        return replace(receipt, duplicates=len(delivery.readings))
    monitor = watching.load(stream)
    ahead, device_clock = _clock(delivery, monitor.watch, sender.source, limits, arrived)
    corrected = device_clock.correction_ms
    timely, left_out = _timely(delivery, corrected, place, limits, arrived)
    if left_out and not timely:
        raise Refused(left_out[0], "readings")
    known = watching.rows_around(stream, timely)
    fresh = [each for each in timely if (each.at_ms, each.signal) not in known]
    receipt = replace(
        receipt,
        duplicates=len(delivery.readings) - len(left_out) - len(fresh),
        corrected_ms=corrected,
        left_out=left_out[:NAMED],
    )
    if not fresh:
        return receipt
    batch = batch_of(
        fresh, source=sender.source, batch=delivery.batch, ahead_ms=ahead, clock=device_clock
    )
    return _write(standing, monitor, batch, key, sender, receipt)


def _write(
    standing: Standing,
    monitor: Monitor,
    batch: ReadingsReceived,
    key: str,
    sender: Sender,
    receipt: Receipt,
) -> Receipt:
    """Append the batch, fold it, raise its alarms."""
    facts: tuple[Fact, ...] = (batch,)
    setting, text = _monitoring(standing.protocol.digest, standing.programme.settings)
    unset: tuple[str, ...] = ()
    if monitor.rules_text != text:
        facts, unset = (setting, batch), setting.unset
    newest = moment(max(each.at_ms for each in batch.readings()))
    entries = append(
        monitor.stream,
        facts,
        expected=monitor.sequence,
        occurred_at=min(newest, clock.now()),
        author=sender.author,
        role=sender.role,
        command=key,
    )
    applied = [watching.apply(monitor, entry) for entry in entries]
    watching.save(monitor)
    raised: tuple[Raised, ...] = tuple(chain.from_iterable(each.raised for each in applied))
    raise_all(standing.protocol, monitor, raised, unset)
    return replace(
        receipt,
        status="written",
        written=sum(len(each.values) for each in batch.signals),
        late=applied[-1].late,
        unusable=applied[-1].unusable,
        raised=tuple(each.rule for each in raised),
    )


def _refuse_another(delivery: Delivery, facts: Iterable[Fact]) -> None:
    # A retry brings the same readings; other readings under an old name must not vanish.
    sent = set(delivery.readings)
    for fact in facts:
        if isinstance(fact, ReadingsReceived):
            kept = {replace(e, at_ms=e.at_ms + fact.corrected_ms) for e in fact.readings()}
            if not kept <= sent:
                raise Refused(
                    f"batch '{delivery.batch}' was received with other readings; give each "
                    "batch a name of its own and send again",
                    "batch",
                )


def _clock(
    delivery: Delivery, watch: Watch, source: str, limits: ClockLimits, now: datetime
) -> tuple[int, Clock]:
    """How far the device's clock seems ahead, and what is made of it."""
    if delivery.clock_ms is None:
        return 0, RIGHT
    ahead = delivery.clock_ms - _ms(now)
    return ahead, followed(watch.clocks.get(source, RIGHT), ahead, limits)


def _timely(
    delivery: Delivery, corrected: int, place: _Place, limits: ClockLimits, now: datetime
) -> tuple[list[Reading], tuple[str, ...]]:
    """Readings at the server's time that fall in the session, each once; why others do not."""
    first, last = _ms(place.opened_at), _ms(place.closed_at or now)
    if place.closed_at is None:
        last += limits.agrees_within_s * 1000
    timely: dict[tuple[int, str], Reading] = {}
    left_out = []
    for each in delivery.readings:
        reading = Reading(each.at_ms - corrected, each.signal, each.value)
        when = f"{each.signal} of {moment(reading.at_ms):%Y-%m-%d %H:%M:%S}"
        if reading.at_ms < first:
            left_out.append(f"{when} lies before the session opened at {place.opened_at:%H:%M}")
        elif reading.at_ms > last and place.closed_at:
            left_out.append(f"{when} lies after the session closed at {place.closed_at:%H:%M}")
        elif reading.at_ms > last:
            left_out.append(
                f"{when} is still to come; send the clock that stamped the readings, "
                "and readings from before it was set in a batch of their own"
            )
        else:
            timely.setdefault((reading.at_ms, reading.signal), reading)
    return list(timely.values()), tuple(left_out)


def _place(programme: str, delivery: Delivery, places: dict[str, _Place], sender: Sender) -> _Place:
    for field in ("participant", "visit"):
        if not getattr(delivery, field).isprintable():
            raise Refused(f"the {field} holds a control character; send plain text", field)
    place = places.get(delivery.participant)
    if place is None or (delivery.visit and delivery.visit != place.visit):
        place = _earlier_place(programme, delivery)
    if sender.site and sender.site != place.site:
        raise Refused(
            f"{delivery.participant} is not at {sender.site}; this device may speak of that "
            "site only",
            "participant",
        )
    return place


def _earlier_place(programme: str, delivery: Delivery) -> _Place:
    course = load_course(programme, delivery.participant)
    if not course.participant:
        raise Refused(f"there is no participant '{delivery.participant}' here", "participant")
    session = course.sessions.get(delivery.visit) if delivery.visit else course.open_session
    if session is None:
        raise Refused(
            f"no dosing session of {delivery.participant} is open; open it first, or name the "
            "visit of a session that took place",
            "visit" if delivery.visit else "participant",
        )
    return _Place(course.site, session.visit, session.opened_at, session.closed_at)


def _open_places(programme: str, participants: Sequence[str]) -> dict[str, _Place]:
    keys = [course_stream(programme, each) for each in dict.fromkeys(participants)]
    if not keys:
        return {}
    marks = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.participant, p.site, s.visit, s.opened_at FROM ledger_opensessionrow s "
            f"JOIN ledger_participantrow p ON p.stream = s.stream WHERE s.stream IN ({marks})",
            keys,
        )
        return {row[0]: _Place(row[1], row[2], _time(row[3])) for row in cursor.fetchall()}


def _time(value: str | datetime) -> datetime:
    # SQLite hands the text back as it was written.
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@lru_cache(maxsize=64)
def _monitoring(digest: str, settings: tuple[tuple[str, int], ...]) -> tuple[MonitoringSet, str]:
    monitoring = programmes.protocol_text(digest).monitoring
    fact = monitoring_of(monitoring, dict(settings))
    return fact, kinds().write(fact)[2]
