"""Figures in words: percent, percentage points, ratios, points of a scale."""

from sojourn.evidence.register import Measure

_UNITS: dict[str, str] = {
    "share": "%",
    "as-reported": "",
    "risk-difference": " points",
    "standardised-difference": " SD",
    "mean-difference": " points",
}


def figure(
    measure: Measure, estimate: float | None, low: float | None = None, high: float | None = None
) -> str:
    """An estimate with its interval, such as '66% (57 to 74)'; 'not reported' without either."""
    interval = "" if low is None or high is None else f"{_n(measure, low)} to {_n(measure, high)}"
    unit = _UNITS.get(measure, "")
    if estimate is None:
        return f"{interval}{unit}" if interval else "not reported"
    return f"{_n(measure, estimate)}{unit}" + (f" ({interval})" if interval else "")


def _n(measure: Measure, value: float) -> str:
    if measure in ("share", "risk-difference"):
        rounded = f"{100 * value:.0f}"
        return "0" if rounded == "-0" else rounded
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if measure == "mean-difference" else f"{value:.2f}"
