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
    ``difference`` in points. Neither lowers it nor lets it pass ``most``.
    """

    rule: Rule
    most: int
    at: float = 0.6
    power: float = 0.9
    difference: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """``people`` randomised in each of ``trials``; fixed, group-sequential or re-estimated."""

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
        if self.boundaries:
            raise NoBoundary("a plan has boundaries or a size that is re-estimated, not both")
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


def largest(plan: Plan) -> int:
    """The most participants a trial of this plan can come to have."""
    return plan.reestimation.most if plan.reestimation else plan.people


def conditional_power(z: Array, at: float, level: float) -> Array:
    """Under the trend seen at ``at``, for the planned size, one-sided ``level``."""
    critical = norm.isf(level)
    found: Array = norm.sf((critical - z / np.sqrt(at)) / np.sqrt(1 - at))
    return found


def promising_sizes(plan: Plan, z: Array) -> Sizes:
    """Sizes by the statistic at the look: raised to the wanted power where that is allowed."""
    again = _again(plan)
    level, first = plan.level / 2, round(plan.people * again.at)
    power = conditional_power(z, again.at, level)
    raised = _wanted(plan, z)
    promising = (power >= least_promising(plan)) & (power < again.power)
    return np.where(
        promising, np.clip(raised, max(plan.people, first + 1), again.most), plan.people
    )


def least_promising(plan: Plan) -> float:
    """The conditional power from which a raised size can't raise the type I error."""
    again = _again(plan)
    level, critical = plan.level / 2, norm.isf(plan.level / 2)

    def excess(z: float) -> float:
        return float(_critical(plan, z) - critical)

    # The needed critical value falls through the usual one once as the trend improves.
    root = float(brentq(excess, 0.05, critical * np.sqrt(again.at) + 1e-6))
    return float(conditional_power(np.array(root), again.at, level))


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
    critical, total, first = norm.isf(plan.level / 2), plan.people, plan.people * again.at
    seen = np.maximum(z, 1e-3)
    short = (critical * np.sqrt(total) - seen * np.sqrt(first)) / np.sqrt(total - first)
    second = first / seen**2 * (short + norm.ppf(again.power)) ** 2
    sizes: Sizes = np.ceil(np.minimum(first + second, again.most)).astype(np.int64)
    return sizes


def _critical(plan: Plan, z: float) -> float:
    """The last critical value that would keep the level at the raised size."""
    again = _again(plan)
    critical, total, first = norm.isf(plan.level / 2), plan.people, plan.people * again.at
    size = max(float(_wanted(plan, np.array(z))), total)
    stretch = np.sqrt((size - first) / (total - first))
    done = z * np.sqrt(first)
    return float((stretch * (critical * np.sqrt(total) - done) + done) / np.sqrt(size))
