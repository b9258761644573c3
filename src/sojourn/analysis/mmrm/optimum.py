"""The maximum of the likelihood by Newton's method with exact second derivatives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.covariance import Derivatives, Structure, made_positive
from sojourn.analysis.mmrm.errors import NotConverged
from sojourn.analysis.mmrm.likelihood import Evaluation, evaluate
from sojourn.analysis.mmrm.patterns import Patterns

Array = NDArray[np.float64]

CLOSE = 1e-11
STEPS = 200


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the likelihood is greatest.

    ``theta`` (groups times parameters of the structure), ``derivatives`` of each group's
    matrix there, ``curvature`` the inverse of the observed information about theta,
    ``decrement`` how far twice the log-likelihood was still expected to rise at the last
    step, ``eigenvalue`` the least of the information over the greatest,
    ``gradient`` the largest slope left.
    """

    theta: Array
    derivatives: tuple[Derivatives, ...]
    evaluation: Evaluation
    curvature: Array
    iterations: int
    decrement: float
    eigenvalue: float
    gradient: float


def maximise(structure: Structure, patterns: Patterns, groups: int, restricted: bool) -> Optimum:
    """From moments of the residuals to the maximum.

    Raises
    ------
    NotConverged
        Where no step improves the likelihood any more and its slope is not yet nil, or
        where the point found is not a maximum in every direction.
    """
    theta = _start(structure, patterns, groups, restricted)
    at = _look(structure, patterns, theta, groups, restricted)
    if not np.isfinite(at[1].value):
        raise NotConverged("the first covariance matrix tried is not positive definite")
    for iteration in range(1, STEPS + 1):
        slope, bend = by_theta(*at)
        step, decrement, values = _step(slope, bend)
        further = _along(structure, patterns, theta, step, at[1].value, slope, restricted)
        close = decrement < CLOSE and values[0] > 0
        if further is None and not close:
            raise NotConverged(
                f"no step improves the likelihood after {iteration} iterations, and its slope is "
                f"still {np.abs(slope).max():.2g}; try a simpler covariance structure"
            )
        if further is not None:
            theta, at = further
        if close:
            return _finish(theta, at, iteration, decrement)
    raise NotConverged(f"no maximum in {STEPS} iterations; try a simpler covariance structure")


def by_theta(derivatives: tuple[Derivatives, ...], at: Evaluation) -> tuple[Array, Array]:
    """First and second derivatives of twice the negative log-likelihood by theta."""
    down = jacobian(derivatives)
    bend = down @ at.second @ down.T
    count, entries = len(derivatives[0].first), len(at.first) // len(derivatives)
    for group, each in enumerate(derivatives):
        rows = slice(group * count, (group + 1) * count)
        twice = each.second[:, :, *np.tril_indices(len(each.sigma))]
        bend[rows, rows] += twice @ at.first[group * entries : (group + 1) * entries]
    return down @ at.first, bend


def jacobian(derivatives: tuple[Derivatives, ...]) -> Array:
    """Of the groups' lower triangles by theta: (parameters, entries), zero between groups."""
    lower = np.tril_indices(len(derivatives[0].sigma))
    blocks = [each.first[:, *lower] for each in derivatives]
    count, entries = blocks[0].shape
    whole = np.zeros((len(blocks) * count, len(blocks) * entries))
    for group, block in enumerate(blocks):
        whole[group * count : (group + 1) * count, group * entries : (group + 1) * entries] = block
    return whole


def _look(
    structure: Structure, patterns: Patterns, theta: Array, groups: int, restricted: bool
) -> tuple[tuple[Derivatives, ...], Evaluation]:
    with np.errstate(over="ignore", invalid="ignore"):
        made = tuple(structure.derivatives(each) for each in theta.reshape(groups, -1))
    sigma = np.array([each.sigma for each in made])
    return made, evaluate(sigma, patterns, restricted=restricted)


def _start(structure: Structure, patterns: Patterns, groups: int, restricted: bool) -> Array:
    """Each group's parameters from the moments of the least-squares residuals."""
    span = patterns.visits.shape[1]
    eye = np.repeat(np.eye(span)[None], groups, axis=0)
    at = evaluate(eye, patterns, restricted=restricted)
    pairs = pairs_seen(patterns, groups)
    residual = np.zeros((groups, span, span))
    lower = np.tril_indices(span)
    # With every precision the identity, the slope by an entry is pairs seen less products.
    first = at.first.reshape(groups, -1)
    for group in range(groups):
        full = np.zeros((span, span))
        full[lower] = np.where(lower[0] == lower[1], 1.0, 0.5) * first[group]
        full = full + full.T - np.diag(np.diag(full))
        products = np.diag(np.diag(pairs[group])) - full
        residual[group] = products / np.maximum(pairs[group], 1)
    whole = residual.mean(axis=0)
    floor = 1e-6 * np.diag(whole).mean()
    for each in residual:
        np.fill_diagonal(each, np.maximum(np.diag(each), floor))
    return np.concatenate([structure.start(made_positive(each)) for each in residual])


def pairs_seen(patterns: Patterns, groups: int) -> Array:
    """How many participants of each group were seen at both visits."""
    span = patterns.visits.shape[1]
    pairs = np.zeros((groups, span, span))
    for group, count, size, visits in zip(
        patterns.group, patterns.count, patterns.size, patterns.visits, strict=True
    ):
        pairs[group][np.ix_(visits[:size], visits[:size])] += count
    return pairs


def _step(slope: Array, bend: Array) -> tuple[Array, float, Array]:
    """Newton's step, turned downhill where the surface is not convex."""
    values, vectors = np.linalg.eigh(bend)
    size = np.maximum(np.abs(values), 1e-9 * np.abs(values).max())
    along = vectors.T @ slope
    step = -vectors @ (along / size)
    longest = np.abs(step).max()
    return (
        step * min(1.0, 3.0 / longest) if longest else step,
        float(along @ (along / size)),
        values,
    )


def _along(
    structure: Structure,
    patterns: Patterns,
    theta: Array,
    step: Array,
    value: float,
    slope: Array,
    restricted: bool,
) -> tuple[Array, tuple[tuple[Derivatives, ...], Evaluation]] | None:
    """The first of the step and its halves that lowers the value, as far as it can be told."""
    groups = len(theta) // structure.size
    room = 1e-13 * abs(value) if -slope @ step < CLOSE else 0.0
    for halving in range(30):
        length = 0.5**halving
        there = _look(structure, patterns, theta + length * step, groups, restricted)
        if there[1].value <= value + 1e-4 * length * (slope @ step) + room:
            return theta + length * step, there
    return None


def _finish(
    theta: Array, at: tuple[tuple[Derivatives, ...], Evaluation], iteration: int, decrement: float
) -> Optimum:
    slope, bend = by_theta(*at)
    values = np.linalg.eigvalsh(bend)
    if values[0] <= 1e-10 * values[-1]:
        raise NotConverged(
            "the likelihood is flat in some direction of the covariance parameters: the data "
            "do not determine them; try a simpler covariance structure"
        )
    curvature = 2 * np.linalg.inv(bend)
    ratio = float(values[0] / values[-1])
    curvature = (curvature + curvature.T) / 2
    steepest = float(np.abs(slope).max())
    return Optimum(theta, at[0], at[1], curvature, iteration, decrement, ratio, steepest)
