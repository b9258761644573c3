"""Standard errors and degrees of freedom of contrasts in many fits, as machine code.

The formulas are those of ``kenward_roger`` and ``satterthwaite``, for single contrasts of
a model with one unstructured matrix: everything is wanted only along u = F l, so that
no sum over pairs of parameters is a matrix of the coefficients.
"""

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.loops import compiled

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def contrast_many(
    contrasts: Array, adjust: int, size: Indices, visits: Indices, slots: Indices,
    active: Indices, actives: Indices, moments: Array, kinds: Indices, sigma: Array,
    coefficients: Array, covariance: Array, bends: Array, slopes: Array, precisions: Array,
    iterations: Indices, found: Array,
) -> None:  # fmt: skip
    """Estimate, standard error and degrees of freedom of each contrast, for each trial.

    ``adjust`` is 0 for the model's covariance, 1 for Kenward and Roger's without, 2 with
    the term in the second derivatives.
    """
    for t in range(len(sigma)):
        if iterations[t] < 0:
            continue
        curvature = 2 * bends[t]
        k = kinds[t]
        weights = np.zeros_like(precisions[t])
        if adjust > 0:
            bend = second_order(sigma[t], curvature) if adjust == 2 else np.zeros_like(sigma[t])
            for each in range(k):
                m = size[t, each]
                seen = visits[t, each, :m]
                w = precisions[t, each, :m, :m].copy()
                weights[each, :m, :m] = w @ between(w, seen, curvature, bend) @ w
        for c in range(len(contrasts)):
            row = contrasts[c]
            turned = covariance[t] @ row
            plain = row @ turned
            pushed = np.zeros((len(curvature), len(row)))
            gradient = np.zeros(len(curvature))
            for e in range(len(curvature)):
                pushed[e] = slopes[t, e] @ turned
                gradient[e] = pushed[e] @ turned
            extra = 0.0
            if adjust > 0:
                extra = along(
                    weights[:k], size[t], slots[t], active[t], actives[t], moments[t], turned
                )
                for e in range(len(curvature)):
                    lean = covariance[t] @ pushed[e]
                    for f in range(len(curvature)):
                        extra -= curvature[e, f] * (lean @ pushed[f])
            found[t, c, 0] = row @ coefficients[t]
            found[t, c, 1] = np.sqrt(plain + 2 * extra)
            found[t, c, 2] = 2 * plain**2 / (gradient @ (curvature @ gradient))


@compiled
def between(precision: Array, seen: Indices, curvature: Array, bend: Array) -> Array:
    """Sum of W_ij (dV_i V^-1 dV_j), less a quarter of ``bend``, over a pattern's visits."""
    m = len(seen)
    total = np.empty((m, m))
    for a in range(m):
        for d in range(m):
            total[a, d] = -bend[seen[a], seen[d]] / 4
    for a in range(m):
        for b in range(a + 1):
            i = seen[a] * (seen[a] + 1) // 2 + seen[b]
            for c in range(m):
                for d in range(c + 1):
                    j = seen[c] * (seen[c] + 1) // 2 + seen[d]
                    half = (2 if a == b else 1) * (2 if c == d else 1)
                    term = curvature[i, j] / half
                    total[a, d] += term * precision[b, c]
                    total[a, c] += term * precision[b, d]
                    total[b, d] += term * precision[a, c]
                    total[b, c] += term * precision[a, d]
    return total


@compiled
def along(
    weights: Array, size: Indices, slots: Indices, active: Indices, actives: Indices,
    moments: Array, turned: Array,
) -> float:  # fmt: skip
    """u'X'WXu with a symmetric W for each pattern."""
    total = 0.0
    for k in range(len(weights)):
        variables = moments.shape[1]
        spread = np.zeros((size[k], variables))
        for a in range(size[k]):
            for one in range(actives[k, a]):
                j = active[k, a, one]
                spread[a, slots[k, a, j]] += turned[j]
        m = size[k]
        inner = spread @ moments[k] @ spread.T
        for a in range(m):
            for b in range(m):
                total += weights[k, a, b] * inner[a, b]
    return total


@compiled
def second_order(sigma: Array, curvature: Array) -> Array:
    """Sum of W_ij d2V_ij, i and j over the log-Cholesky parameters (see ``covariance``).

    ``curvature`` is given for the entries of the matrix; here it is brought to the parameters.
    """
    span = len(sigma)
    count = len(curvature)
    factor = np.linalg.cholesky(sigma)
    rows = np.zeros(count, dtype=np.int64)
    first = np.zeros((count, span))
    place = span
    for r in range(span):
        rows[r] = r
        first[r] = factor[r]
        for c in range(r):
            rows[place] = r
            first[place, c] = factor[r, r]
            place += 1
    down = np.zeros((count, count))
    for i in range(count):
        r = rows[i]
        for other in range(span):
            slope = first[i] @ factor[other]
            high, low = max(r, other), min(r, other)
            down[i, high * (high + 1) // 2 + low] = 2 * slope if r == other else slope
    back = np.linalg.inv(down)
    w = back.T @ curvature @ back
    bent = np.zeros((span, span))
    total = np.zeros((span, span))
    for i in range(count):
        for j in range(count):
            if rows[i] == rows[j] and (i < span or j < span):
                # The row's own scale meets itself or one of its entries.
                bent[rows[i]] += w[i, j] * first[max(i, j)]
            total[rows[i], rows[j]] += 2 * w[i, j] * (first[i] @ first[j])
    whole = bent @ factor.T
    return total + whole + whole.T
