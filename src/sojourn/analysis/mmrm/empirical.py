"""Covariance of the coefficients from the participants' own residuals (sandwich).

Liang & Zeger 1986, doi 10.1093/biomet/73.1.13 ("empirical"); with residuals made larger by
(I - H)^-1 the jackknife of Mancl & DeRouen 2001, doi 10.1111/j.0006-341X.2001.00126.x; by
(I - H)^-1/2 the bias-reduced one of Bell & McCaffrey 2002, Survey Methodology 28:169, whose
degrees of freedom serve for all three.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.data import Observations
from sojourn.analysis.mmrm.errors import NotFittable

Array = NDArray[np.float64]

POWERS = {"empirical": 0.0, "empirical-bias-reduced": -0.5, "empirical-jackknife": -1.0}


@dataclass(frozen=True, slots=True)
class Sandwich:
    """``covariance`` (columns, columns); for the degrees of freedom, ``scaled`` (rows, columns)
    is the design times the root of each participant's precision, ``turned`` the same times
    the power of I - H, and ``starts`` the first row of each participant."""

    covariance: Array
    scaled: Array
    turned: Array
    starts: NDArray[np.int64]
    model: Array


def sandwich(
    data: Observations, sigma: Array, coefficients: Array, model: Array, kind: str
) -> Sandwich:
    """Of ``kind`` (one of ``POWERS``), ``model`` being the covariance by least squares.

    Raises
    ------
    NotFittable
        For the jackknife, when the coefficients rest on one participant alone.
    """
    root = np.sqrt(data.weights)
    residual = (data.response - data.design @ coefficients) * root
    starts = np.flatnonzero(np.diff(data.participant, prepend=-1))
    scaled = np.empty_like(data.design)
    turned = np.empty_like(data.design)
    scores = np.empty((len(starts), data.design.shape[1]))
    factors: dict[tuple[int, bytes], Array] = {}
    ends = np.append(starts[1:], len(residual))
    for each, rows in enumerate(map(slice, starts, ends)):
        seen = data.visit[rows]
        group = int(data.group[data.participant[rows.start]])
        key = (group, seen.tobytes())
        if key not in factors:
            part = sigma[group][np.ix_(seen, seen)]
            factors[key] = np.linalg.cholesky(np.linalg.inv(part)).T
        scaled[rows] = factors[key] @ (data.design[rows] * root[rows, None])
        power = _power(np.eye(len(seen)) - scaled[rows] @ model @ scaled[rows].T, POWERS[kind])
        turned[rows] = power @ scaled[rows]
        scores[each] = turned[rows].T @ (factors[key] @ residual[rows])
    covariance = model @ scores.T @ scores @ model
    return Sandwich(covariance, scaled, turned, starts, model)


def _power(matrix: Array, power: float) -> Array:
    if power == 0:
        return np.eye(len(matrix))
    values, vectors = np.linalg.eigh(matrix)
    kept = values > len(values) * np.finfo(float).eps * values[-1]
    if power == -1 and not kept.all():
        raise NotFittable(
            "a coefficient rests on one participant alone, so the jackknife has no covariance; "
            "use 'empirical-bias-reduced'"
        )
    raised = np.where(kept, np.where(kept, values, 1.0) ** power, 0.0)
    return np.asarray((vectors * raised) @ vectors.T)


def single(contrast: Array, parts: Sandwich) -> float:
    """Degrees of freedom tr(G)^2 / tr(G^2) of a contrast (Bell & McCaffrey 2002).

    G = D - B F B' over participants, D diagonal, is never written out.
    """
    pushed = parts.turned @ (parts.model @ contrast)
    own = np.add.reduceat(pushed**2, parts.starts)
    shared = np.add.reduceat(parts.scaled * pushed[:, None], parts.starts, axis=0)
    overlap = parts.model @ (shared.T @ shared)
    diagonal = np.einsum("ia,ab,ib->i", shared, parts.model, shared)
    trace = own.sum() - diagonal.sum()
    square = (own**2).sum() - 2 * (own * diagonal).sum() + np.trace(overlap @ overlap)
    return float(trace**2 / square)
