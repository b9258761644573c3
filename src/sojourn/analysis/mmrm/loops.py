"""The loops of the likelihood and of its maximum, as machine code.

One fit is thousands of operations on matrices too small for anything else to be quick.
The formulas are explained where the results are named, in ``likelihood``. A compiled
function kept from an earlier run is made anew when its own file changes, not when a
file it calls does: so none here or in the files of the batch calls one of another file.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Parts = tuple[Indices, Array, Indices, Indices, Indices, Indices, Indices, Array]
Loop = TypeVar("Loop", bound=Callable[..., Any])

# Kinds of second derivatives.
NONE, EXPECTED, PLAIN, EXACT = -1, 0, 1, 2
# Rise of twice the log-likelihood still expected: below NEAR what passes through the
# coefficients is worked out, and kept for the steps after; below CLOSE a step is the last.
NEAR = 1e-2
CLOSE = 1e-10


def compiled(function: Loop) -> Loop:
    """The function as machine code, kept between runs, and free of the interpreter's lock."""
    try:
        quick = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        # Nowhere to keep it: compiled anew in each run.
        quick = numba.njit(nogil=True, error_model="numpy")(function)
    return cast(Loop, quick)


@compiled
def evaluated(
    sigma: Array, group: Indices, count: Array, size: Indices, visits: Indices, slots: Indices,
    active: Indices, actives: Indices, moments: Array, restricted: bool, mode: int, shared: Array,
) -> tuple[float, Array, Array, Array, Array, Array, Array]:  # fmt: skip
    """All of an evaluation in ``mode`` EXACT, where ``shared`` takes what the coefficients pass on.

    The others give no slopes, and second derivatives expected under ML (EXPECTED), or the
    exact ones with that part as an earlier evaluation left it in ``shared`` (PLAIN).
    """
    width, span = slots.shape[2] - 1, sigma.shape[1]
    triangle = span * (span + 1) // 2
    entries = sigma.shape[0] * triangle
    first = np.zeros(entries)
    second = np.zeros((entries, entries))
    slopes = np.zeros((entries if mode == EXACT else 0, width, width))
    pulls = np.zeros((entries if mode == EXACT else 0, width))
    coefficients = np.zeros(width)
    precisions = np.zeros((len(size), span, span))
    normal = np.zeros((width, width))
    covariance = np.zeros((width, width))
    room = np.zeros((3, span, span))
    failed = (np.inf, coefficients, covariance, first, second, slopes, precisions)
    spread = inverted_parts(sigma, group, count, size, visits, precisions, room[0])
    if not np.isfinite(spread):
        return failed
    right = np.zeros(width)
    normal_equations(precisions, size, slots, active, actives, moments, normal, right)
    curved = inverted(normal, covariance, width)
    if not np.isfinite(curved):
        return failed
    for i in range(width):
        for j in range(width):
            coefficients[i] += covariance[i, j] * right[j]
    for k in range(len(size)):
        spread += count[k] * size[k] * np.log(2 * np.pi)
        spread += products(
            k, size[k], slots, active, actives, moments, coefficients, covariance,
            precisions[k], restricted, room[0],
        )  # fmt: skip
        add_derivatives(
            precisions[k], room, count[k], size[k], visits[k], group[k] * triangle, first,
            second, mode,
        )  # fmt: skip
    if mode == EXACT:
        add_slopes(
            triangle, group, size, visits, slots, active, actives, moments, precisions,
            coefficients, slopes, pulls,
        )  # fmt: skip
        shared[:] = passing_through(slopes, pulls, covariance, restricted)
    if mode >= PLAIN:
        second -= shared
    if restricted:
        spread += curved - width * np.log(2 * np.pi)
    return spread, coefficients, covariance, first, second, slopes, precisions


