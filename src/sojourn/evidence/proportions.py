"""Counts pooled by their exact likelihood: no half events, no normal approximation.

Proportions by the binomial-normal model, two arms by the conditional (non-central
hypergeometric) model; the random effect is integrated out by adaptive Gauss-Hermite
quadrature. Source: Stijnen, Hamza & Özdemir 2010, Stat Med 29:3046, doi 10.1002/sim.4040.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats
from scipy.special import expit, gammaln, log_expit, logsumexp

from sojourn.evidence.effects import Count
from sojourn.evidence.heterogeneity import Array


class NoFiniteEstimate(ValueError):
    """The counts allow any value up to infinity, such as events in one arm only."""


# Log likelihood, its slope and its curvature at theta; one row for each study.
Derivatives = Callable[[Array], tuple[Array, Array, Array]]
NODES = 21


@dataclass(frozen=True, slots=True)
class Mixed:
    """A mean on the logit (log odds) scale with the spread between studies.

    ``predicted`` is where the true value of a further study would lie.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    p: float
    tau2: float
    predicted: tuple[float, float] | None
    log_likelihood: float
    studies: tuple[str, ...]
    confidence: float


def pool_proportions(
    counts: Sequence[Count],
    studies: Sequence[str],
    *,
    fixed: bool = False,
    nodes: int = NODES,
    confidence: float = 0.95,
) -> Mixed:
    """The mean logit of a proportion over studies, by maximum likelihood.

    Back to a share of people with ``expit``. Where every study has 0 or every study has all,
    there is no finite estimate and NoFiniteEstimate says so.
    """
    events = np.array([[each.events] for each in counts], dtype=float)
    n = np.array([[each.n] for each in counts], dtype=float)
    if events.sum() in (0, n.sum()):
        raise NoFiniteEstimate(
            f"{events.sum():.0f} events in {n.sum():.0f} people; a logit needs both outcomes"
        )
    constant = gammaln(n + 1) - gammaln(events + 1) - gammaln(n - events + 1)

    def derivatives(theta: Array) -> tuple[Array, Array, Array]:
        likelihood = constant + events * log_expit(theta) + (n - events) * log_expit(-theta)
        share = expit(theta)
        return likelihood, events - n * share, -n * share * (1 - share)

    start = math.log(events.sum() / (n.sum() - events.sum()))
    return _maximise(derivatives, studies, start, fixed, nodes, confidence)


def pool_odds_ratios(
    firsts: Sequence[Count],
    seconds: Sequence[Count],
    studies: Sequence[str],
    *,
    fixed: bool = False,
    nodes: int = NODES,
    confidence: float = 0.95,
) -> Mixed:
    """The mean log odds ratio, first arm against second, conditional on each study's total.

    A study without an event in either arm says nothing on the ratio and changes nothing.
    """
    tables = [_conditional(first, second) for first, second in zip(firsts, seconds, strict=True)]
    observed = np.array([[each.events] for each in firsts], dtype=float)
    if all(x == support[0] for (support, _), [x] in zip(tables, observed, strict=True)) or all(
        x == support[-1] for (support, _), [x] in zip(tables, observed, strict=True)
    ):
        raise NoFiniteEstimate("events lie in one arm only; the odds ratio has no finite estimate")
    support, log_weights = _padded(tables)
    own = log_weights[np.arange(len(tables)), np.argmax(support == observed, axis=1)][:, None]

    def derivatives(theta: Array) -> tuple[Array, Array, Array]:
        exponents = log_weights[:, None, :] + support[:, None, :] * theta[:, :, None]
        norm = logsumexp(exponents, axis=2)
        probability = np.exp(exponents - norm[:, :, None])
        mean = (probability * support[:, None, :]).sum(axis=2)
        spread = (probability * (support[:, None, :] - mean[:, :, None]) ** 2).sum(axis=2)
        return own + observed * theta - norm, observed - mean, -spread

    return _maximise(derivatives, studies, 0.0, fixed, nodes, confidence)


def _conditional(first: Count, second: Count) -> tuple[Array, Array]:
    """Events the first arm can have, given the events of both, and their log weights."""
    total = first.events + second.events
    support = np.arange(max(0, total - second.n), min(first.n, total) + 1, dtype=float)
    return support, _log_choose(first.n, support) + _log_choose(second.n, total - support)


