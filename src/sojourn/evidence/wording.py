"""Figures in words: as one reads them in a paper, and as one says them to a person."""

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


def plainly(
    measure: Measure, estimate: float | None, low: float | None = None, high: float | None = None
) -> str:
    """The figure as one would say it to a person: out of 100 people, from the low to the high."""
    if estimate is None:
        return "not counted"
    if measure == "risk-difference":
        middle = f"{_people(abs(estimate))} {'more' if estimate >= 0 else 'fewer'} of 100 people"
        if low is None or high is None:
            return middle
        ends = (f"{_people(abs(each))} {'more' if each >= 0 else 'fewer'}" for each in (low, high))
        return f"{middle} (between {' and '.join(ends)})"
    if measure == "share" or (measure == "as-reported" and 0 <= estimate <= 1):
        between = (
            f" (between {_people(low)} and {_people(high)})"
            if low is not None and high is not None
            else " (no interval was published)"
        )
        return f"{_people(estimate)} of 100 people{between}"
    between = f" ({low:.2f} to {high:.2f})" if low is not None and high is not None else ""
    return f"{abs(estimate):.1f} standard deviations {'less' if estimate < 0 else 'more'}{between}"


def _people(share: float) -> str:
    """People of 100; below one in a hundred is not nobody."""
    people = 100 * share
    return "fewer than 1" if 0 < people < 0.5 else f"{people:.0f}"


def _n(measure: Measure, value: float) -> str:
    if measure in ("share", "risk-difference"):
        rounded = f"{100 * value:.0f}"
        return "0" if rounded == "-0" else rounded
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if measure == "mean-difference" else f"{value:.2f}"
