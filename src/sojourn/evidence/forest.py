"""A computation answered: every study's line, the pooled one, and how it came about over time.

All figures are on the scale people read: shares and risk differences from 0 to 1, ratios as
ratios, differences in SD units or points of the scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sojourn.evidence.gather import CONTINUOUS, Found, gather, retracted_behind
from sojourn.evidence.lines import Line, lines
from sojourn.evidence.model import Study
from sojourn.evidence.register import Computation, Measure
from sojourn.evidence.smallstudy import Asymmetry, NoTest, egger
from sojourn.evidence.summary import Summary, effects_of, summarise, weights


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
    """Ready to be drawn. ``no_effect`` is the line of no difference, where there is one.

    ``without_each`` leaves out each study in turn, where arms are compared: its key, the estimate
    and its interval.
    ``asymmetry`` is Egger's test, from three studies with means on; weak below ten.
    """

    key: str
    label: str
    measure: Measure
    no_effect: float | None
    lines: tuple[Line, ...]
    summary: Summary | None
    over_time: tuple[Moment, ...]
    without_each: tuple[tuple[str, float, float, float], ...]
    asymmetry: Asymmetry | None
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
    return Forest(
        key=computation.key,
        label=computation.label,
        measure=computation.measure,
        no_effect=_NO_EFFECT.get(computation.measure),
        lines=tuple(
            line
            for each, weight in zip(found, weights(computation, found), strict=True)
            for line in lines(computation, each, weight)
        ),
        summary=summary,
        over_time=_over_time(computation, found, summary),
        without_each=_without_each(computation, found),
        asymmetry=_asymmetry(computation, found),
        rests_on_retracted_alone=bool(left_out) and not found,
        retracted_left_out=left_out,
        unverified=tuple(dict.fromkeys(each.study.key for each in found if not each.verified)),
    )


def _over_time(
    computation: Computation, found: Sequence[Found], now: Summary | None
) -> tuple[Moment, ...]:
    moments = []
    years = sorted({each.study.year for each in found})
    for year in years:
        known = [each for each in found if each.study.year <= year]
        then = now if year == years[-1] else summarise(computation, known)
        if then:
            moments.append(Moment(year, then.estimate, then.low, then.high, then.studies))
    return tuple(moments)


def _without_each(
    computation: Computation, found: Sequence[Found]
) -> tuple[tuple[str, float, float, float], ...]:
    """The estimate and its interval with each study left out in turn; not for shares of one arm."""
    if len(found) < 3 or computation.measure == "share":
        return ()
    left = []
    for out in found:
        rest = summarise(computation, [each for each in found if each is not out])
        if rest:
            left.append((out.study.key, rest.estimate, rest.low, rest.high))
    return tuple(left)


def _asymmetry(computation: Computation, found: Sequence[Found]) -> Asymmetry | None:
    if computation.measure not in CONTINUOUS or len(found) < 3:
        return None
    try:
        return egger(effects_of(computation, found))
    except NoTest:
        return None
