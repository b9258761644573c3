"""How a trial is run: its size, its looks, and what may change its size on the way."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from sojourn.design.sequential import Boundaries, NoBoundary

Array = NDArray[np.float64]
Sizes = NDArray[np.int64]
Rule = Literal["promising-zone", "blinded-variance"]
RULES: tuple[Rule, ...] = ("promising-zone", "blinded-variance")


@dataclass(frozen=True, slots=True)
class Reestimation:
    """Sample size looked at again once, ``at`` a fraction of the participants.

    ``promising-zone`` raises it where conditional power is promising (Mehta & Pocock 2011,
    doi 10.1002/sim.4102), as the phase 3 programme's interim look did; ``blinded-variance``
    from the spread of all changes together (Kieser & Friede 2003, doi 10.1002/sim.1585), for a
    ``difference`` in points. Neither lowers it nor lets it pass ``most``. Where there are
    boundaries too, ``at`` is one of their looks, later statistics are weighted as planned, and
    what is promising begins at ``least`` conditional power.
    """

    rule: Rule
    most: int
    at: float = 0.6
    power: float = 0.9
    difference: float = 0.0
    least: float = 0.3


@dataclass(frozen=True, slots=True)
class Plan:
    """``people`` randomised in each of ``trials``: fixed, with looks, re-estimated, or both."""

    people: int
    trials: int
    seed: int
    boundaries: Boundaries | None = None
    reestimation: Reestimation | None = None
    level: float = 0.05

    def __post_init__(self) -> None:
        if self.people < 8 or self.trials < 1:
            raise NoBoundary(f"{self.people} people, {self.trials} trials; at least 8 and 1")
        if not 0 < self.level < 0.5:
            raise NoBoundary(f"level is {self.level}; between 0 and 0.5")
        again = self.reestimation
        if again is None:
            return
        if self.boundaries and again.at not in self.boundaries.information[:-1]:
            raise NoBoundary(
                f"at is {again.at}; the size is looked at again at one of the looks before the "
                f"last: {', '.join(f'{each:g}' for each in self.boundaries.information[:-1])}"
            )
        if again.most < self.people:
            raise NoBoundary(f"most is {again.most}; at least the {self.people} planned")
        if not 0 < again.at < 1:
            raise NoBoundary(f"at is {again.at}; a fraction between 0 and 1")
        if again.rule == "blinded-variance" and not again.difference:
            raise NoBoundary("difference is 0; blinded re-estimation needs the one to detect")

    @property
    def information(self) -> tuple[float, ...]:
        """Fraction of the participants at each look."""
        if self.boundaries:
            return self.boundaries.information
        return (self.reestimation.at, 1.0) if self.reestimation else (1.0,)

    @property
    def look_again(self) -> int | None:
        """The look at which the size is looked at again; none where it never is."""
        return self.information.index(self.reestimation.at) if self.reestimation else None

    @property
    def weighted(self) -> bool:
        """Whether statistics after the look are weighted as planned, so that the level holds."""
        return bool(self.boundaries and self.reestimation)

    @property
    def critical(self) -> float:
        """What the last statistic has to reach, on one side."""
        return self.boundaries.efficacy[-1] if self.boundaries else float(norm.isf(self.level / 2))


def largest(plan: Plan) -> int:
    """The most participants a trial of this plan can come to have."""
    return plan.reestimation.most if plan.reestimation else plan.people


def size_at(plan: Plan, look: int, final: Sizes) -> Sizes:
    """Participants at a look of trials that are to end with ``final``: even steps to the end."""
    time, again = plan.information[look], plan.reestimation
    if again is None or time <= again.at:
        return np.full(len(final), round(plan.people * time))
    first = round(plan.people * again.at)
    steps = np.rint((time - again.at) / (1 - again.at) * (final - first)).astype(np.int64)
    sizes: Sizes = first + steps
    return sizes


def weighted(plan: Plan, look: int, first: Array, second: Array) -> Array:
    """The statistic at a look after re-estimation, its parts weighted as they were planned.

    ``first`` and ``second`` hold statistic and information (1 / squared standard error) at the
    re-estimation and now. The weights do not follow the size, so neither does the level
    (Cui, Hung & Wang 1999, doi 10.1111/j.0006-341X.1999.00853.x).
    """
    at, time = _again(plan).at, plan.information[look]
    (before, known), (z, information) = first, second
    gained = np.maximum(information - known, 1e-12)
    step = (z * np.sqrt(information) - before * np.sqrt(known)) / np.sqrt(gained)
    found: Array = (np.sqrt(at) * before + np.sqrt(time - at) * step) / np.sqrt(time)
    return found


def conditional_power(z: Array, at: float, critical: float) -> Array:
    """Under the trend seen at ``at``, for the planned size and the last ``critical`` value."""
    found: Array = norm.sf((critical - z / np.sqrt(at)) / np.sqrt(1 - at))
    return found


def promising_sizes(plan: Plan, z: Array) -> Sizes:
    """Sizes by the statistic at the look: raised to the wanted power where that is allowed."""
    again = _again(plan)
    first = round(plan.people * again.at)
    power = conditional_power(z, again.at, plan.critical)
    raised = _wanted(plan, z)
    least = again.least if plan.weighted else least_promising(plan)
    promising = (power >= least) & (power < again.power)
    return np.where(
        promising, np.clip(raised, max(plan.people, first + 1), again.most), plan.people
    )


def least_promising(plan: Plan) -> float:
    """The conditional power from which a raised size can't raise the type I error."""
    again = _again(plan)
    critical = plan.critical

    def excess(z: float) -> float:
        return float(_critical(plan, z) - critical)

    # The needed critical value falls through the usual one once as the trend improves.
    root = float(brentq(excess, 0.05, critical * np.sqrt(again.at) + 1e-6))
    return float(conditional_power(np.array(root), again.at, critical))


def blinded_sizes(plan: Plan, variance: Array) -> Sizes:
    """Sizes from the variance of all changes together, less what the arms would add to it."""
    again = _again(plan)
    within = np.maximum(variance - again.difference**2 / 4, variance / 4)
    reach = norm.isf(plan.level / 2) + norm.ppf(again.power)
    sizes = np.ceil(4 * within * (reach / again.difference) ** 2).astype(np.int64)
    bounded: Sizes = np.clip(sizes, plan.people, again.most)
    return bounded


def _again(plan: Plan) -> Reestimation:
    if plan.reestimation is None:
        raise NoBoundary("the plan re-estimates nothing; give it a reestimation")
    return plan.reestimation


def _wanted(plan: Plan, z: Array) -> Sizes:
    """Participants at which conditional power is the wanted one."""
    again = _again(plan)
    critical, total, first = plan.critical, plan.people, plan.people * again.at
    seen = np.maximum(z, 1e-3)
    short = (critical * np.sqrt(total) - seen * np.sqrt(first)) / np.sqrt(total - first)
    second = first / seen**2 * (short + norm.ppf(again.power)) ** 2
    sizes: Sizes = np.ceil(np.minimum(first + second, again.most)).astype(np.int64)
    return sizes


def _critical(plan: Plan, z: float) -> float:
    """The last critical value that would keep the level at the raised size."""
    again = _again(plan)
    critical, total, first = plan.critical, plan.people, plan.people * again.at
    size = max(float(_wanted(plan, np.array(z))), total)
    stretch = np.sqrt((size - first) / (total - first))
    done = z * np.sqrt(first)
    return float((stretch * (critical * np.sqrt(total) - done) + done) / np.sqrt(size))
