"""Vital signs of one session as a picture: one panel a sign, the site's limits drawn in.

Hand-drawn SVG in the page's own colours: cheap enough to send again and again,
and dim in a dim room.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.utils.safestring import SafeString, mark_safe

from sojourn.course.readings import in_words
from sojourn.ledger.vitals import Bucket, Series
from sojourn.protocols.model import Protocol

LEFT, WIDTH, RIGHT = 104, 900, 56
TOP, PANEL, GAP, AXIS = 10, 84, 24, 22
PANELS = (
    ("Pressure", ("systolic_mmhg", "diastolic_mmhg")),
    ("Pulse", ("pulse_bpm",)),
    ("Temperature", ("temperature_tenths_c",)),
    ("Oxygen", ("spo2_percent",)),
    ("Breathing", ("respiration_per_min",)),
    ("QTc", ("qtc_ms",)),
)
# Room left above and below, so that a calm sign is not drawn as a storm.
LEAST_SPAN = {
    "systolic_mmhg": 60,
    "pulse_bpm": 50,
    "temperature_tenths_c": 20,
    "spo2_percent": 12,
    "respiration_per_min": 16,
    "qtc_ms": 80,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A line in a panel: the site's limit of one alarm rule."""

    value: int
    level: str
    label: str


def limits_of(protocol: Protocol, settings: Mapping[str, int]) -> dict[str, tuple[Limit, ...]]:
    """The limits to draw for each signal: those of rules about a value, where the site set one."""
    found: dict[str, tuple[Limit, ...]] = {}
    for rule in protocol.monitoring.alarms if protocol.monitoring else ():
        if rule.kind in ("above", "below") and rule.limit_setting in settings:
            limit = Limit(settings[rule.limit_setting], rule.level, rule.label)
            found[rule.signal] = (*found.get(rule.signal, ()), limit)
    return found


def vitals_chart(series: Sequence[Series], limits: Mapping[str, Sequence[Limit]]) -> SafeString:
    """All signals of ``series`` over one time axis; empty when there is nothing to show."""
    by_key = {each.signal.key: each for each in series}
    panels = [(name, [by_key[key] for key in keys if key in by_key]) for name, keys in PANELS]
    panels = [(name, shown) for name, shown in panels if shown]
    if not panels:
        return mark_safe("")
    moments = [bucket.at for each in series for bucket in each.buckets]
    time = _Time(min(moments), max(moments))
    height = TOP + len(panels) * (PANEL + GAP) + AXIS
    parts = [_hours(time, height)]
    for number, (name, shown) in enumerate(panels):
        parts += _panel(name, shown, limits, time, TOP + number * (PANEL + GAP))
    words = ". ".join(_spoken(each) for each in series)
    title = "Vital signs of this session"
    return mark_safe(
        f'<svg class="picture vitals-chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{title}. {escape(words)}"><title>{title}</title>'
        f"<desc>{escape(words)}</desc>{''.join(parts)}</svg>"
    )


@dataclass(frozen=True, slots=True)
class _Time:
    first: datetime
    last: datetime

    def x(self, at: datetime) -> float:
        span = max(60.0, (self.last - self.first).total_seconds())
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (at - self.first).total_seconds() / span, 1)


@dataclass(frozen=True, slots=True)
class _Height:
    top: int
    low: int
    high: int

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.top + PANEL - PANEL * share, 1)


def _panel(
    name: str,
    shown: Sequence[Series],
    limits: Mapping[str, Sequence[Limit]],
    time: _Time,
    top: int,
) -> Iterator[str]:
    height = _height(shown, limits, top)
    unit = shown[0].signal.unit
    yield f'<text class="lane" x="0" y="{top + 14}">{name}</text>'
    yield f'<text class="lane" x="0" y="{top + 30}">{escape(unit)}</text>'
    tenths = shown[0].signal.tenths
    for value in (height.low, height.high):
        label = f"{value / 10:.1f}" if tenths else str(value)
        y = height.y(value)
        yield f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="lane" text-anchor="end" x="{LEFT - 8}" y="{y + 4}">{label}</text>'
    for number, each in enumerate(shown):
        # Two signs in one panel: their limits are told apart by the sign's first letter.
        mark = f"{each.signal.label[0]} " if len(shown) > 1 else ""
        yield from _limits(each, limits.get(each.signal.key, ()), height, mark)
        yield from _signal(each, time, height, "second" if number else "first")


def _limits(each: Series, limits: Sequence[Limit], height: _Height, mark: str) -> Iterator[str]:
    for limit in limits:
        if not height.low <= limit.value <= height.high:
            continue
        y = height.y(limit.value)
        words = escape(f"{limit.label}: {in_words(each.signal.key, limit.value)}")
        shown = f"{limit.value / 10:.1f}" if each.signal.tenths else str(limit.value)
        yield (
            f'<line class="limit {limit.level}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" '
            f'y2="{y}"><title>{words}</title></line>'
            f'<text class="limit-label {limit.level}" x="{WIDTH - RIGHT + 6}" y="{y + 4}">'
            f"{mark}{shown}</text>"
        )


