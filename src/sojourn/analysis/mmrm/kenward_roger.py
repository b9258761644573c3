"""Small-sample covariance and degrees of freedom of Kenward and Roger.

Kenward & Roger 1997, doi 10.2307/2533558. In their letters: F (here ``model``) the
covariance of the coefficients by generalised least squares, W (``curvature``) that of the
covariance parameters, P_i, Q_ij and R_ij sums over participants of X' dV^-1 X,
X' dV^-1 V dV^-1 X and X' V^-1 d2V V^-1 X. W is the inverse of the observed information.
Q and R enter only summed over W, so the sum is taken first, one matrix for each pattern.
The term in R depends on how the covariance is parametrised; "linear" leaves it out, and
is what SAS gives where the covariance is linear in its parameters (unstructured).
"""

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.loops import normal_equations
from sojourn.analysis.mmrm.optimum import Optimum, jacobian
from sojourn.analysis.mmrm.patterns import Patterns

Array = NDArray[np.float64]


def slopes_by_theta(optimum: Optimum) -> Array:
    """P_i: (parameters, columns, columns)."""
    down = jacobian(optimum.derivatives)
    return np.asarray(-np.einsum("ie,eab->iab", down, optimum.evaluation.slopes))


def adjusted_covariance(optimum: Optimum, patterns: Patterns, *, linear: bool = False) -> Array:
    """F + 2 F {sum W_ij (Q_ij - P_i F P_j - R_ij / 4)} F (their equation 3 and below)."""
    model, w = optimum.evaluation.covariance, optimum.curvature
    p = slopes_by_theta(optimum)
    weighted = np.tensordot(w, p, axes=1)
    middle = _within(optimum, patterns, linear) - np.einsum(
        "iab,bc,icd->ad", p, model, weighted, optimize=True
    )
    return np.asarray(model + 2 * model @ middle @ model)


def _within(optimum: Optimum, patterns: Patterns, linear: bool) -> Array:
    """Sum of W_ij (Q_ij - R_ij / 4)."""
    count = len(optimum.theta) // len(optimum.derivatives)
    weights = np.zeros_like(optimum.evaluation.precisions)
    for k, group in enumerate(patterns.group):
        rows = slice(group * count, (group + 1) * count)
        w = optimum.curvature[rows, rows]
        seen = patterns.visits[k, : patterns.size[k]]
        here = optimum.derivatives[group]
        precision = optimum.evaluation.precisions[k, : len(seen), : len(seen)]
        first = here.first[:, seen[:, None], seen]
        middle = np.einsum("iab,bc,icd->ad", first, precision, np.tensordot(w, first, axes=1))
        if not linear:
            second = here.second[:, :, seen[:, None], seen]
            middle = middle - np.tensordot(w, second, axes=2) / 4
        weights[k, : len(seen), : len(seen)] = precision @ middle @ precision
    total = np.zeros_like(optimum.evaluation.covariance)
    normal_equations(
        weights, patterns.size, patterns.slots, patterns.active, patterns.actives,
        patterns.moments, total, np.zeros(len(total)),
    )  # fmt: skip
    return total


def scaled_f(contrast: Array, model: Array, curvature: Array, slopes: Array) -> tuple[float, float]:
    """Denominator degrees of freedom and the factor of the F statistic (their section 3).

    ``contrast`` has a row for each of its dimensions, which are independent.
    """
    rank = len(contrast)
    theta = contrast.T @ np.linalg.solve(contrast @ model @ contrast.T, contrast)
    turned = (theta @ model) @ slopes @ model
    traces = np.trace(turned, axis1=1, axis2=2)
    a1 = float(traces @ curvature @ traces)
    a2 = float(np.einsum("ij,iab,jba->", curvature, turned, turned, optimize=True))
    b = (a1 + 6 * a2) / (2 * rank)
    g = ((rank + 1) * a1 - (rank + 4) * a2) / ((rank + 2) * a2)
    base = 3 * rank + 2 * (1 - g)
    c1, c2, c3 = g / base, (rank - g) / base, (rank + 2 - g) / base
    expected = 1 / (1 - a2 / rank)
    variance = 2 / rank * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    ratio = variance / (2 * expected**2)
    df = 4 + (rank + 2) / (rank * ratio - 1)
    return df, df / (expected * (df - 2))
