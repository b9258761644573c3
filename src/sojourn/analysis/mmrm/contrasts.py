"""Tests and intervals of contrasts of the coefficients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from sojourn.analysis.mmrm import empirical, kenward_roger, satterthwaite
from sojourn.analysis.mmrm.errors import NotFittable
from sojourn.analysis.mmrm.fit import Fit

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One contrast: two-sided test against zero and interval at ``confidence``."""

    name: str
    estimate: float
    standard_error: float
    df: float
    t: float
    p_value: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Joint:
    """Several contrasts at once: ``f`` on ``numerator_df`` and ``denominator_df``."""

    numerator_df: int
    denominator_df: float
    f: float
    p_value: float


def contrast(
    fitted: Fit, weights: ArrayLike, *, name: str = "", confidence: float = 0.95
) -> Estimate:
    """The sum of the coefficients times ``weights`` (columns), with its test.

    Raises
    ------
    NotFittable
        For weights that are not as many as the columns, or all zero.
    """
    row = np.asarray(weights, dtype=float)
    if row.shape != fitted.coefficients.shape or not row.any():
        raise NotFittable(
            f"contrast {row.tolist()}: give a weight for each of {list(fitted.columns)}, not all 0"
        )
    estimate = float(row @ fitted.coefficients)
    error = float(np.sqrt(row @ fitted.covariance @ row))
    df = degrees(fitted, row)
    width = error * float(stats.t.ppf((1 + confidence) / 2, df))
    t = estimate / error
    p_value = float(2 * stats.t.sf(abs(t), df))
    low, high = estimate - width, estimate + width
    return Estimate(name, estimate, error, df, t, p_value, low, high, confidence)


def coefficients(fitted: Fit, *, confidence: float = 0.95) -> tuple[Estimate, ...]:
    """Every coefficient of the model."""
    rows = np.eye(len(fitted.columns))
    return tuple(
        contrast(fitted, row, name=name, confidence=confidence)
        for name, row in zip(fitted.columns, rows, strict=True)
    )


def joint(fitted: Fit, rows: ArrayLike) -> Joint:
    """The F test that each of the contrasts ``rows`` (dimensions, columns) is zero.

    Raises
    ------
    NotFittable
        For rows of another width; for rows that depend on each other, but with
        Satterthwaite's degrees of freedom, which count the independent ones.
    """
    table = np.atleast_2d(np.asarray(rows, dtype=float))
    if table.shape[1] != len(fitted.columns) or not table.any():
        raise NotFittable(f"contrasts of shape {table.shape}: {len(fitted.columns)} columns needed")
    if fitted.df == "satterthwaite":
        rank, statistic, df = satterthwaite.joint(
            table, fitted.coefficients, fitted.covariance, lambda row: degrees(fitted, row)
        )
        return Joint(rank, df, statistic, float(stats.f.sf(statistic, rank, df)))
    rank = len(table)
    if np.linalg.matrix_rank(table) < rank:
        raise NotFittable("the contrasts depend on each other; leave out those that follow")
    estimate = table @ fitted.coefficients
    spread = table @ fitted.covariance @ table.T
    statistic = float(estimate @ np.linalg.solve(spread, estimate)) / rank
    if fitted.df == "kenward-roger":
        df, factor = kenward_roger.scaled_f(
            table, fitted.model_covariance, fitted.theta_covariance, fitted.slopes
        )
        statistic *= factor
    else:
        df = _fixed_degrees(fitted, np.asarray(table.any(axis=0)))
    return Joint(rank, df, statistic, float(stats.f.sf(statistic, rank, df)))


def of_term(fitted: Fit, term: Sequence[str]) -> Array:
    """Rows for ``joint``: one for each coefficient that belongs to the variables of a term."""
    wanted = set(term)
    spans = fitted.data.specification.term_indices
    for each, places in spans.items():
        if {str(factor) for factor in each.factors} == wanted:
            return np.asarray(np.eye(len(fitted.columns))[places])
    raise NotFittable(f"no term of {sorted(wanted)}; there are {[str(each) for each in spans]}")


def degrees(fitted: Fit, row: Array) -> float:
    """Degrees of freedom of one contrast by the fit's method."""
    if fitted.sandwich is not None and fitted.df == "satterthwaite":
        return empirical.single(row, fitted.sandwich)
    if fitted.df in ("kenward-roger", "satterthwaite"):
        # For one dimension Kenward and Roger's degrees of freedom are Satterthwaite's.
        return satterthwaite.single(
            row, fitted.model_covariance, fitted.theta_covariance, fitted.slopes
        )
    return _fixed_degrees(fitted, row != 0)


def _fixed_degrees(fitted: Fit, involved: NDArray[np.bool_]) -> float:
    """Residual, or the least of the involved coefficients' between or within participants.

    Schluchter & Elashoff 1990, doi 10.1080/00949659008811295.
    """
    data = fitted.data
    rows, people = len(data.response), data.participants
    if fitted.df == "residual":
        return float(rows - len(fitted.columns))
    first = data.design[np.searchsorted(data.participant, data.participant)]
    varies = (data.design != first).any(axis=0)
    intercept = np.array([name == "Intercept" for name in fitted.columns])
    between = people - float((~varies).sum())
    within = rows - people - float(varies.sum())
    return float(np.where(varies | intercept, within, between)[involved].min())
