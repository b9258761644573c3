"""The pooled line: which model a measure asks for, and its figures on the scale people read."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scipy.special import expit

from sojourn.evidence import gather as gathering
from sojourn.evidence.effects import Count, Effect, wilson
from sojourn.evidence.gather import Found
from sojourn.evidence.lines import back_transform, own_estimate
from sojourn.evidence.pooling import Pooled, pool
from sojourn.evidence.proportions import Mixed, NoFiniteEstimate, pool_odds_ratios, pool_proportions
from sojourn.evidence.register import Computation


@dataclass(frozen=True, slots=True)
class Summary:
    """The pooled line. ``predicted`` is where a further study's true value would lie."""

    estimate: float
    low: float
    high: float
    predicted: tuple[float, float] | None
    p: float | None
    tau2: float
    i2: float | None
    studies: int
    people: int
    model: str


def summarise(computation: Computation, found: Sequence[Found]) -> Summary | None:
    """The pooled line; None where figures are shown as reported or allow no finite estimate."""
    if computation.measure == "as-reported" or not found:
        return None
    if computation.measure == "share":
        counts = [gathering.count(each, computation.of, computation) for each in found]
        return _share(counts, _keys(found))
    people = sum(_people(computation, each) for each in found)
    if computation.measure == "odds-ratio":
        sides = [
            [gathering.count(each, role, computation) for each in found]
            for role in ("active", "control")
        ]
        try:
            mixed = pool_odds_ratios(sides[0], sides[1], _keys(found))
        except NoFiniteEstimate:
            return None
        return _of_mixed(mixed, math.exp, people)
    summary = _of_pooled(
        _pool(effects_of(computation, found)), back_transform(computation.measure), people
    )
    if len(found) == 1:
        _, (low, high) = own_estimate(computation, found[0])
        return replace(summary, low=low, high=high)
    return summary


def _share(counts: Sequence[Count], keys: Sequence[str]) -> Summary:
    events, people = sum(c.events for c in counts), sum(c.n for c in counts)
    if len(counts) > 1 and events not in (0, people):
        return _of_mixed(pool_proportions(counts, keys), lambda x: float(expit(x)), people)
    # One study, or nothing to vary: the score interval of the counts together.
    low, high = wilson(Count(events, people))
    return Summary(
        estimate=events / people,
        low=low,
        high=high,
        predicted=None,
        p=None,
        tau2=0.0,
        i2=None,
        studies=len(counts),
        people=people,
        model="Wilson interval of the counts",
    )


def _pool(effects: Sequence[Effect]) -> Pooled:
    """REML; Hartung-Knapp from three studies on, as t with one degree of freedom says nothing."""
    return pool(effects, hartung_knapp=len(effects) > 2, never_narrower=True)


def _of_pooled(pooled: Pooled, back: Callable[[float], float], people: int) -> Summary:
    adjusted = ", Hartung-Knapp" if pooled.hartung_knapp else ""
    return Summary(
        estimate=back(pooled.estimate),
        low=back(pooled.low),
        high=back(pooled.high),
        predicted=_both(pooled.predicted, back),
        p=pooled.p,
        tau2=pooled.tau2,
        i2=pooled.i2,
        studies=len(pooled.studies),
        people=people,
        model=f"random effects, REML{adjusted}" if len(pooled.studies) > 1 else "one study",
    )


def _of_mixed(mixed: Mixed, back: Callable[[float], float], people: int) -> Summary:
    return Summary(
        estimate=back(mixed.estimate),
        low=back(mixed.low),
        high=back(mixed.high),
        predicted=_both(mixed.predicted, back),
        p=mixed.p,
        tau2=mixed.tau2,
        i2=None,
        studies=len(mixed.studies),
        people=people,
        model="mixed model of the counts, ML",
    )


def _both(
    pair: tuple[float, float] | None, back: Callable[[float], float]
) -> tuple[float, float] | None:
    return (back(pair[0]), back(pair[1])) if pair else None


def _keys(found: Sequence[Found]) -> list[str]:
    return [each.study.key for each in found]


def effects_of(computation: Computation, found: Sequence[Found]) -> list[Effect]:
    """Each study's effect, on the scale of pooling."""
    return [gathering.effect(each, computation) for each in found]


def _people(computation: Computation, found: Found) -> int:
    return gathering.effect(found, computation).n


def weights(computation: Computation, found: Sequence[Found]) -> tuple[float | None, ...]:
    """Shares of the weight, where the model has weights to show."""
    if not found or computation.measure in ("share", "odds-ratio", "as-reported"):
        return tuple(None for _ in found)
    return _pool(effects_of(computation, found)).weights
