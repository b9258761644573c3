"""The loops of the likelihood and of its maximum, as machine code.

One fit is thousands of operations on matrices too small for anything else to be quick.
The formulas are explained where the results are named, in ``likelihood``. A compiled
function kept from an earlier run is made anew when its own file changes, not when a
file it calls does: so none here or in the files of the batch calls one of another file.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(function: Loop) -> Loop:
    """The function as machine code, kept between runs, and free of the interpreter's lock."""
    quick: Loop = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return quick


@compiled
def evaluated(
    sigma: Array, group: Indices, count: Array, size: Indices, visits: Indices, slots: Indices,
    active: Indices, actives: Indices, moments: Array, restricted: bool, exact: bool,
) -> tuple[float, Array, Array, Array, Array, Array, Array]:  # fmt: skip
    """All of an evaluation; without ``exact``, the expected second derivatives of ML."""
    width, span = slots.shape[2] - 1, sigma.shape[1]
    triangle = span * (span + 1) // 2
    entries = sigma.shape[0] * triangle
    first = np.zeros(entries)
    second = np.zeros((entries, entries))
    slopes = np.zeros((entries if exact else 0, width, width))
    pulls = np.zeros((entries if exact else 0, width))
    coefficients = np.zeros(width)
    precisions = np.zeros((len(size), span, span))
    normal = np.zeros((width, width))
    covariance = np.zeros((width, width))
    failed = (np.inf, coefficients, covariance, first, second, slopes, precisions)
    spread = inverted_parts(sigma, group, count, size, visits, precisions)
    if not np.isfinite(spread):
        return failed
    right = np.zeros(width)
    normal_equations(precisions, size, slots, active, actives, moments, normal, right)
    curved = inverted(normal, covariance)
    if not np.isfinite(curved):
        return failed
    observed = 0.0
    for i in range(width):
        for j in range(width):
            coefficients[i] += covariance[i, j] * right[j]
    for k in range(len(size)):
        observed += count[k] * size[k]
        mixed, misfit = products(
            k, size[k], slots, active, actives, moments, coefficients, covariance,
            precisions[k], restricted,
        )  # fmt: skip
        spread += misfit
        offset = group[k] * triangle
        add_derivatives(
            precisions[k], mixed, count[k], size[k], visits[k], offset, first, second, exact
        )
        if exact:
            add_slopes(
                k, size[k], visits[k], offset, slots, active, actives, moments, precisions[k],
                coefficients, slopes, pulls,
            )  # fmt: skip
    if exact:
        subtract_shared(second, slopes, pulls, covariance, restricted)
    if restricted:
        spread += curved
        observed -= width
    value = spread + observed * np.log(2 * np.pi)
    return value, coefficients, covariance, first, second, slopes, precisions


@compiled
def inverted(matrix: Array, inverse: Array) -> float:
    """Log-determinant of a positive definite matrix, its inverse written out; else infinite."""
    n = len(matrix)
    factor = np.zeros((n, n))
    logs = 0.0
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if not total > 1e-13 * matrix[i, i]:
                    return np.inf
                factor[i, i] = np.sqrt(total)
                logs += np.log(total)
            else:
                factor[i, j] = total / factor[j, j]
    for i in range(n):
        factor[i, i] = 1 / factor[i, i]
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total -= factor[i, k] * factor[k, j]
            factor[i, j] = total * factor[i, i]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, n):
                total += factor[k, i] * factor[k, j]
            inverse[i, j] = inverse[j, i] = total
    return logs


@compiled
def inverted_parts(
    sigma: Array, group: Indices, count: Array, size: Indices, visits: Indices, out: Array
) -> float:
    """Each pattern's precision, and the sum of the participants' log-determinants."""
    logs = 0.0
    for k in range(len(size)):
        m = size[k]
        part = np.empty((m, m))
        for a in range(m):
            for b in range(m):
                part[a, b] = sigma[group[k], visits[k, a], visits[k, b]]
        logs += count[k] * inverted(part, out[k])
        if not np.isfinite(logs):
            return np.inf
    return logs


@compiled
def normal_equations(
    weights: Array, size: Indices, slots: Indices, active: Indices, actives: Indices,
    moments: Array, normal: Array, right: Array,
) -> None:  # fmt: skip
    """Adds X'WX and X'Wy, W given by pattern and symmetric."""
    last = slots.shape[2] - 1
    for k in range(len(size)):
        for a in range(size[k]):
            for b in range(size[k]):
                weight = weights[k, a, b]
                for one in range(actives[k, a]):
                    i = active[k, a, one]
                    row = moments[k, slots[k, a, i]]
                    right[i] += weight * row[slots[k, b, last]]
                    if b <= a:
                        for other in range(actives[k, b]):
                            j = active[k, b, other]
                            term = weight * row[slots[k, b, j]]
                            normal[i, j] += term
                            if b < a:
                                normal[j, i] += term


