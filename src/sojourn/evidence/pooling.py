"""Several studies in one estimate: fixed and random effects, prediction, moderators."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sojourn.evidence.effects import Effect
from sojourn.evidence.heterogeneity import (
    Array,
    Method,
    cochran_q,
    q_profile,
    tau_squared,
    typical_variance,
)


@dataclass(frozen=True, slots=True)
class Pooled:
    """One pooled estimate; ratios stay on the log scale.

    ``predicted`` is where the true effect of a further study would lie; None below three
    studies. ``weights`` add up to 1, in the order of ``studies``.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    p: float
    predicted: tuple[float, float] | None
    tau2: float
    tau2_interval: tuple[float, float]
    q: float
    q_degrees: int
    q_p: float
    i2: float
    studies: tuple[str, ...]
    weights: tuple[float, ...]
    method: Method
    hartung_knapp: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Coefficient:
    name: str
    estimate: float
    standard_error: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Regression:
    """Effects explained by moderators; ``q_moderators`` tests all but the intercept."""

    coefficients: tuple[Coefficient, ...]
    tau2: float
    q_residual: float
    q_residual_degrees: int
    q_moderators: float
    moderators_degrees: tuple[float, float | None]
    moderators_p: float


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Each group pooled by itself, and whether the groups differ."""

    groups: tuple[tuple[str, Pooled], ...]
    q_between: float
    degrees: int
    p: float


@dataclass(frozen=True, slots=True)
class _Fit:
    beta: Array
    covariance: Array
    tau2: float
    weights: Array


def pool(
    effects: Sequence[Effect],
    *,
    method: Method = "REML",
    hartung_knapp: bool = True,
    never_narrower: bool = False,
    confidence: float = 0.95,
) -> Pooled:
    """The mean effect over studies.

    With ``hartung_knapp`` the interval uses t with k - 1 degrees of freedom and the weighted
    residual variance (Hartung & Knapp 2001, doi 10.1002/sim.1009); one study alone, or a fixed
    effect, keeps the normal interval. ``never_narrower`` holds the correction at 1 or more, since
    studies that agree by chance would shrink it (Knapp & Hartung 2003, doi 10.1002/sim.1482).
    The prediction interval uses t with k - 1 degrees under Hartung-Knapp and k - 2 otherwise
    (Higgins 2009, doi 10.1111/j.1467-985X.2008.00552.x).

    Raises
    ------
    ValueError
        With no study, a study named twice or effects of different measures.
    """
    y, v = _arrays(effects)
    k = len(y)
    adjust = hartung_knapp and method != "fixed" and k > 1
    ones = np.ones((k, 1))
    fit = _fit(y, v, ones, method, adjust, at_least=1.0 if never_narrower else 0.0)
    estimate, error = float(fit.beta[0]), math.sqrt(fit.covariance[0, 0])
    quantile, p = _test(estimate, error, k - 1 if adjust else None, confidence)
    q = cochran_q(y, v, ones)
    return Pooled(
        estimate=estimate,
        standard_error=error,
        low=estimate - quantile * error,
        high=estimate + quantile * error,
        p=p,
        predicted=_predicted(estimate, error, fit.tau2, k, adjust, method, confidence),
        tau2=fit.tau2,
        tau2_interval=q_profile(y, v, ones, confidence),
        q=q,
        q_degrees=k - 1,
        q_p=float(stats.chi2.sf(q, k - 1)) if k > 1 else 1.0,
        i2=_i_squared(q, k, fit.tau2, v, method),
        studies=tuple(each.study for each in effects),
        weights=tuple(float(w) for w in fit.weights / fit.weights.sum()),
        method=method,
        hartung_knapp=adjust,
        confidence=confidence,
    )


def regress(
    effects: Sequence[Effect],
    moderators: Mapping[str, Sequence[float]],
    *,
    method: Method = "REML",
    hartung_knapp: bool = True,
    confidence: float = 0.95,
) -> Regression:
    """Effects as a line in the moderators, each one number for each study.

    Raises
    ------
    ValueError
        When there are no more studies than coefficients, or a moderator doesn't vary.
    """
    y, v = _arrays(effects)
    columns = [np.ones(len(y)), *(np.asarray(each, dtype=float) for each in moderators.values())]
    design = np.column_stack(columns)
    degrees = len(y) - design.shape[1]
    if degrees < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError(
            f"{len(y)} studies for {design.shape[1]} coefficients that must each vary by "
            "themselves; use fewer moderators"
        )
    adjust = hartung_knapp and method != "fixed"
    fit = _fit(y, v, design, method, adjust)
    rest, count = fit.beta[1:], design.shape[1] - 1
    joint = float(rest @ np.linalg.solve(fit.covariance[1:, 1:], rest))
    if adjust:
        joint /= count
        joint_p = float(stats.f.sf(joint, count, degrees))
    else:
        joint_p = float(stats.chi2.sf(joint, count))
    names = ("intercept", *moderators)
    return Regression(
        coefficients=tuple(
            _coefficient(name, fit, i, degrees if adjust else None, confidence)
            for i, name in enumerate(names)
        ),
        tau2=fit.tau2,
        q_residual=cochran_q(y, v, design),
        q_residual_degrees=degrees,
        q_moderators=joint,
        moderators_degrees=(count, degrees if adjust else None),
        moderators_p=joint_p,
    )


def subgroups(
    effects: Sequence[Effect],
    groups: Sequence[str],
    *,
    method: Method = "REML",
    hartung_knapp: bool = True,
    confidence: float = 0.95,
) -> Subgroups:
    """Each group pooled with its own tau^2, then compared by the normal test between groups."""
    if len(groups) != len(effects):
        raise ValueError(f"{len(groups)} groups for {len(effects)} effects; give one for each")
    pooled = tuple(
        (
            name,
            pool(
                [e for e, group in zip(effects, groups, strict=True) if group == name],
                method=method,
                hartung_knapp=hartung_knapp,
                confidence=confidence,
            ),
        )
        for name in dict.fromkeys(groups)
    )
    estimates = np.array([each.estimate for _, each in pooled])
    weights = np.array([each.standard_error**-2 for _, each in pooled])
    q = float(weights @ (estimates - weights @ estimates / weights.sum()) ** 2)
    degrees = len(pooled) - 1
    return Subgroups(pooled, q, degrees, float(stats.chi2.sf(q, degrees)) if degrees else 1.0)


def cumulative(
    effects: Sequence[Effect], *, method: Method = "REML", hartung_knapp: bool = True
) -> tuple[tuple[int, Pooled], ...]:
    """How the estimate stood at the end of each year in which a study came out."""
    years = sorted({each.year for each in effects})
    return tuple(
        (
            year,
            pool(
                [each for each in effects if each.year <= year],
                method=method,
                hartung_knapp=hartung_knapp,
            ),
        )
        for year in years
    )


def _arrays(effects: Sequence[Effect]) -> tuple[Array, Array]:
    if not effects:
        raise ValueError("no study to pool; name one or more")
    measures = {each.measure for each in effects}
    if len(measures) > 1:
        raise ValueError(f"measures are mixed: {', '.join(sorted(measures))}; pool one at a time")
    names = [each.study for each in effects]
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise ValueError(f"{', '.join(sorted(twice))} stands twice; a study counts once")
    return (
        np.array([each.estimate for each in effects], dtype=float),
        np.array([each.variance for each in effects], dtype=float),
    )


def _fit(
    y: Array, v: Array, design: Array, method: Method, adjust: bool, *, at_least: float = 0.0
) -> _Fit:
    tau2 = tau_squared(method, y, v, design)
    weights = 1 / (v + tau2)
    covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
    beta = covariance @ design.T @ (weights * y)
    scale = 1.0
    if adjust:
        degrees = len(y) - design.shape[1]
        scale = max(at_least, cochran_q(y, v, design, tau2) / degrees)
    return _Fit(beta, np.asarray(covariance * scale, dtype=np.float64), tau2, weights)


def _coefficient(
    name: str, fit: _Fit, index: int, degrees: int | None, confidence: float
) -> Coefficient:
    estimate, error = float(fit.beta[index]), math.sqrt(fit.covariance[index, index])
    quantile, p = _test(estimate, error, degrees, confidence)
    half = quantile * error
    return Coefficient(name, estimate, error, estimate - half, estimate + half, p)


def _test(
    estimate: float, error: float, degrees: int | None, confidence: float
) -> tuple[float, float]:
    """The quantile and the p value; studies that agree to the last digit have no error."""
    spread = stats.norm if degrees is None else stats.t(degrees)
    quantile = float(spread.ppf((1 + confidence) / 2))
    if error == 0:
        return quantile, 1.0 if estimate == 0 else 0.0
    return quantile, float(2 * spread.sf(abs(estimate / error)))


def _predicted(
    estimate: float,
    error: float,
    tau2: float,
    k: int,
    adjust: bool,
    method: Method,
    confidence: float,
) -> tuple[float, float] | None:
    if k < 3 or method == "fixed":
        return None
    quantile = float(stats.t.ppf((1 + confidence) / 2, k - 1 if adjust else k - 2))
    half = quantile * math.sqrt(tau2 + error**2)
    return estimate - half, estimate + half


def _i_squared(q: float, k: int, tau2: float, v: Array, method: Method) -> float:
    if k < 2:
        return 0.0
    if method == "fixed":
        return max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0
    return tau2 / (tau2 + typical_variance(v, np.ones((k, 1))))
