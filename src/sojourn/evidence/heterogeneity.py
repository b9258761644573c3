"""How much true effects differ between studies: the variance tau^2 and its interval."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Array = NDArray[np.float64]
Method = Literal["REML", "PM", "DL", "fixed"]


def projection(weights: Array, design: Array) -> Array:
    """The matrix that turns effects into weighted residuals, (k, k)."""
    information = np.linalg.inv(design.T @ (weights[:, None] * design))
    weighted = weights[:, None] * design
    return np.asarray(np.diag(weights) - weighted @ information @ weighted.T)


def cochran_q(effects: Array, variances: Array, design: Array, tau2: float = 0.0) -> float:
    """The weighted sum of squared residuals at ``tau2``."""
    return float(effects @ projection(1 / (variances + tau2), design) @ effects)


def tau_squared(method: Method, effects: Array, variances: Array, design: Array) -> float:
    """Variance of true effects between studies, never below 0.

    Sources: DerSimonian & Laird 1986, doi 10.1016/0197-2456(86)90046-2; Paule & Mandel 1982,
    doi 10.6028/jres.087.022; REML by Fisher scoring, Viechtbauer 2005,
    doi 10.3102/10769986030003261.
    """
    if method == "fixed" or len(effects) <= design.shape[1]:
        return 0.0
    start = _dersimonian_laird(effects, variances, design)
    if method == "DL":
        return start
    if method == "PM":
        degrees = len(effects) - design.shape[1]
        return _solve_q(partial(_excess, effects, variances, design, degrees))
    return _reml(effects, variances, design, start)


def q_profile(
    effects: Array, variances: Array, design: Array, confidence: float
) -> tuple[float, float]:
    """Interval of tau^2 (Viechtbauer 2007, doi 10.1002/sim.2514)."""
    degrees = len(effects) - design.shape[1]
    if degrees < 1:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    bounds = [float(stats.chi2.ppf(each, degrees)) for each in (1 - tail, tail)]
    low, high = (_solve_q(partial(_excess, effects, variances, design, b)) for b in bounds)
    return low, high


def typical_variance(variances: Array, design: Array) -> float:
    """The within-study variance that I^2 sets tau^2 against (Higgins & Thompson 2002)."""
    degrees = len(variances) - design.shape[1]
    return float(degrees / np.trace(projection(1 / variances, design)))


def _excess(effects: Array, variances: Array, design: Array, target: float, tau2: float) -> float:
    return cochran_q(effects, variances, design, tau2) - target


def _dersimonian_laird(effects: Array, variances: Array, design: Array) -> float:
    residual = projection(1 / variances, design)
    degrees = len(effects) - design.shape[1]
    return max(0.0, float((effects @ residual @ effects - degrees) / np.trace(residual)))


def _solve_q(excess: Callable[[float], float]) -> float:
    """Where the generalised Q, which falls with tau^2, meets its target."""
    if excess(0.0) <= 0:
        return 0.0
    high = 1.0
    while excess(high) > 0:
        high *= 4
        if high > 1e12:
            return float("inf")
    return float(optimize.brentq(excess, 0.0, high, xtol=1e-14, rtol=1e-13))


def _reml(effects: Array, variances: Array, design: Array, start: float) -> float:
    tau2 = start
    for _ in range(1000):
        residual = projection(1 / (variances + tau2), design)
        score = float(effects @ residual @ residual @ effects - np.trace(residual))
        step = score / float(np.sum(residual * residual.T))
        while tau2 + step < 0:
            step /= 2
            if abs(step) < 1e-14:
                break
        tau2 = max(0.0, tau2 + step)
        if abs(step) < 1e-12 * max(1.0, tau2):
            return tau2
    return _reml_bounded(effects, variances, design)


def _reml_bounded(effects: Array, variances: Array, design: Array) -> float:
    """The slow way for the rare case in which scoring walks in circles."""

    def loss(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        information = design.T @ (weights[:, None] * design)
        spread = -np.log(weights).sum() + np.linalg.slogdet(information)[1]
        return float(spread + cochran_q(effects, variances, design, tau2))

    top = 100 * float(np.var(effects)) + 1
    found = optimize.minimize_scalar(loss, bounds=(0, top), method="bounded")
    return float(found.x) if loss(float(found.x)) < loss(0.0) else 0.0