def _height(shown: Sequence[Series], limits: Mapping[str, Sequence[Limit]], top: int) -> _Height:
    lines = [limit for each in shown for limit in limits.get(each.signal.key, ())]
    values = [
        value
        for each in shown
        for bucket in each.buckets
        for value in (bucket.lowest, bucket.highest)
        if value is not None
    ] or [limit.value for limit in lines]
    if not values:
        return _Height(top, 0, 1)
    low, high = min(values), max(values)
    # A limit that is far away would flatten the curve; one that is near is drawn.
    near = (high - low) + LEAST_SPAN.get(shown[0].signal.key, 20)
    reached = [each.value for each in lines if low - near <= each.value <= high + near]
    low, high = min([low, *reached]), max([high, *reached])
    spare = max(0, LEAST_SPAN.get(shown[0].signal.key, 20) - (high - low))
    low, high = low - spare // 2 - 2, high + spare - spare // 2 + 2
    if shown[0].signal.key == "spo2_percent":
        high = min(high, 100)
    return _Height(top, low, high)


def _signal(each: Series, time: _Time, height: _Height, which: str) -> Iterator[str]:
    label = each.signal.label
    for run in _runs(each.buckets):
        if len(run) > 1:
            upper = [f"{time.x(b.at)},{height.y(b.highest)}" for b in run if b.highest is not None]
            lower = [f"{time.x(b.at)},{height.y(b.lowest)}" for b in run if b.lowest is not None]
            yield f'<polygon class="spread {which}" points="{" ".join(upper + lower[::-1])}"/>'
            line = " ".join(
                f"{time.x(b.at)},{height.y(b.median)}" for b in run if b.median is not None
            )
            title = f"<title>{label}</title>"
            yield f'<polyline class="median {which}" points="{line}">{title}</polyline>'
        else:
            (only,) = run
            words = f"{label} {only.at:%H:%M}"
            yield (
                f'<circle class="median {which}" cx="{time.x(only.at)}" '
                f'cy="{height.y(only.median or 0)}" r="3.5"><title>{words}</title></circle>'
            )
    for bucket in each.buckets:
        if bucket.unusable and not bucket.readings:
            x, y = time.x(bucket.at), height.top + PANEL
            yield (
                f'<line class="unusable" x1="{x}" x2="{x}" y1="{y - 6}" y2="{y}">'
                f"<title>{label}: unusable readings</title></line>"
            )


def _runs(buckets: Sequence[Bucket]) -> Iterator[list[Bucket]]:
    """Buckets joined by a line: a gap of more than five usual steps is shown as a gap."""
    usable = [each for each in buckets if each.median is not None]
    if not usable:
        return
    steps = sorted(later.at - earlier.at for earlier, later in pairwise(usable))
    longest = steps[len(steps) // 2] * 5 if steps else timedelta(0)
    run = [usable[0]]
    for each in usable[1:]:
        if each.at - run[-1].at > longest:
            yield run
            run = []
        run.append(each)
    yield run


def _hours(time: _Time, height: int) -> str:
    zone = ZoneInfo(django_settings.TIME_ZONE)
    minutes = max(1.0, (time.last - time.first).total_seconds() / 60)
    step = next((each for each in (1, 5, 15, 30, 60, 120) if minutes / each <= 10), 240)
    at = time.first.astimezone(zone).replace(second=0, microsecond=0)
    at -= timedelta(minutes=(at.hour * 60 + at.minute) % step)
    parts = []
    while at <= time.last:
        if at >= time.first:
            x = time.x(at)
            parts.append(
                f'<line class="tick" x1="{x}" x2="{x}" y1="0" y2="{height - AXIS + 6}"/>'
                f'<text class="lane" text-anchor="middle" x="{x}" y="{height - 6}">'
                f"{at:%H:%M}</text>"
            )
        at += timedelta(minutes=step)
    return "".join(parts)


def _spoken(each: Series) -> str:
    usable = [bucket for bucket in each.buckets if bucket.median is not None]
    if not usable:
        return f"{each.signal.label}: no usable reading"
    key, last = each.signal.key, usable[-1]
    lowest = min(bucket.lowest for bucket in usable if bucket.lowest is not None)
    highest = max(bucket.highest for bucket in usable if bucket.highest is not None)
    return (
        f"{each.signal.label}: last {in_words(key, last.median or 0)}, "
        f"from {in_words(key, lowest)} to {in_words(key, highest)}"
    )
