"""Ordinary least squares with t and F tests, for the analyses of one number a person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from sojourn.analysis.mmrm.contrasts import Estimate, Joint

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """Coefficients (columns) with their covariance; ``df`` left for the residual variance."""

    columns: tuple[str, ...]
    coefficients: Array
    covariance: Array
    residual_variance: float
    df: int

    def contrast(self, weights: ArrayLike, *, name: str, confidence: float = 0.95) -> Estimate:
        """The sum of the coefficients times ``weights`` (columns), with its t test."""
        row = np.asarray(weights, dtype=float)
        estimate = float(row @ self.coefficients)
        error = float(np.sqrt(row @ self.covariance @ row))
        half = float(stats.t.ppf((1 + confidence) / 2, self.df)) * error
        t = estimate / error
        p_value = float(2 * stats.t.sf(abs(t), self.df))
        return Estimate(
            name, estimate, error, self.df, t, p_value, estimate - half, estimate + half, confidence
        )

    def coefficient(self, name: str, *, confidence: float = 0.95) -> Estimate:
        """One coefficient by the name of its column."""
        row = np.array([float(each == name) for each in self.columns])
        return self.contrast(row, name=name, confidence=confidence)

    def joint(self, rows: ArrayLike) -> Joint:
        """The F test that each of the contrasts ``rows`` (dimensions, columns) is zero."""
        table = np.asarray(rows, dtype=float)
        part = table @ self.coefficients
        spread = table @ self.covariance @ table.T
        f = float(part @ np.linalg.solve(spread, part)) / len(table)
        return Joint(len(table), self.df, f, float(stats.f.sf(f, len(table), self.df)))


def least_squares(response: ArrayLike, design: ArrayLike, columns: Sequence[str]) -> Line:
    """Fits ``response`` (people) on ``design`` (people, columns), none missing.

    Raises
    ------
    ValueError
        For shapes that do not match, missing values, too few people, a design in which a
        column follows from others, or a response that leaves no residual to test against.
    """
    y, x = np.asarray(response, dtype=float), np.asarray(design, dtype=float)
    if x.ndim != 2 or y.shape != (len(x),) or x.shape[1] != len(columns):
        raise ValueError(f"response {y.shape}, design {x.shape}, {len(columns)} columns named")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("a response or covariate is missing; leave out who has none")
    df = len(y) - x.shape[1]
    if df < 1:
        raise ValueError(f"{len(y)} people can't determine {x.shape[1]} coefficients and a spread")
    length = np.linalg.norm(x, axis=0)
    left = np.abs(np.diag(np.linalg.qr(x, mode="r")))
    for name, remains, whole in zip(columns, left, length, strict=True):
        if remains <= 1e-9 * max(whole, 1e-300):
            raise ValueError(f"column '{name}' follows from those before it; leave it out")
    inverse = np.linalg.inv(x.T @ x)
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    residual = float(((y - x @ coefficients) ** 2).sum()) / df
    if residual <= 1e-20 * max(float((y**2).mean()), 1e-300):
        raise ValueError("the response follows the design exactly; there is nothing to test with")
    return Line(tuple(columns), coefficients, residual * inverse, residual, df)
