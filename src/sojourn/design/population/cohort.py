"""A cohort moving between health states by yearly cycles: membership, sums, differences.

Arrays may carry leading axes (one for each draw of uncertain inputs); states are the last axis.
Source: Briggs, Claxton, Sculpher, Decision Modelling for Health Economic Evaluation, Oxford 2006,
chapter 2.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Whom a year counts: those there when it begins, when it ends, or their mean (half-cycle
# correction); what is counted is discounted to the same moment.
Counting = Literal["start", "end", "half"]


def membership(start: Array, moves: Array) -> Array:
    """Shares in each state at the beginning of every year and at the end of the last.

    ``start`` is (..., states); ``moves`` (years, ..., states, states), rows from, columns to.
    The answer is (years + 1, ..., states).
    """
    shape = np.broadcast_shapes(start.shape, moves.shape[1:-1])
    found = np.empty((len(moves) + 1, *shape))
    found[0] = start
    for year, move in enumerate(moves):
        found[year + 1] = np.einsum("...s,...st->...t", found[year], move)
    return found


def yearly(
    members: Array, worth: Array, discount: Array | float, counting: Counting = "half"
) -> Array:
    """What each year's membership is worth, discounted: (years, ...).

    ``worth`` is (years, ..., states) for a whole year in a state; ``discount`` a yearly rate.
    """
    years = np.arange(len(members) - 1, dtype=float)
    if counting == "start":
        counted, when = members[:-1], years
    elif counting == "end":
        counted, when = members[1:], years + 1
    else:
        counted, when = (members[:-1] + members[1:]) / 2, years + 0.5
    rate = 1 + np.asarray(discount, dtype=float)
    found: Array = (counted * worth).sum(axis=-1) * rate ** -_columns(when, members.ndim - 2)
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """What one arm brings over another, for each person; arrays hold one number for each draw."""

    cost: Array
    effect: Array

    @property
    def ratio(self) -> Array:
        """Incremental cost-effectiveness ratio; means a price only where cost and effect rise."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found: Array = self.cost / self.effect
        return found

    def net_benefit(self, threshold: float) -> Array:
        """Net monetary benefit where one unit of effect is worth ``threshold``."""
        found: Array = threshold * self.effect - self.cost
        return found


def breaks_even(net_cost: Array) -> float | None:
    """Years until the cumulative net cost, (years + 1,) from the first moment on, is paid back.

    Within a year it runs straight; None if it is not paid back within those years.
    """
    if net_cost[0] <= 0:
        return 0.0
    below = np.flatnonzero(net_cost <= 0)
    if not len(below):
        return None
    year = int(below[0])
    before, after = net_cost[year - 1], net_cost[year]
    return float(year - 1 + before / (before - after))


def _columns(values: Array, axes: int) -> Array:
    return values.reshape(-1, *(1,) * axes)
