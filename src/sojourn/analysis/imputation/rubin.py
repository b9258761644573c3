"""Rubin's rules with Barnard and Rubin's degrees of freedom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Estimates over imputations, each field of the shape of one imputation's estimates.

    ``missing`` is the share of the variance that is due to missing data; ``simulation_error``
    the standard error of ``estimate`` that more imputations would remove.
    """

    estimate: Array
    standard_error: Array
    df: Array
    missing: Array
    simulation_error: Array


def pooled(estimates: ArrayLike, standard_errors: ArrayLike, complete_df: float) -> Pooled:
    """Pools ``estimates`` and ``standard_errors`` (imputations, ...).

    ``complete_df`` are the degrees of freedom that the analysis would have without gaps.

    Raises
    ------
    ValueError
        With fewer than two imputations, or shapes that do not match.

    Source: Rubin 1987, Multiple Imputation for Nonresponse in Surveys, section 3.3;
    Barnard & Rubin 1999, doi 10.1093/biomet/86.4.948.
    """
    values, errors = np.asarray(estimates, dtype=float), np.asarray(standard_errors, dtype=float)
    if values.shape != errors.shape or len(values) < 2:
        raise ValueError(
            f"estimates {values.shape} and errors {errors.shape}: two imputations or more of each"
        )
    number = len(values)
    within, between = (errors**2).mean(axis=0), values.var(axis=0, ddof=1)
    # Equal estimates differ by rounding only; that is no variance between imputations.
    between = np.where(between > 1e-24 * within, between, 0.0)
    added = (1 + 1 / number) * between
    total = within + added
    share = added / total
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    with np.errstate(divide="ignore"):
        old = (number - 1) / share**2
    df = 1 / (1 / old + 1 / observed)
    return Pooled(values.mean(axis=0), np.sqrt(total), df, share, np.sqrt(between / number))
