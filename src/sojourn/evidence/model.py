"""Published results as data: one study a file, each figure with its source.

``verified`` says that the figure was seen in the publication, in its abstract, in the trial
registry or in a public extraction of it; ``where`` says in which. A figure from memory is kept
with ``verified: false`` and shown so. What is not known is left out, never guessed.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from sojourn.evidence.effects import Count

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, Field(ge=0)]
Risk = Literal["low", "some concerns", "high"]
Design = Literal[
    "randomised", "open-label", "long-term-follow-up", "pooled", "meta-analysis", "cohort", "survey"
]
OutcomeKey = Literal[
    "ptsd-severity",
    "response",
    "loss-of-diagnosis",
    "remission",
    "still-has-diagnosis",
    "discontinuation",
    "adverse-event",
    "serious-adverse-event",
    "suicidality",
    "abuse-related",
    "blood-pressure",
    "lasting-harm",
    "guessed-arm",
    "social-anxiety",
    "prevalence",
]


@dataclass(frozen=True, slots=True)
class Citation:
    """``key`` is what figures name; the study's own paper is 'paper'."""

    key: Key
    text: Text
    doi: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Retraction:
    date: datetime.date
    reason: Text
    source: Text


@dataclass(frozen=True, slots=True)
class Arm:
    """``role`` says which side of the comparison the arm stands on."""

    key: Key
    label: Text
    treatment: Key
    role: Literal["active", "control"]
    n: Whole | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One arm's figure: events of n, a mean with its SD, or a share as it was reported.

    ``studies`` counts the studies behind a figure that was itself pooled.
    """

    arm: Key
    n: Whole | None = None
    events: Whole | None = None
    mean: Decimal | None = None
    sd: Decimal | None = None
    percent: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    studies: Whole | None = None

    @property
    def count(self) -> Count | None:
        """Events of n, when both were reported."""
        if self.events is None or not self.n:
            return None
        return Count(self.events, self.n)


@dataclass(frozen=True, slots=True)
class Between:
    """A comparison as reported: first arm against second."""

    first: Key
    second: Key
    measure: Literal["mean-difference", "smd", "risk-ratio", "odds-ratio"]
    estimate: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    standard_error: Decimal | None = None
    p: str = ""
    studies: Whole | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome at one time.

    ``weeks`` counts from baseline; ``primary`` marks the trial's own. ``controlled`` is false after
    crossover and where there is nobody to compare with: arms are then no longer compared.
    """

    outcome: OutcomeKey
    kind: Literal["count", "baseline", "change", "endpoint", "reported", "between"]
    definition: Text
    verified: bool
    source: Key = "paper"
    where: str = ""
    scale: str = ""
    term: str = ""
    weeks: Annotated[Decimal, Field(ge=0)] | None = None
    primary: bool = False
    controlled: bool = True
    results: tuple[Result, ...] = ()
    between: Between | None = None
    note: str = ""

    def of_role(self, study: "Study", role: str) -> tuple[Result, ...]:
        """The results of every arm on that side of the comparison."""
        roles = {arm.key: arm.role for arm in study.arms}
        return tuple(result for result in self.results if roles[result.arm] == role)


@dataclass(frozen=True, slots=True)
class RiskOfBias:
    """One assessor's RoB 2 judgement (Sterne 2019, doi 10.1136/bmj.l4898)."""

    by: Text
    source: Text
    randomisation: Risk
    deviations: Risk
    missing_data: Risk
    measurement: Risk
    selection: Risk
    overall: Risk
    verified: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """``counts_again`` names studies whose participants this one holds too."""

    key: Key
    name: Text
    year: Annotated[int, Field(ge=1980, le=2100)]
    design: Design
    condition: Literal["ptsd", "social-anxiety", "any"]
    population: Text
    citations: Annotated[tuple[Citation, ...], Field(min_length=1)]
    arms: tuple[Arm, ...]
    outcomes: tuple[Outcome, ...]
    registration: str = ""
    blinding: str = ""
    retracted: Retraction | None = None
    counts_again: tuple[Key, ...] = ()
    bias: tuple[RiskOfBias, ...] = ()
    notes: tuple[str, ...] = ()

    def find(
        self,
        outcome: str,
        kind: str,
        *,
        term: str = "",
        weeks: Decimal | None = None,
    ) -> Iterator[Outcome]:
        """Outcomes of that key and kind; the trial's own primary time first."""
        found = (
            each
            for each in self.outcomes
            if each.outcome == outcome
            and each.kind == kind
            and each.term == term
            and (weeks is None or each.weeks == weeks)
        )
        yield from sorted(found, key=lambda each: not each.primary)

    def arm(self, key: str) -> Arm:
        """The arm of that key."""
        return next(arm for arm in self.arms if arm.key == key)