def _padded(tables: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Supports of unequal length in one table; what is filled in has no weight."""
    width = max(len(support) for support, _ in tables)
    supports, weights = np.full((len(tables), width), -1.0), np.full((len(tables), width), -np.inf)
    for row, (support, log_weights) in enumerate(tables):
        supports[row, : len(support)], weights[row, : len(support)] = support, log_weights
    return supports, weights


def _log_choose(n: float, k: Array) -> Array:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _maximise(
    derivatives: Derivatives,
    studies: Sequence[str],
    start: float,
    fixed: bool,
    nodes: int,
    confidence: float,
) -> Mixed:
    k = len(studies)
    marginal = _Marginal(derivatives, k, nodes)
    fixed = fixed or k < 2
    estimate, tau = _best(marginal, start, fixed)
    error = math.sqrt(float(np.linalg.inv(_information(marginal, estimate, tau))[0, 0]))
    half = float(stats.norm.ppf((1 + confidence) / 2)) * error
    return Mixed(
        estimate=estimate,
        standard_error=error,
        low=estimate - half,
        high=estimate + half,
        p=float(2 * stats.norm.sf(abs(estimate / error))),
        tau2=tau**2,
        predicted=_predicted(estimate, error, tau, k, fixed, confidence),
        log_likelihood=marginal(estimate, tau)[0],
        studies=tuple(studies),
        confidence=confidence,
    )


def _best(marginal: "_Marginal", start: float, fixed: bool) -> tuple[float, float]:
    """The mean and tau of the highest likelihood; tau falls to 0 where that is no worse."""

    def of_mean(x: Array) -> tuple[float, Array]:
        value, slope = marginal(float(x[0]), 0.0)
        return -value, -slope[:1]

    def of_both(x: Array) -> tuple[float, Array]:
        value, slope = marginal(float(x[0]), abs(float(x[1])))
        return -value, -slope * np.array([1.0, 1.0 if x[1] >= 0 else -1.0])

    flat, flat_loss = _lowest(of_mean, np.array([start]))
    if fixed:
        return float(flat[0]), 0.0
    spread, spread_loss = _lowest(of_both, np.array([float(flat[0]), 0.5]))
    tau = abs(float(spread[1]))
    if tau < 1e-3 or flat_loss - spread_loss < 1e-10:
        return float(flat[0]), 0.0
    return float(spread[0]), tau


def _lowest(
    loss_and_slope: Callable[[Array], tuple[float, Array]], start: Array
) -> tuple[Array, float]:
    found: Any = optimize.minimize(
        loss_and_slope, start, jac=True, method="BFGS", options={"gtol": 1e-9}
    )
    return found.x, float(found.fun)


class _Marginal:
    """Log likelihood of (mean, tau) and its slope, each study's own effect integrated out."""

    def __init__(self, derivatives: Derivatives, studies: int, nodes: int) -> None:
        self.derivatives = derivatives
        self.nodes, weights = np.polynomial.hermite.hermgauss(nodes)
        self.log_weights = np.log(weights) + self.nodes**2
        self.mode = np.zeros((studies, 1))

    def __call__(self, mean: float, tau: float) -> tuple[float, Array]:
        if tau < 1e-8:
            value, slope, _ = self.derivatives(np.full_like(self.mode, mean))
            return float(value.sum()), np.array([float(slope.sum()), 0.0])
        curvature = self._find_modes(mean, tau)
        spread = np.sqrt(2 / curvature)
        points = self.mode + spread * self.nodes[None, :]
        value, slope, _ = self.derivatives(mean + tau * points)
        terms = value - points**2 / 2 + self.log_weights
        total = logsumexp(terms, axis=1, keepdims=True)
        chance = np.exp(terms - total)
        log_integral = total + np.log(spread) - 0.5 * math.log(2 * math.pi)
        slopes = np.array([(chance * slope).sum(), (chance * slope * points).sum()])
        return float(log_integral.sum()), slopes

    def _find_modes(self, mean: float, tau: float) -> Array:
        """Each study's most likely standardised effect by Newton; the curvature there."""
        u = self.mode
        for _ in range(100):
            _, slope, curve = self.derivatives(mean + tau * u)
            curvature = 1 - tau**2 * curve
            step = (tau * slope - u) / curvature
            u = u + np.clip(step, -3, 3)
            if np.abs(step).max() < 1e-9:
                break
        self.mode = u
        return curvature


def _information(marginal: _Marginal, mean: float, tau: float) -> Array:
    """Minus the second derivatives of the log likelihood, by differences of its slope."""
    h = 1e-4

    def second(a: float, b: float) -> Array:
        ahead, behind = (marginal(mean + s * a, tau + s * b)[1] for s in (1, -1))
        far, near = (marginal(mean + s * a, tau + s * b)[1] for s in (2, -2))
        return np.asarray((8 * (ahead - behind) - (far - near)) / (12 * h))

    across = second(h, 0)
    if tau == 0.0:
        return np.array([[-across[0]]])
    along = second(0, h)
    return -np.array([[across[0], across[1]], [along[0], along[1]]])


def _predicted(
    estimate: float, error: float, tau: float, k: int, fixed: bool, confidence: float
) -> tuple[float, float] | None:
    if fixed or k < 3:
        return None
    half = float(stats.t.ppf((1 + confidence) / 2, k - 2)) * math.hypot(tau, error)
    return estimate - half, estimate + half
