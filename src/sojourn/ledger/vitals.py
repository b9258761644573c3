"""Vital signs for a page: series made small, the latest of each signal, the next one due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from sojourn.course.readings import BY_KEY, Reading
from sojourn.course.state import Session, Vitals
from sojourn.course.vitals_schedule import Due, next_due
from sojourn.ledger.watching import MINUTE_MS, load, middle, moment, stream_of
from sojourn.protocols.monitoring import SIGNALS, Signal

RAW_MS = 15 * MINUTE_MS  # what is asked for beyond this is read minute by minute


@dataclass(frozen=True, slots=True)
class Bucket:
    """Readings of one signal side by side in time, from ``at`` on.

    ``lowest``, ``median`` and ``highest`` are of the usable ones and None when
    there are none. Where minutes are put together, the median is that of their medians.
    """

    at: datetime
    lowest: int | None
    median: int | None
    highest: int | None
    readings: int
    unusable: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    signal: Signal
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest usable value of a signal, as a whole number of its unit."""

    signal: Signal
    at: datetime
    value: int


def series(
    programme: str,
    participant: str,
    visit: str,
    *,
    since: datetime | None = None,
    points: int = 240,
    session: Session | None = None,
) -> tuple[Series, ...]:
    """Each signal's readings from ``since`` on, in at most ``points`` buckets of equal width.

    ``session`` adds the readings taken by hand. Signals without readings are left out.
    """
    stream = stream_of(programme, participant, visit)
    first = _ms(since) if since else 0
    newest = _newest(stream)
    by_hand = [each for each in _taken_by_hand(session) if each.at_ms >= first]
    if newest is not None and newest - first > RAW_MS:
        going_on = newest // MINUTE_MS * MINUTE_MS
        parts = _minutes(stream, first // MINUTE_MS) + _raw(stream, going_on)
    else:
        parts = _raw(stream, first) if newest is not None else []
    parts += [
        (each.signal, each.at_ms, each.value, each.value, each.value, 1, 0) for each in by_hand
    ]
    found: dict[str, list[_Part]] = {}
    for part in sorted(parts, key=lambda part: part[1]):
        found.setdefault(part[0], []).append(part)
    return tuple(
        Series(signal, tuple(_buckets(found[signal.key], parts, points)))
        for signal in SIGNALS
        if signal.key in found
    )


def latest(
    programme: str, participant: str, visit: str, *, session: Session | None = None
) -> Mapping[str, Latest]:
    """The newest usable value of each signal, by the signal's key.

    ``session`` adds the readings taken by hand.
    """
    watch = load(stream_of(programme, participant, visit)).watch
    newest = {
        key: Reading(track.usable_ms, key, track.value)
        for key, track in watch.tracks.items()
        if track.value is not None
    }
    for each in _taken_by_hand(session):
        if each.signal not in newest or newest[each.signal].at_ms <= each.at_ms:
            newest[each.signal] = each
    return {
        signal.key: Latest(signal, moment(newest[signal.key].at_ms), newest[signal.key].value)
        for signal in SIGNALS
        if signal.key in newest
    }


# Signal, start in ms, lowest, median, highest, readings, unusable.
_Part = tuple[str, int, int | None, int | None, int | None, int, int]


def _newest(stream: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at_ms FROM ledger_readingrow WHERE stream = %s ORDER BY at_ms DESC LIMIT 1",
            [stream],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _raw(stream: str, first_ms: int) -> list[_Part]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT signal, at_ms, value, usable FROM ledger_readingrow "
            "WHERE stream = %s AND at_ms >= %s ORDER BY at_ms",
            [stream, first_ms],
        )
        return [
            (signal, at_ms, value, value, value, 1, 0)
            if usable
            else (signal, at_ms, None, None, None, 0, 1)
            for signal, at_ms, value, usable in cursor.fetchall()
        ]


def _minutes(stream: str, first_minute: int) -> list[_Part]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT signal, minute, lowest, median, highest, readings, unusable "
            "FROM ledger_minuterow WHERE stream = %s AND minute >= %s ORDER BY minute",
            [stream, first_minute],
        )
        return [(row[0], row[1] * MINUTE_MS, *row[2:]) for row in cursor.fetchall()]


def _buckets(mine: Sequence[_Part], all_parts: Sequence[_Part], points: int) -> Iterable[Bucket]:
    # One grid for every signal, so that their buckets stand above each other.
    start = min(part[1] for part in all_parts)
    span = max(part[1] for part in all_parts) - start + 1
    width = max(1000, -(-span // points))
    grouped: dict[int, list[_Part]] = {}
    for part in mine:
        grouped.setdefault((part[1] - start) // width, []).append(part)
    for number, parts in sorted(grouped.items()):
        medians = sorted(part[3] for part in parts if part[3] is not None)
        yield Bucket(
            at=moment(start + number * width),
            lowest=min((part[2] for part in parts if part[2] is not None), default=None),
            median=middle(medians) if medians else None,
            highest=max((part[4] for part in parts if part[4] is not None), default=None),
            readings=sum(part[5] for part in parts),
            unusable=sum(part[6] for part in parts),
        )


def _taken_by_hand(session: Session | None) -> list[Reading]:
    if session is None:
        return []
    return [
        Reading(_ms(each.at), key, value)
        for each in session.vitals
        for key in BY_KEY
        if (value := _value(each, key)) is not None
    ]


def _value(vitals: Vitals, key: str) -> int | None:
    value: int | None = getattr(vitals, key, None)
    return value


__all__ = ["Bucket", "Due", "Latest", "Series", "latest", "moment", "next_due", "series"]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
