"""Mood in the days after a session, across everyone: quartiles by day."""

from collections.abc import Mapping

from django.utils.safestring import SafeString, mark_safe

from sojourn.analysis.histogram import Quartiles

LEFT, WIDTH, TOP, HEIGHT, BEST = 34, 640, 12, 210, 10
TITLE = "Mood on the days after a session, 0 worst to 10 best: median and quartiles"


def moods(by_day: Mapping[int, Quartiles | None]) -> SafeString:
    """A box from the first to the third quartile and a line at the median, for each day."""
    known = {day: each for day, each in by_day.items() if each is not None}
    if not known:
        return mark_safe("")
    step = (WIDTH - LEFT) / len(by_day)
    parts = [_level(value) for value in (0, 5, 10)]
    for number, (day, each) in enumerate(by_day.items()):
        middle = round(LEFT + step * (number + 0.5), 1)
        parts.append(f'<text text-anchor="middle" x="{middle}" y="{HEIGHT - 6}">day {day}</text>')
        if each is not None:
            parts.append(_box(middle, each, f"day {day}"))
    words = "; ".join(
        f"day {day}: median {each.median:g}, quartiles {each.first:g} to {each.third:g}, "
        f"{each.n} contacts"
        for day, each in known.items()
    )
    return mark_safe(
        f'<svg class="picture moods" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{TITLE}. {words}"><title>{TITLE}</title><desc>{words}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _box(middle: float, each: Quartiles, day: str) -> str:
    left, right = middle - 20, middle + 20
    height = max(2.0, round(_y(each.first) - _y(each.third), 1))
    return (
        f"<g><title>{day}: median {each.median:g}, quartiles {each.first:g} to {each.third:g}, "
        f"{each.n} contacts</title>"
        f'<rect class="quartiles" x="{left}" y="{_y(each.third)}" width="40" height="{height}" '
        f'rx="3"/><line class="line" x1="{left}" x2="{right}" y1="{_y(each.median)}" '
        f'y2="{_y(each.median)}"/></g>'
    )


def _level(value: int) -> str:
    y = _y(value)
    return (
        f'<line class="rule" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        f'<text text-anchor="end" x="{LEFT - 8}" y="{y + 4}">{value}</text>'
    )


def _y(mood: float) -> float:
    return round(HEIGHT - 30 - (HEIGHT - 30 - TOP) * mood / BEST, 1)
