"""Forest plots, drawn straight into the page; colours are the page's own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from django.utils.safestring import SafeString, mark_safe

from sojourn.evidence.register import Measure

WIDTH, ROW, LEFT, RIGHT = 900, 27, 330, 690
RATIOS = frozenset({"risk-ratio", "odds-ratio"})
PERCENT = frozenset({"share", "risk-difference"})
# Ends of the small axis, the same for every claim with that measure, so that rows compare.
SMALL: dict[str, tuple[float, float]] = {
    "share": (0, 1),
    "risk-difference": (-1, 1),
    "standardised-difference": (-3, 3),
    "mean-difference": (-30, 30),
    "risk-ratio": (0.1, 10),
    "odds-ratio": (0.1, 10),
}
Kind = Literal["study", "unverified", "pooled", "predicted", "own"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture; ``words`` is the figure as text, ``weight`` a share from 0 to 1."""

    label: str
    words: str
    estimate: float | None
    low: float | None
    high: float | None
    kind: Kind = "study"
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    low: float
    high: float
    log: bool
    left: float
    right: float

    def x(self, value: float) -> float:
        """Where a value lies, held at the ends."""
        low, high, at = (self._on(each) for each in (self.low, self.high, value))
        share = min(1.0, max(0.0, (at - low) / (high - low)))
        return round(self.left + (self.right - self.left) * share, 1)

    def _on(self, value: float) -> float:
        return math.log(max(value, 1e-6)) if self.log else value


def forest(
    rows: Sequence[Row], measure: Measure, no_effect: float | None, title: str
) -> SafeString:
    """Studies as squares with their intervals, the pooled figure as a diamond, in their order."""
    drawn = [each for each in rows if each.estimate is not None or each.low is not None]
    if not drawn:
        return mark_safe("")
    axis, ticks = _axis(drawn, measure, no_effect)
    height = ROW * len(drawn) + 34
    bottom = ROW * len(drawn) + 8
    parts = []
    for tick in ticks:
        x, said = axis.x(tick), _label(tick, measure)
        parts.append(
            f'<line class="tick" x1="{x}" x2="{x}" y1="4" y2="{bottom}"/>'
            f'<text text-anchor="middle" x="{x}" y="{bottom + 18}">{said}</text>'
        )
    if no_effect is not None:
        x = axis.x(no_effect)
        parts.append(f'<line class="none" x1="{x}" x2="{x}" y1="4" y2="{bottom}"/>')
    for number, row in enumerate(drawn):
        y = 8 + ROW * number + ROW / 2
        parts.append(
            f'<text class="who" x="0" y="{y + 4}">{escape(_cut(row.label))}</text>'
            f'<text class="value" x="{RIGHT + 16}" y="{y + 4}">{escape(row.words)}</text>'
        )
        parts.append(_mark(row, axis, y))
    said = "; ".join(f"{row.label}: {row.words}" for row in drawn)
    return _svg("picture forest", WIDTH, height, f"{title}. {said}", parts)


def small(
    measure: Measure,
    estimate: float,
    interval: tuple[float | None, float | None],
    no_effect: float | None,
    words: str,
) -> SafeString:
    """One figure on a short axis that is the same for all of its measure."""
    if measure not in SMALL:
        return mark_safe("")
    axis = Axis(*SMALL[measure], measure in RATIOS, 4, 196)
    parts = ['<line class="rule" x1="4" x2="196" y1="13" y2="13"/>']
    if no_effect is not None:
        x = axis.x(no_effect)
        parts.append(f'<line class="none" x1="{x}" x2="{x}" y1="2" y2="24"/>')
    parts.append(_mark(Row("", "", estimate, *interval, kind="pooled"), axis, 13))
    return _svg("picture forest small-forest", 200, 26, words, parts)


def _mark(row: Row, axis: Axis, y: float) -> str:
    parts = []
    if row.low is not None and row.high is not None:
        low, high = axis.x(row.low), axis.x(row.high)
        if row.kind == "pooled" and row.estimate is not None:
            middle = axis.x(row.estimate)
            return (
                f'<path class="pooled" d="M{low},{y}L{middle},{y - 7}L{max(high, low + 2)},{y}'
                f'L{middle},{y + 7}z"/>'
            )
        parts.append(
            f'<line class="interval {row.kind}" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'
        )
    if row.estimate is not None:
        side = 9 if row.weight is None else round(5 + 13 * math.sqrt(row.weight), 1)
        x = axis.x(row.estimate) - side / 2
        parts.append(
            f'<rect class="point {row.kind}" x="{round(x, 1)}" y="{round(y - side / 2, 1)}" '
            f'width="{side}" height="{side}"/>'
        )
    return "".join(parts)


def _axis(
    rows: Sequence[Row], measure: Measure, no_effect: float | None
) -> tuple[Axis, list[float]]:
    values = [v for row in rows for v in (row.estimate, row.low, row.high) if v is not None]
    if no_effect is not None:
        values.append(no_effect)
    if measure in RATIOS:
        ticks = [t for t in (0.01, 0.1, 0.25, 0.5, 1, 2, 4, 10, 30, 100) if _near(t, values)]
        return Axis(min(*values, ticks[0]), max(*values, ticks[-1]), True, LEFT, RIGHT), ticks
    if measure == "share":
        return Axis(0, 1, False, LEFT, RIGHT), [0, 0.25, 0.5, 0.75, 1]
    low, high = min(*values, 0), max(*values, 0)
    step = _step((high - low) or 1)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = [round(step * number, 6) for number in range(first, last + 1)]
    return Axis(ticks[0], max(ticks[-1], ticks[0] + step), False, LEFT, RIGHT), ticks


def _near(tick: float, values: Sequence[float]) -> bool:
    return 0.4 * min(values) <= tick <= 2.5 * max(values)


def _step(span: float) -> float:
    """A round step that gives four to eight marks."""
    rough = span / 5
    power: float = 10 ** math.floor(math.log10(rough))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= rough)


def _label(value: float, measure: Measure) -> str:
    if measure in PERCENT:
        return f"{100 * value:.0f}{'%' if measure == 'share' else ''}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _cut(label: str, at: int = 46) -> str:
    return label if len(label) <= at else label[: at - 1].rstrip() + "…"


def _svg(kind: str, width: int, height: int, words: str, parts: Sequence[str]) -> SafeString:
    # Every text in it is escaped where it is put in.
    return mark_safe(
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(words)}">' + "".join(parts) + "</svg>"
    )
