"""Pictures of a report as SVG: flow, course over the visits, retention.

Drawn once with the classes of the page; the paper gets the same picture with plain colours.
"""

import textwrap
from collections.abc import Sequence
from html import escape

from sojourn.analysis.report import FlowPicture, Picture, RetentionPicture, TrajectoryPicture

WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 54, 20, 34, 62
# Class, and what stands for it on paper: Okabe & Ito's colours, told apart by colour-blind people.
PAPER = {
    "ink": 'fill="#1c1c1c"',
    "soft": 'fill="#555555"',
    "rule": 'stroke="#bbbbbb" fill="none"',
    "box": 'fill="#f6f6f4" stroke="#888888"',
    "arm-0": 'stroke="#0072b2" fill="#0072b2"',
    "arm-1": 'stroke="#b54a00" fill="#b54a00"',
    "arm-2": 'stroke="#007a5a" fill="#007a5a"',
    "arm-3": 'stroke="#8a3a6e" fill="#8a3a6e"',
}
DASHES = ("", "7 4", "2 3", "9 3 2 3")
LINE = 17  # height of a line of text


def svg(picture: Picture) -> str:
    """The picture for a page: colours by class."""
    if isinstance(picture, FlowPicture):
        return _flow(picture)
    if isinstance(picture, TrajectoryPicture):
        return _trajectory(picture)
    return _retention(picture)


def for_paper(drawn: str) -> str:
    """The same picture with its colours written out, in a typeface that every paper has."""
    for name, style in PAPER.items():
        drawn = drawn.replace(f'class="{name}"', style)
    return drawn.replace("<svg ", '<svg font-family="Libertinus Serif" ', 1)


def _flow(picture: FlowPicture) -> str:
    first, excluded, randomised = picture.boxes
    parts: list[str] = []
    middle, y = 230, 8.0
    y = _box(parts, first, middle, y, 300)
    side = y + 14
    _line(parts, (middle, y), (middle, side + LINE * len(excluded) + 30))
    _line(parts, (middle, side + 18), (middle + 180, side + 18))
    bottom = _box(parts, excluded, middle + 310, side, 260)
    y = _box(parts, randomised, middle, max(bottom, side + 40) + 10, 300)
    count = max(1, len(picture.columns))
    width = (WIDTH - 16) / count
    centres = [8 + width * (number + 0.5) for number in range(count)]
    bar = y + 14
    if picture.columns:
        _line(parts, (middle, y), (middle, bar))
        _line(parts, (min(middle, centres[0]), bar), (max(middle, centres[-1]), bar))
    end = bar
    for centre, boxes in zip(centres, picture.columns, strict=False):
        y = bar
        for lines in boxes:
            _line(parts, (centre, y), (centre, y + 14))
            y = _box(parts, lines, centre, y + 14, min(width - 14, 330))
        end = max(end, y)
    words = "; ".join(
        line for box in (*picture.boxes, *(b for c in picture.columns for b in c)) for line in box
    )
    return _svg("Participant flow", words, end + 8, parts)


def _trajectory(picture: TrajectoryPicture) -> str:
    points = picture.points
    visits = [pair for pair in picture.visits if any(pair[0] == p.visit for p in points)]
    arms = list(dict.fromkeys(point.arm for point in points))
    tops = [point.high if point.high is not None else point.mean for point in points]
    top = _ceiling(max(tops))
    place = {key: number for number, (key, _) in enumerate(visits)}
    step = (WIDTH - LEFT - RIGHT) / max(1, len(visits))
    parts = _frame([top * share / 4 for share in range(5)], top)
    for key, label in visits:
        x = LEFT + step * (place[key] + 0.5)
        for number, line in enumerate(textwrap.wrap(label, max(8, int(step / 7)))[:3]):
            parts.append(_text(x, HEIGHT - BOTTOM + 20 + number * 15, line, "soft", "middle"))
    for number, arm in enumerate(arms):
        aside = 9 * (number - (len(arms) - 1) / 2)
        own = [point for point in points if point.arm == arm]
        places = [LEFT + step * (place[point.visit] + 0.5) + aside for point in own]
        line = " ".join(f"{x:.1f},{_y(p.mean, top):.1f}" for x, p in zip(places, own, strict=True))
        parts.append(_polyline(line, number))
        for x, point in zip(places, own, strict=True):
            if point.low is not None and point.high is not None:
                low, high = _y(max(0.0, point.low), top), _y(point.high, top)
                parts.append(
                    f'<path class="arm-{number % 4}" stroke-width="2" '
                    f'd="M{x:.1f},{low:.1f}V{high:.1f}"/>'
                )
            parts.append(_dot(x, _y(point.mean, top), number))
    parts += _legend(arms)
    words = "; ".join(f"{p.arm}, {dict(visits)[p.visit]}: {p.mean:.1f}" for p in points)
    return _svg(picture.title, words, HEIGHT, parts)


