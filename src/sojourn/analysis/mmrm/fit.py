"""The mixed model for repeated measures, fitted to one trial.

Responses of a participant are jointly normal with a mean linear in covariates and a
covariance over visits; whoever misses visits still counts for those they came to.
Review: Mallinckrodt et al. 2008, doi 10.1177/009286150804200402.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sojourn.analysis.mmrm.covariance import structure
from sojourn.analysis.mmrm.data import Observations, read
from sojourn.analysis.mmrm.empirical import POWERS, Sandwich, sandwich
from sojourn.analysis.mmrm.kenward_roger import adjusted_covariance, slopes_by_theta
from sojourn.analysis.mmrm.optimum import Optimum, maximise
from sojourn.analysis.mmrm.options import ADJUSTED, Method, reported_covariance
from sojourn.analysis.mmrm.patterns import Patterns, summarise

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Convergence:
    """``decrement``: rise of twice the log-likelihood still expected at the last step;
    ``eigenvalue``: least over greatest of the information about the covariance parameters;
    ``gradient``: largest slope left."""

    iterations: int
    decrement: float
    eigenvalue: float
    gradient: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model.

    ``coefficients`` (columns) with ``covariance`` as reported and ``model_covariance`` by
    generalised least squares; ``sigma`` (groups, visits, visits); ``theta`` the covariance
    parameters with ``theta_covariance``, and ``slopes`` (parameters, columns, columns), the
    P_i of Kenward & Roger 1997. ``log_likelihood`` is restricted where ``method`` is reml.
    """

    columns: tuple[str, ...]
    coefficients: Array
    covariance: Array
    model_covariance: Array
    sigma: Array
    theta: Array
    theta_covariance: Array
    slopes: Array
    log_likelihood: float
    method: Method
    structure: str
    df: str
    reported: str
    convergence: Convergence
    data: Observations
    sandwich: Sandwich | None

    @property
    def parameters(self) -> int:
        """How many covariance parameters there are."""
        return len(self.theta)

    @property
    def aic(self) -> float:
        """Akaike 1974; under REML only the covariance parameters count, as in SAS and R's mmrm."""
        extra = 0 if self.method == "reml" else len(self.coefficients)
        return -2 * self.log_likelihood + 2 * (self.parameters + extra)


def fit(
    formula: str,
    frame: pl.DataFrame,
    *,
    participant: str,
    visit: str,
    visits: Sequence[object] | None = None,
    covariance: str = "unstructured",
    group: str | None = None,
    method: Method = "reml",
    df: str = "kenward-roger",
    reported: str | None = None,
    weights: str | None = None,
) -> Fit:
    """Fits ``formula`` to a frame with one row for each participant and visit.

    ``covariance`` is one of ``covariance.STRUCTURES``, with parameters of its own for each
    ``group`` where one is named. ``df`` is one of ``options.DEGREES``, ``reported`` one of
    ``options.COVARIANCES``: by default Kenward and Roger's with their degrees of freedom
    (the linear form, as in SAS), else the model's. A row weighs by ``weights``: its variance
    is divided by its weight.

    Raises
    ------
    NotFittable
        Where the data can't be used (see ``data.read``) or options don't go together.
    NotConverged
        Where the maximum of the likelihood was not found.
    """
    reported = reported_covariance(method, df, reported)
    data = read(
        formula, frame, participant=participant, visit=visit, visits=visits, group=group,
        weights=weights,
    )  # fmt: skip
    patterns = summarise(data)
    found = structure(covariance, data.visits)
    best = maximise(found, patterns, len(data.groups), method == "reml")
    at = best.evaluation
    sigma = np.array([each.sigma for each in best.derivatives])
    parts = None
    if reported in POWERS:
        parts = sandwich(data, sigma, at.coefficients, at.covariance, reported)
    return Fit(
        data.columns,
        at.coefficients,
        _covariance(best, patterns, reported, parts),
        at.covariance,
        sigma,
        best.theta,
        best.curvature,
        slopes_by_theta(best),
        -at.value / 2 + patterns.log_weights / 2,
        method,
        covariance,
        df,
        reported,
        Convergence(best.iterations, best.decrement, best.eigenvalue, best.gradient),
        data,
        parts,
    )


def _covariance(best: Optimum, patterns: Patterns, reported: str, parts: Sandwich | None) -> Array:
    if parts is not None:
        return parts.covariance
    if reported in ADJUSTED:
        return adjusted_covariance(best, patterns, linear=reported == "kenward-roger-linear")
    return best.evaluation.covariance
