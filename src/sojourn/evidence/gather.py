"""From studies to comparable figures: which studies count, and each one's own estimate."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sojourn.evidence import effects
from sojourn.evidence.effects import Count, Effect, Sample
from sojourn.evidence.model import Outcome, Result, Study
from sojourn.evidence.register import Computation, Selection

CONTINUOUS = frozenset({"standardised-difference", "mean-difference"})
_OF_COUNTS: Mapping[str, Callable[..., Effect]] = {
    "risk-difference": effects.risk_difference,
    "risk-ratio": effects.log_risk_ratio,
    "odds-ratio": effects.log_odds_ratio,
}


@dataclass(frozen=True, slots=True)
class Found:
    """One study with the outcome that answers a computation."""

    study: Study
    outcome: Outcome

    @property
    def verified(self) -> bool:
        """Whether the figure was seen in its source."""
        return self.outcome.verified


def gather(
    computation: Computation, studies: Mapping[str, Study], *, include_retracted: bool = False
) -> tuple[Found, ...]:
    """Each study that fits with its outcome, oldest first; nobody is counted twice.

    Retracted studies are left out unless asked for. Where a study holds the participants of
    another, the parts count and the whole does not; a retracted whole that was asked for stands
    in for its parts.
    """
    found = [
        Found(study, outcome)
        for study in studies.values()
        if _fits(study, computation.selection) and (include_retracted or not study.retracted)
        for outcome in _outcomes(study, computation)
    ]
    if computation.measure != "as-reported":
        found = _once(found)
    return tuple(sorted(found, key=lambda each: (each.study.year, each.study.key)))


def retracted_behind(computation: Computation, studies: Mapping[str, Study]) -> tuple[str, ...]:
    """Retracted studies that would answer the computation, were they not retracted."""
    every = gather(computation, studies, include_retracted=True)
    return tuple(dict.fromkeys(each.study.key for each in every if each.study.retracted))


def effect(found: Found, computation: Computation) -> Effect:
    """The study's own effect, active arms together against control arms together."""
    study, outcome = found.study, found.outcome
    named = {"study": study.key, "year": study.year}
    if computation.measure in CONTINUOUS:
        first, second = (_sample(outcome.of_role(study, r)) for r in ("active", "control"))
        make = (
            effects.hedges_g
            if computation.measure == "standardised-difference"
            else effects.mean_difference
        )
        return make(first, second, **named)  # type: ignore[arg-type]
    one, other = (count(found, role, computation) for role in ("active", "control"))
    return _OF_COUNTS[computation.measure](one, other, **named)


def count(found: Found, role: str, computation: Computation) -> Count:
    """Events of n over all arms of that role; of everyone in them where that is asked."""
    events = people = 0
    for result in found.outcome.of_role(found.study, role):
        if result.count:
            events += result.count.events
            began = found.study.arm(result.arm).n
            people += began if computation.of_everyone and began else result.count.n
    return Count(events, people)


def combined(samples: tuple[Sample, ...]) -> Sample:
    """Several groups as one (Cochrane Handbook 6.5.2.10)."""
    n = sum(each.n for each in samples)
    mean = sum(each.n * each.mean for each in samples) / n
    squares = sum((s.n - 1) * s.sd**2 + s.n * (s.mean - mean) ** 2 for s in samples)
    return Sample(n, mean, float(squares / (n - 1)) ** 0.5)


def _sample(results: tuple[Result, ...]) -> Sample:
    return combined(
        tuple(
            Sample(each.n, float(each.mean), float(each.sd))
            for each in results
            if each.n and each.mean is not None and each.sd is not None and _has_sample(each)
        )
    )


def _fits(study: Study, selection: Selection) -> bool:
    if selection.only and study.key not in selection.only:
        return False
    if selection.designs and study.design not in selection.designs:
        return False
    if selection.treatments and not any(
        arm.role == "active" and arm.treatment in selection.treatments for arm in study.arms
    ):
        return False
    if selection.controls and not any(
        arm.role == "control" and arm.treatment in selection.controls for arm in study.arms
    ):
        return False
    return study.condition in selection.conditions


def _outcomes(study: Study, computation: Computation) -> Iterator[Outcome]:
    """The one outcome that answers, change before endpoint; all of them as reported."""
    suitable = [each for each in study.outcomes if _suits(study, each, computation)]
    if computation.measure == "as-reported":
        yield from suitable
    elif suitable:
        yield min(suitable, key=lambda each: (not each.primary, each.kind != "change"))


def _suits(study: Study, outcome: Outcome, computation: Computation) -> bool:
    if outcome.outcome != computation.outcome:
        return False
    if computation.kinds and outcome.kind not in computation.kinds:
        return False
    if computation.term not in ("", outcome.term) or (computation.scale not in ("", outcome.scale)):
        return False
    if computation.measure == "as-reported":
        return _in_time(outcome, computation) and outcome.kind != "baseline"
    if outcome.term and not computation.term:
        return False
    later = computation.measure == "share" and computation.weeks_at_least is not None
    if not outcome.controlled and not later:
        return False
    sides = ("active", "control") if computation.measure != "share" else (computation.of,)
    results = [outcome.of_role(study, side) for side in sides]
    if computation.measure in CONTINUOUS:
        complete = all(any(_has_sample(each) for each in side) for side in results)
        return (
            complete and outcome.kind in ("change", "endpoint") and _in_time(outcome, computation)
        )
    complete = all(any(each.count for each in side) for side in results)
    return complete and outcome.kind == "count" and _in_time(outcome, computation)


def _has_sample(result: Result) -> bool:
    return None not in (result.mean, result.sd) and (result.n or 0) > 1


def _in_time(outcome: Outcome, computation: Computation) -> bool:
    earliest, latest = computation.weeks_at_least, computation.weeks_at_most
    if earliest is None and latest is None:
        return True
    if outcome.weeks is None:
        return False
    return (earliest or 0) <= outcome.weeks <= (latest if latest is not None else outcome.weeks)


def _once(found: list[Found]) -> list[Found]:
    keys = {each.study.key for each in found}
    stood_in_for = {
        part for each in found if each.study.retracted for part in each.study.counts_again
    }
    return [
        each
        for each in found
        if each.study.key not in stood_in_for
        and (each.study.retracted or not keys.intersection(each.study.counts_again))
    ]