@compiled
def inverted(matrix: Array, inverse: Array, n: int) -> float:
    """Log-determinant of the first n rows and columns, positive definite; else infinite.

    ``inverse`` takes their inverse; on the way its lower triangle holds Cholesky's factor.
    """
    logs = 0.0
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= inverse[i, k] * inverse[j, k]
            if i == j:
                if not total > 1e-13 * matrix[i, i]:
                    return np.inf
                inverse[i, i] = np.sqrt(total)
                logs += np.log(total)
            else:
                inverse[i, j] = total / inverse[j, j]
    for i in range(n):
        inverse[i, i] = 1 / inverse[i, i]
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total -= inverse[i, k] * inverse[k, j]
            inverse[i, j] = total * inverse[i, i]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, n):
                total += inverse[k, i] * inverse[k, j]
            inverse[i, j] = total
    for i in range(n):
        for j in range(i):
            inverse[j, i] = inverse[i, j]
    return logs


@compiled
def inverted_parts(
    sigma: Array, group: Indices, count: Array, size: Indices, visits: Indices, out: Array,
    part: Array,
) -> float:  # fmt: skip
    """Each pattern's precision, and the sum of the participants' log-determinants."""
    logs = 0.0
    for k in range(len(size)):
        for a in range(size[k]):
            for b in range(size[k]):
                part[a, b] = sigma[group[k], visits[k, a], visits[k, b]]
        logs += count[k] * inverted(part, out[k], size[k])
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
    coefficients: Array, covariance: Array, precision: Array, restricted: bool, mixed: Array,
) -> float:  # fmt: skip
    """The sum of r'Wr; ``mixed`` takes that of r r' (and of x F x' where restricted)."""
    last = slots.shape[2] - 1
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
    return misfit


@compiled
def entry(one: int, other: int) -> int:
    """Place of an entry in the lower triangle, row by row."""
    high, low = max(one, other), min(one, other)
    return high * (high + 1) // 2 + low


@compiled
def add_derivatives(
    weight: Array, room: Array, count: float, m: int, visits: Indices, offset: int,
    first: Array, second: Array, mode: int,
) -> None:  # fmt: skip
    """One pattern's n W - A in the first, and tr(E W D V) in the second derivatives."""
    mixed, inner, bend = room
    for a in range(m):
        for d in range(m):
            total = 0.0
            for c in range(m):
                total += weight[a, c] * mixed[c, d]
            inner[a, d] = total
    for a in range(m):
        for b in range(a + 1):
            total = 0.0
            for c in range(m):
                total += inner[a, c] * weight[c, b]
            plain = count * weight[a, b]
            bend[a, b] = bend[b, a] = plain if mode == EXPECTED else 2 * total - plain
            place = offset + entry(visits[a], visits[b])
            first[place] += (plain - total) * (1 if a == b else 2)
    if mode == NONE:
        return
    for a in range(m):
        for b in range(a + 1):
            i = offset + entry(visits[a], visits[b])
            for c in range(a + 1):
                for d in range((b if c == a else c) + 1):
                    term = (
                        weight[b, c] * bend[d, a]
                        + weight[b, d] * bend[c, a]
                        + weight[a, c] * bend[d, b]
                        + weight[a, d] * bend[c, b]
                    ) / ((2 if a == b else 1) * (2 if c == d else 1))
                    j = offset + entry(visits[c], visits[d])
                    second[i, j] += term
                    if i != j:
                        second[j, i] += term


