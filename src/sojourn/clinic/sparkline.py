"""Mood at a glance: a small line from before the session to now, its baseline dotted."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape

from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT, EDGE = 132, 36, 5
SCALE = 10  # mood runs from 0 to 10


def mood(
    told: Sequence[tuple[datetime, int]], session_on: date, today: date, baseline: int | None
) -> SafeString:
    """Moods from three days before the session to today; the vertical line is the session."""
    first = session_on - timedelta(days=3)
    # The last word of each day: a call and a diary on one evening are one point.
    by_day = {at.date(): value for at, value in told if first <= at.date() <= today}
    shown = sorted(by_day.items())
    if not shown:
        return mark_safe("")
    span = max(1, (max(today, session_on) - first).days)

    def x(day: date) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (day - first).days / span, 1)

    def y(value: int) -> float:
        return round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / SCALE, 1)

    points = [(x(day), y(value)) for day, value in shown]
    parts = [f'<line class="tick" x1="{x(session_on)}" x2="{x(session_on)}" y1="0" y2="{HEIGHT}"/>']
    if baseline is not None:
        level = y(baseline)
        parts.append(f'<line class="rule" x1="0" x2="{WIDTH}" y1="{level}" y2="{level}"/>')
    path = " ".join(f"{px},{py}" for px, py in points)
    parts.append(f'<polyline class="line" points="{path}"/>')
    px, py = points[-1]
    parts.append(f'<circle class="dot" cx="{px}" cy="{py}" r="3.5"/>')
    words = ", ".join(f"{day:%-d %b} {value}" for day, value in shown)
    own = f"; own baseline {baseline}" if baseline is not None else ""
    label = escape(f"Mood of 10: {words}{own}")
    return mark_safe(
        f'<svg class="picture spark" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{label}"><title>{label}</title>{"".join(parts)}</svg>'
    )
