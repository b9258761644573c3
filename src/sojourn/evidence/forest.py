"""A computation answered: every study's line, the pooled one, and how it came about over time.

All figures are on the scale people read: shares and risk differences from 0 to 1, ratios as
ratios, differences in SD units or points of the scale.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scipy.special import expit

from sojourn.evidence import gather as gathering
from sojourn.evidence.effects import Count, Effect, newcombe, wilson
from sojourn.evidence.gather import Found, gather, retracted_behind
from sojourn.evidence.model import Between, Outcome, Result, Study
from sojourn.evidence.pooling import Pooled, pool
from sojourn.evidence.proportions import Mixed, pool_odds_ratios, pool_proportions
from sojourn.evidence.register import Computation, Measure


@dataclass(frozen=True, slots=True)
class Line:
    """One study; ``low`` and ``high`` are missing where the source gives no interval.

    ``active`` and ``control`` are the counts behind it, where it rests on counts.
    """

    study: str
    label: str
    year: int
    estimate: float | None
    low: float | None
    high: float | None
    weight: float | None
    active: Count | None
    control: Count | None
    verified: bool
    retracted: bool
    note: str


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


@dataclass(frozen=True, slots=True)
class Moment:
    """How the pooled estimate stood at the end of a year."""

    year: int
    estimate: float
    low: float
    high: float
    studies: int


@dataclass(frozen=True, slots=True)
class Forest:
    """Ready to be drawn. ``no_effect`` is the line of no difference, where there is one."""

    key: str
    label: str
    measure: Measure
    no_effect: float | None
    lines: tuple[Line, ...]
    summary: Summary | None
    over_time: tuple[Moment, ...]
    without_each: tuple[tuple[str, float, float, float], ...]
    rests_on_retracted_alone: bool
    retracted_left_out: tuple[str, ...]
    unverified: tuple[str, ...]


_NO_EFFECT: Mapping[str, float] = {
    "risk-difference": 0.0,
    "risk-ratio": 1.0,
    "odds-ratio": 1.0,
    "standardised-difference": 0.0,
    "mean-difference": 0.0,
}


def answer(
    computation: Computation, studies: Mapping[str, Study], *, include_retracted: bool = False
) -> Forest:
    """The computation from the studies as they are now."""
    found = gather(computation, studies, include_retracted=include_retracted)
    left_out = () if include_retracted else retracted_behind(computation, studies)
    summary = summarise(computation, found)
    weights = _weights(computation, found)
    return Forest(
        key=computation.key,
        label=computation.label,
        measure=computation.measure,
        no_effect=_NO_EFFECT.get(computation.measure),
        lines=tuple(
            line
            for each, weight in zip(found, weights, strict=True)
            for line in _lines(computation, each, weight)
        ),
        summary=summary,
        over_time=_over_time(computation, found),
        without_each=_without_each(computation, found),
        rests_on_retracted_alone=bool(left_out) and not found,
        retracted_left_out=left_out,
        unverified=tuple(dict.fromkeys(each.study.key for each in found if not each.verified)),
    )


def summarise(computation: Computation, found: Sequence[Found]) -> Summary | None:
    """The pooled line of these studies, or None where figures are shown as reported."""
    if computation.measure == "as-reported" or not found:
        return None
    if computation.measure == "share":
        return _share([gathering.count(each, computation.of) for each in found], _keys(found))
    people = sum(_people(computation, each) for each in found)
    if computation.measure == "odds-ratio":
        sides = [[gathering.count(each, role) for each in found] for role in ("active", "control")]
        mixed = pool_odds_ratios(sides[0], sides[1], _keys(found))
        return _of_mixed(mixed, math.exp, people)
    summary = _of_pooled(_pool(_effects(computation, found)), _back(computation.measure), people)
    if len(found) == 1:
        _, (low, high) = _own(computation, found[0])
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


def _back(measure: Measure) -> Callable[[float], float]:
    return math.exp if measure in ("risk-ratio", "odds-ratio") else float


def _keys(found: Sequence[Found]) -> list[str]:
    return [each.study.key for each in found]


def _effects(computation: Computation, found: Sequence[Found]) -> list[Effect]:
    return [gathering.effect(each, computation) for each in found]


def _people(computation: Computation, found: Found) -> int:
    return gathering.effect(found, computation).n


def _weights(computation: Computation, found: Sequence[Found]) -> tuple[float | None, ...]:
    """Shares of the weight, where the model has weights to show."""
    if not found or computation.measure in ("share", "odds-ratio", "as-reported"):
        return tuple(None for _ in found)
    return _pool(_effects(computation, found)).weights


def _over_time(computation: Computation, found: Sequence[Found]) -> tuple[Moment, ...]:
    moments = []
    for year in sorted({each.study.year for each in found}):
        then = summarise(computation, [each for each in found if each.study.year <= year])
        if then:
            moments.append(Moment(year, then.estimate, then.low, then.high, then.studies))
    return tuple(moments)


def _without_each(
    computation: Computation, found: Sequence[Found]
) -> tuple[tuple[str, float, float, float], ...]:
    """The estimate and its interval with each study left out in turn."""
    if len(found) < 3:
        return ()
    left = []
    for out in found:
        rest = summarise(computation, [each for each in found if each is not out])
        if rest:
            left.append((out.study.key, rest.estimate, rest.low, rest.high))
    return tuple(left)


def _lines(computation: Computation, found: Found, weight: float | None) -> Iterator[Line]:
    if computation.measure == "as-reported":
        yield from _as_reported(found)
    elif computation.measure == "share":
        own = gathering.count(found, computation.of)
        low, high = wilson(own)
        sides = (own, None) if computation.of == "active" else (None, own)
        yield _line(found, own.events / own.n, (low, high), weight, sides)
    else:
        yield _line(found, *_own(computation, found), weight, _counts(computation, found))


def _own(computation: Computation, found: Found) -> tuple[float, tuple[float, float]]:
    effect = gathering.effect(found, computation)
    if computation.measure == "risk-difference":
        sides = gathering.count(found, "active"), gathering.count(found, "control")
        return effect.estimate, newcombe(*sides)
    back = _back(computation.measure)
    low, high = effect.interval()
    return back(effect.estimate), (back(low), back(high))


def _counts(computation: Computation, found: Found) -> tuple[Count | None, Count | None]:
    if computation.measure in gathering.CONTINUOUS:
        return None, None
    return gathering.count(found, "active"), gathering.count(found, "control")


def _as_reported(found: Found) -> Iterator[Line]:
    for result in found.outcome.results:
        yield _line(found, *_printed(found.outcome, result), None, (result.count, None), result.arm)
    between = found.outcome.between
    if between:
        estimate, interval = _compared(between)
        yield _line(found, estimate, interval, None, (None, None), between.first)


def _printed(
    outcome: Outcome, result: Result
) -> tuple[float | None, tuple[float | None, float | None]]:
    """Shares as 0 to 1; a mean or a number of people as it stands."""
    if result.percent is None and result.count:
        return result.events / result.n, wilson(result.count)  # type: ignore[operator]
    if result.percent is None and result.mean is not None:
        return float(result.mean), (_number(result.low), _number(result.high))
    if result.percent is None and result.events is not None:
        return float(result.events), (None, None)
    if result.low is None and result.n and result.percent is not None:
        # The count behind a printed share is the nearest whole number.
        events = round(float(result.percent) * result.n / 100)
        return float(result.percent) / 100, wilson(result.count or Count(events, result.n))
    shares = [None if x is None else float(x) / 100 for x in (result.percent, result.low)]
    high = None if result.high is None else float(result.high) / 100
    return shares[0], (shares[1], high)


def _compared(between: Between) -> tuple[float, tuple[float | None, float | None]]:
    estimate = float(between.estimate)
    if between.low is None and between.standard_error is not None:
        half = 1.959963984540054 * float(between.standard_error)
        return estimate, (estimate - half, estimate + half)
    return estimate, (_number(between.low), _number(between.high))


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def _line(
    found: Found,
    estimate: float | None,
    interval: tuple[float | None, float | None],
    weight: float | None,
    sides: tuple[Count | None, Count | None],
    arm: str = "",
) -> Line:
    study, outcome = found.study, found.outcome
    about = study.arm(arm).label if arm else study.name
    if outcome.term:
        about = f"{about}: {outcome.term}"
    return Line(
        study=study.key,
        label=about,
        year=study.year,
        estimate=estimate,
        low=interval[0],
        high=interval[1],
        weight=weight,
        active=sides[0],
        control=sides[1],
        verified=outcome.verified,
        retracted=study.retracted is not None,
        note=outcome.note,
    )
