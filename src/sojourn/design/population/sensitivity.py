"""What is not known and how much it matters: draws of the inputs, acceptability, one at a time.

Distributions by the method of moments from each input's value and standard deviation; shares by
band as Dirichlet with the number of people they rest on. Source: Briggs, Claxton, Sculpher,
Decision Modelling for Health Economic Evaluation, Oxford 2006, chapter 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sojourn.design.population.cohort import Array, Difference
from sojourn.design.population.economics import run
from sojourn.design.population.model import Input, PopulationModel


@dataclass(frozen=True, slots=True)
class Swing:
    """Net monetary benefit for each person with one input at each end of its range."""

    key: str
    label: str
    low: float
    high: float
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        return abs(self.at_high - self.at_low)


def drawn(each: Input, draws: int, rng: Generator) -> Array:
    """``draws`` values of an input, (draws,), with its stated mean and standard deviation."""
    mean, sd = each.value, each.sd
    if each.distribution == "fixed" or sd == 0:
        return np.full(draws, mean)
    if each.distribution == "beta":
        people = mean * (1 - mean) / sd**2 - 1
        return rng.beta(mean * people, (1 - mean) * people, draws)
    if each.distribution == "gamma":
        return rng.gamma((mean / sd) ** 2, sd**2 / mean, draws)
    if each.distribution == "lognormal":
        spread = np.log1p((sd / mean) ** 2)
        return rng.lognormal(np.log(mean) - spread / 2, spread**0.5, draws)
    return rng.normal(mean, sd, draws)


def probabilistic(model: PopulationModel, draws: int, rng: Generator) -> Difference:
    """Cost and QALYs for each person under ``draws`` sets of inputs drawn together."""
    values = {key: drawn(each, draws, rng) for key, each in sorted(model.inputs.items()) if each.sd}
    severity = model.severity
    before = _shares(severity.before, severity.people_before, draws, rng)
    after = _shares(severity.after, severity.people_after, draws, rng)
    without = _shares(severity.without_drug, severity.people_without_drug, draws, rng)
    return run(model, values, before=before, after=after, without_drug=without).difference


def acceptability(found: Difference, thresholds: Sequence[float]) -> tuple[float, ...]:
    """Share of draws in which the therapy is worth its cost at each threshold."""
    return tuple(float((found.net_benefit(each) > 0).mean()) for each in thresholds)


def interval(draws: Array, level: float = 0.95) -> tuple[float, float]:
    """The middle ``level`` of the draws."""
    low, high = np.quantile(draws, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def tornado(model: PopulationModel) -> tuple[Swing, ...]:
    """Each input with a range, alone at its ends; the one that matters most first."""
    swings = []
    for key, each in model.inputs.items():
        if each.low is None or each.high is None:
            continue
        low, high = (
            float(run(model.with_values({key: end})).difference.net_benefit(model.threshold))
            for end in (each.low, each.high)
        )
        if low != high:
            swings.append(Swing(key, each.label, each.low, each.high, low, high))
    return tuple(sorted(swings, key=lambda swing: -swing.width))


def _shares(shares: Array, people: int, draws: int, rng: Generator) -> Array:
    """Dirichlet draws of the shares that are not nothing, (draws, bands)."""
    found = np.zeros((draws, len(shares)))
    some = shares > 0
    found[:, some] = rng.dirichlet(shares[some] * people, draws)
    return found
