"""Pictures of a population for those who decide: need and capacity, cost and benefit."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import altair as alt
import vl_convert
from django.utils.safestring import SafeString

from sojourn.clinic.charts import PALETTE, SOFT, pictured
from sojourn.design.population.capacity import Flow, Year

# Points drawn of a cloud; more only hide each other.
DRAWN = 400
PLAIN = ("#2a686c", "#a3560f", "#5b4b8a", "#6b6b2a")
WAITING, POSSIBLE, TREATED = "Waiting for treatment", "Treatment possible", "Treated"


@lru_cache(maxsize=64)
def capacity_chart(years: tuple[Year, ...]) -> SafeString:
    """People waiting, treated, and how many could be, year by year."""
    said = "; ".join(
        f"year {year.number}: {year.waiting:,.0f} waiting, {year.treated:,.0f} treated"
        for year in years
    )
    return pictured(_capacity(years, PALETTE), "People waiting and people treated", said)


def save_capacity_chart(flow: Flow, path: Path) -> None:
    """The same as a file, SVG or PNG by its ending.

    Raises
    ------
    ValueError
        For any other ending.
    """
    if path.suffix not in (".svg", ".png"):
        raise ValueError(f"chart '{path.name}' ends in '{path.suffix}'; use .svg or .png")
    chart = _capacity(flow.told, PLAIN)
    drawn = chart.configure(background="white", view=alt.ViewConfig(stroke=None)).to_json()
    if path.suffix == ".svg":
        path.write_text(vl_convert.vegalite_to_svg(drawn), encoding="utf-8")
    else:
        path.write_bytes(vl_convert.vegalite_to_png(drawn, scale=2))


@lru_cache(maxsize=64)
def cloud_chart(
    effects: tuple[float, ...], costs: tuple[float, ...], threshold: float, currency: str
) -> SafeString:
    """Extra cost and QALYs for each person treated, one point for each draw of the inputs."""
    rows = [
        {"effect": effect, "cost": cost}
        for effect, cost in zip(effects[:DRAWN], costs[:DRAWN], strict=True)
    ]
    span = [min(0.0, *effects), max(0.0, *effects)]
    line = [{"effect": end, "cost": threshold * end} for end in span]
    low, high = min(0.0, *costs), max(0.0, *costs)
    # What is worth its cost lies below the line; only the part near the cloud is drawn.
    line = [row for row in line if row["cost"] <= high * 1.2] or line[:1]
    if len(line) == 1:
        line.append({"effect": 1.2 * high / threshold, "cost": 1.2 * high})
    x = alt.X(
        "effect:Q", title="QALYs gained for each person treated", scale=alt.Scale(domain=span)
    )
    y = alt.Y(
        "cost:Q",
        title=f"Extra cost for each person treated, {currency}",
        scale=alt.Scale(domain=[low * 1.05, high * 1.2]),
    )
    zero = alt.Chart(alt.InlineData(values=[{"cost": 0}]))
    chart = (
        zero.mark_rule(color=SOFT).encode(y="cost:Q")
        + alt.Chart(alt.InlineData(values=line))
        .mark_line(strokeDash=[5, 4], color=PALETTE[1], strokeWidth=2)
        .encode(x=x, y=y)
        + alt.Chart(alt.InlineData(values=rows))
        .mark_point(filled=True, size=22, opacity=0.45, color=PALETTE[0])
        .encode(x=x, y=y)
    ).properties(width=520, height=280)
    saving = sum(cost < 0 for cost in costs) / len(costs)
    said = (
        f"{len(costs)} draws of the inputs: QALYs from {min(effects):.2f} to {max(effects):.2f}, "
        f"cost from {min(costs):,.0f} to {max(costs):,.0f}; {saving:.0%} of them save money. "
        f"Below the dashed line a QALY costs less than {threshold:,.0f}."
    )
    return pictured(chart, "What it costs and what it brings", said)


@lru_cache(maxsize=64)
def acceptability_chart(
    thresholds: tuple[float, ...], shares: tuple[float, ...], currency: str
) -> SafeString:
    """Share of draws worth their cost by what a QALY is worth."""
    rows = [
        {"threshold": threshold, "share": 100 * share}
        for threshold, share in zip(thresholds, shares, strict=True)
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=2.5, color=PALETTE[0], point={"filled": True, "color": PALETTE[0]})
        .encode(
            x=alt.X("threshold:Q", title=f"What one QALY is worth, {currency}"),
            y=alt.Y("share:Q", title="Draws worth their cost, %", scale=alt.Scale(domain=[0, 100])),
        )
        .properties(width=520, height=220)
    )
    said = "; ".join(
        f"{threshold:,.0f}: {share:.0%}"
        for threshold, share in zip(thresholds, shares, strict=True)
    )
    return pictured(chart, "How often it is worth its cost", said)


def _capacity(years: Sequence[Year], colours: Sequence[str]) -> alt.LayerChart:
    rows = [
        {"year": year.number, "what": what, "people": people / 1000}
        for year in years
        for what, people in ((WAITING, year.waiting), (POSSIBLE, year.capacity))
    ]
    treated = [
        {"year": year.number, "what": TREATED, "people": year.treated / 1000} for year in years
    ]
    highest = max(year.waiting for year in years) / 1000
    kinds = [WAITING, POSSIBLE, TREATED]
    colour = alt.Color(
        "what:N",
        scale=alt.Scale(domain=kinds, range=[colours[1], colours[2], colours[0]]),
        legend=alt.Legend(title=None, orient="top", labelFontSize=13, columnPadding=24,
                          labelLimit=260),
    )  # fmt: skip
    ticks = sorted({year.number for year in years})
    axis = alt.Axis(values=ticks, format="d", grid=False)
    x = alt.X("year:Q", title="Year after lawful approval", axis=axis,
              scale=alt.Scale(domain=[0.4, ticks[-1] + 0.6], nice=False))  # fmt: skip
    y = alt.Y("people:Q", title="People, thousands", scale=alt.Scale(domain=[0, highest * 1.05]))
    width = max(8, min(34, 420 // len(ticks)))
    bars = alt.Chart(alt.InlineData(values=treated)).mark_bar(size=width, opacity=0.85)
    lines = alt.Chart(alt.InlineData(values=rows)).mark_line(
        strokeWidth=2.5, clip=True, point={"filled": True, "size": 45}
    )
    dash = alt.StrokeDash(
        "what:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [6, 4], [1, 0]]), legend=None
    )
    chart: alt.LayerChart = (
        bars.encode(x=x, y=y, color=colour) + lines.encode(x=x, y=y, color=colour, strokeDash=dash)
    ).properties(width=600, height=300)
    return chart
