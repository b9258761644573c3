"""Risks standardised over covariates: a logistic model, averaged over everyone as in each arm.

The difference of averages is the unconditional effect, whatever the model holds of
covariates: Ge et al. 2011, doi 10.1177/009286151104500409; FDA 2023, Adjusting for
Covariates in Randomized Clinical Trials for Drugs and Biological Products.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import expit

from sojourn.analysis.risk import Measure

Array = NDArray[np.float64]
Variance = Literal["influence", "delta", "bootstrap"]

ROUNDS = 60


class Separated(ValueError):
    """The covariates and arm tell the outcome apart for certain; no coefficient is finite."""


@dataclass(frozen=True, slots=True)
class Standardised:
    """Average risks of everyone in each arm, and their comparison.

    ``covariance`` (2, 2) of the reference's and the active arm's risk. Intervals of the
    difference on its own scale, of the ratio on the log scale; bootstrap ones are
    percentiles. ``samples`` is how many bootstrap samples counted, 0 without.
    """

    people: int
    risk: Measure
    reference_risk: Measure
    difference: Measure
    ratio: Measure
    standard_error: float
    p_value: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    variance: Variance
    samples: int


def standardised(
    outcome: ArrayLike,
    active: ArrayLike,
    covariates: ArrayLike,
    *,
    variance: Variance = "influence",
    generator: np.random.Generator | None = None,
    samples: int = 2000,
    confidence: float = 0.95,
) -> Standardised:
    """Compares two arms on ``outcome`` (people, 0 or 1), standardised over ``covariates``.

    ``active`` (people) is 1 in the active arm; ``covariates`` (people, covariates; none at all
    is allowed) are known for everyone. ``variance``: "influence" holds where the logistic
    model is wrong and the covariates were drawn with the people; "delta" takes both as given
    (Ge 2011); "bootstrap" draws people again with ``generator``, within arms.

    Raises
    ------
    Separated
        If the likelihood has no maximum.
    ValueError
        For shapes that do not match, missing values, an empty arm or a singular design.
    """
    y, treated, design = _checked(outcome, active, covariates)
    everyone = np.ones((1, len(y)))
    beta = _fitted(design, y, everyone)[0]
    fitted = expit(design @ beta)
    if ((fitted < 1e-8) | (fitted > 1 - 1e-8)).any():
        raise Separated("the covariates and arm predict someone's outcome for certain; use fewer")
    risks = _averages(design, beta[None], everyone)[0]
    drawn = np.empty((0, 2))
    if variance == "bootstrap":
        if generator is None:
            raise ValueError("the bootstrap needs a generator; pass numpy's default_rng(seed)")
        weights = _resampled(treated, samples, generator)
        drawn = _averages(design, _fitted(design, y, weights), weights)
        covariance = np.cov(drawn.T)
    elif variance in ("influence", "delta"):
        covariance = _covariance(design, y, fitted, beta, risks, variance)
    else:
        raise ValueError(f"variance '{variance}' is not known: influence, delta or bootstrap")
    return _result(risks, covariance, drawn, variance, len(y), confidence)


def _checked(outcome: ArrayLike, active: ArrayLike, covariates: ArrayLike) -> tuple[Array, ...]:
    y, treated = np.asarray(outcome, dtype=float), np.asarray(active, dtype=float)
    extra = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    if y.shape != treated.shape or y.ndim != 1:
        raise ValueError(f"outcomes are {y.shape} and arms {treated.shape}; give one of each")
    for name, values in (("outcome", y), ("arm", treated)):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"an {name} is neither 0 nor 1; leave out who has none")
    if not np.isfinite(extra).all():
        raise ValueError("a covariate is missing; everyone needs all of them")
    if treated.min() == treated.max():
        raise ValueError("everyone is in one arm; there is nothing to compare")
    centred = extra - extra.mean(axis=0)
    design = np.column_stack([np.ones(len(y)), treated, centred])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("a covariate follows from the others or the arm; leave it out")
    return y, treated, design


def _fitted(design: Array, y: Array, weights: Array) -> Array:
    """Logistic coefficients (samples, columns) for each row of ``weights`` (samples, people)."""
    samples, columns = len(weights), design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(y), -1)
    beta = np.zeros((samples, columns))
    # Some ridge keeps the step finite where a drawn sample is separated: its risks still settle.
    ridge = 1e-9 * len(y) * np.eye(columns)
    fitted = expit(beta @ design.T)
    for _ in range(ROUNDS):
        slope = (weights * (y - fitted)) @ design
        bend = ((weights * fitted * (1 - fitted)) @ products).reshape(samples, columns, columns)
        step = np.linalg.solve(bend + ridge, slope[..., None])[..., 0]
        beta = beta + np.clip(step, -5, 5)
        before, fitted = fitted, expit(beta @ design.T)
        if np.abs(fitted - before).max() < 1e-11:
            break
    return beta


def _averages(design: Array, beta: Array, weights: Array) -> Array:
    """Average risk (samples, 2) of everyone as in the reference and as in the active arm."""
    made = []
    for arm in (0.0, 1.0):
        as_if = design.copy()
        as_if[:, 1] = arm
        made.append((weights * expit(beta @ as_if.T)).sum(axis=1) / weights.sum(axis=1))
    return np.column_stack(made)


def _covariance(
    design: Array, y: Array, fitted: Array, beta: Array, risks: Array, variance: str
) -> Array:
    n = len(y)
    information = (design.T * (fitted * (1 - fitted))) @ design
    slopes, own = [], []
    for arm in (0.0, 1.0):
        as_if = design.copy()
        as_if[:, 1] = arm
        each = expit(as_if @ beta)
        slopes.append((each * (1 - each)) @ as_if / n)
        own.append(each)
    slope = np.array(slopes)
    if variance == "delta":
        return np.asarray(slope @ np.linalg.solve(information, slope.T))
    scores = design * (y - fitted)[:, None]
    reach = n * slope @ np.linalg.solve(information, scores.T)
    influence = np.array(own) - risks[:, None] + reach
    return np.asarray(influence @ influence.T / n**2)


def _resampled(treated: Array, samples: int, generator: np.random.Generator) -> Array:
    weights = np.zeros((samples, len(treated)))
    for arm in (0.0, 1.0):
        members = np.flatnonzero(treated == arm)
        weights[:, members] = generator.multinomial(
            len(members), np.full(len(members), 1 / len(members)), size=samples
        )
    return weights


def _result(
    risks: Array, covariance: Array, drawn: Array, variance: Variance, people: int,
    confidence: float,
) -> Standardised:  # fmt: skip
    z = float(stats.norm.ppf((1 + confidence) / 2))
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]

    def around(estimate: float, weights: Array, values: Array, log: bool = False) -> Measure:
        if len(values):
            low, high = np.quantile(values, tails)
            return Measure(estimate, float(low), float(high))
        half = z * float(np.sqrt(weights @ covariance @ weights))
        if log:
            return Measure(
                estimate, estimate * float(np.exp(-half)), estimate * float(np.exp(half))
            )
        return Measure(estimate, estimate - half, estimate + half)

    reference, active = map(float, risks)
    error = float(np.sqrt(np.array([-1, 1]) @ covariance @ np.array([-1, 1])))
    first, second = (drawn[:, 0], drawn[:, 1]) if len(drawn) else (drawn, drawn)
    with np.errstate(divide="ignore"):
        drawn_ratio = second / first
    return Standardised(
        people,
        around(active, np.array([0.0, 1.0]), second),
        around(reference, np.array([1.0, 0.0]), first),
        around(active - reference, np.array([-1.0, 1.0]), second - first),
        around(
            active / reference,
            np.array([-1 / reference, 1 / active]),
            drawn_ratio,
            log=True,
        ),
        error,
        float(2 * stats.norm.sf(abs(active - reference) / error)),
        ((covariance[0, 0], covariance[0, 1]), (covariance[1, 0], covariance[1, 1])),
        variance,
        len(drawn),
    )
