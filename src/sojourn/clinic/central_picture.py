"""Pictures of central statistical checks: how unlikely each finding is, and how digits fall."""

import math
from collections.abc import Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe

from sojourn.analysis.central import LEVEL, Finding

LEFT, WIDTH, ROW, TOP = 190, 700, 30, 26
FARTHEST = 4.0  # powers of ten; what is less likely is drawn at the edge
TITLE = "How unlikely each test's result is, adjusted for all that were done"
BARS, HIGH = 280, 110


def unlikely(findings: Sequence[Finding], labels: dict[str, str]) -> SafeString:
    """One row for each check and one dot for each test; right of the line it is flagged."""
    checks = [key for key in labels if any(each.check == key for each in findings)]
    height = TOP + ROW * len(checks) + 24
    edge = _x(LEVEL)
    parts = [
        f'<line class="even" x1="{edge}" x2="{edge}" y1="{TOP - 8}" y2="{height - 20}"/>'
        f'<text text-anchor="middle" x="{edge}" y="{height - 4}">{LEVEL:g}</text>'
        f'<text text-anchor="middle" x="{_x(1)}" y="{height - 4}">1</text>'
        f'<text text-anchor="end" x="{WIDTH}" y="{height - 4}">0.0001 and less</text>'
    ]
    said = []
    for number, check in enumerate(checks):
        y = TOP + ROW * number + ROW // 2
        parts.append(
            f'<text text-anchor="end" x="{LEFT - 14}" y="{y + 4}">{escape(labels[check])}</text>'
            f'<line class="rule" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        )
        mine = [each for each in findings if each.check == check]
        parts += [_dot(each, y) for each in mine]
        above = sum(each.flagged for each in mine)
        said.append(f"{labels[check]}: {above} of {len(mine)} flagged")
    words = "; ".join(said)
    return mark_safe(
        f'<svg class="picture checks" viewBox="0 0 {WIDTH + 12} {height}" role="img" '
        f'aria-label="{TITLE}. {escape(words)}"><title>{TITLE}</title>{"".join(parts)}</svg>'
    )


def digits(counts: Sequence[int], title: str) -> SafeString:
    """A bar for each last digit; the line is where all are alike."""
    total = sum(counts)
    top = max(max(counts), total / 5) or 1
    step = BARS / len(counts)
    parts = []
    for digit, count in enumerate(counts):
        tall = round((HIGH - 30) * count / top, 1)
        x, y = round(step * digit + 4, 1), round(HIGH - 18 - tall, 1)
        parts.append(
            f'<rect class="quartiles" x="{x}" y="{y}" width="{step - 8}" height="{tall}"/>'
            f'<text text-anchor="middle" x="{round(x + step / 2 - 4, 1)}" y="{HIGH - 3}">{digit}'
            "</text>"
        )
    even = round(HIGH - 18 - (HIGH - 30) * total / len(counts) / top, 1)
    parts.append(f'<line class="even" x1="0" x2="{BARS}" y1="{even}" y2="{even}"/>')
    said = ", ".join(f"{digit}: {count}" for digit, count in enumerate(counts))
    name = escape(f"Last digits, {title}")
    return mark_safe(
        f'<svg class="picture digits" viewBox="0 0 {BARS} {HIGH}" role="img" '
        f'aria-label="{name}. {said}"><title>{name}</title>{"".join(parts)}</svg>'
    )


def _dot(each: Finding, y: int) -> str:
    name = escape(f"{each.place}, {each.subject}: adjusted p {each.adjusted:.2g}")
    kind = " flagged" if each.flagged else ""
    return (
        f'<circle class="tested{kind}" cx="{_x(each.adjusted)}" cy="{y}" r="5">'
        f"<title>{name}</title></circle>"
    )


def _x(p: float) -> float:
    power = min(-math.log10(max(p, 1e-12)), FARTHEST)
    return round(LEFT + 8 + (WIDTH - LEFT - 8) * power / FARTHEST, 1)
