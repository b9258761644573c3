"""Virtual trials of a stated model as arrays, each drawn by its own number alone.

A trial's draws come from a Philox generator keyed by the seed, its counter set by the trial's
index: which trials are drawn together, and where, changes nothing (Salmon et al. 2011,
doi 10.1145/2063384.2063405).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator, Philox, SeedSequence
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, gammaincinv, ndtr
from scipy.stats import norm

from sojourn.design.model import StatedModel

Array = NDArray[np.float64]
SCORES = np.linspace(-7, 7, 5601)
WEIGHTS = norm.pdf(SCORES) / norm.pdf(SCORES).sum()
REFERENCE = 20_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A stated model with what is worked out from it once.

    ``totals`` (arms, visits, scores) turns standard normal scores into totals, ``entry`` those
    at baseline; ``intercepts`` (arms, visits) are the log odds of leaving of an average person;
    ``truth`` is the effect at the last visit, in points.
    """

    model: StatedModel
    entry: Array
    totals: Array
    means: Array
    intercepts: Array
    truth: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """Trials: totals (trials, participants, visits), not-a-number from leaving on.

    ``arm`` and ``site`` (participants) are the same in each trial: allocation is in blocks
    within sites.
    """

    baseline: Array
    totals: Array
    arm: NDArray[np.int64]
    site: NDArray[np.int64]


def prepare(model: StatedModel) -> Prepared:
    """Works out margins, the effect and what makes the stated shares leave."""
    first = model.baseline
    entry = _margin(model, first.mean, first.sd, first.least)
    totals = np.array(
        [
            [
                _margin(model, first.mean + change, sd, model.least)
                for change, sd in zip(arm.change.values, arm.sd.values, strict=True)
            ]
            for arm in model.arms
        ]
    )
    means: Array = totals @ WEIGHTS
    truth = float(means[1, -1] - means[0, -1])
    blank = np.full(means.shape, -np.inf)
    prepared = Prepared(model, entry, totals, means, blank, truth)
    leaving = np.array([_intercepts(prepared, arm) for arm in range(len(model.arms))])
    return replace(prepared, intercepts=leaving)


def draw(prepared: Prepared, people: int, trials: Sequence[int], seed: int) -> Drawn:
    """The trials of those indices, ``people`` randomised to each."""
    model, span = prepared.model, len(prepared.model.visits)
    arm, site = allocation(model, people)
    key = SeedSequence(seed).generate_state(2, np.uint64)
    normal = np.empty((len(trials), people, span + 2))
    even = np.empty((len(trials), people, span + 1))
    between = np.empty((len(trials), model.sites.count, 2))
    for place, index in enumerate(trials):
        rng = Generator(Philox(key=key, counter=[0, 0, 0, index]))
        normal[place] = rng.standard_normal((people, span + 2))
        even[place] = rng.random((people, span + 1))
        between[place] = rng.standard_normal((model.sites.count, 2))
    baseline, totals = _people(prepared, normal, even[..., 0], arm)
    site_effect = model.sites.effect_sd * between[:, site, 1] * arm
    totals += (model.sites.sd * between[:, site, 0] + site_effect)[..., None]
    totals = _bounded(model, totals)
    stay = _staying(prepared, baseline, totals, even[..., 1:], arm)
    return Drawn(baseline, np.where(stay, totals, np.nan), arm, site)