@compiled
def products(
    k: int, m: int, slots: Indices, active: Indices, actives: Indices, moments: Array,
    coefficients: Array, covariance: Array, precision: Array, restricted: bool,
) -> tuple[Array, float]:  # fmt: skip
    """Sum of r r' (and of x F x' where restricted), and the sum of r'Wr."""
    last = slots.shape[2] - 1
    mixed = np.zeros((m, m))
    misfit = 0.0
    for a in range(m):
        for b in range(a + 1):
            here, there = moments[k, slots[k, a, last]], slots[k, b, last]
            total, extra = here[there], 0.0
            for other in range(actives[k, b]):
                j = active[k, b, other]
                total -= coefficients[j] * here[slots[k, b, j]]
            for one in range(actives[k, a]):
                i = active[k, a, one]
                row = moments[k, slots[k, a, i]]
                total -= coefficients[i] * row[there]
                for other in range(actives[k, b]):
                    j = active[k, b, other]
                    term = row[slots[k, b, j]]
                    total += coefficients[i] * coefficients[j] * term
                    extra += covariance[i, j] * term
            misfit += total * precision[a, b] * (1 if a == b else 2)
            mixed[a, b] = mixed[b, a] = total + extra if restricted else total
    return mixed, misfit


@compiled
def entry(one: int, other: int) -> int:
    """Place of an entry in the lower triangle, row by row."""
    high, low = max(one, other), min(one, other)
    return high * (high + 1) // 2 + low


@compiled
def add_derivatives(
    precision: Array, mixed: Array, count: float, m: int, visits: Indices, offset: int,
    first: Array, second: Array, exact: bool,
) -> None:  # fmt: skip
    """One pattern's n W - A in the first, and tr(E W D V) in the second derivatives."""
    weight = np.ascontiguousarray(precision[:m, :m])
    inner = np.zeros((m, m))
    bend = np.zeros((m, m))
    for a in range(m):
        for d in range(m):
            for c in range(m):
                inner[a, d] += weight[a, c] * mixed[c, d]
    for a in range(m):
        for b in range(a + 1):
            total = 0.0
            for c in range(m):
                total += inner[a, c] * weight[c, b]
            plain = count * weight[a, b]
            bend[a, b] = bend[b, a] = 2 * total - plain if exact else plain
            place = offset + entry(visits[a], visits[b])
            first[place] += (plain - total) * (1 if a == b else 2)
    for a in range(m):
        for b in range(a + 1):
            i = offset + entry(visits[a], visits[b])
            for c in range(m):
                for d in range(c + 1):
                    term = (
                        weight[b, c] * bend[d, a]
                        + weight[b, d] * bend[c, a]
                        + weight[a, c] * bend[d, b]
                        + weight[a, d] * bend[c, b]
                    )
                    half = (2 if a == b else 1) * (2 if c == d else 1)
                    second[i, offset + entry(visits[c], visits[d])] += term / half


@compiled
def add_slopes(
    k: int, m: int, visits: Indices, offset: int, slots: Indices, active: Indices,
    actives: Indices, moments: Array, precision: Array, coefficients: Array,
    slopes: Array, pulls: Array,
) -> None:  # fmt: skip
    """One pattern's X'WEWX and X'WEWr for each entry."""
    width, variables = len(coefficients), moments.shape[1]
    weighed = np.zeros((m, variables, width))
    pulled = np.zeros((m, variables))
    for b in range(m):
        for d in range(m):
            weight = precision[b, d]
            for v in range(variables):
                pulled[b, v] += weight * moments[k, v, slots[k, d, width]]
            for other in range(actives[k, d]):
                j = active[k, d, other]
                for v in range(variables):
                    term = weight * moments[k, v, slots[k, d, j]]
                    weighed[b, v, j] += term
                    pulled[b, v] -= term * coefficients[j]
    for a in range(m):
        for b in range(m):
            place = offset + entry(visits[a], visits[b])
            for c in range(m):
                weight = precision[a, c]
                for one in range(actives[k, c]):
                    i = active[k, c, one]
                    v = slots[k, c, i]
                    pulls[place, i] += weight * pulled[b, v]
                    for j in range(width):
                        slopes[place, i, j] += weight * weighed[b, v, j]


@compiled
def subtract_shared(
    second: Array, slopes: Array, pulls: Array, covariance: Array, restricted: bool
) -> None:
    """Takes 2 g'Fh and tr(PFQF) from the second derivatives."""
    entries, width = len(slopes), len(covariance)
    turned = np.empty((entries, width, width))
    for i in range(entries):
        turned[i] = slopes[i] @ covariance
    for i in range(entries):
        lean = covariance @ pulls[i]
        for j in range(entries):
            total = 0.0
            for x in range(width):
                total += 2 * lean[x] * pulls[j, x]
            if restricted and j <= i:
                shared = 0.0
                for x in range(width):
                    for y in range(width):
                        shared += turned[i, x, y] * turned[j, y, x]
                second[i, j] -= shared
                if j < i:
                    second[j, i] -= shared
            second[i, j] -= total


