"""Checks of published figures against arithmetic: what can't be, and what should be looked at."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Literal

from sojourn.evidence.model import Outcome, Result, Study
from sojourn.evidence.scales import SCALES, Scale


@dataclass(frozen=True, slots=True)
class Finding:
    """``error`` can't be true; ``look`` may be a rounding, a slip or a special case."""

    severity: Literal["error", "look"]
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message}"


def findings(study: Study, *, today: date | None = None) -> tuple[Finding, ...]:
    """Everything that doesn't add up in ``study``, errors first."""
    found = [
        *_study_findings(study, today),
        *(
            finding
            for number, outcome in enumerate(study.outcomes)
            for finding in _outcome_findings(study, outcome, _place(number, outcome))
        ),
        *_baseline_change_endpoint(study),
    ]
    return tuple(sorted(found, key=lambda each: each.severity != "error"))


def grim_consistent(mean: Decimal, n: int, items: int = 1) -> bool:
    """Whether whole numbers of ``n`` people (times ``items``) can have this printed mean.

    Source: Brown & Heathers 2017, doi 10.1177/1948550616673876. With n * items above
    10 ** decimals every mean is possible.
    """
    step = Decimal(1).scaleb(int(mean.as_tuple().exponent))
    total = n * items
    nearest = int((mean * total).to_integral_value(ROUND_HALF_EVEN))
    return any(
        (Decimal(each) / total).quantize(step, how) == mean
        for each in (nearest - 1, nearest, nearest + 1)
        for how in (ROUND_HALF_UP, ROUND_HALF_EVEN)
    )


