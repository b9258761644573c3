"""A study's printed figures in words."""

from collections.abc import Mapping

from django import template

from sojourn.evidence.model import Between, Citation, Outcome, Result

register = template.Library()
_MEASURES = {
    "mean-difference": "difference",
    "smd": "standardised difference",
    "risk-ratio": "risk ratio",
    "odds-ratio": "odds ratio",
}


@register.filter
def printed(result: Result, outcome: Outcome) -> str:
    """One arm's figure, such as '28 of 42 (67%)' or 'mean 19.6, SD 13.6, n 42'."""
    parts = []
    if result.events is not None:
        of = f" of {result.n}" if result.n else ""
        parts.append(f"{result.events:,}{of} people")
    if result.percent is not None:
        parts.append(f"{result.percent}%")
    if result.mean is not None:
        parts.append(f"mean {result.mean}")
    if result.sd is not None:
        parts.append(f"SD {result.sd}")
    if result.low is not None and result.high is not None:
        parts.append(f"{result.low} to {result.high}{'' if result.mean is not None else '%'}")
    if result.events is None and result.n:
        parts.append(f"n {result.n}")
    if result.studies:
        parts.append(f"{result.studies} studies")
    scale = f" ({outcome.scale.upper()})" if outcome.scale else ""
    return ", ".join(parts) + scale if parts else "not reported"


@register.filter
def printed_between(between: Between, labels: Mapping[str, str]) -> str:
    """A comparison as it was printed."""
    interval = f" ({between.low} to {between.high})" if between.low is not None else ""
    p = f", p {between.p if between.p.startswith('<') else '= ' + between.p}" if between.p else ""
    first, second = labels[between.first], labels[between.second]
    return f"{first} against {second}: {_MEASURES[between.measure]} {between.estimate}{interval}{p}"


@register.filter
def worded(key: str) -> str:
    """A key of the schema as a heading, such as 'Risk of bias'."""
    words = key.replace("-", " ").replace("ptsd", "PTSD")
    return words[:1].upper() + words[1:]


@register.filter
def of(labels: Mapping[str, str], key: str) -> str:
    """What a key stands for."""
    return labels[key]


@register.filter
def citation(cited: Mapping[str, Citation], key: str) -> str:
    """The text of a cited source."""
    return cited[key].text if key in cited else key