@compiled
def add_slopes(
    triangle: int, group: Indices, size: Indices, visits: Indices, slots: Indices,
    active: Indices, actives: Indices, moments: Array, precisions: Array, coefficients: Array,
    slopes: Array, pulls: Array,
) -> None:  # fmt: skip
    """X'WEWX and X'WEWr for each entry, over all patterns."""
    width, variables, span = len(coefficients), moments.shape[1], precisions.shape[1]
    loads = np.empty((span, width, variables))
    weighed = np.empty((span, variables, width))
    pulled = np.empty((span, variables))
    for k in range(len(size)):
        m, precision = size[k], precisions[k]
        loads[:m], weighed[:m], pulled[:m] = 0.0, 0.0, 0.0
        for b in range(m):
            for d in range(m):
                weight = precision[b, d]
                for v in range(variables):
                    pulled[b, v] += weight * moments[k, slots[k, d, width], v]
                for other in range(actives[k, d]):
                    j = active[k, d, other]
                    slot = slots[k, d, j]
                    loads[b, j, slot] += weight
                    for v in range(variables):
                        term = weight * moments[k, slot, v]
                        weighed[b, v, j] += term
                        pulled[b, v] -= term * coefficients[j]
        for a in range(m):
            for i in range(width):
                for v in range(variables):
                    load = loads[a, i, v]
                    if load != 0:
                        for b in range(m):
                            place = group[k] * triangle + entry(visits[k, a], visits[k, b])
                            pulls[place, i] += load * pulled[b, v]
                            if b <= a:
                                for j in range(width):
                                    slopes[place, i, j] += load * weighed[b, v, j]
    # Of an entry off the diagonal one half is there; the other is its mirror.
    for place in range(len(slopes)):
        row, rest = 0, place % triangle
        while rest > row:
            row += 1
            rest -= row
        if rest < row:
            for i in range(width):
                slopes[place, i, i] *= 2
                for j in range(i):
                    slopes[place, i, j] += slopes[place, j, i]
                    slopes[place, j, i] = slopes[place, i, j]


@compiled
def passing_through(slopes: Array, pulls: Array, covariance: Array, restricted: bool) -> Array:
    """Of the second derivatives, 2 g'Fh and, where restricted, tr(PFQF)."""
    entries, width = len(slopes), len(covariance)
    shared = 2 * (pulls @ covariance @ pulls.T)
    if restricted:
        turned = slopes.reshape(entries * width, width) @ covariance
        across = np.empty((width * width, entries))
        for e in range(entries):
            for i in range(width):
                for j in range(width):
                    across[i * width + j, e] = turned[e * width + j, i]
        shared += turned.reshape(entries, width * width) @ across
    return shared


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
    parts: Parts, span: int, restricted: bool
) -> tuple[int, tuple[float, Array, Array, Array, Array, Array, Array], Array, Array]:
    """Fisher's scoring until near, then nearly Newton's steps, in the entries of the matrix."""
    entries = span * (span + 1) // 2
    bend = np.zeros((entries, entries))
    sigma = started(parts, span, restricted)
    mode = EXPECTED
    # Changes little near the maximum, and costs more than all the rest.
    shared = np.zeros((entries, entries))
    at = evaluated(sigma, *parts, restricted, mode, shared)
    if not np.isfinite(at[0]):
        return -1, at, sigma, bend
    known = False
    for step in range(1, 80):
        if not np.isfinite(inverted(at[4], bend, entries)):
            if mode == EXPECTED:
                return -1, at, sigma, bend
            mode = EXPECTED
            at = evaluated(sigma, *parts, restricted, mode, shared)
            continue
        move = -bend @ at[3]
        decrement = -(move @ at[3])
        close = known and decrement < CLOSE
        following = EXACT if close or (not known and (decrement < NEAR or step > 8)) else PLAIN
        further = False
        for halving in range(25):
            there = moved(sigma, move, 0.5**halving)
            tried = evaluated(there, *parts, restricted, following, shared)
            room = 1e-12 * abs(at[0]) if decrement < 1e-6 else 0.0
            if tried[0] <= at[0] + room:
                further = True
                break
        if further:
            sigma, at, mode = there, tried, following
        elif mode != EXACT:
            mode = EXACT
            at = evaluated(sigma, *parts, restricted, mode, shared)
        known = known or mode == EXACT
        if mode == EXACT and (close or not further):
            settled = decrement < 1e-7 and np.isfinite(inverted(at[4], bend, entries))
            if close or settled:
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
def started(parts: Parts, span: int, restricted: bool) -> Array:
    """Moments of the least-squares residuals, shrunk until positive definite."""
    sigma = np.zeros((1, span, span))
    for a in range(span):
        sigma[0, a, a] = 1.0
    shared = np.zeros((span * (span + 1) // 2, span * (span + 1) // 2))
    at = evaluated(sigma, *parts, restricted, NONE, shared)
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
        if np.isfinite(inverted(sigma[0], scratch, span)):
            break
        for a in range(span):
            for b in range(a):
                sigma[0, a, b] *= 0.8
                sigma[0, b, a] *= 0.8
    return sigma
