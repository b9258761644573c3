"""How bad the missing values would have to be for the conclusion to tip."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from scipy.optimize import brentq

from sojourn.analysis.imputation.analyse import Imputed, analysed
from sojourn.analysis.imputation.complete import Completed
from sojourn.analysis.mmrm.contrasts import Estimate
from sojourn.analysis.mmrm.errors import NotFittable


@dataclass(frozen=True, slots=True)
class Shifted:
    """The difference when missing values are shifted by these points in the two arms."""

    delta: float
    reference_delta: float
    value: Estimate


@dataclass(frozen=True, slots=True)
class Tipping:
    """The grid of shifts, and the boundary in the arm's own shift.

    ``boundary`` pairs each of the reference's shifts with the first of the arm's shifts at
    which the p-value crosses ``alpha``; None where it does not within the grid, be it
    below throughout (nothing tips) or above from the start (nothing to tip).
    """

    visit: str
    arm: str
    reference: str
    alpha: float
    grid: tuple[Shifted, ...]
    boundary: tuple[tuple[float, float | None], ...]


def tipping_point(
    completed: Completed,
    *,
    visit: str,
    arm: str,
    deltas: Sequence[float],
    reference_deltas: Sequence[float] = (0.0,),
    alpha: float = 0.05,
    confidence: float = 0.95,
) -> Tipping:
    """The difference of ``arm`` from the reference at ``visit`` over a grid of shifts.

    ``deltas`` (in points, ascending or descending from no shift to the worst) are added to the
    arm's values imputed from the intercurrent event on, ``reference_deltas`` to the reference's.

    Raises
    ------
    NotFittable
        For a visit or arm that is not compared, or deltas that do not run one way.

    Source: Cro et al. 2020, doi 10.1002/sim.8569.
    """
    trial = completed.trial
    if visit not in trial.visits or arm not in trial.arms[1:]:
        raise NotFittable(f"'{arm}' at '{visit}' is not compared; see {trial.arms}, {trial.visits}")
    given = [float(each) for each in deltas]
    if len(given) < 2 or given not in (sorted(set(given)), sorted(set(given), reverse=True)):
        raise NotFittable(f"deltas {given}: give two or more that run one way")

    def at(delta: float, reference_delta: float) -> Estimate:
        shifts = {arm: delta, trial.reference: reference_delta}
        return _difference(analysed(completed, delta=shifts, confidence=confidence), visit, arm)

    grid, boundary = [], []
    for other in map(float, reference_deltas):
        rows = [Shifted(each, other, at(each, other)) for each in given]
        grid += rows
        found = None
        for before, after in pairwise(rows):
            gap, next_gap = (each.value.p_value - alpha for each in (before, after))
            if gap * next_gap <= 0:
                found = float(
                    brentq(lambda d, o=other: at(d, o).p_value - alpha, before.delta, after.delta)
                )
                break
        boundary.append((other, found))
    return Tipping(visit, arm, trial.reference, alpha, tuple(grid), tuple(boundary))


def _difference(results: Sequence[Imputed], visit: str, arm: str) -> Estimate:
    return next(
        each.value for each in results if each.visit == visit and each.arm == arm and each.reference
    )
