"""Least-squares means: what the model expects at each visit in each arm, and differences.

Searle, Speed & Milliken 1980, doi 10.1080/00031305.1980.10483031. Covariates are at their
mean over the rows used; factors not asked about are averaged over their levels, each
counting the same ("equal") or as often as it was observed ("proportional").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sojourn.analysis.mmrm.contrasts import Estimate, contrast
from sojourn.analysis.mmrm.errors import NotFittable
from sojourn.analysis.mmrm.fit import Fit

Array = NDArray[np.float64]
Weighting = Literal["equal", "proportional"]


@dataclass(frozen=True, slots=True)
class Mean:
    """The expected response at ``levels`` (pairs of factor and level)."""

    levels: tuple[tuple[str, str], ...]
    value: Estimate
    row: tuple[float, ...]


def means(
    fitted: Fit,
    by: Sequence[str],
    *,
    at: Mapping[str, float] | None = None,
    weighting: Weighting = "equal",
    confidence: float = 0.95,
) -> tuple[Mean, ...]:
    """The mean at each combination of the levels of ``by``, the last changing fastest.

    ``at`` sets covariates to other values than their means.

    Raises
    ------
    NotFittable
        For a name in ``by`` that is no factor of the formula, or in ``at`` that is no covariate.
    """
    grid, cells, shares = _grid(fitted, by, at or {}, weighting)
    made = []
    for levels in product(*(cells[name] for name in by)):
        chosen = tuple(zip(by, levels, strict=True))
        inside = np.logical_and.reduce([grid[name] == level for name, level in chosen])
        row = _rows(fitted, grid[inside]).T @ (shares[inside] / shares[inside].sum())
        name = ", ".join(levels)
        value = contrast(fitted, row, name=name, confidence=confidence)
        made.append(Mean(chosen, value, tuple(row.tolist())))
    return tuple(made)


def differences(
    fitted: Fit,
    factor: str,
    reference: str,
    *,
    by: Sequence[str] = (),
    at: Mapping[str, float] | None = None,
    weighting: Weighting = "equal",
    confidence: float = 0.95,
) -> tuple[Mean, ...]:
    """Each level of ``factor`` minus ``reference``, at each combination of the levels of ``by``.

    Raises
    ------
    NotFittable
        As ``means``, and for a reference that is no level of the factor.
    """
    every = means(fitted, [*by, factor], at=at, weighting=weighting, confidence=confidence)
    rows = {each.levels: np.array(each.row) for each in every}
    if reference not in {levels[-1][1] for levels in rows}:
        raise NotFittable(f"'{reference}' is no level of '{factor}'")
    made = []
    for levels, row in rows.items():
        own = levels[-1][1]
        if own == reference:
            continue
        against = rows[(*levels[:-1], (factor, reference))]
        name = ", ".join([*(level for _, level in levels[:-1]), f"{own} - {reference}"])
        value = contrast(fitted, row - against, name=name, confidence=confidence)
        made.append(Mean(levels, value, tuple((row - against).tolist())))
    return tuple(made)


def _grid(
    fitted: Fit, by: Sequence[str], at: Mapping[str, float], weighting: Weighting
) -> tuple[pd.DataFrame, dict[str, list[str]], Array]:
    """Every combination of the factors' levels at the covariates' values, with its share."""
    terms = fitted.data.terms
    cells = {
        name: list(map(str, values.categories))
        for name, values in terms.items()
        if isinstance(values, pd.Categorical)
    }
    numbers = {name: float(np.mean(terms[name])) for name in terms if name not in cells}
    for name in by:
        if name not in cells:
            raise NotFittable(f"'{name}' is no factor of the formula; those are {sorted(cells)}")
    for name in at:
        if name not in numbers:
            raise NotFittable(f"'{name}' is no covariate of the formula: {sorted(numbers)}")
    combined = list(product(*cells.values()))
    grid = pd.DataFrame(combined, columns=list(cells))
    shares = np.ones(len(grid))
    if weighting == "proportional":
        others = [name for name in cells if name not in by]
        observed = pd.DataFrame({name: np.asarray(terms[name], dtype=str) for name in others})
        if others:
            counts = observed.value_counts()
            keys = list(grid[others].itertuples(index=False, name=None))
            shares = np.array([float(counts.get(key, 0)) for key in keys])
    for name, levels in cells.items():
        grid[name] = pd.Categorical(grid[name], categories=levels)
    for name, value in {**numbers, **at}.items():
        grid[name] = value
    return grid, cells, shares


def _rows(fitted: Fit, grid: pd.DataFrame) -> Array:
    made = fitted.data.specification.get_model_matrix(grid)
    return np.asarray(made.to_numpy(dtype=float))
