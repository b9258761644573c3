"""Vital signs as the protocol wants them watched: plausible ranges, schedule, alarm rules.

Which value is too high is the site's to say: a rule names the site setting that
holds its limit and never carries a number of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sojourn.protocols.eligibility import Key, Text

SignalKey = Literal[
    "pulse_bpm",
    "systolic_mmhg",
    "diastolic_mmhg",
    "temperature_tenths_c",
    "spo2_percent",
    "respiration_per_min",
    "qtc_ms",
]
AlarmKind = Literal["above", "below", "rise", "fall", "missing", "unchanging"]
Level = Literal["caution", "warning", "emergency"]
Seconds = Annotated[int, Field(ge=0, le=24 * 60 * 60, strict=True)]


@dataclass(frozen=True, slots=True)
class Signal:
    """One vital sign, always a whole number of its unit."""

    key: SignalKey
    label: str
    unit: str
    tenths: bool = False  # people read it with one decimal


SIGNALS: tuple[Signal, ...] = (
    Signal("pulse_bpm", "Pulse", "/min"),
    Signal("systolic_mmhg", "Systolic pressure", "mmHg"),
    Signal("diastolic_mmhg", "Diastolic pressure", "mmHg"),
    Signal("temperature_tenths_c", "Temperature", "°C", tenths=True),
    Signal("spo2_percent", "Oxygen saturation", "%"),
    Signal("respiration_per_min", "Breathing rate", "/min"),
    Signal("qtc_ms", "QTc", "ms"),
)


@dataclass(frozen=True, slots=True)
class PlausibleRange:
    """What a living person in the room can have; anything else is the sensor, not the person."""

    signal: SignalKey
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class ClockLimits:
    """How far a device's clock may be from the server's: as good as right, and still corrected.

    A clock that seems to have fallen back by up to ``slow_way_s`` may be a
    message that was long on its way; it is believed once ``confirmed_by``
    messages in a row say so.
    """

    agrees_within_s: Seconds
    corrected_up_to_s: Seconds
    slow_way_s: Seconds = 60
    confirmed_by: Annotated[int, Field(ge=1, le=100, strict=True)] = 5


@dataclass(frozen=True, slots=True)
class ScheduledReading:
    """A moment of the session at which vital signs are due.

    ``every_setting`` names the site setting with the minutes between readings
    of a moment that comes again and again.
    """

    moment: Literal["before-initial", "before-supplemental", "during", "end"]
    label: Text
    signals: tuple[SignalKey, ...]
    source: Text
    verified: bool
    every_setting: str = ""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """When a signal raises an alarm, how it clears, and who hears of it next.

    ``kind`` says how ``limit_setting`` is read: as a value (above, below), as a
    change within ``within_min`` minutes (rise, fall), or as seconds (missing,
    unchanging). The alarm is raised once so many ``readings`` in a row, over at
    least ``for_s`` seconds, are beyond the limit, and clears once as many are
    back by ``back`` or more. While it lasts it is raised again after
    ``again_after_s``. Unacknowledged for ``escalates_after_s``, it goes to the
    role in ``escalates_to``.
    """

    key: Key
    label: Text
    signal: SignalKey
    kind: AlarmKind
    limit_setting: Key
    level: Level
    source: Text
    verified: bool
    readings: Annotated[int, Field(ge=1, le=600, strict=True)] = 1
    for_s: Seconds = 0
    back: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
    within_min: Annotated[int, Field(ge=0, le=240, strict=True)] = 0
    again_after_s: Seconds = 0
    escalates_to: Literal["", "prescriber", "therapist"] = ""
    escalates_after_s: Seconds = 0


@dataclass(frozen=True, slots=True)
class Monitoring:
    """How vital signs are watched in a dosing session."""

    clock: ClockLimits
    plausible: tuple[PlausibleRange, ...]
    schedule: tuple[ScheduledReading, ...]
    alarms: tuple[AlarmRule, ...]

    def alarm(self, key: str) -> AlarmRule | None:
        """The rule called ``key``, if there is one."""
        return next((rule for rule in self.alarms if rule.key == key), None)


def faults(
    monitoring: Monitoring, settings: Sequence[str]
) -> list[tuple[tuple[str | int, ...], str]]:
    """What contradicts itself, as (place, message); ``settings`` are the keys a site sets."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    ranges = {each.signal for each in monitoring.plausible}
    for number, each in enumerate(monitoring.plausible):
        if each.lowest >= each.highest:
            found.append(
                (("plausible", number), f"runs from {each.lowest} to {each.highest}; widen it")
            )
    if monitoring.clock.agrees_within_s > monitoring.clock.corrected_up_to_s:
        found.append((("clock",), "agrees_within_s must not be above corrected_up_to_s"))
    for number, moment in enumerate(monitoring.schedule):
        if moment.every_setting and moment.every_setting not in settings:
            place = ("schedule", number, "every_setting")
            found.append((place, f"is '{moment.every_setting}'; no such site setting"))
    keys = [rule.key for rule in monitoring.alarms]
    for number, rule in enumerate(monitoring.alarms):
        found += [
            (("alarms", number, field), message)
            for field, message in _rule_faults(rule, ranges, settings, keys)
        ]
    return found


def _rule_faults(
    rule: AlarmRule, ranges: set[SignalKey], settings: Sequence[str], keys: Sequence[str]
) -> list[tuple[str, str]]:
    found = []
    if keys.count(rule.key) > 1:
        found.append(("key", f"is '{rule.key}' twice; rename one"))
    if rule.signal not in ranges:
        found.append(("signal", f"is '{rule.signal}'; give its plausible range first"))
    if rule.limit_setting not in settings:
        found.append(("limit_setting", f"is '{rule.limit_setting}'; no such site setting"))
    if (rule.kind in ("rise", "fall")) != (rule.within_min > 0):
        found.append(("within_min", f"is {rule.within_min}; rise and fall need it, others don't"))
    if bool(rule.escalates_to) != (rule.escalates_after_s > 0):
        found.append(("escalates_after_s", "needs escalates_to beside it, and the other way round"))
    if rule.level == "emergency" and not rule.escalates_to:
        found.append(("escalates_to", "is missing; an emergency goes to someone"))
    return found
