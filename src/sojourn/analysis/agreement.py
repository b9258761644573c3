"""Agreement between raters: intraclass correlation for scores, kappa for categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


@dataclass(frozen=True, slots=True)
class Agreement:
    """An estimate with its two-sided interval at ``confidence``."""

    estimate: float
    low: float
    high: float
    subjects: int
    raters: int
    confidence: float


def intraclass(scores: ArrayLike, *, of_mean: bool = False, confidence: float = 0.95) -> Agreement:
    """Absolute agreement of raters drawn at random: ICC(2,1), or ICC(2,k) of their mean.

    ``scores`` has one row for each subject and one column for each rater, none missing.

    Raises
    ------
    ValueError
        With fewer than two subjects or raters, a missing score, or subjects that do not
        differ: where nobody differs there is nothing to agree on.

    Source: Shrout & Fleiss 1979, Psychol Bull 86:420, doi 10.1037/0033-2909.86.2.420;
    interval after McGraw & Wong 1996, doi 10.1037/1082-989X.1.1.30.
    """
    table = _table(scores)
    n, k = table.shape
    rows, columns, residual = _mean_squares(table)
    if rows <= 1e-12 * max(columns, residual, 1e-300):
        raise ValueError("the subjects' mean scores do not differ; agreement has no meaning here")
    single = (rows - residual) / (rows + (k - 1) * residual + k * (columns - residual) / n)
    low, high = _interval(single, rows, columns, residual, n, k, confidence)
    if of_mean:
        single, low, high = (_stepped_up(each, k) for each in (single, low, high))
    return Agreement(single, low, high, n, k, confidence)


def cohen_kappa(first: Sequence[object], second: Sequence[object]) -> float:
    """Agreement of two raters on categories, beyond chance.

    Source: Cohen 1960, Educ Psychol Meas 20:37, doi 10.1177/001316446002000104.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} and {len(second)} ratings; give as many of each")
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    labels = {*first, *second}
    chance = sum(first.count(each) * second.count(each) for each in labels) / n**2
    return float("nan") if chance == 1 else (observed - chance) / (1 - chance)


def fleiss_kappa(counts: ArrayLike) -> float:
    """Agreement of many raters on categories; ``counts`` is subjects by categories.

    Source: Fleiss 1971, Psychol Bull 76:378, doi 10.1037/h0031619.
    """
    table = np.asarray(counts, dtype=float)
    raters = table.sum(axis=1)
    if table.ndim != 2 or not len(table) or (raters != raters[0]).any() or raters[0] < 2:
        raise ValueError("every subject needs the same number of raters, two or more")
    per_subject = ((table**2).sum(axis=1) - raters) / (raters * (raters - 1))
    share = table.sum(axis=0) / table.sum()
    chance = float((share**2).sum())
    return float("nan") if chance == 1 else float((per_subject.mean() - chance) / (1 - chance))


def _table(scores: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(f"scores are {table.shape}; two subjects and two raters are the least")
    if not np.isfinite(table).all():
        raise ValueError("a score is missing; leave out subjects that not everyone has rated")
    return table


def _mean_squares(table: NDArray[np.float64]) -> tuple[float, float, float]:
    n, k = table.shape
    mean = table.mean()
    rows = k * ((table.mean(axis=1) - mean) ** 2).sum()
    columns = n * ((table.mean(axis=0) - mean) ** 2).sum()
    residual = ((table - mean) ** 2).sum() - rows - columns
    return float(rows / (n - 1)), float(columns / (k - 1)), float(residual / ((n - 1) * (k - 1)))


def _interval(
    icc: float, rows: float, columns: float, residual: float, n: int, k: int, confidence: float
) -> tuple[float, float]:
    if residual == 0 and columns == 0:
        return icc, icc
    a = k * icc / (n * (1 - icc)) if icc < 1 else np.inf
    b = 1 + k * icc * (n - 1) / (n * (1 - icc)) if icc < 1 else np.inf
    df = (a * columns + b * residual) ** 2 / (
        (a * columns) ** 2 / (k - 1) + (b * residual) ** 2 / ((n - 1) * (k - 1))
    )
    tail = 1 - (1 - confidence) / 2
    # Divided through by the quantile, which has no bound where few degrees of freedom are left.
    lower_f, upper_f = 1 / stats.f.ppf(tail, n - 1, df), 1 / stats.f.ppf(tail, df, n - 1)
    spread = k * columns + (k * n - k - n) * residual
    low = n * (lower_f * rows - residual) / (spread + n * lower_f * rows)
    high = n * (rows - upper_f * residual) / (upper_f * spread + n * rows)
    return float(low), float(high)


def _stepped_up(icc: float, raters: int) -> float:
    return raters * icc / (1 + (raters - 1) * icc)