def _retention(picture: RetentionPicture) -> str:
    arms = list(dict.fromkeys(step.arm for step in picture.steps))
    until = max(1, picture.until)
    parts = _frame([0, 25, 50, 75, 100], 100)
    for share in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * share / 4
        anchor = "end" if share == 4 else "middle"
        day = f"{round(until * share / 4)}" + (" days" if share == 4 else "")
        parts.append(_text(x, HEIGHT - BOTTOM + 20, day, "soft", anchor))
    for number, arm in enumerate(arms):
        own = [step for step in picture.steps if step.arm == arm]
        path = ""
        for step in own:
            x = LEFT + (WIDTH - LEFT - RIGHT) * step.day / until
            y = _y(100 * step.retained, 100)
            path += f"M{x:.1f},{y:.1f}" if not path else f"H{x:.1f}V{y:.1f}"
        parts.append(
            f'<g class="arm-{number % 4}"><path fill="none" stroke-width="2.5" '
            f'stroke-dasharray="{DASHES[number % 4]}" d="{path}H{WIDTH - RIGHT}"/></g>'
        )
    parts += _legend(arms)
    ends = {step.arm: step.retained for step in picture.steps}
    words = "; ".join(f"{arm}: {100 * share:.0f}% retained" for arm, share in ends.items())
    return _svg("Retained, %, by days since enrolment", words, HEIGHT, parts)


HEIGHT = 330


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _ceiling(value: float) -> float:
    """The next multiple of 20 points: four even steps of 5."""
    return 20.0 * max(1, -(-int(value + 0.999) // 20))


def _frame(levels: Sequence[float], top: float) -> list[str]:
    parts = []
    for level in levels:
        y = _y(level, top)
        parts.append(f'<path class="rule" d="M{LEFT},{y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{level:g}", "soft", "end"))
    return parts


def _legend(arms: Sequence[str]) -> list[str]:
    if len(arms) < 2:
        return []
    parts, x = [], float(LEFT)
    for number, arm in enumerate(arms):
        parts.append(
            f'<g class="arm-{number % 4}"><path stroke-width="2.5" '
            f'stroke-dasharray="{DASHES[number % 4]}" d="M{x:.1f},14h30"/></g>'
        )
        parts.append(_dot(x + 15, 14, number))
        parts.append(_text(x + 38, 18, arm, "ink", "start"))
        x += 62 + 7.4 * len(arm)
    return parts


def _polyline(points: str, number: int) -> str:
    return (
        f'<g class="arm-{number % 4}"><polyline fill="none" stroke-width="2.5" '
        f'stroke-dasharray="{DASHES[number % 4]}" points="{points}"/></g>'
    )


def _dot(x: float, y: float, number: int) -> str:
    if number % 2:
        shape = f'd="M{x:.1f},{y - 6:.1f}l6,6l-6,6l-6,-6z"'
        return f'<path class="arm-{number % 4}" {shape}/>'
    return f'<circle class="arm-{number % 4}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'


def _box(parts: list[str], lines: Sequence[str], middle: float, y: float, width: float) -> float:
    wrapped = [part for line in lines for part in textwrap.wrap(line, int(width / 7.2))]
    height = LINE * len(wrapped) + 14
    x = middle - width / 2
    parts.append(
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="4"/>'
    )
    for number, line in enumerate(wrapped):
        parts.append(_text(middle, y + 19 + number * LINE, line, "ink", "middle"))
    return y + height


def _line(parts: list[str], start: tuple[float, float], end: tuple[float, float]) -> None:
    parts.append(
        f'<path class="rule" d="M{start[0]:.1f},{start[1]:.1f}L{end[0]:.1f},{end[1]:.1f}"/>'
    )


def _text(x: float, y: float, words: str, kind: str, anchor: str) -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" font-size="13" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def _svg(title: str, words: str, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}. {escape(words)}"><title>{escape(title)}</title>'
        f"{''.join(parts)}</svg>"
    )
