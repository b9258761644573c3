"""Response, loss of diagnosis and remission in each arm, and the arms compared.

Each outcome has its own denominator, and the two ways to treat the missing are both named
in the result: "observed" leaves them out; "non-responder" counts them as without the outcome.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from sojourn.analysis.outcomes import OUTCOMES, exact_interval
from sojourn.analysis.risk import (
    Measure,
    NumberNeeded,
    number_needed,
    odds_ratio,
    risk_difference,
    risk_ratio,
    wilson_interval,
)

Rule = Literal["observed", "non-responder"]


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``denominator`` had the outcome; ``missing`` of the arm's people unknown.

    ``denominator`` is those known under the rule "observed", and everyone of the arm under
    "non-responder". ``exact`` and ``wilson`` are 95% intervals, None where nobody counts.
    """

    outcome: str
    arm: str
    rule: Rule
    count: int
    denominator: int
    missing: int
    exact: tuple[float | None, float | None]
    wilson: tuple[float | None, float | None]

    @property
    def share(self) -> float | None:
        return self.count / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True)
class Compared:
    """One arm against the reference on one outcome, under one rule for the missing."""

    outcome: str
    arm: str
    reference: str
    rule: Rule
    difference: Measure
    ratio: Measure
    odds: Measure
    needed: NumberNeeded | None


def shares(
    observations: pl.DataFrame, visit: str, arms: Mapping[str, str], rule: Rule
) -> tuple[Share, ...]:
    """Every outcome in every arm at ``visit``.

    ``observations`` as from ``outcomes.frame``; ``arms`` has the arm of each participant of
    the analysis set, seen at the visit or not. Others do not count.

    Raises
    ------
    ValueError
        If a rule is not known, or a participant has two rows at the visit.
    """
    if rule not in ("observed", "non-responder"):
        raise ValueError(f"rule '{rule}' is not known; use 'observed' or 'non-responder'")
    people = pl.DataFrame(
        {"participant": list(arms), "arm": list(arms.values())},
        schema={"participant": pl.String, "arm": pl.String},
    )
    at_visit = observations.filter(pl.col("visit") == visit).select("participant", *OUTCOMES)
    twice = at_visit.filter(pl.col("participant").is_duplicated())
    if len(twice):
        raise ValueError(f"participant '{twice['participant'][0]}' has two rows at '{visit}'")
    everyone = people.join(at_visit, on="participant", how="left")
    return tuple(
        _share(everyone.filter(pl.col("arm") == arm)[outcome], outcome, arm, rule)
        for outcome in OUTCOMES
        for arm in sorted(set(arms.values()))
    )


def compared(found: Iterable[Share], reference: str) -> tuple[Compared, ...]:
    """Every other arm against ``reference``, outcome by outcome.

    Raises
    ------
    ValueError
        If the reference has no share for an outcome.
    """
    by_key = {(each.outcome, each.arm, each.rule): each for each in found}
    made = []
    for (outcome, arm, rule), each in by_key.items():
        if arm == reference:
            continue
        against = by_key.get((outcome, reference, rule))
        if against is None:
            raise ValueError(f"arm '{reference}' has no share for {outcome} ({rule})")
        four = (each.count, each.denominator, against.count, against.denominator)
        difference = risk_difference(*four)
        made.append(
            Compared(
                outcome,
                arm,
                reference,
                rule,
                difference,
                risk_ratio(*four),
                odds_ratio(*four),
                number_needed(difference),
            )
        )
    return tuple(made)


def _share(values: pl.Series, outcome: str, arm: str, rule: Rule) -> Share:
    count, missing = int(values.sum() or 0), values.null_count()
    denominator = len(values) - missing if rule == "observed" else len(values)
    return Share(
        outcome,
        arm,
        rule,
        count,
        denominator,
        missing,
        exact_interval(count, denominator),
        wilson_interval(count, denominator),
    )
