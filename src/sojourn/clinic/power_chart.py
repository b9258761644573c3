"""Power by sample size, drawn for a page or a file."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import altair as alt
import vl_convert
from django.utils.safestring import SafeString

from sojourn.clinic.charts import PALETTE, SOFT, pictured
from sojourn.design.powering import Point

NORMAL = 1.96
# The power a trial is usually given; drawn as a line to compare with.
GOAL = 0.9


@lru_cache(maxsize=64)
def power_chart(
    points: tuple[Point, ...], *, null: bool = False, level: float = 0.05
) -> SafeString:
    """Share of trials that reject by sample size, with its Monte Carlo 95% interval."""
    rows = _rows(points)
    said = "; ".join(
        f"{row['people']} people: {row['share']:.1f}% ({row['low']:.1f} to {row['high']:.1f})"
        for row in rows
    )
    chart = _chart(rows, level if null else GOAL, null, PALETTE[0], SOFT)
    return pictured(chart, _title(null), said)


def save_power_chart(
    points: Sequence[Point], path: Path, *, null: bool = False, level: float = 0.05
) -> None:
    """The same as a file, SVG or PNG by its ending.

    Raises
    ------
    ValueError
        For any other ending.
    """
    chart = _chart(_rows(points), level if null else GOAL, null, "#2a686c", "#55645f")
    drawn = chart.configure(background="white", view=alt.ViewConfig(stroke=None)).to_json()
    if path.suffix == ".svg":
        path.write_text(vl_convert.vegalite_to_svg(drawn), encoding="utf-8")
    elif path.suffix == ".png":
        path.write_bytes(vl_convert.vegalite_to_png(drawn, scale=2))
    else:
        raise ValueError(f"chart '{path.name}' ends in '{path.suffix}'; use .svg or .png")


def _title(null: bool) -> str:
    return "Type I error" if null else "Power"


def _rows(points: Sequence[Point]) -> list[dict[str, float]]:
    found = []
    for point in points:
        figure = point.tally.rejecting
        half = NORMAL * figure.error
        low, high = max(0.0, figure.value - half), min(1.0, figure.value + half)
        found.append(
            {
                "people": point.people,
                "share": 100 * figure.value,
                "low": 100 * low,
                "high": 100 * high,
            }
        )
    return found


def _chart(
    rows: list[dict[str, float]], wanted: float, null: bool, colour: str, soft: str
) -> alt.LayerChart:
    top = max([10.0, *(row["high"] for row in rows)]) if null else 100.0
    title = f"{_title(null)}, % of trials"
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("people:Q", title="Participants randomised", scale=alt.Scale(zero=False))
    )
    line = alt.Chart(alt.InlineData(values=[{"level": 100 * wanted}]))
    band = base.mark_area(opacity=0.18, color=colour).encode(
        y=alt.Y("low:Q", title=title, scale=alt.Scale(domain=[0, top])), y2="high:Q"
    )
    drawn = base.mark_line(strokeWidth=2.5, color=colour).encode(y="share:Q")
    marks = base.mark_point(filled=True, size=70, opacity=1, color=colour).encode(y="share:Q")
    rule = line.mark_rule(strokeDash=[5, 4], color=soft).encode(y="level:Q")
    chart: alt.LayerChart = (rule + band + drawn + marks).properties(width=560, height=280)
    return chart
