"""How alike people of one site, or of one therapist pair, are: a random intercept and its share.

The model is linear with fixed columns and one random intercept for each cluster, fitted by
restricted maximum likelihood: Laird & Ware 1982, doi 10.2307/2529876.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.optimize import brentq, minimize_scalar

from sojourn.analysis.mmrm.contrasts import Estimate

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One site or therapist pair: its people, and by how many points it is predicted to differ
    from the rest (shrunken towards zero, as few people tell little)."""

    name: str
    people: int
    deviation: float


@dataclass(frozen=True, slots=True)
class Clustered:
    """``icc`` is the share of the variance between clusters, with its profile-likelihood interval.

    ``p_value`` tests it against zero by the likelihood ratio, halved as zero is the edge of
    what is possible (Self & Liang 1987, doi 10.1080/01621459.1987.10478472).
    ``effects`` are the fixed columns' coefficients, tested by the normal law.
    """

    between: float
    within: float
    icc: float
    low: float
    high: float
    p_value: float
    effects: tuple[Estimate, ...]
    clusters: tuple[Cluster, ...]


def clustered(
    response: ArrayLike,
    design: ArrayLike,
    columns: Sequence[str],
    clusters: Sequence[str],
    confidence: float = 0.95,
) -> Clustered:
    """Fits ``response`` (people) on ``design`` (people, columns) with people in ``clusters``.

    Raises
    ------
    ValueError
        For shapes that do not match, missing values, a singular design, or clusters that are
        one only or as many as there are people: neither tells between from within.
    """
    y, x = np.asarray(response, dtype=float), np.asarray(design, dtype=float)
    names, member = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    if x.ndim != 2 or y.shape != (len(x),) or len(member) != len(y) or x.shape[1] != len(columns):
        raise ValueError(f"response {y.shape}, design {x.shape}, {len(member)} cluster names")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("a response or covariate is missing; leave out who has none")
    if not 1 < len(names) < len(y):
        raise ValueError(f"{len(names)} clusters of {len(y)} people tell nothing apart")
    if np.linalg.matrix_rank(x) < x.shape[1] or len(y) <= x.shape[1]:
        raise ValueError("a column of the design follows from the others; leave it out")
    model = _Model(y, x, member, np.bincount(member).astype(float))
    if model.residual() <= 1e-20 * max(float(y @ y), 1e-300):
        raise ValueError("the response follows the design exactly; nothing is left to divide")
    found = minimize_scalar(model.deviance, bounds=(0.0, 0.999), method="bounded",
                            options={"xatol": 1e-10})  # fmt: skip
    icc = 0.0 if model.deviance(0.0) <= found.fun else float(found.x)
    least = model.deviance(icc)
    low, high = _profile(model, icc, least, confidence)
    ratio = max(model.deviance(0.0) - least, 0.0)
    total, beta, covariance = model.at(icc)
    shrunk = model.deviations(icc, beta)
    return Clustered(
        total * icc,
        total * (1 - icc),
        icc,
        low,
        high,
        float(stats.chi2.sf(ratio, 1)) / 2 if ratio else 1.0,
        _effects(columns, beta, covariance, confidence),
        tuple(
            Cluster(str(name), int(size), float(each))
            for name, size, each in zip(names, model.sizes, shrunk, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Model:
    """The restricted likelihood with everything but the intraclass correlation profiled out."""

    y: Array
    x: Array
    member: NDArray[np.int64]
    sizes: Array

    def _weighed(self, icc: float) -> tuple[Array, Array, float]:
        """Least squares under a total variance of one: information, coefficients, residual."""
        pull = icc / (1 - icc + self.sizes * icc)
        both = np.column_stack([self.x, self.y])
        sums = np.zeros((len(self.sizes), both.shape[1]))
        np.add.at(sums, self.member, both)
        products = (both.T @ both - (sums.T * pull) @ sums) / (1 - icc)
        information, right = products[:-1, :-1], products[:-1, -1]
        beta = np.asarray(np.linalg.solve(information, right), dtype=np.float64)
        return information, beta, float(products[-1, -1] - right @ beta)

    def residual(self) -> float:
        """What the fixed columns leave of the sum of squares."""
        return self._weighed(0.0)[2]

    def deviance(self, icc: float) -> float:
        """Minus twice the restricted log-likelihood, but for a constant."""
        information, _, residual = self._weighed(icc)
        df = len(self.y) - self.x.shape[1]
        log_v = (len(self.y) - len(self.sizes)) * np.log1p(-icc)
        log_v += np.log(1 - icc + self.sizes * icc).sum()
        return float(df * np.log(residual) + log_v + np.linalg.slogdet(information)[1])

    def deviations(self, icc: float, beta: Array) -> Array:
        """Each cluster's mean residual, shrunken by how little it tells."""
        sums = np.bincount(self.member, weights=self.y - self.x @ beta)
        return np.asarray(sums * icc / (1 - icc + self.sizes * icc))

    def at(self, icc: float) -> tuple[float, Array, Array]:
        """Total variance, coefficients and their covariance."""
        information, beta, residual = self._weighed(icc)
        total = residual / (len(self.y) - self.x.shape[1])
        return total, beta, total * np.linalg.inv(information)


def _profile(model: _Model, icc: float, least: float, confidence: float) -> tuple[float, float]:
    limit = least + float(stats.chi2.ppf(confidence, 1))

    def over(value: float) -> float:
        return model.deviance(value) - limit

    low = 0.0 if over(0.0) <= 0 else float(brentq(over, 0.0, icc))
    high = 1.0 if over(0.999) <= 0 else float(brentq(over, icc, 0.999))
    return low, high


def _effects(
    columns: Sequence[str], beta: Array, covariance: Array, confidence: float
) -> tuple[Estimate, ...]:
    z = float(stats.norm.ppf((1 + confidence) / 2))
    made = []
    for name, value, error in zip(
        columns, beta.tolist(), np.sqrt(np.diag(covariance)).tolist(), strict=True
    ):
        t, low, high = value / error, value - z * error, value + z * error
        p_value = float(2 * stats.norm.sf(abs(t)))
        made.append(Estimate(name, value, error, float("inf"), t, p_value, low, high, confidence))
    return tuple(made)
