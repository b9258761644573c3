"""Degrees of freedom by matching the variance of a variance.

Satterthwaite 1946, doi 10.2307/3002019; for a contrast l of a mixed model Giesbrecht &
Burns 1985, doi 10.2307/2530872: 2 (l'Fl)^2 / (g'Wg), g the slopes of l'Fl by the covariance
parameters. Several dimensions at once: Fai & Cornelius 1996, doi 10.1080/00949659608811740.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def single(contrast: Array, model: Array, curvature: Array, slopes: Array) -> float:
    """Of one contrast; ``slopes`` are Kenward and Roger's P_i, F's slope is - F P_i F."""
    turned = model @ contrast
    gradient = -np.einsum("a,iab,b->i", turned, slopes, turned)
    return float(2 * (contrast @ turned) ** 2 / (gradient @ curvature @ gradient))


def joint(
    contrast: Array, coefficients: Array, covariance: Array, single_df: Callable[[Array], float]
) -> tuple[int, float, float]:
    """Rank, F statistic and denominator degrees of freedom from independent single ones."""
    values, vectors = np.linalg.eigh(contrast @ covariance @ contrast.T)
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int((values > np.sqrt(np.finfo(float).eps) * values[0]).sum())
    rows = (vectors.T @ contrast)[:rank]
    statistic = float(np.mean((rows @ coefficients) ** 2 / values[:rank]))
    return rank, statistic, _pooled([single_df(row) for row in rows])


def _pooled(df: list[float]) -> float:
    if len(df) == 1 or np.ptp(df) < np.sqrt(np.finfo(float).eps):
        return float(np.mean(df))
    if min(df) <= 2:
        return 2.0
    total = sum(each / (each - 2) for each in df)
    return float(2 * total / (total - len(df)))
