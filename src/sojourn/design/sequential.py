"""Group-sequential boundaries by recursive numerical integration.

Armitage, McPherson & Rowe 1969 (doi 10.2307/2343787), on the grid of Jennison & Turnbull,
Group Sequential Methods with Applications to Clinical Trials, 2000, chapter 19. Everything is
one-sided in favour of a positive statistic; a two-sided test of level 2a is two such of level a.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

Array = NDArray[np.float64]
FAR = 12.0
FINENESS = 24
SPENDING = ("obrien-fleming", "pocock", "hwang-shih-decani")
SHAPES = ("obrien-fleming", "pocock")


class NoBoundary(ValueError):
    """A sequential design that can't be; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Standardised statistics to cross at each look, as ``information`` fractions.

    ``futility`` is minus infinity where nothing stops for futility; it is non-binding: the
    efficacy boundary keeps its level when futility is overruled. ``spent`` is cumulative.
    """

    information: tuple[float, ...]
    efficacy: tuple[float, ...]
    futility: tuple[float, ...]
    spent: tuple[float, ...]
    drift: float | None = None


@dataclass(frozen=True, slots=True)
class Crossing:
    """Probability of first crossing above and below at each look."""

    above: tuple[float, ...]
    below: tuple[float, ...]


def spending(kind: str, fraction: float, level: float, gamma: float = -4.0) -> float:
    """Level spent at an information fraction.

    Lan & DeMets 1983 (doi 10.1093/biomet/70.3.659) for the first two;
    Hwang, Shih & De Cani 1990 (doi 10.1002/sim.4780091207) with ``gamma``.
    """
    time = min(max(fraction, 0.0), 1.0)
    if kind not in SPENDING:
        raise NoBoundary(f"spending '{kind}' is not known; use one of {', '.join(SPENDING)}")
    if time == 0:
        return 0.0
    if kind == "obrien-fleming":
        return float(2 * norm.sf(norm.isf(level / 2) / np.sqrt(time)))
    if kind == "pocock":
        return float(level * np.log1p((np.e - 1) * time))
    if abs(gamma) < 1e-9:
        return level * time
    return float(level * np.expm1(-gamma * time) / np.expm1(-gamma))


def crossing(
    information: Sequence[float],
    efficacy: Sequence[float],
    futility: Sequence[float] | None = None,
    *,
    drift: float = 0.0,
) -> Crossing:
    """How likely each boundary is crossed first, when the last statistic has mean ``drift``."""
    walk = _Walk(drift)
    low = futility if futility is not None else [-np.inf] * len(information)
    above, below = [], []
    for time, top, bottom in zip(information, efficacy, low, strict=True):
        walk.step(time)
        above.append(walk.above(top))
        below.append(walk.below(bottom))
        walk.stay(bottom, top)
    return Crossing(tuple(above), tuple(below))


def classical(shape: str, looks: int, level: float, *, sides: int = 1) -> Boundaries:
    """Equally spaced looks with the constants of Pocock 1977 or O'Brien & Fleming 1979.

    ``level`` is spent over all ``sides``; two sides stop symmetrically, as in Jennison &
    Turnbull's tables 2.1 and 2.3 (doi 10.1093/biomet/64.2.191, 10.2307/2530245).
    """
    if shape not in SHAPES:
        raise NoBoundary(f"shape '{shape}' is not known; use one of {', '.join(SHAPES)}")
    times = _checked([(each + 1) / looks for each in range(looks)], level)
    power = 0.0 if shape == "pocock" else -0.5

    def bounds(constant: float) -> list[float]:
        return [constant * time**power for time in times]

    def excess(constant: float) -> float:
        top = bounds(constant)
        found = crossing(times, top, [-each for each in top] if sides == 2 else None)
        return sum(found.above) + (sum(found.below) if sides == 2 else 0.0) - level

    efficacy = bounds(float(brentq(excess, 0.1, 8, xtol=1e-10)))
    low = [-each for each in efficacy] if sides == 2 else None
    found = crossing(times, efficacy, low)
    spent = np.cumsum(np.add(found.above, found.below) if sides == 2 else found.above)
    return Boundaries(times, tuple(efficacy), (-np.inf,) * looks, tuple(map(float, spent)))


def spend(
    information: Sequence[float], level: float, *, kind: str = "obrien-fleming", gamma: float = -4.0
) -> Boundaries:
    """Efficacy at each look so that the level spent follows the spending function."""
    times = _checked(information, level)
    due = [spending(kind, time, level, gamma) for time in times]
    walk, efficacy = _Walk(0.0), []
    for time, step in zip(times, np.diff([0.0, *due]), strict=True):
        walk.step(time)
        efficacy.append(_place(walk.above, float(step), falling=True))
        walk.stay(-np.inf, efficacy[-1])
    return Boundaries(times, tuple(efficacy), (-np.inf,) * len(times), tuple(due))


def with_futility(
    plan: Boundaries, power: float, *, kind: str = "hwang-shih-decani", gamma: float = -2.0
) -> Boundaries:
    """The same efficacy with futility that spends 1 - ``power``, meeting it at the last look.

    ``drift`` of the answer is the mean of the last statistic at which that power is reached;
    its square over that of a fixed design is the inflation of the sample.
    """
    if not 0.5 < power < 1:
        raise NoBoundary(f"power {power} lies outside 0.5 to 1")
    target = [spending(kind, time, 1 - power, gamma) for time in plan.information]
    steps = np.diff([0.0, *target])

    def lower(drift: float) -> list[float]:
        walk, found = _Walk(drift), []
        for time, top, step in zip(plan.information, plan.efficacy, steps, strict=True):
            walk.step(time)
            found.append(_place(walk.below, float(step), falling=False))
            walk.stay(min(found[-1], top), top)
        return found

    drift = float(brentq(lambda each: lower(each)[-1] - plan.efficacy[-1], 0.2, 9.0, xtol=1e-10))
    low = [min(pair) for pair in zip(lower(drift), plan.efficacy, strict=True)]
    return Boundaries(plan.information, plan.efficacy, tuple(low), plan.spent, drift)


def futile_below(plan: Boundaries, conditional: float, drift: float | None = None) -> Boundaries:
    """Futility where conditional power falls short of ``conditional``.

    Under ``drift`` as planned or, without one, under the trend seen so far.
    """
    if not 0 < conditional < 1:
        raise NoBoundary(f"conditional power {conditional} lies outside 0 to 1")
    last, low = plan.efficacy[-1], []
    for time in plan.information[:-1]:
        short = norm.ppf(conditional) * np.sqrt(1 - time)
        if drift is None:
            low.append(float((last + short) * np.sqrt(time)))
        else:
            low.append(float((last + short - drift * (1 - time)) / np.sqrt(time)))
    bounded = [min(pair) for pair in zip([*low, last], plan.efficacy, strict=True)]
    return Boundaries(plan.information, plan.efficacy, tuple(bounded), plan.spent, drift)


def power_of(plan: Boundaries, drift: float) -> float:
    """Probability of crossing for efficacy, futility obeyed."""
    return sum(crossing(plan.information, plan.efficacy, plan.futility, drift=drift).above)


def _checked(information: Sequence[float], level: float) -> tuple[float, ...]:
    times = tuple(map(float, information))
    if not times or any(later <= earlier for earlier, later in pairwise((0.0, *times))):
        raise NoBoundary(f"information {times} must rise from above 0 to 1")
    if abs(times[-1] - 1) > 1e-9:
        raise NoBoundary(f"information ends at {times[-1]}; the last look has all of it, 1")
    if not 0 < level < 0.5:
        raise NoBoundary(f"level {level} lies outside 0 to 0.5")
    return times


def _place(tail: Callable[[float], float], step: float, *, falling: bool) -> float:
    """Where the tail beyond a boundary holds ``step``; far out where nothing is to be spent."""
    if step < 1e-14:
        return FAR if falling else -FAR
    if not falling and tail(FAR) <= step:
        return FAR  # fewer go on than may stop
    return float(brentq(lambda each: tail(each) - step, -FAR, FAR, xtol=1e-11))


class _Walk:
    """The density of the statistic among trials that still go on, look by look."""

    def __init__(self, drift: float) -> None:
        self.drift, self.time, self.before = drift, 0.0, 0.0
        self.points, self.weights = np.zeros(1), np.ones(1)

    def step(self, time: float) -> None:
        self.before, self.time = self.time, time

    def above(self, bound: float) -> float:
        return float(self.weights @ norm.sf(self._standard(bound)))

    def below(self, bound: float) -> float:
        return float(self.weights @ norm.cdf(self._standard(bound)))

    def stay(self, low: float, high: float) -> None:
        points, simpson = _grid(self.drift * np.sqrt(self.time), low, high)
        scale = np.sqrt(self.time / (self.time - self.before))
        density = norm.pdf(self._standard(points[:, None])) @ self.weights * scale
        self.points, self.weights = points, simpson * density

    def _standard(self, bound: float | Array) -> Array:
        gained = self.time - self.before
        moved = bound * np.sqrt(self.time) - self.points * np.sqrt(self.before)
        standard: Array = np.asarray((moved - self.drift * gained) / np.sqrt(gained))
        return standard


def _grid(centre: float, low: float, high: float) -> tuple[Array, Array]:
    """Points dense where the density is, and Simpson's weights, between the boundaries."""
    if not low < high:
        return np.zeros(1), np.zeros(1)
    far = 3 + 4 * np.log(FINENESS / np.arange(1, FINENESS))
    middle = np.linspace(-3, 3, 4 * FINENESS + 1)
    knots = centre + np.concatenate([-far, middle, far[::-1]])
    bottom, top = max(low, knots[0]), min(high, knots[-1])
    if not bottom < top:
        return np.zeros(1), np.zeros(1)
    ends = np.unique(np.concatenate([[bottom], knots[(knots > bottom) & (knots < top)], [top]]))
    points = np.empty(2 * len(ends) - 1)
    points[::2], points[1::2] = ends, (ends[1:] + ends[:-1]) / 2
    widths = np.diff(ends)
    weights = np.zeros(len(points))
    weights[1::2] = 4 * widths / 6
    weights[:-2:2] += widths / 6
    weights[2::2] += widths / 6
    return points, weights
