"""One session's monitor: what its stream adds up to, entry by entry, and the rows it leaves.

Writing and rebuilding go through the same ``apply``, so that both end in the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.db import connection
from pydantic import TypeAdapter

from sojourn.course import alarms
from sojourn.course.alarms import Raised, Watch
from sojourn.course.readings import (
    DEVICE,
    Clock,
    MonitoringSet,
    Reading,
    ReadingsReceived,
    SilenceNoticed,
    Watched,
    unusable,
)
from sojourn.ledger.read import read_stream, streams
from sojourn.ledger.readings_rows import MinuteRow, MonitorRow, ReadingRow
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry

PREFIX = "vitals:"
MINUTE_MS = 60_000
TABLES = (ReadingRow, MinuteRow, MonitorRow)
Known = Mapping[tuple[int, str], tuple[int, bool]]  # (at_ms, signal): value, usable

_WATCH = TypeAdapter(Watch)
_SET = TypeAdapter(MonitoringSet)
_NEW_READING = (
    "INSERT INTO ledger_readingrow (stream, at_ms, signal, value, usable) "
    "VALUES (%s, %s, %s, %s, %s)"
)
_MINUTE = (
    "INSERT INTO ledger_minuterow "
    "(stream, minute, signal, lowest, median, highest, readings, unusable) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (stream, minute, signal) DO UPDATE SET "
    "lowest = excluded.lowest, median = excluded.median, highest = excluded.highest, "
    "readings = excluded.readings, unusable = excluded.unusable"
)
_SAVE = (
    "INSERT INTO ledger_monitorrow "
    "(stream, programme, participant, visit, sequence, rules, watch, silent_ms) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (stream) DO UPDATE SET "
    "sequence = excluded.sequence, rules = excluded.rules, watch = excluded.watch, "
    "silent_ms = excluded.silent_ms"
)


@dataclass(slots=True)
class Monitor:
    """A session's monitor as the record has it up to ``sequence``; ``apply`` moves it on."""

    stream: str
    sequence: int = 0
    rules_text: str = ""
    watch: Watch = field(default_factory=Watch)

    @property
    def place(self) -> tuple[str, str, str]:
        """Programme, participant and visit."""
        _, programme, participant, visit = self.stream.split(":", 3)
        return programme, participant, visit

    @property
    def setting(self) -> MonitoringSet:
        return _setting(self.rules_text)

    @property
    def rules(self) -> Sequence[Watched]:
        return self.setting.rules


@dataclass(frozen=True, slots=True)
class Applied:
    """What one entry did: alarms it raised, readings that came late or were unusable."""

    raised: tuple[Raised, ...] = ()
    late: int = 0
    unusable: int = 0


def stream_of(programme: str, participant: str, visit: str) -> str:
    """The stream that holds one session day's readings."""
    return f"{PREFIX}{programme}:{participant}:{visit}"


def moment(at_ms: int) -> datetime:
    """Milliseconds since 1970 as an aware time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)


def load(stream: str) -> Monitor:
    """The monitor of that stream; a new one when nothing was ever received."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence, rules, watch FROM ledger_monitorrow WHERE stream = %s", [stream]
        )
        row = cursor.fetchone()
    if row is None:
        return Monitor(stream)
    return Monitor(stream, int(row[0]), row[1], _WATCH.validate_json(row[2]))


def save(monitor: Monitor) -> None:
    """Keep what the monitor remembers."""
    silent = alarms.silent_from(monitor.watch, monitor.rules)
    watch = _WATCH.dump_json(monitor.watch).decode()
    row = (monitor.stream, *monitor.place, monitor.sequence, monitor.rules_text, watch, silent)
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, row)


def apply(monitor: Monitor, entry: Entry) -> Applied:
    """Move ``monitor`` on by one entry and write the rows of its readings."""
    monitor.sequence = entry.sequence
    match entry.fact:
        case MonitoringSet():
            monitor.rules_text = kinds().write(entry.fact)[2]
        case SilenceNoticed():
            watch, raised = alarms.silence(monitor.watch, monitor.rules, entry.fact.noticed_ms)
            monitor.watch = watch
            return Applied(raised)
        case ReadingsReceived():
            return _received(monitor, entry.fact)
    return Applied()


def rows_around(stream: str, readings: Iterable[Reading], reach_ms: int = 0) -> Known:
    """Readings on record from the first of ``readings`` to the last, or ``reach_ms`` beyond."""
    moments = [each.at_ms for each in readings]
    if not moments:
        return {}
    return _rows(stream, min(moments) - reach_ms, max(moments) + reach_ms)


