"""Covariance structures over visits, with first and second derivatives.

Parameters are unbounded. Unstructured: the logs of the Cholesky factor's diagonal, then
its rows below the diagonal, each divided by that row's diagonal (Pinheiro & Bates 1996,
doi 10.1007/BF00140873, log-Cholesky). All others: covariance(i, j) is a product of
standard deviations and of powers of correlations; correlations map from the real line
by x / sqrt(1 + x^2), and for compound symmetry by a logistic curve onto
(-1 / (visits - 1), 1). Structures as in Wolfinger 1996, doi 10.2307/1400366 (and
ante-dependence: Gabriel 1962, doi 10.1214/aoms/1177704724). The parametrisation is that
of R's mmrm, because the second derivatives in Kenward and Roger's covariance depend on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.errors import NotFittable

Array = NDArray[np.float64]

HETEROGENEOUS = {
    "toeplitz": "heterogeneous-toeplitz",
    "autoregressive": "heterogeneous-autoregressive",
    "compound-symmetry": "heterogeneous-compound-symmetry",
    "ante-dependence": "heterogeneous-ante-dependence",
}
STRUCTURES = (
    "unstructured",
    *HETEROGENEOUS,
    *HETEROGENEOUS.values(),
    "spatial-exponential",
)


@dataclass(frozen=True, slots=True)
class Derivatives:
    """``sigma`` (visits, visits), ``first`` (n, visits, visits), ``second`` (n, n, ...)."""

    sigma: Array
    first: Array
    second: Array


class Structure(Protocol):
    """A covariance over visits as a function of unbounded parameters."""

    @property
    def size(self) -> int: ...

    def derivatives(self, theta: Array) -> Derivatives: ...

    def start(self, residual: Array) -> Array: ...


def structure(name: str, visits: Sequence[str]) -> Structure:
    """The structure of that name over the given visits, in their order.

    Raises
    ------
    NotFittable
        For a name that is none of ``STRUCTURES``; for spatial-exponential, when a visit's
        name is no number (a day or a week); for any but unstructured with a single visit.
    """
    count = len(visits)
    if name not in STRUCTURES:
        raise NotFittable(f"covariance '{name}' is not known; use one of {', '.join(STRUCTURES)}")
    if name == "unstructured" or count == 1:
        return Unstructured(count)
    plain = {varied: each for each, varied in HETEROGENEOUS.items()}.get(name, name)
    lag = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    eye = np.eye(count)
    varied = eye[:, None, :] + eye[None, :, :]
    scale = varied if name in HETEROGENEOUS.values() else np.full((count, count, 1), 2.0)
    if plain == "spatial-exponential":
        days = _positions(visits)
        distance = np.abs(np.subtract.outer(days, days))[:, :, None]
        return Patterned(scale / 2, distance, floor=0.0)
    if plain == "autoregressive":
        return Patterned(scale, lag[:, :, None].astype(float))
    if plain == "compound-symmetry":
        return Patterned(scale, (lag > 0)[:, :, None].astype(float), floor=1 / (count - 1))
    if plain == "toeplitz":
        return Patterned(scale, (lag[:, :, None] == np.arange(1, count)).astype(float))
    row, column = np.indices((count, count))
    low, high = np.minimum(row, column)[:, :, None], np.maximum(row, column)[:, :, None]
    step = np.arange(count - 1)
    return Patterned(scale, ((low <= step) & (step < high)).astype(float))


def _positions(visits: Sequence[str]) -> Array:
    try:
        return np.array([float(each) for each in visits])
    except ValueError as error:
        raise NotFittable(
            f"spatial-exponential needs visits that are numbers (days or weeks): {error}"
        ) from error


@dataclass(frozen=True, slots=True)
class Unstructured:
    """Every variance and covariance free."""

    visits: int

    @property
    def size(self) -> int:
        return self.visits * (self.visits + 1) // 2

    def derivatives(self, theta: Array) -> Derivatives:
        n, count = self.visits, self.size
        row, column = np.tril_indices(n, -1)
        deviation = np.exp(theta[:n])
        factor = np.diag(deviation)
        factor[row, column] = deviation[row] * theta[n:]
        first = np.zeros((count, n, n))
        first[np.arange(n), np.arange(n)] = factor
        first[np.arange(n, count), row, column] = deviation[row]
        second = np.zeros((count, count, n, n))
        for each in range(n):
            second[each, each, each] = factor[each]
        below = np.arange(n, count)
        second[row, below, row, column] = deviation[row]
        second[below, row, row, column] = deviation[row]
        slope = first @ factor.T
        bend = second @ factor.T + np.einsum("iab,jcb->ijac", first, first)
        return Derivatives(
            factor @ factor.T, slope + slope.swapaxes(1, 2), bend + bend.swapaxes(2, 3)
        )

    def start(self, residual: Array) -> Array:
        factor = np.linalg.cholesky(made_positive(residual))
        deviation = np.diag(factor)
        row, column = np.tril_indices(self.visits, -1)
        return np.concatenate([np.log(deviation), factor[row, column] / deviation[row]])


@dataclass(frozen=True, slots=True)
class Patterned:
    """covariance(i, j) = exp(scale_ij . logs) times the product of correlations ** power_ij.

    ``scale`` (visits, visits, scales); ``power`` (visits, visits, correlations), zero on the
    diagonal; ``floor``: correlations lie in (-floor, 1) by a logistic curve, else in (-1, 1).
    """

    scale: Array
    power: Array
    floor: float | None = None

    @property
    def size(self) -> int:
        return int(self.scale.shape[2] + self.power.shape[2])

    def derivatives(self, theta: Array) -> Derivatives:
        scales = self.scale.shape[2]
        rho, slope, bend = self._correlations(theta[scales:])
        size = np.exp(self.scale @ theta[:scales])
        value, first, second = _products(rho, self.power)
        second = second * np.multiply.outer(slope, slope)
        for each in range(len(rho)):
            second[:, :, each, each] += first[:, :, each] * bend[each]
        first = first * slope
        down = np.zeros((*size.shape, self.size))
        down[:, :, :scales] = self.scale * value[:, :, None]
        down[:, :, scales:] = first
        twice = np.zeros((*size.shape, self.size, self.size))
        twice[:, :, :scales, :scales] = (
            self.scale[:, :, :, None] * self.scale[:, :, None, :] * value[:, :, None, None]
        )
        mixed = self.scale[:, :, :, None] * first[:, :, None, :]
        twice[:, :, :scales, scales:] = mixed
        twice[:, :, scales:, :scales] = mixed.swapaxes(2, 3)
        twice[:, :, scales:, scales:] = second
        return Derivatives(
            size * value,
            np.ascontiguousarray(np.moveaxis(size[:, :, None] * down, 2, 0)),
            np.ascontiguousarray(np.moveaxis(size[:, :, None, None] * twice, (2, 3), (0, 1))),
        )

    def _correlations(self, x: Array) -> tuple[Array, Array, Array]:
        if self.floor is None:
            base = 1 + x**2
            return x / np.sqrt(base), base**-1.5, -3 * x * base**-2.5
        share = 1 / (1 + np.exp(-x))
        slope = share * (1 - share) * (1 + self.floor)
        return share * (1 + self.floor) - self.floor, slope, slope * (1 - 2 * share)

    def start(self, residual: Array) -> Array:
        """Logs of the mean spread, and each correlation's mean where it stands alone."""
        diagonal = np.diag(residual)
        own = np.einsum("iis->is", self.scale)
        logs = (np.log(diagonal)[:, None] * (own > 0)).sum(0) / own.sum(0)
        correlation = residual / np.sqrt(np.outer(diagonal, diagonal))
        alone = (self.power.sum(2, keepdims=True) == self.power) & (self.power > 0)
        rho = np.zeros(self.power.shape[2])
        for each in range(len(rho)):
            here = alone[:, :, each]
            base = np.clip(correlation[here], 0.05 if self.floor == 0 else -0.9, 0.9)
            rho[each] = np.mean(np.sign(base) * np.abs(base) ** (1 / self.power[here][:, each]))
        theta = np.concatenate([logs, self._unbounded(rho)])
        for _ in range(30):
            if np.linalg.eigvalsh(self.derivatives(theta).sigma)[0] > 1e-6 * diagonal.min():
                break
            rho = 0.7 * rho
            theta = np.concatenate([logs, self._unbounded(rho)])
        return theta

    def _unbounded(self, rho: Array) -> Array:
        if self.floor is None:
            return np.asarray(rho / np.sqrt(1 - rho**2))
        share = np.clip((rho + self.floor) / (1 + self.floor), 0.05, 0.95)
        return np.asarray(np.log(share / (1 - share)))


