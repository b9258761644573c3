"""What a monitor or a file said about one session: facts of many readings, and their clock.

A session day has a stream of its own: eight hours at one reading a second would
drown the participant's course. Values are whole numbers of the unit in their
signal's name; times are milliseconds since 1970 in UTC.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from sojourn.protocols.monitoring import SIGNALS, AlarmRule, ClockLimits, Monitoring, Signal
from sojourn.record.command import Refused

BY_KEY: Mapping[str, Signal] = {each.key: each for each in SIGNALS}
DEVICE = "device:"  # a source that is expected to go on


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    at_ms: int
    signal: str
    value: int


@dataclass(frozen=True, slots=True)
class Clock:
    """What is taken off a device's stamps, and how many measurements in a row spoke against it."""

    correction_ms: int = 0
    doubts: int = 0


RIGHT = Clock()


@dataclass(frozen=True, slots=True)
class SignalReadings:
    """Readings of one signal, oldest first; ``after_ms`` counts from the start of the batch."""

    signal: str
    after_ms: tuple[int, ...]
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadingsReceived:
    """One batch. ``clock_ahead_ms`` was measured, ``corrected_ms`` taken off every stamp.

    ``clock_doubts`` counts the batches in a row whose measurement was not believed.
    """

    kind: ClassVar[str] = "vitals.readings-received"
    schema: ClassVar[int] = 1
    source: str
    batch: str
    clock_ahead_ms: int
    corrected_ms: int
    clock_doubts: int
    start_ms: int
    signals: tuple[SignalReadings, ...]

    def readings(self) -> Iterator[Reading]:
        """Every reading of the batch, signal by signal."""
        for each in self.signals:
            for after, value in zip(each.after_ms, each.values, strict=True):
                yield Reading(self.start_ms + after, each.signal, value)


@dataclass(frozen=True, slots=True)
class Range:
    signal: str
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Watched:
    """An alarm rule with the site's own limit in it."""

    key: str
    signal: str
    kind: str
    level: str
    limit: int
    readings: int
    for_s: int
    back: int
    within_min: int
    again_after_s: int


@dataclass(frozen=True, slots=True)
class MonitoringSet:
    """What a session is watched by from here on; ``unset`` names rules the site gave no limit."""

    kind: ClassVar[str] = "vitals.monitoring-set"
    schema: ClassVar[int] = 1
    plausible: tuple[Range, ...]
    rules: tuple[Watched, ...]
    unset: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SilenceNoticed:
    """A monitor that went on until ``since_ms`` said nothing usable until ``noticed_ms``."""

    kind: ClassVar[str] = "vitals.silence-noticed"
    schema: ClassVar[int] = 1
    rules: tuple[str, ...]
    noticed_ms: int


FACTS = (MonitoringSet, ReadingsReceived, SilenceNoticed)


def monitoring_of(monitoring: Monitoring | None, settings: Mapping[str, int]) -> MonitoringSet:
    """The protocol's rules with the site's limits in them."""
    if monitoring is None:
        return MonitoringSet((), (), ())
    plausible = tuple(
        Range(each.signal, each.lowest, each.highest) for each in monitoring.plausible
    )
    rules = tuple(
        _watched(rule, settings[rule.limit_setting])
        for rule in monitoring.alarms
        if rule.limit_setting in settings
    )
    unset = tuple(rule.key for rule in monitoring.alarms if rule.limit_setting not in settings)
    return MonitoringSet(plausible, rules, unset)


def batch_of(
    readings: Iterable[Reading], *, source: str, batch: str, ahead_ms: int = 0, clock: Clock = RIGHT
) -> ReadingsReceived:
    """``readings``, each signal and moment once, as one fact."""
    ordered = sorted(readings)
    start = ordered[0].at_ms
    by_signal: dict[str, list[Reading]] = {}
    for each in ordered:
        by_signal.setdefault(each.signal, []).append(each)
    signals = tuple(
        SignalReadings(
            signal,
            tuple(each.at_ms - start for each in found),
            tuple(each.value for each in found),
        )
        for signal, found in sorted(by_signal.items())
    )
    return ReadingsReceived(
        source, batch, ahead_ms, clock.correction_ms, clock.doubts, start, signals
    )


def unusable(batch: Iterable[Reading], plausible: Iterable[Range]) -> frozenset[Reading]:
    """Readings no person can have: the sensor was off, loose or in another unit.

    A diastolic pressure at or above the systolic one of the same moment makes both unusable.
    """
    ranges = {each.signal: each for each in plausible}
    readings = tuple(batch)
    found = {
        each
        for each in readings
        if (within := ranges.get(each.signal)) and not within.lowest <= each.value <= within.highest
    }
    lower = {each.at_ms: each for each in readings if each.signal == "diastolic_mmhg"}
    for each in readings:
        pair = lower.get(each.at_ms) if each.signal == "systolic_mmhg" else None
        if pair and pair.value >= each.value:
            found |= {each, pair}
    return frozenset(found)


def followed(clock: Clock, ahead_ms: int, limits: ClockLimits) -> Clock:
    """What is known of a device's clock once it was measured ``ahead_ms`` before the server's.

    A delay on the way looks like a clock that is behind. So a small difference
    counts as none, the correction in use stays while it agrees, and a clock that
    seems to have fallen back a little is doubted until that is confirmed.

    Raises
    ------
    Refused
        If the clock is further off than may be corrected.
    """
    agrees = limits.agrees_within_s * 1000
    if abs(ahead_ms) > limits.corrected_up_to_s * 1000:
        way = "ahead of" if ahead_ms > 0 else "behind"
        raise Refused(
            f"the device's clock is {abs(ahead_ms) // 1000} s {way} the server's; up to "
            f"{limits.corrected_up_to_s} s are corrected. Set the device's clock and send again",
            "clock",
        )
    if abs(ahead_ms) <= agrees:
        return Clock()
    behind = clock.correction_ms - ahead_ms
    if abs(behind) <= agrees:
        return Clock(clock.correction_ms)
    doubtful = 0 < behind <= limits.slow_way_s * 1000
    if doubtful and clock.doubts + 1 < limits.confirmed_by:
        return Clock(clock.correction_ms, clock.doubts + 1)
    return Clock(round(ahead_ms / 1000) * 1000)


def in_words(signal: str, value: int) -> str:
    """A value as people read it: '36.8 °C'."""
    known = BY_KEY[signal]
    shown = f"{value // 10}.{value % 10}" if known.tenths else str(value)
    return f"{shown} {known.unit}"


def _watched(rule: AlarmRule, limit: int) -> Watched:
    return Watched(
        rule.key,
        rule.signal,
        rule.kind,
        rule.level,
        limit,
        rule.readings,
        rule.for_s,
        rule.back,
        rule.within_min,
        rule.again_after_s,
    )
