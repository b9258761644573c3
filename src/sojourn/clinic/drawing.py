"""Small pictures drawn straight into the page: the course, the trajectory, the vitals.

Colours are the page's own (CSS variables), so that light and dark both fit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from django.utils.safestring import SafeString, mark_safe

from sojourn.course.schedule import Planned
from sojourn.course.state import Session
from sojourn.course.suitability import MedicineSummary
from sojourn.protocols.model import Protocol

LANES = (
    ("screening", "Screening"),
    ("preparation", "Preparation"),
    ("dosing", "Dosing"),
    ("aftercare", "Daily contact"),
    ("integration", "Integration"),
    ("assessment", "Rating"),
    ("followup", "Follow-up"),
)
LEFT, WIDTH, LANE = 104, 900, 26


@dataclass(frozen=True, slots=True)
class Reading:
    """One total on one day, and the visit it belongs to."""

    on: date
    total: int
    label: str


def timeline(planned: Iterable[Planned], today: date) -> SafeString:
    """The course as lanes: pale windows, full marks where a visit took place, a line for today."""
    dated = [each for each in planned if each.earliest and each.latest]
    if not dated:
        return mark_safe("")
    first = min(min(each.earliest, each.on or each.earliest) for each in dated if each.earliest)
    # The year of follow-up would squeeze the months that matter into a corner.
    near = [each for each in dated if each.visit.phase != "followup"] or dated
    last = max(max(each.latest, each.on or each.latest) for each in near if each.latest)
    scale = _Scale(first, last + timedelta(days=7))
    lanes = [lane for lane in LANES if any(each.visit.phase == lane[0] for each in dated)]
    height = LANE * len(lanes) + 34
    parts = [_axis(scale, height)]
    for number, (phase, label) in enumerate(lanes):
        y = 8 + number * LANE
        parts.append(f'<text class="lane" x="0" y="{y + 15}">{label}</text>')
        parts.append(f'<line class="rule" x1="{LEFT}" x2="{WIDTH}" y1="{y + 22}" y2="{y + 22}"/>')
        parts += [_mark(each, scale, y, today) for each in dated if each.visit.phase == phase]
    if first <= today <= last:
        x = scale.x(today)
        parts.append(f'<line class="now" x1="{x}" x2="{x}" y1="0" y2="{height - 20}"/>')
        parts.append(f'<text class="now-label" x="{x + 4}" y="{height - 24}">today</text>')
    done = sum(each.standing == "done" for each in dated)
    outside = sum(each.outside_window for each in dated)
    words = f"{done} of {len(dated)} planned visits took place, {outside} outside their window."
    return _svg("timeline", "The course as a timeline", words, height, parts)


def trajectory(readings: Sequence[Reading], protocol: Protocol) -> SafeString:
    """The primary instrument's totals over time, joined by a line."""
    if not readings:
        return mark_safe("")
    height, top = 190, 12
    scale = _Scale(readings[0].on, max(readings[-1].on, readings[0].on + timedelta(days=28)))
    highest = max(40, *(each.total for each in readings))
    ticks = range(0, highest + 1, 10 if highest <= 52 else 20)

    def y(total: int) -> float:
        return round(height - 28 - (height - 28 - top) * total / highest, 1)

    parts = [_axis(scale, height)]
    for tick in ticks:
        parts.append(_level(y(tick), tick))
    points = " ".join(f"{scale.x(each.on)},{y(each.total)}" for each in readings)
    parts.append(f'<polyline class="line" points="{points}"/>')
    for each in readings:
        x = scale.x(each.on)
        anchor = "end" if x > WIDTH - 60 else "middle"
        parts.append(
            f'<circle class="dot" cx="{x}" cy="{y(each.total)}" r="5">'
            f"<title>{escape(each.label)}, {each.on}: {each.total}</title></circle>"
            f'<text class="value" text-anchor="{anchor}" x="{x}" y="{y(each.total) - 10}">'
            f"{each.total}</text>"
        )
    words = "; ".join(f"{each.label} {each.total}" for each in readings)
    title = f"{protocol.outcome.instrument.upper()} over time"
    return _svg("trajectory", title, words, height, parts)


