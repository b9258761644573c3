"""Claims answered from the register, and what a further study does to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sojourn.evidence.forest import Forest, answer
from sojourn.evidence.gather import gather
from sojourn.evidence.league import League, league
from sojourn.evidence.load import shipped_studies
from sojourn.evidence.model import Study
from sojourn.evidence.register import Claim, Level, Measure, Verdict, shipped_claims
from sojourn.evidence.summary import Summary, summarise


@dataclass(frozen=True, slots=True)
class Answered:
    """A claim with what the studies say now.

    ``agrees`` compares the claimed figure with the computed interval; None where the claim gives
    no figure or nothing could be computed.
    """

    claim: Claim
    forests: tuple[Forest, ...]
    certainty: Level
    verdict: Verdict
    agrees: bool | None
    league: League | None = None

    @property
    def unverified(self) -> tuple[str, ...]:
        """Studies with a figure behind this claim that was not seen in its source."""
        return tuple(dict.fromkeys(key for each in self.forests for key in each.unverified))

    def forest(self, key: str) -> Forest:
        """The computation of that key, answered."""
        self.claim.computation(key)
        return next(each for each in self.forests if each.key == key)


@dataclass(frozen=True, slots=True)
class Change:
    """How one pooled estimate moves when a study is added; None where there was nothing."""

    claim: str
    computation: str
    label: str
    measure: Measure
    before: tuple[float, float, float] | None
    after: tuple[float, float, float] | None
    studies_before: int
    studies_after: int


def answer_claim(
    claim: Claim, studies: Mapping[str, Study], *, include_retracted: bool = False
) -> Answered:
    """Every computation of the claim from the studies given."""
    forests = tuple(
        answer(each, studies, include_retracted=include_retracted) for each in claim.computations
    )
    return Answered(
        claim=claim,
        forests=forests,
        certainty=claim.certainty.level,
        verdict=claim.verdict,
        agrees=_agrees(claim, forests),
        league=league(claim, studies),
    )


@cache
def answer_all(*, include_retracted: bool = False) -> Mapping[str, Answered]:
    """Every shipped claim from every shipped study; computed once."""
    studies = shipped_studies()
    return {
        key: answer_claim(claim, studies, include_retracted=include_retracted)
        for key, claim in shipped_claims().items()
    }


def changes(
    before: Mapping[str, Study], after: Mapping[str, Study], claims: Mapping[str, Claim]
) -> tuple[Change, ...]:
    """Each computation that other figures answer after than before."""
    found = []
    for claim in claims.values():
        for computation in claim.computations:
            old, new = gather(computation, before), gather(computation, after)
            if old != new:
                found.append(
                    Change(
                        claim=claim.key,
                        computation=computation.key,
                        label=computation.label,
                        measure=computation.measure,
                        before=_figures(summarise(computation, old)),
                        after=_figures(summarise(computation, new)),
                        studies_before=len({each.study.key for each in old}),
                        studies_after=len({each.study.key for each in new}),
                    )
                )
    return tuple(found)


def _figures(summary: Summary | None) -> tuple[float, float, float] | None:
    return (summary.estimate, summary.low, summary.high) if summary else None


def _agrees(claim: Claim, forests: tuple[Forest, ...]) -> bool | None:
    """Whether the claimed range and the computed interval have a value in common."""
    if not claim.claimed:
        return None
    forest = next(each for each in forests if each.key == claim.claimed.computation)
    if not forest.summary:
        return None
    low, high = float(claim.claimed.low), float(claim.claimed.high)
    return low <= forest.summary.high and high >= forest.summary.low
