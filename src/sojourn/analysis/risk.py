"""One proportion, and two compared: difference, ratio, odds ratio and number needed to treat."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

Direction = Literal["benefit", "harm"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A comparison with its interval; None where the counts do not determine it."""

    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Needed:
    """How many people are treated for one more to benefit, or be harmed."""

    people: float
    of: Direction


@dataclass(frozen=True, slots=True)
class NumberNeeded:
    """The number needed to treat, from the limit of most benefit to that of most harm.

    Where the difference's interval holds zero, ``through_infinity`` is true: the
    interval runs from ``low`` (a number for benefit) up to infinity and back down to
    ``high`` (a number for harm). A limit of exactly zero difference is an infinite number.
    ``estimate`` is None where the arms do not differ.
    """

    estimate: Needed | None
    low: Needed
    high: Needed
    through_infinity: bool


def wilson_interval(
    count: int, known: int, confidence: float = 0.95
) -> tuple[float | None, float | None]:
    """The score interval of ``count`` out of ``known``; None where nobody is known.

    Raises
    ------
    ValueError
        If ``count`` is not between 0 and ``known``.

    Source: Wilson 1927, doi 10.1080/01621459.1927.10502953.
    """
    if not 0 <= count <= known:
        raise ValueError(f"{count} of {known} is no proportion")
    if known == 0:
        return None, None
    z = float(stats.norm.ppf((1 + confidence) / 2))
    share = count / known
    middle = (share + z**2 / (2 * known)) / (1 + z**2 / known)
    half = z / (1 + z**2 / known) * (share * (1 - share) / known + z**2 / (4 * known**2)) ** 0.5
    low = 0.0 if count == 0 else middle - half
    high = 1.0 if count == known else middle + half
    return low, high


def risk_difference(
    count: int, known: int, reference_count: int, reference_known: int, confidence: float = 0.95
) -> Measure:
    """Share less the reference's share, with the hybrid score interval.

    Source: Newcombe 1998, Stat Med 17:873-890, method 10,
    doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    low, high = wilson_interval(count, known, confidence)
    other_low, other_high = wilson_interval(reference_count, reference_known, confidence)
    if low is None or high is None or other_low is None or other_high is None:
        return Measure(None, None, None)
    share, other = count / known, reference_count / reference_known
    down = ((share - low) ** 2 + (other_high - other) ** 2) ** 0.5
    up = ((high - share) ** 2 + (other - other_low) ** 2) ** 0.5
    return Measure(share - other, share - other - down, share - other + up)


def risk_ratio(
    count: int, known: int, reference_count: int, reference_known: int, confidence: float = 0.95
) -> Measure:
    """Share over the reference's share, with the interval on the log scale.

    None where the reference has no event; no interval where ``count`` is zero.

    Source: Katz et al. 1978, doi 10.2307/2530610.
    """
    _checked(count, known, reference_count, reference_known)
    if not known or not reference_count:
        return Measure(None, None, None)
    ratio = (count / known) / (reference_count / reference_known)
    if not count:
        return Measure(ratio, None, None)
    error = (1 / count - 1 / known + 1 / reference_count - 1 / reference_known) ** 0.5
    return _on_log_scale(ratio, error, confidence)


def odds_ratio(
    count: int, known: int, reference_count: int, reference_known: int, confidence: float = 0.95
) -> Measure:
    """Odds over the reference's odds, with the interval on the log scale.

    None, without an interval, where any of the four cells is empty.

    Source: Woolf 1955, doi 10.1111/j.1469-1809.1955.tb01348.x.
    """
    _checked(count, known, reference_count, reference_known)
    cells = np.array(
        [count, known - count, reference_count, reference_known - reference_count], dtype=float
    )
    if not cells.all():
        return Measure(None, None, None)
    ratio = float(cells[0] * cells[3] / (cells[1] * cells[2]))
    return _on_log_scale(ratio, float((1 / cells).sum() ** 0.5), confidence)


def number_needed(difference: Measure, *, event_is_good: bool = True) -> NumberNeeded | None:
    """The number needed to treat that a risk difference and its interval stand for.

    ``event_is_good`` says whether more events are a benefit (response) or a harm (relapse).
    None where the difference is not known.

    Source: Altman 1998, doi 10.1136/bmj.317.7168.1309.
    """
    if difference.estimate is None or difference.low is None or difference.high is None:
        return None
    sign = 1 if event_is_good else -1
    best, worst = sorted((sign * difference.low, sign * difference.high), reverse=True)
    gain = sign * difference.estimate
    return NumberNeeded(
        _needed(gain, gain > 0) if gain else None,
        _needed(best, best > 0 or worst >= 0),
        _needed(worst, worst > 0 or (worst == 0 and best > 0)),
        worst < 0 < best,
    )


def _needed(gain: float, benefit: bool) -> Needed:
    return Needed(1 / abs(gain) if gain else float("inf"), "benefit" if benefit else "harm")


def _checked(count: int, known: int, reference_count: int, reference_known: int) -> None:
    for events, people in ((count, known), (reference_count, reference_known)):
        if not 0 <= events <= people:
            raise ValueError(f"{events} of {people} is no proportion")


def _on_log_scale(ratio: float, error: float, confidence: float) -> Measure:
    width = float(np.exp(stats.norm.ppf((1 + confidence) / 2) * error))
    return Measure(ratio, ratio / width, ratio * width)