def rebuild() -> None:
    """Fill the tables of every monitor from the entries alone; they must be empty."""
    for stream in streams(PREFIX):
        monitor = Monitor(stream)
        for entry in read_stream(stream):
            apply(monitor, entry)
        save(monitor)


def _received(monitor: Monitor, batch: ReadingsReceived) -> Applied:
    readings = sorted(batch.readings())
    bad = unusable(readings, monitor.setting.plausible)
    _keep(monitor.stream, readings, bad)
    streamed = batch.source.startswith(DEVICE)
    watch, newest = monitor.watch, _newest(monitor.watch)
    raised: list[Raised] = []
    late: dict[str, list[Reading]] = {}
    late_count = 0
    for reading in readings:
        track = watch.tracks.get(reading.signal)
        if track and reading.at_ms <= track.seen_ms:
            late_count += 1
            if reading not in bad:
                late.setdefault(reading.signal, []).append(reading)
        elif reading in bad:
            watch = alarms.skip(watch, reading, streamed=streamed)
        else:
            watch, found = alarms.step(watch, reading, monitor.rules, streamed=streamed)
            raised += found
    for signal, missed in late.items():
        watch, found = alarms.late(watch, _around(monitor, signal, missed), monitor.rules)
        raised += found
    _settle(monitor.stream, readings, newest, _newest(watch))
    clock = Clock(batch.corrected_ms, batch.clock_doubts)
    monitor.watch = replace(watch, clocks={**watch.clocks, batch.source: clock})
    return Applied(tuple(raised), late_count, len(bad))


def _around(monitor: Monitor, signal: str, missed: list[Reading]) -> list[Reading]:
    reach = alarms.reach_ms(monitor.rules, signal)
    near = rows_around(monitor.stream, missed, reach)
    return [
        Reading(at_ms, each, value)
        for (at_ms, each), (value, usable) in near.items()
        if each == signal and usable
    ]


def _newest(watch: Watch) -> int:
    return max((track.seen_ms for track in watch.tracks.values()), default=alarms.NEVER)


def _keep(stream: str, readings: Iterable[Reading], bad: frozenset[Reading]) -> None:
    rows = [(stream, each.at_ms, each.signal, each.value, each not in bad) for each in readings]
    with connection.cursor() as cursor:
        cursor.executemany(_NEW_READING, rows)


def _settle(stream: str, readings: Iterable[Reading], before_ms: int, after_ms: int) -> None:
    """Sum up every minute the batch touched or ended; the newest minute is still going on."""
    newest = after_ms // MINUTE_MS
    touched = {each.at_ms // MINUTE_MS for each in readings}
    if before_ms != alarms.NEVER:
        touched.add(before_ms // MINUTE_MS)
    ended = {minute for minute in touched if minute < newest}
    if not ended:
        return
    found: dict[tuple[int, str], list[tuple[int, bool]]] = {}
    span = _rows(stream, min(ended) * MINUTE_MS, (max(ended) + 1) * MINUTE_MS - 1)
    for (at_ms, signal), value in span.items():
        if at_ms // MINUTE_MS in ended:
            found.setdefault((at_ms // MINUTE_MS, signal), []).append(value)
    rows = [(stream, *key, *_summary(values)) for key, values in sorted(found.items())]
    with connection.cursor() as cursor:
        cursor.executemany(_MINUTE, rows)


def _rows(stream: str, first_ms: int, last_ms: int) -> dict[tuple[int, str], tuple[int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at_ms, signal, value, usable FROM ledger_readingrow "
            "WHERE stream = %s AND at_ms >= %s AND at_ms <= %s",
            [stream, first_ms, last_ms],
        )
        return {(row[0], row[1]): (row[2], bool(row[3])) for row in cursor.fetchall()}


def _summary(values: list[tuple[int, bool]]) -> tuple[int | None, int | None, int | None, int, int]:
    usable = sorted(value for value, good in values if good)
    bad = len(values) - len(usable)
    if not usable:
        return None, None, None, 0, bad
    return usable[0], middle(usable), usable[-1], len(usable), bad


def middle(ordered: Sequence[int]) -> int:
    """The median of an ordered row; of the two in the middle, the lower."""
    return ordered[(len(ordered) - 1) // 2]


@lru_cache(maxsize=256)
def _setting(text: str) -> MonitoringSet:
    return _SET.validate_json(text) if text else MonitoringSet((), (), ())