@compiled
def scored_many(
    count: Array, size: Indices, visits: Indices, slots: Indices, active: Indices,
    actives: Indices, moments: Array, kinds: Indices, restricted: bool, sigma: Array,
    values: Array, coefficients: Array, covariance: Array, bends: Array, slopes: Array,
    precisions: Array, iterations: Indices,
) -> None:  # fmt: skip
    """Maximises the likelihood of each trial, with one unstructured matrix for all.

    All arrays begin with the trials; each trial uses the first of its ``kinds`` patterns.
    ``bends`` takes the inverse of the second derivatives. ``iterations`` stays -1 where no
    maximum was found.
    """
    for t in range(len(count)):
        k = kinds[t]
        group = np.zeros(k, dtype=np.int64)
        parts = (
            group, count[t, :k], size[t, :k], visits[t, :k], slots[t, :k], active[t, :k],
            actives[t, :k], moments[t, :k],
        )  # fmt: skip
        steps, at, there, bend = scored(parts, visits.shape[2], restricted)
        if steps < 0:
            continue
        iterations[t] = steps
        sigma[t] = there[0]
        values[t], coefficients[t], covariance[t] = at[0], at[1], at[2]
        bends[t], slopes[t] = bend, at[5]
        precisions[t, :k] = at[6]


@compiled
def scored(
    parts: tuple[Array, ...], span: int, restricted: bool
) -> tuple[int, tuple[float, Array, Array, Array, Array, Array, Array], Array, Array]:
    """Fisher's scoring for the first step, then Newton's, in the entries of the matrix."""
    entries = span * (span + 1) // 2
    bend = np.zeros((entries, entries))
    sigma = started(parts, span, restricted)
    at = evaluated(sigma, *parts, restricted, False)
    exact = False
    if not np.isfinite(at[0]):
        return -1, at, sigma, bend
    for step in range(1, 60):
        if not np.isfinite(inverted(at[4], bend)):
            if not exact:
                return -1, at, sigma, bend
            exact = False
            at = evaluated(sigma, *parts, restricted, False)
            continue
        move = -bend @ at[3]
        decrement = -(move @ at[3])
        if decrement < 1e-22 and exact:
            return step, at, sigma, bend
        close = decrement < 1e-11 and exact
        further = False
        for halving in range(25):
            there = moved(sigma, move, 0.5**halving)
            tried = evaluated(there, *parts, restricted, True)
            room = 1e-12 * abs(at[0]) if decrement < 1e-6 else 0.0
            if tried[0] <= at[0] + room:
                further = True
                break
        if further:
            sigma, at, exact = there, tried, True
        if close or not further:
            settled = decrement < 1e-9 and exact and np.isfinite(inverted(at[4], bend))
            return (step if settled else -1), at, sigma, bend
    return -1, at, sigma, bend


@compiled
def moved(sigma: Array, move: Array, length: float) -> Array:
    """The matrix with its entries moved."""
    there = sigma.copy()
    span = sigma.shape[1]
    for a in range(span):
        for b in range(a + 1):
            there[0, a, b] += length * move[entry(a, b)]
            there[0, b, a] = there[0, a, b]
    return there


@compiled
def started(parts: tuple[Array, ...], span: int, restricted: bool) -> Array:
    """Moments of the least-squares residuals, shrunk until positive definite."""
    sigma = np.zeros((1, span, span))
    for a in range(span):
        sigma[0, a, a] = 1.0
    at = evaluated(sigma, *parts, restricted, False)
    pairs = np.zeros((span, span))
    count, size, visits = parts[1], parts[2], parts[3]
    for k in range(len(size)):
        for a in range(size[k]):
            for b in range(size[k]):
                pairs[visits[k, a], visits[k, b]] += count[k]
    # With every precision the identity, the slope by an entry is pairs seen less products.
    for a in range(span):
        for b in range(a + 1):
            slope = at[3][entry(a, b)]
            product = pairs[a, a] - slope if a == b else -slope / 2
            sigma[0, a, b] = sigma[0, b, a] = product / max(pairs[a, b], 1.0)
    scratch = np.zeros((span, span))
    for _ in range(40):
        if np.isfinite(inverted(sigma[0], scratch)):
            break
        for a in range(span):
            for b in range(a):
                sigma[0, a, b] *= 0.8
                sigma[0, b, a] *= 0.8
    return sigma
