"""Analysis of covariance at each visit of the completed data, pooled over the data sets."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sojourn.analysis.imputation.complete import Completed
from sojourn.analysis.imputation.model import covariates
from sojourn.analysis.imputation.rubin import pooled
from sojourn.analysis.mmrm.contrasts import Estimate
from sojourn.analysis.mmrm.errors import NotFittable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Imputed:
    """One arm's mean at a visit (``reference`` empty), or its difference from the reference.

    The conditional-mean method tests by the normal law (infinite ``value.df``) and has no
    ``missing`` and ``simulation_error``; see ``rubin.Pooled`` for those.
    """

    visit: str
    arm: str
    reference: str
    value: Estimate
    missing: float | None
    simulation_error: float | None


def analysed(
    completed: Completed,
    *,
    delta: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> tuple[Imputed, ...]:
    """Means of each arm and differences from the reference, visit by visit.

    Adjusted for the trial's covariates at their mean. ``delta`` (by arm, in points) is
    added to each value imputed from the intercurrent event on.

    Raises
    ------
    NotFittable
        For a delta of an arm that is not in the trial, or people too few.
    """
    trial = completed.trial
    values = _shifted(completed, delta or {})
    estimates, errors, df = _ancova(completed, values)
    names = [(arm, "") for arm in trial.arms]
    names += [(arm, trial.reference) for arm in trial.arms[1:]]
    if completed.method == "approximate-bayes":
        found = pooled(estimates, errors, df)
        parts = (found.estimate, found.standard_error, found.df)
    else:
        others = estimates[1:]
        spread = ((others - others.mean(axis=0)) ** 2).sum(axis=0)
        error = np.sqrt(spread * (len(others) - 1) / len(others))
        found, parts = None, (estimates[0], error, np.full_like(error, np.inf))
    return tuple(
        Imputed(
            visit,
            arm,
            reference,
            _estimate(
                _name(arm, reference), np.array([each[row, column] for each in parts]), confidence
            ),
            None if found is None else float(found.missing[row, column]),
            None if found is None else float(found.simulation_error[row, column]),
        )
        for column, visit in enumerate(trial.visits)
        for row, (arm, reference) in enumerate(names)
    )


def _shifted(completed: Completed, delta: Mapping[str, float]) -> Array:
    trial = completed.trial
    stray = sorted(set(delta) - set(trial.arms))
    if stray:
        raise NotFittable(f"delta for arm '{stray[0]}'; the arms are {list(trial.arms)}")
    points = np.array([delta.get(arm, 0.0) for arm in trial.arms])[trial.arm]
    shifted = np.isnan(trial.responses) & trial.departed
    return np.asarray(completed.values + shifted * points[:, None])


def _ancova(completed: Completed, values: Array) -> tuple[Array, Array, float]:
    """Estimates and standard errors (data sets, targets, visits), and degrees of freedom."""
    trial, weights = completed.trial, completed.weights
    design = covariates(trial)
    df = len(design) - design.shape[1]
    if df < 2:
        raise NotFittable(f"{len(design)} participants can't determine the means and a spread")
    people = weights.sum(axis=1)
    inverse = np.linalg.inv(np.einsum("dp,pj,pk->djk", weights, design, design))
    beta = inverse @ np.einsum("dp,pj,dpv->djv", weights, design, values)
    residual = values - design @ beta
    spread = np.einsum("dp,dpv->dv", weights, residual**2) / (people - design.shape[1])[:, None]
    rows = _targets(completed, design, people)
    leverage = np.einsum("dtj,djk,dtk->dt", rows, inverse, rows)
    return rows @ beta, np.sqrt(leverage[..., None] * spread[:, None]), float(df)


def _targets(completed: Completed, design: Array, people: Array) -> Array:
    """Rows (data sets, targets, columns): each arm's mean, then each difference."""
    arms = len(completed.trial.arms)
    means = completed.weights @ design / people[:, None]
    rows = np.repeat(means[:, None], arms, axis=1)
    rows[:, :, 1:arms] = np.eye(arms)[:, 1:]
    return np.concatenate([rows, rows[:, 1:] - rows[:, :1]], axis=1)


def _name(arm: str, reference: str) -> str:
    return f"{arm} - {reference}" if reference else arm


def _estimate(name: str, parts: Array, confidence: float) -> Estimate:
    estimate, error, df = map(float, parts)
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    t = estimate / error
    p_value = float(2 * stats.t.sf(abs(t), df))
    return Estimate(
        name, estimate, error, df, t, p_value, estimate - half, estimate + half, confidence
    )
