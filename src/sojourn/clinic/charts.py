"""Charts of outcomes: drawn by Vega-Lite once, coloured by the page that shows them."""

import html
import json
import textwrap
from collections.abc import Mapping, Sequence
from functools import lru_cache

import altair as alt
import vl_convert
from django.utils.safestring import SafeString, mark_safe

from sojourn.analysis import Point, Proportion, Step

# Placeholders that no other part of a chart uses, replaced by the page's own variables.
PALETTE = ("#010203", "#010204", "#010205", "#010206")
INK, SOFT, LINE = "#020301", "#020302", "#020303"
VARIABLES = {
    **{colour: f"var(--arm-{number})" for number, colour in enumerate(PALETTE, 1)},
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
}
OUTCOME_LABELS = {
    "response": "Response",
    "loss_of_diagnosis": "Loss of diagnosis",
    "remission": "Remission",
}
EVERYONE = "All participants"


@lru_cache(maxsize=64)
def trajectories_chart(
    points: tuple[Point, ...], labels: tuple[tuple[str, str], ...], name: str
) -> SafeString:
    """Mean totals by visit with their 95% intervals; ``labels`` gives each visit's words."""
    words = dict(labels)
    seen = [key for key, _ in labels if any(point.visit == key for point in points)]
    place = {key: number for number, key in enumerate(seen)}
    arms = sorted({point.arm for point in points})
    # Side by side, so that one arm's interval does not hide another's.
    aside = {arm: 0.07 * (number - (len(arms) - 1) / 2) for number, arm in enumerate(arms)}
    rows = [
        {
            "arm": point.arm or EVERYONE,
            "visit": words.get(point.visit, point.visit),
            "place": place[point.visit] + aside[point.arm],
            "mean": point.mean,
            "low": point.low if point.low is not None else point.mean,
            "high": point.high if point.high is not None else point.mean,
        }
        for point in points
    ]
    axis = alt.Axis(
        values=list(range(len(seen))),
        labelExpr=f"{json.dumps([textwrap.wrap(words[key], 14) for key in seen])}[datum.value]",
        labelAngle=0,
        labelLimit=110,
        grid=False,
    )
    scale = alt.Scale(domain=[-0.3, len(seen) - 0.7], nice=False)
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("place:Q", title=None, axis=axis, scale=scale), color=_colour(rows)
    )
    title = f"Mean {name}, 95% interval"
    chart = (
        base.mark_rule(strokeWidth=2).encode(
            y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=True)), y2="high:Q"
        )
        + base.mark_line(strokeWidth=2.5).encode(y="mean:Q", strokeDash=_dash(rows))
        + base.mark_point(filled=True, size=75, opacity=1).encode(y="mean:Q", shape=_shape(rows))
    )
    said = "; ".join(
        f"{row['arm']}, {row['visit']}: mean {row['mean']:.1f} "
        f"({row['low']:.1f} to {row['high']:.1f})"
        for row in rows
    )
    return pictured(chart.properties(width=560, height=280), title, said)


@lru_cache(maxsize=64)
def proportions_chart(found: tuple[Proportion, ...]) -> SafeString:
    """The three outcomes as shares with exact intervals, each labelled with its people."""
    rows = [
        {
            "arm": each.arm or EVERYONE,
            "outcome": OUTCOME_LABELS[each.outcome],
            "share": each.share * 100,
            "low": (each.low or 0) * 100,
            "high": (each.high or 0) * 100,
            "people": f"{each.count}/{each.known}",
        }
        for each in found
        if each.share is not None
    ]
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("arm:N", title=None, axis=alt.Axis(labelLimit=190, minExtent=150)),
        color=_colour(rows),
    )
    chart = (
        base.mark_rule(strokeWidth=2.5).encode(
            x=alt.X(
                "low:Q", title="Share, %, exact 95% interval", scale=alt.Scale(domain=[0, 100])
            ),
            x2="high:Q",
        )
        + base.mark_point(filled=True, size=90, opacity=1).encode(x="share:Q", shape=_shape(rows))
        + base.mark_text(dy=-11, fontSize=12).encode(x="share:Q", text="people:N")
    )
    order = list(OUTCOME_LABELS.values())
    faceted = chart.properties(width=440, height={"step": 36}).facet(
        row=alt.Row(
            "outcome:N",
            sort=order,
            title=None,
            header=alt.Header(labelAngle=0, labelAlign="left", labelOrient="top", labelFontSize=13),
        ),
        spacing=22,
    )
    said = "; ".join(
        f"{row['outcome']}, {row['arm']}: {row['people']}, {row['share']:.0f}% "
        f"({row['low']:.0f} to {row['high']:.0f})"
        for row in rows
    )
    return pictured(faceted, "Response, loss of diagnosis and remission", said)