def percent_consistent(percent: Decimal, events: int, n: int) -> bool:
    """Whether ``events`` of ``n`` rounds to the printed percentage."""
    step = Decimal(1).scaleb(int(percent.as_tuple().exponent))
    share = Decimal(100 * events) / n
    return any(share.quantize(step, how) == percent for how in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def largest_sd(scale: Scale, mean: float, n: int, *, change: bool) -> float:
    """The SD of ``n`` scores of which as many as possible lie at the ends of the scale."""
    width = scale.highest - scale.lowest
    low, high = (-width, width) if change else (scale.lowest, scale.highest)
    return math.sqrt(max(0.0, (mean - low) * (high - mean)) * n / (n - 1))


def _place(number: int, outcome: Outcome) -> str:
    when = f" at {outcome.weeks} weeks" if outcome.weeks is not None else ""
    term = f" ({outcome.term})" if outcome.term else ""
    return f"outcomes.{number} {outcome.outcome}{term}{when}"


def _study_findings(study: Study, today: date | None) -> Iterator[Finding]:
    if today and study.year > today.year:
        yield Finding("error", "year", f"{study.year} is yet to come; correct the year")
    if study.retracted and study.retracted.date.year < study.year:
        yield Finding(
            "error",
            "retracted.date",
            f"{study.retracted.date} is before the paper of {study.year}; correct one of them",
        )
    if study.registration and not _is_registration(study.registration):
        yield Finding("error", "registration", f"'{study.registration}' is no NCT number")
    keys = [arm.key for arm in study.arms]
    for key in {key for key in keys if keys.count(key) > 1}:
        yield Finding("error", "arms", f"'{key}' stands twice; give each arm its own key")
    sources = {citation.key for citation in study.citations}
    for number, outcome in enumerate(study.outcomes):
        if outcome.source not in sources:
            yield Finding(
                "error",
                f"outcomes.{number}.source",
                f"'{outcome.source}' is not among citations: {', '.join(sorted(sources))}",
            )


def _is_registration(text: str) -> bool:
    return len(text) == 11 and text.startswith("NCT") and text[3:].isdigit()


def _outcome_findings(study: Study, outcome: Outcome, place: str) -> Iterator[Finding]:
    if not outcome.results and not outcome.between:
        yield Finding("error", place, "has neither results nor between; give one or remove it")
    arms = {arm.key: arm for arm in study.arms}
    named = [result.arm for result in outcome.results]
    if outcome.between:
        named += [outcome.between.first, outcome.between.second]
    strangers = sorted({name for name in named if name not in arms})
    if strangers:
        known = ", ".join(arms)
        yield Finding("error", place, f"names arm '{strangers[0]}'; arms are {known}")
        return
    for result in outcome.results:
        own = f"{place}, arm {result.arm}"
        whole = arms[result.arm].n
        if result.n is not None and whole is not None and result.n > whole:
            yield Finding("error", own, f"n is {result.n}; the arm has {whole}")
        yield from _shape(outcome, result, own)
        yield from _counts(result, own)
        if outcome.scale:
            yield from _scores(outcome, result, own)


def _shape(outcome: Outcome, result: Result, own: str) -> Iterator[Finding]:
    needs = {
        "count": ("events", "n"),
        "reported": (),
        "between": (),
        "baseline": ("mean",),
        "change": ("mean",),
        "endpoint": ("mean",),
    }[outcome.kind]
    for field in needs:
        if getattr(result, field) is None:
            yield Finding("error", own, f"{field} is missing; a {outcome.kind} needs it")
    if result.low is not None and result.high is not None and result.low > result.high:
        yield Finding("error", own, f"interval runs from {result.low} to {result.high}; swap them")


def _counts(result: Result, own: str) -> Iterator[Finding]:
    if result.events is not None and result.n is not None:
        if result.events > result.n:
            yield Finding("error", own, f"{result.events} events of {result.n} people")
        elif (
            result.percent is not None
            and result.n
            and not percent_consistent(result.percent, result.events, result.n)
        ):
            share = 100 * result.events / result.n
            yield Finding(
                "look",
                own,
                f"{result.events} of {result.n} is {share:.2f}%, printed as {result.percent}%",
            )
    if result.percent is not None and not 0 <= result.percent <= 100:
        yield Finding("error", own, f"{result.percent}% lies outside 0 to 100")


def _scores(outcome: Outcome, result: Result, own: str) -> Iterator[Finding]:
    scale = SCALES.get(outcome.scale)
    if scale is None:
        yield Finding("look", own, f"scale '{outcome.scale}' is not known; its range is unchecked")
        return
    if result.mean is None:
        return
    change = outcome.kind == "change"
    width = scale.highest - scale.lowest
    low, high = (-width, width) if change else (scale.lowest, scale.highest)
    if not low <= result.mean <= high:
        yield Finding("error", own, f"mean {result.mean} lies outside {low} to {high}")
        return
    if result.n is None or result.n < 2:
        return
    if result.sd is not None:
        most = largest_sd(scale, float(result.mean), result.n, change=change)
        if not 0 < float(result.sd) <= most:
            bounds = f"it is above 0 and, with this mean, at most {most:.1f}"
            yield Finding("error", own, f"SD {result.sd}; {bounds}")
    if scale.whole and not grim_consistent(result.mean, result.n):
        yield Finding(
            "look",
            own,
            f"{result.n} whole scores can't have mean {result.mean} (GRIM); rounded, adjusted or "
            "another n?",
        )


def _baseline_change_endpoint(study: Study) -> Iterator[Finding]:
    """Where baseline, change and endpoint of the same people are printed, they must add up."""
    scores: dict[tuple[str, str, str, Decimal | None], tuple[Decimal, int | None]] = {}
    for outcome in study.outcomes:
        if outcome.kind in ("baseline", "change", "endpoint") and outcome.scale:
            when = None if outcome.kind == "baseline" else outcome.weeks
            for result in outcome.results:
                if result.mean is not None:
                    key = (outcome.kind, outcome.scale, result.arm, when)
                    scores[key] = (result.mean, result.n)
    for (kind, scale, arm, weeks), (change, n) in scores.items():
        baseline = scores.get(("baseline", scale, arm, None))
        endpoint = scores.get(("endpoint", scale, arm, weeks))
        if kind != "change" or not baseline or not endpoint:
            continue
        gap = abs(baseline[0] + change - endpoint[0])
        if baseline[1] == n == endpoint[1] and gap > Decimal("0.2"):
            yield Finding(
                "look",
                f"{scale} at {weeks} weeks, arm {arm}",
                f"baseline {baseline[0]} and change {change} make {baseline[0] + change}, "
                f"printed as {endpoint[0]}",
            )
