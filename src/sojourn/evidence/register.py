"""The register of claims: what is said, how it was computed, how sure one can be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from sojourn import definitions
from sojourn.evidence.load import EvidenceError
from sojourn.evidence.model import Design, Key, OutcomeKey, Text

CLAIMS = Path(__file__).parent / "claims"
Verdict = Literal["supported", "partly", "contested", "not shown"]
Level = Literal["high", "moderate", "low", "very low"]
LEVELS: tuple[Level, ...] = ("high", "moderate", "low", "very low")
Measure = Literal[
    "share",
    "risk-difference",
    "risk-ratio",
    "odds-ratio",
    "standardised-difference",
    "mean-difference",
    "as-reported",
]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which studies count: all that fit, so that a new file changes the answer by itself."""

    designs: tuple[Design, ...] = ()
    conditions: tuple[Literal["ptsd", "social-anxiety", "any"], ...] = ("ptsd",)
    treatments: tuple[Key, ...] = ()  # an active arm has one of these
    controls: tuple[Key, ...] = ()  # a control arm has one of these
    only: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Computation:
    """One estimand of a claim.

    ``of`` is the side of the trial a share is of. ``of_everyone`` counts all who began the arm,
    those not measured as without the outcome; otherwise a share is of those measured. ``kinds``
    holds to some kinds of figure, such as endpoint scores only; otherwise change comes before
    endpoint.
    """

    key: Key
    label: Text
    outcome: OutcomeKey
    measure: Measure
    selection: Selection
    of: Literal["active", "control"] = "active"
    of_everyone: bool = False
    kinds: tuple[Literal["count", "change", "endpoint", "reported", "between"], ...] = ()
    term: str = ""
    scale: str = ""
    weeks_at_least: Decimal | None = None
    weeks_at_most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Lowered:
    """One GRADE domain, by how many levels it lowers certainty, and why."""

    domain: Literal[
        "risk-of-bias", "inconsistency", "indirectness", "imprecision", "publication-bias"
    ]
    levels: Annotated[int, Field(ge=0, le=2)]
    reason: Text


@dataclass(frozen=True, slots=True)
class Certainty:
    """GRADE (Guyatt 2008, doi 10.1136/bmj.39489.470347.AD): a start, lowered with reasons."""

    start: Literal["high", "low"]
    judged_by: Text
    lowered: tuple[Lowered, ...]

    @property
    def level(self) -> Level:
        """Where certainty ends up."""
        place = LEVELS.index(self.start) + sum(each.levels for each in self.lowered)
        return LEVELS[min(place, len(LEVELS) - 1)]


@dataclass(frozen=True, slots=True)
class Claimed:
    """The figure that the claim itself gives; ``computation`` is the one that answers it."""

    computation: Key
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Joined:
    """Treatments compared through the arms that trials share.

    ``computation`` says which studies and figures are joined; ``first`` against ``second`` is
    what the claim asks. ``labels`` are the treatments in words.
    """

    computation: Key
    first: Key
    second: Key
    labels: Mapping[Key, Text]


@dataclass(frozen=True, slots=True)
class Claim:
    """``claim`` is in our own words. ``contested`` says who disagrees about what, if anyone."""

    key: Key
    title: Text
    claim: Text
    population: Text
    claimed_by: Annotated[tuple[str, ...], Field(min_length=1)]
    computations: Annotated[tuple[Computation, ...], Field(min_length=1)]
    certainty: Certainty
    verdict: Verdict
    because: Text
    contested: str = ""
    not_known: tuple[str, ...] = ()
    claimed: Claimed | None = None
    joined: Joined | None = None

    def computation(self, key: str) -> Computation:
        """The computation of that key, or KeyError naming those there are."""
        for each in self.computations:
            if each.key == key:
                return each
        raise KeyError(f"{self.key} computes {', '.join(c.key for c in self.computations)}")


_ADAPTER = definitions.strict(Claim, __name__)


def load_claim(path: Path) -> Claim:
    """The claim in ``path``.

    Raises
    ------
    EvidenceError
        Naming each field at fault, its value and the mend.
    """
    claim: Claim = definitions.checked(_ADAPTER, definitions.read(path), path, __name__)
    problems = tuple(_problems(claim))
    if claim.key != path.stem:
        problems += (f"key is '{claim.key}'; name it {claim.key}.yaml",)
    if problems:
        raise EvidenceError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return claim


@cache
def shipped_claims() -> Mapping[str, Claim]:
    """Every claim that comes with Sojourn, by key."""
    loaded = (load_claim(path) for path in sorted(CLAIMS.glob("*.yaml")))
    return MappingProxyType({claim.key: claim for claim in loaded})


def _problems(claim: Claim) -> Iterator[str]:
    keys = [each.key for each in claim.computations]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"computations name '{key}' twice; give each its own key"
    if claim.claimed and claim.claimed.computation not in keys:
        yield f"claimed.computation is '{claim.claimed.computation}'; there are {', '.join(keys)}"
    if claim.claimed and claim.claimed.low > claim.claimed.high:
        yield f"claimed runs from {claim.claimed.low} to {claim.claimed.high}; swap them"
    if claim.joined and claim.joined.computation not in keys:
        yield f"joined.computation is '{claim.joined.computation}'; there are {', '.join(keys)}"
    if claim.verdict == "contested" and not claim.contested:
        yield "verdict is contested; say in 'contested' who disagrees about what"