def _products(rho: Array, power: Array) -> tuple[Array, Array, Array]:
    """The product of rho ** power over the last axis, with its derivatives by each rho."""
    count = len(rho)
    plain = rho**power
    once = np.where(power == 0, 0.0, power * rho ** np.where(power == 0, 1.0, power - 1))
    linear = (power == 0) | (power == 1)
    twice = np.where(linear, 0.0, power * (power - 1) * rho ** np.where(linear, 1.0, power - 2))
    first = np.empty((*power.shape[:2], count))
    second = np.empty((*power.shape[:2], count, count))
    for i in range(count):
        for j in range(count):
            terms = plain.copy()
            terms[:, :, j] = once[:, :, j]
            first[:, :, j] = terms.prod(axis=2)
            terms[:, :, i] = twice[:, :, i] if i == j else once[:, :, i]
            second[:, :, i, j] = terms.prod(axis=2)
    return plain.prod(axis=2), first, second


def made_positive(matrix: Array) -> Array:
    """The matrix itself, or with its correlations shrunk until it is positive definite."""
    diagonal = np.diag(np.diag(matrix))
    for _ in range(40):
        if np.linalg.eigvalsh(matrix)[0] > 1e-4 * np.diag(matrix).min():
            break
        matrix = 0.8 * (matrix - diagonal) + diagonal
    return matrix