def allocation(model: StatedModel, people: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Arm and site of each participant in order of entry, in whole blocks at each site."""
    block = np.repeat([0, 1], [arm.ratio for arm in model.arms])
    # Alternating within a block of 1:1; longer runs only where the ratio asks for them.
    spaced = np.argsort(np.concatenate([(np.arange(arm.ratio) + 0.5) / arm.ratio
                                        for arm in model.arms]), kind="stable")  # fmt: skip
    order = np.arange(people)
    return block[spaced][order % len(block)], (order // len(block)) % model.sites.count


def _people(
    prepared: Prepared, normal: Array, guess: Array, arm: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Baseline and complete totals, guesses and heterogeneity included, sites not."""
    model, span = prepared.model, len(prepared.model.visits)
    link, step = model.correlation.baseline, model.correlation.neighbouring
    baseline = np.interp(normal[..., 0], SCORES, prepared.entry)
    totals = np.empty((*normal.shape[:2], span))
    series = normal[..., 1]
    added = _believed(model, guess, arm)
    own = np.array([each.heterogeneity for each in model.arms])[arm] * normal[..., -1]
    for visit in range(span):
        if visit:
            series = step * series + np.sqrt(1 - step**2) * normal[..., 1 + visit]
        scores = link * normal[..., 0] + np.sqrt(1 - link**2) * series
        for each in range(len(model.arms)):
            mine = arm == each
            table = prepared.totals[each, visit]
            totals[:, mine, visit] = np.interp(scores[:, mine], SCORES, table)
        totals[..., visit] += added + own * (visit + 1) / span
    return baseline, totals


def _believed(model: StatedModel, guess: Array, arm: NDArray[np.int64]) -> Array:
    """Points added to each rating by what a participant believes to have been given."""
    added = np.zeros(guess.shape)
    for each, stated in enumerate(model.arms):
        reached = 0.0
        for key, share in stated.guesses.items():
            mine = (arm == each) & (guess >= reached) & (guess < reached + share)
            added += np.where(mine, model.expectancy.get(key, 0.0), 0.0)
            reached += share
    return added


def _bounded(model: StatedModel, totals: Array) -> Array:
    if model.distribution == "normal":
        return totals
    return np.clip(np.rint(totals), model.least, model.most)


def _staying(
    prepared: Prepared, baseline: Array, totals: Array, even: Array, arm: NDArray[np.int64]
) -> NDArray[np.bool_]:
    stay = np.empty(totals.shape, dtype=bool)
    still = np.ones(baseline.shape, dtype=bool)
    for visit in range(totals.shape[-1]):
        odds = prepared.intercepts[arm, visit] + _pull(prepared, baseline, totals, visit, arm)
        still = still & (even[..., visit] >= expit(odds))
        stay[..., visit] = still
    return stay


def _pull(
    prepared: Prepared, baseline: Array, totals: Array, visit: int, arm: NDArray[np.int64]
) -> Array:
    """Log odds of leaving before a visit beyond an average person's."""
    dropout, means = prepared.model.dropout, prepared.means
    if visit:
        seen = totals[..., visit - 1] - means[arm, visit - 1]
    else:
        seen = baseline - prepared.model.baseline.mean
    unseen = totals[..., visit] - means[arm, visit]
    pull: Array = (dropout.last_observed * seen + dropout.unobserved * unseen) / 10
    return pull


def _intercepts(prepared: Prepared, arm: int) -> Array:
    """Such that the stated shares have left by each visit, over one fixed large group."""
    model, span = prepared.model, len(prepared.model.visits)
    left = model.arms[arm].left
    found = np.full(span, -np.inf)
    if left is None:
        return found
    rng = Generator(Philox(key=0))
    normal = rng.standard_normal((1, REFERENCE, span + 2))
    guess, even = rng.random((1, REFERENCE)), rng.random((1, REFERENCE, span))
    mine = np.full(REFERENCE, arm)
    baseline, totals = _people(prepared, normal, guess, mine)
    totals = _bounded(model, totals)
    still, before = np.ones((1, REFERENCE), dtype=bool), 0.0
    for visit, share in enumerate(left.values):
        hazard = (share - before) / (1 - before)
        if hazard > 0:
            pull = _pull(prepared, baseline, totals, visit, mine)
            found[visit] = _solved(pull[still], hazard)
            still = still & (even[..., visit] >= expit(found[visit] + pull))
        before = share
    return found


def _solved(pull: Array, hazard: float) -> float:
    return float(brentq(lambda each: expit(each + pull).mean() - hazard, -60, 60, xtol=1e-9))


def _margin(model: StatedModel, mean: float, sd: float, least: float) -> Array:
    """The total at each of ``SCORES``."""
    if model.distribution == "normal":
        return mean + sd * SCORES
    above = mean - least
    drawn = gammaincinv((above / sd) ** 2, ndtr(SCORES)) * (sd**2 / above)
    totals: Array = np.clip(np.rint(drawn + least), model.least, model.most)
    return totals
