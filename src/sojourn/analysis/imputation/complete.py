"""Completed data under each strategy: the conditional mean, or a draw around it.

After the intercurrent event a participant's mean is that of their own arm ("MAR"), jumps to
the reference's ("JR"), was the reference's from the start ("CR"), or goes on from where it
was in the reference's increments ("CIR"). Carpenter, Roger & Kenward 2013,
doi 10.1080/10543406.2013.834911. What was observed is never replaced; values observed
after the event don't inform the model of a reference-based strategy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.imputation.model import (
    Parameters,
    bootstrapped,
    covariates,
    leave_one_out,
)
from sojourn.analysis.imputation.trial import Trial
from sojourn.analysis.mmrm.errors import NotFittable

Array = NDArray[np.float64]
Strategies = NDArray[np.str_]

STRATEGIES = ("MAR", "JR", "CR", "CIR")


@dataclass(frozen=True, slots=True)
class Completed:
    """``values`` (data sets, participants, visits) without gaps.

    By the method "conditional-mean" the first data set is the trial and each further one
    leaves a participant out; ``weights`` (data sets, participants) say who counts.
    By "approximate-bayes" every data set is a random imputation of the whole trial.
    ``failed`` bootstrap samples could not be fitted and were drawn again.
    """

    trial: Trial
    strategies: tuple[str, ...]
    method: Literal["conditional-mean", "approximate-bayes"]
    values: Array
    weights: Array
    failed: int


def conditional_means(
    trial: Trial, strategy: str | Sequence[str], *, anchored: bool = False, threads: int = 1
) -> Completed:
    """Every gap filled with its conditional mean, for the trial and without each participant.

    ``strategy`` is one of ``STRATEGIES`` for all, or one for each participant. The jackknife
    gives the estimate's variance over repeated trials, which shrinks as more is imputed from the
    reference. ``anchored`` keeps the step from "MAR" to the strategy as it is in the trial, so
    that missing values cost as much information as they do at random (Lu 2021).

    Raises
    ------
    NotFittable
        For a strategy that is not known, or a model that can't be fitted.

    Source: Wolbers et al. 2022, doi 10.1002/pst.2234; Lu 2021,
    Stat Biopharm Res 13:483-491.
    """
    strategies = _strategies(trial, strategy)
    parameters, weights = leave_one_out(trial, _informing(trial, strategies), threads=threads)
    values = _filled(trial, parameters, strategies, None)
    if anchored:
        at_random = _strategies(trial, "MAR")
        parameters, _ = leave_one_out(trial, trial.responses, threads=threads)
        filled = _filled(trial, parameters, at_random, None)
        values = filled + (values[0] - filled[0])
    return Completed(trial, tuple(strategies.tolist()), "conditional-mean", values, weights, 0)


def random_draws(
    trial: Trial,
    strategy: str | Sequence[str],
    generator: np.random.Generator,
    *,
    imputations: int = 100,
    threads: int = 1,
) -> Completed:
    """Random imputations, each with the parameters of a bootstrap sample of its own.

    The bootstrap stands in for draws from the parameters' posterior: proper imputation for
    Rubin's rules (Little & Rubin 2002, Statistical Analysis with Missing Data, section 10.2.3).

    Raises
    ------
    NotFittable
        For a strategy that is not known, fewer than two imputations, or a model that can't
        be fitted.
    """
    if imputations < 2:
        raise NotFittable(f"{imputations} imputations; two or more are needed to pool")
    strategies = _strategies(trial, strategy)
    parameters, failed = bootstrapped(
        trial, _informing(trial, strategies), imputations, generator, threads=threads
    )
    values = _filled(trial, parameters, strategies, generator)
    weights = np.ones((imputations, len(trial.participants)))
    return Completed(
        trial, tuple(strategies.tolist()), "approximate-bayes", values, weights, failed
    )


def _strategies(trial: Trial, strategy: str | Sequence[str]) -> Strategies:
    people = len(trial.participants)
    given = [strategy] * people if isinstance(strategy, str) else list(strategy)
    if len(given) != people:
        raise NotFittable(f"{len(given)} strategies for {people} participants; give one each")
    stray = sorted(set(given) - set(STRATEGIES))
    if stray:
        raise NotFittable(f"strategy '{stray[0]}' is not known; use one of {STRATEGIES}")
    return np.array(given)


def _informing(trial: Trial, strategies: Strategies) -> Array:
    """Responses that inform the model: none from after an event with a reference-based strategy."""
    dropped = trial.departed & (strategies != "MAR")[:, None]
    return np.asarray(np.where(dropped, np.nan, trial.responses))


def _means(trial: Trial, parameters: Parameters, strategies: Strategies) -> Array:
    """(samples, participants, visits) under each participant's strategy."""
    design = covariates(trial)
    as_reference = design.copy()
    as_reference[:, 1 : len(trial.arms)] = 0
    own = np.einsum("svk,pk->spv", parameters.effects, design)
    reference = np.einsum("svk,pk->spv", parameters.effects, as_reference)
    later = trial.departed
    last = np.maximum(trial.departs - 1, 0)
    step = np.take_along_axis(own - reference, last[None, :, None], axis=2)
    step = np.where(trial.departs[None, :, None] > 0, step, 0.0)
    kind = strategies[:, None]
    jumped = np.where(later & (kind == "JR"), reference, own)
    went_on = np.where(later & (kind == "CIR"), reference + step, jumped)
    whole = (trial.departs < len(trial.visits))[:, None] & (kind == "CR")
    return np.asarray(np.where(whole, reference, went_on))


def _filled(
    trial: Trial,
    parameters: Parameters,
    strategies: Strategies,
    generator: np.random.Generator | None,
) -> Array:
    """The gaps of each pattern of missing visits at once; drawn where a generator is given."""
    mean, sigma = _means(trial, parameters, strategies), parameters.sigma
    values = np.repeat(trial.responses[None], len(sigma), axis=0)
    missing = np.isnan(trial.responses)
    for pattern in np.unique(missing[missing.any(axis=1)], axis=0):
        who = np.flatnonzero((missing == pattern).all(axis=1))
        gaps, seen = np.flatnonzero(pattern), np.flatnonzero(~pattern)
        across = sigma[:, gaps[:, None], seen]
        slope = np.swapaxes(
            np.linalg.solve(sigma[:, seen[:, None], seen], np.swapaxes(across, 1, 2)), 1, 2
        )
        off = trial.responses[np.ix_(who, seen)] - mean[:, who[:, None], seen]
        filled = mean[:, who[:, None], gaps] + off @ np.swapaxes(slope, 1, 2)
        if generator is not None:
            spread = sigma[:, gaps[:, None], gaps] - slope @ np.swapaxes(across, 1, 2)
            root = np.linalg.cholesky((spread + np.swapaxes(spread, 1, 2)) / 2)
            filled = filled + generator.standard_normal(filled.shape) @ np.swapaxes(root, 1, 2)
        values[:, who[:, None], gaps] = filled
    return values