def vitals(session: Session) -> SafeString:
    """Pressure and pulse through one dosing session, with the doses marked."""
    if not session.vitals:
        return mark_safe("")
    height, top, low, high = 170, 14, 40, 200
    start = session.opened_at
    end = max(each.at for each in session.vitals)
    span = max(60.0, (end - start).total_seconds() / 60)

    def x(minutes: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 20) * minutes / span, 1)

    def y(value: float) -> float:
        return round(height - 24 - (height - 24 - top) * (value - low) / (high - low), 1)

    parts = []
    for tick in (60, 100, 140, 180):
        parts.append(_level(y(tick), tick))
    further = (("further", each) for each in session.further)
    for name, dose in (
        ("initial", session.initial),
        ("supplemental", session.supplemental),
        *further,
    ):
        if dose:
            at = x((dose.at - start).total_seconds() / 60)
            parts.append(
                f'<line class="now" x1="{at}" x2="{at}" y1="{top}" y2="{height - 24}"/>'
                f'<text class="now-label" x="{at + 4}" y="{height - 8}">{name}</text>'
            )
    ordered = sorted(session.vitals, key=lambda each: each.at)
    minutes = [x((each.at - start).total_seconds() / 60) for each in ordered]
    for at, each in zip(minutes, ordered, strict=True):
        words = f"{each.at:%H:%M}: {each.systolic_mmhg}/{each.diastolic_mmhg}, {each.pulse_bpm}"
        parts.append(
            f'<line class="pressure" x1="{at}" x2="{at}" y1="{y(each.systolic_mmhg)}" '
            f'y2="{y(each.diastolic_mmhg)}"><title>{words}</title></line>'
        )
    pulse = " ".join(f"{at},{y(each.pulse_bpm)}" for at, each in zip(minutes, ordered, strict=True))
    parts.append(f'<polyline class="pulse" points="{pulse}"/>')
    spoken = "; ".join(
        f"{each.at:%H:%M} {each.systolic_mmhg}/{each.diastolic_mmhg}, pulse {each.pulse_bpm}"
        for each in ordered
    )
    title = f"Pressure (bars, mmHg) and pulse (line, /min), session {session.number}"
    return _svg("vitals", title, spoken, height, parts)


def medicines(
    summaries: Sequence[MedicineSummary], today: date, earliest: date | None
) -> SafeString:
    """Each medicine as a bar while taken and a pale one while it still acts."""
    shown = [each for each in summaries if each.findings]
    if not shown:
        return mark_safe("")
    ends = [day for each in shown for day in (each.clear_on, each.medication.stopped_on) if day]
    ends += [day for each in shown if each.taper for day, _ in each.taper.steps]
    scale = _Scale(today - timedelta(days=60), max([today + timedelta(days=30), *ends]))
    height = LANE * len(shown) + 34
    parts = [_axis(scale, height)]
    for number, each in enumerate(shown):
        parts += _medicine(each, scale, 8 + number * LANE, today)
    x = scale.x(today)
    parts.append(f'<line class="now" x1="{x}" x2="{x}" y1="0" y2="{height - 20}"/>')
    parts.append(f'<text class="now-label" x="{x + 4}" y="{height - 24}">today</text>')
    words = f"First day every medicine leaves free: {earliest}." if earliest else "No day yet."
    return _svg(
        "medicines",
        "Medicines, what was tapered and when each has washed out",
        words,
        height,
        parts,
    )