@lru_cache(maxsize=64)
def retention_chart(steps: tuple[Step, ...], until: int) -> SafeString:
    """Share retained over the days since enrolment, to day ``until``."""
    rows = [
        {"arm": step.arm or EVERYONE, "day": step.day, "retained": step.retained * 100}
        for step in steps
    ]
    for arm in dict.fromkeys(step.arm for step in steps):
        last = [step for step in steps if step.arm == arm][-1]
        rows.append({"arm": arm or EVERYONE, "day": until, "retained": last.retained * 100})
    chart = (
        alt.Chart(_data(rows))
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=alt.X("day:Q", title="Days since enrolment"),
            y=alt.Y("retained:Q", title="Retained, %", scale=alt.Scale(domain=[0, 100])),
            color=_colour(rows),
            strokeDash=_dash(rows),
        )
        .properties(width=560, height=240)
    )
    ends = {row["arm"]: row["retained"] for row in rows}
    said = "; ".join(f"{arm}: {share:.0f}% retained at the end" for arm, share in ends.items())
    return pictured(chart, "Retention", said)


def _data(rows: Sequence[Mapping[str, object]]) -> alt.InlineData:
    return alt.InlineData(values=list(rows))


def _arms(rows: Sequence[Mapping[str, object]]) -> list[str]:
    return sorted({str(row["arm"]) for row in rows})


def _colour(rows: Sequence[Mapping[str, object]]) -> alt.Color:
    arms = _arms(rows)
    scale = alt.Scale(domain=arms, range=list(PALETTE[: max(1, len(arms))]))
    legend = (
        alt.Legend(title=None, orient="top", labelFontSize=13, columnPadding=48, symbolSize=110)
        if len(arms) > 1
        else None
    )
    return alt.Color("arm:N", scale=scale, legend=legend)


def _dash(rows: Sequence[Mapping[str, object]]) -> alt.StrokeDash:
    dashes = [[1, 0], [6, 4], [2, 3], [8, 3, 2, 3]]
    arms = _arms(rows)
    scale = alt.Scale(domain=arms, range=dashes[: max(1, len(arms))])
    return alt.StrokeDash("arm:N", scale=scale, legend=None)


def _shape(rows: Sequence[Mapping[str, object]]) -> alt.Shape:
    shapes = ["circle", "diamond", "square", "triangle"]
    arms = _arms(rows)
    return alt.Shape("arm:N", scale=alt.Scale(domain=arms, range=shapes[: len(arms)]), legend=None)


def pictured(chart: alt.TopLevelMixin, title: str, said: str) -> SafeString:
    themed = chart.configure(
        background="transparent",
        font="system-ui, sans-serif",
        axis=alt.AxisConfig(
            labelColor=SOFT,
            titleColor=SOFT,
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        ),
        legend=alt.LegendConfig(labelColor=INK),
        header=alt.HeaderConfig(labelColor=INK),
        view=alt.ViewConfig(stroke=None),
    )
    drawn = vl_convert.vegalite_to_svg(themed.to_json())
    for colour, variable in VARIABLES.items():
        drawn = drawn.replace(colour, variable)
    about = f"{title}. {said}"
    described = (
        f'role="img" aria-label="{html.escape(about)}"><title>{html.escape(title)}</title>'
        f"<desc>{html.escape(said)}</desc>"
    )
    return mark_safe(drawn.replace(">", f" {described}", 1))
