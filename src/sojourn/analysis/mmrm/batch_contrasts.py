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
    span = sigma.shape[1]
    room = np.empty((span, span))
    for t in range(len(sigma)):
        if iterations[t] < 0:
            continue
        curvature = 2 * bends[t]
        k = kinds[t]
        weights = np.zeros_like(precisions[t])
        if adjust > 0:
            spread = unfolded(curvature, span)
            bend = second_order(sigma[t], curvature) if adjust == 2 else np.zeros((span, span))
            for each in range(k):
                middle(precisions[t, each], visits[t, each, : size[t, each]], spread, bend, room)
                turned_by(precisions[t, each], room, size[t, each], weights[each])
        for c in range(len(contrasts)):
            row = contrasts[c]
            turned = covariance[t] @ row
            plain = row @ turned
            pushed = np.zeros((len(curvature), len(row)))
            for e in range(len(curvature)):
                pushed[e] = slopes[t, e] @ turned
            gradient = pushed @ turned
            extra = 0.0
            if adjust > 0:
                extra = along(
                    weights[:k], size[t], slots[t], active[t], actives[t], moments[t], turned
                ) - np.sum(curvature * (pushed @ covariance[t] @ pushed.T))
            found[t, c, 0] = row @ coefficients[t]
            found[t, c, 1] = np.sqrt(plain + 2 * extra)
            found[t, c, 2] = 2 * plain**2 / (gradient @ (curvature @ gradient))


@compiled
def unfolded(curvature: Array, span: int) -> Array:
    """W by the places a, b, c, d of two entries, each entry of a triangle shared by its two."""
    full = np.empty((span, span, span, span))
    for a in range(span):
        for b in range(span):
            i = max(a, b) * (max(a, b) + 1) // 2 + min(a, b)
            for c in range(span):
                for d in range(span):
                    full[a, d, b, c] = curvature[i, max(c, d) * (max(c, d) + 1) // 2 + min(c, d)]
    return full


@compiled
def middle(precision: Array, seen: Indices, spread: Array, bend: Array, out: Array) -> None:
    """Sum of W_ij (dV_i V^-1 dV_j), less a quarter of ``bend``, over a pattern's visits."""
    m = len(seen)
    for a in range(m):
        for d in range(a + 1):
            total = -bend[seen[a], seen[d]] / 4
            for b in range(m):
                for c in range(m):
                    total += spread[seen[a], seen[d], seen[b], seen[c]] * precision[b, c]
            out[a, d] = out[d, a] = total


@compiled
def turned_by(weight: Array, inner: Array, m: int, out: Array) -> None:
    """V^-1 M V^-1 over the first m places."""
    for a in range(m):
        for d in range(m):
            total = 0.0
            for b in range(m):
                part = 0.0
                for c in range(m):
                    part += inner[b, c] * weight[c, d]
                total += weight[a, b] * part
            out[a, d] = total


@compiled
def along(
    weights: Array, size: Indices, slots: Indices, active: Indices, actives: Indices,
    moments: Array, turned: Array,
) -> float:  # fmt: skip
    """u'X'WXu with a symmetric W for each pattern."""
    total = 0.0
    variables = moments.shape[1]
    spread = np.empty((weights.shape[1], variables))
    for k in range(len(weights)):
        spread[:] = 0.0
        for a in range(size[k]):
            for one in range(actives[k, a]):
                j = active[k, a, one]
                spread[a, slots[k, a, j]] += turned[j]
        for a in range(size[k]):
            for v in range(variables):
                if spread[a, v] != 0:
                    for b in range(size[k]):
                        part = 0.0
                        for w in range(variables):
                            part += moments[k, v, w] * spread[b, w]
                        total += weights[k, a, b] * spread[a, v] * part
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
            slope = 0.0
            for x in range(span):
                slope += first[i, x] * factor[other, x]
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
            overlap = 0.0
            for x in range(span):
                overlap += first[i, x] * first[j, x]
            total[rows[i], rows[j]] += 2 * w[i, j] * overlap
    whole = bent @ factor.T
    return total + whole + whole.T