def _medicine(each: MedicineSummary, scale: "_Scale", y: int, today: date) -> list[str]:
    held, name = each.medication, escape(each.medication.name)
    start = scale.x(held.started_on or scale.first)
    end = scale.x(held.stopped_on or (today if not held.ended else scale.first))
    parts = [
        f'<text class="lane" x="0" y="{y + 15}">{escape(held.name[:16])}</text>',
        f'<rect class="taken" x="{start}" y="{y + 5}" width="{max(2.0, round(end - start, 1))}" '
        f'height="12" rx="3"><title>{name}: taken until {held.stopped_on or "now"}</title></rect>',
    ]
    if each.clear_on and held.stopped_on:
        width = max(2.0, round(scale.x(each.clear_on) - end, 1))
        parts.append(
            f'<rect class="window" x="{end}" y="{y + 5}" width="{width}" height="12" rx="3">'
            f"<title>{name}: washed out on {each.clear_on}</title></rect>"
        )
    for day, what in each.taper.steps if each.taper else ():
        parts.append(
            f'<circle class="held" cx="{scale.x(day)}" cy="{y + 11}" r="4">'
            f"<title>{day}: {escape(what)}</title></circle>"
        )
    return parts


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    last: date

    def x(self, day: date) -> float:
        span = max(1, (self.last - self.first).days)
        share = min(1.0, max(0.0, (day - self.first).days / span))
        return round(LEFT + (WIDTH - LEFT - 12) * share, 1)


def _axis(scale: _Scale, height: int) -> str:
    months: list[str] = []
    day = scale.first.replace(day=1)
    step = 1 if (scale.last - scale.first).days < 400 else 3
    while day <= scale.last:
        if day >= scale.first:
            label = day.strftime("%b %Y") if day.month == 1 or not months else day.strftime("%b")
            x = scale.x(day)
            months.append(
                f'<line class="tick" x1="{x}" x2="{x}" y1="0" y2="{height - 20}"/>'
                f'<text class="lane" x="{x + 3}" y="{height - 6}">{label}</text>'
            )
        for _ in range(step):
            day = (day + timedelta(days=32)).replace(day=1)
    return "".join(months)


def _level(y: float, value: int) -> str:
    return (
        f'<line class="rule" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        f'<text class="lane" text-anchor="end" x="{LEFT - 8}" y="{y + 4}">{value}</text>'
    )


def _mark(each: Planned, scale: _Scale, y: int, today: date) -> str:
    if each.earliest is None or each.latest is None:
        return ""
    left, right = scale.x(each.earliest), scale.x(each.latest)
    about = escape(f"{each.visit.label}: {each.earliest} to {each.latest}")
    if each.standing == "done" and each.on:
        kind = "outside" if each.outside_window else "held"
        words = f"{about}; took place {each.on}" + (
            "; outside its window" if kind == "outside" else ""
        )
        shape = f'<circle class="{kind}" cx="{scale.x(each.on)}" cy="{y + 11}" r="5"/>'
    elif each.standing == "missed":
        x = scale.x(each.target or each.earliest)
        words = f"{about}; missed"
        shape = f'<path class="missed" d="M{x - 4},{y + 7}l8,8m0,-8l-8,8"/>'
    elif each.standing == "planned":
        state = each.due(today)
        words = f"{about}; {state}"
        shape = ""
        if state == "overdue":
            x = scale.x(each.latest)
            shape = f'<path class="overdue" d="M{x},{y + 5}l6,11h-12z"/>'
    else:
        return ""
    width = max(3.0, round(right - left, 1))
    window = f'<rect class="window" x="{left}" y="{y + 5}" width="{width}" height="12" rx="3"/>'
    return f"<g><title>{words}</title>{window}{shape}</g>"


def _svg(kind: str, title: str, words: str, height: int, parts: Iterable[str]) -> SafeString:
    body = "".join(parts)
    return mark_safe(
        f'<svg class="picture {kind}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}. {escape(words)}">'
        f"<title>{escape(title)}</title><desc>{escape(words)}</desc>{body}</svg>"
    )
