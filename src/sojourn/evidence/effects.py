"""Effect sizes of one comparison: an estimate with its sampling variance."""

import math
from dataclasses import dataclass
from typing import Literal

from scipy import stats
from scipy.special import gammaln

Measure = Literal[
    "mean-difference",
    "hedges-g",
    "log-risk-ratio",
    "risk-difference",
    "log-odds-ratio",
    "logit-proportion",
]


@dataclass(frozen=True, slots=True)
class Sample:
    """Size, mean and standard deviation of one arm."""

    n: int
    mean: float
    sd: float

    def __post_init__(self) -> None:
        if self.n < 2:
            raise ValueError(f"n is {self.n}; a standard deviation needs 2 or more")
        if not self.sd > 0:
            raise ValueError(f"sd is {self.sd}; give a value above 0")


@dataclass(frozen=True, slots=True)
class Count:
    """How many of ``n`` had the event."""

    events: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.events <= self.n or self.n < 1:
            raise ValueError(f"{self.events} of {self.n}; events lie between 0 and n")


@dataclass(frozen=True, slots=True)
class Effect:
    """One study's estimate, first arm against second; ratios are on the log scale."""

    study: str
    estimate: float
    variance: float
    measure: Measure
    year: int = 0
    n: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.estimate) and self.variance > 0):
            raise ValueError(
                f"{self.study}: estimate {self.estimate}, variance {self.variance}; "
                "both are finite and the variance is above 0"
            )

    @property
    def standard_error(self) -> float:
        """The square root of the variance."""
        return math.sqrt(self.variance)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """The normal interval of this study alone."""
        half = float(stats.norm.ppf((1 + confidence) / 2)) * self.standard_error
        return self.estimate - half, self.estimate + half


def small_sample_factor(degrees: float, *, exact: bool = True) -> float:
    """Hedges' J, which takes the bias out of Cohen's d.

    Source: Hedges 1981, J Educ Stat 6:107, doi 10.3102/10769986006002107; the
    approximation is 1 - 3 / (4 m - 1).
    """
    if degrees <= 1:
        raise ValueError(f"{degrees} degrees of freedom; J needs more than 1")
    if not exact:
        return 1 - 3 / (4 * degrees - 1)
    log = gammaln(degrees / 2) - 0.5 * math.log(degrees / 2) - gammaln((degrees - 1) / 2)
    return math.exp(float(log))


def pooled_sd(first: Sample, second: Sample) -> float:
    """The standard deviation within arms."""
    squares = (first.n - 1) * first.sd**2 + (second.n - 1) * second.sd**2
    return math.sqrt(squares / (first.n + second.n - 2))


def hedges_g(
    first: Sample, second: Sample, *, study: str = "", year: int = 0, exact: bool = True
) -> Effect:
    """Standardised mean difference, first minus second.

    The variance is 1/n1 + 1/n2 + g^2 / (2 (n1 + n2)) (Hedges 1982, doi 10.1037/0033-2909.92.2.490).
    """
    degrees = first.n + second.n - 2
    difference = (first.mean - second.mean) / pooled_sd(first, second)
    g = small_sample_factor(degrees, exact=exact) * difference
    variance = 1 / first.n + 1 / second.n + g**2 / (2 * (first.n + second.n))
    return Effect(study, g, variance, "hedges-g", year, first.n + second.n)


def mean_difference(first: Sample, second: Sample, *, study: str = "", year: int = 0) -> Effect:
    """Difference of means in the scale's own units, first minus second; variances unequal."""
    variance = first.sd**2 / first.n + second.sd**2 / second.n
    n = first.n + second.n
    return Effect(study, first.mean - second.mean, variance, "mean-difference", year, n)


def log_risk_ratio(first: Count, second: Count, *, study: str = "", year: int = 0) -> Effect:
    """Log of the ratio of risks; half an event is added where a cell is empty."""
    a, b, c, d = _cells(first, second)
    estimate = math.log(a / (a + b)) - math.log(c / (c + d))
    variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    return Effect(study, estimate, variance, "log-risk-ratio", year, first.n + second.n)


def log_odds_ratio(first: Count, second: Count, *, study: str = "", year: int = 0) -> Effect:
    """Log of the ratio of odds; half an event is added where a cell is empty."""
    a, b, c, d = _cells(first, second)
    estimate = math.log(a) - math.log(b) - math.log(c) + math.log(d)
    variance = 1 / a + 1 / b + 1 / c + 1 / d
    return Effect(study, estimate, variance, "log-odds-ratio", year, first.n + second.n)


def risk_difference(first: Count, second: Count, *, study: str = "", year: int = 0) -> Effect:
    """Difference of risks; the half events of an empty cell enter the variance only."""
    a, b, c, d = _cells(first, second)
    p, q = a / (a + b), c / (c + d)
    variance = p * (1 - p) / (a + b) + q * (1 - q) / (c + d)
    estimate = first.events / first.n - second.events / second.n
    return Effect(study, estimate, variance, "risk-difference", year, first.n + second.n)


def logit_proportion(count: Count, *, study: str = "", year: int = 0) -> Effect:
    """Log odds of one proportion; half an event is added at 0 or n."""
    add = 0.5 if count.events in (0, count.n) else 0.0
    events, others = count.events + add, count.n - count.events + add
    variance = 1 / events + 1 / others
    estimate = math.log(events / others)
    return Effect(study, estimate, variance, "logit-proportion", year, count.n)


def newcombe(first: Count, second: Count, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a risk difference that keeps its level where counts are small.

    Source: Newcombe 1998, Stat Med 17:873, method 10 (Wilson scores, no correction),
    doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    (low1, high1), (low2, high2) = wilson(first, confidence), wilson(second, confidence)
    p1, p2 = first.events / first.n, second.events / second.n
    difference = p1 - p2
    return (
        difference - math.hypot(p1 - low1, high2 - p2),
        difference + math.hypot(high1 - p1, p2 - low2),
    )


def wilson(count: Count, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    z2 = float(stats.norm.ppf((1 + confidence) / 2)) ** 2
    p, n = count.events / count.n, count.n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2) / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low = 0.0 if count.events == 0 else centre - half
    return low, 1.0 if count.events == n else centre + half


def _cells(first: Count, second: Count) -> tuple[float, float, float, float]:
    cells = (first.events, first.n - first.events, second.events, second.n - second.events)
    add = 0.5 if 0 in cells else 0.0
    a, b, c, d = (cell + add for cell in cells)
    return a, b, c, d
