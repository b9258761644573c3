"""One study's line of a forest plot, on the scale people read."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sojourn.evidence import gather as gathering
from sojourn.evidence.effects import Count, newcombe, wilson
from sojourn.evidence.gather import Found
from sojourn.evidence.model import Between, Outcome, Result
from sojourn.evidence.register import Computation, Measure

_BETWEEN: Mapping[str, Measure] = {
    "smd": "standardised-difference",
    "mean-difference": "mean-difference",
    "risk-ratio": "risk-ratio",
    "odds-ratio": "odds-ratio",
}
Z = 1.959963984540054  # normal quantile of a 95% interval


@dataclass(frozen=True, slots=True)
class Line:
    """One study; ``low`` and ``high`` are missing where the source gives no interval.

    ``active`` and ``control`` are the counts behind it, where it rests on counts. ``measure`` is
    what the figure is; of figures as reported, each line's own.
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
    measure: Measure


def back_transform(measure: Measure) -> Callable[[float], float]:
    """From the scale of pooling to the one people read."""
    return math.exp if measure in ("risk-ratio", "odds-ratio") else float


def lines(computation: Computation, found: Found, weight: float | None) -> Iterator[Line]:
    """The study's line; as reported, one for each figure it prints."""
    if computation.measure == "as-reported":
        yield from _as_reported(found)
    elif computation.measure == "share":
        own = gathering.count(found, computation.of, computation)
        of_one = (own, None) if computation.of == "active" else (None, own)
        yield _line(found, "share", own.events / own.n, wilson(own), weight, of_one)
    else:
        estimate, interval = own_estimate(computation, found)
        sides = _counts(computation, found)
        yield _line(found, computation.measure, estimate, interval, weight, sides)


def own_estimate(computation: Computation, found: Found) -> tuple[float, tuple[float, float]]:
    """The study's own estimate and interval; Newcombe's where it is a difference of risks."""
    effect = gathering.effect(found, computation)
    if computation.measure == "risk-difference":
        active, control = (gathering.count(found, s, computation) for s in ("active", "control"))
        return effect.estimate, newcombe(active, control)
    back = back_transform(computation.measure)
    low, high = effect.interval()
    return back(effect.estimate), (back(low), back(high))


def _counts(computation: Computation, found: Found) -> tuple[Count | None, Count | None]:
    if computation.measure in gathering.CONTINUOUS:
        return None, None
    active, control = (gathering.count(found, s, computation) for s in ("active", "control"))
    return active, control


def _as_reported(found: Found) -> Iterator[Line]:
    for result in found.outcome.results:
        estimate, interval = _printed(found.outcome, result)
        measure = _measure(found.outcome, result)
        yield _line(found, measure, estimate, interval, None, (result.count, None), result.arm)
    between = found.outcome.between
    if between:
        estimate, interval = _compared(between)
        measure = _BETWEEN[between.measure]
        yield _line(found, measure, estimate, interval, None, (None, None), between.first)


def _measure(outcome: Outcome, result: Result) -> Measure:
    """What a printed figure is: a share, a mean in points of a scale, or a number as it stands."""
    if result.percent is not None or result.low is not None or result.count:
        return "share"
    return "mean-difference" if result.mean is not None and outcome.scale else "as-reported"


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
        half = Z * float(between.standard_error)
        return estimate, (estimate - half, estimate + half)
    return estimate, (_number(between.low), _number(between.high))


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def _line(
    found: Found,
    measure: Measure,
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
        measure=measure,
    )
