"""The audit of a randomisation: each allocation found again in its sequence and compared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sojourn.conduct.minimisation import Earlier, arm_by_minimisation
from sojourn.conduct.randomisation import AllocationMade, arm_of
from sojourn.protocols.model import Arm, Randomisation


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list that is not as it should be. No arm is named."""

    stratum: str
    number: int
    participant: str
    what: str


@dataclass(frozen=True, slots=True)
class Audit:
    allocations: int
    strata: int
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return not self.findings


def audit(
    made: Iterable[AllocationMade],
    seed: bytes,
    arms: tuple[Arm, ...],
    plan: Randomisation,
    open_seal: Callable[[str], str],
    *,
    listed: Mapping[tuple[str, int], str] | None = None,
) -> Audit:
    """Compare what was allocated with the sequence that ``seed`` gives, stratum by stratum.

    Where a list was brought in, ``listed`` holds its sealed arms by stratum and number, and it
    is the sequence.

    A line is found at fault when its number does not follow the one before it, when a
    participant stands on two lines, or when its arm is another than the sequence's.
    """
    findings: list[Finding] = []
    earlier: dict[str, list[Earlier]] = {}
    reached: dict[str, int] = {}
    seen: set[str] = set()
    count = 0
    for each in made:
        count += 1
        expected = reached.get(each.stratum, 0) + 1
        reached[each.stratum] = each.number
        problems = []
        if each.number != expected:
            problems.append(f"number {expected} should come here")
        if each.participant in seen:
            problems.append("the participant was allocated before")
        seen.add(each.participant)
        given = open_seal(each.sealed)
        before = earlier.setdefault(each.stratum, [])
        if listed is not None:
            under = listed.get((each.stratum, each.number), "")
            again = open_seal(under) if under else ""
        else:
            again = _again(each, before, seed, arms, plan)
        if given != again:
            problems.append("the arm is not that of the sealed sequence")
        if tuple(factor for factor, _ in each.levels) != plan.factors:
            problems.append("the factors are not those of the protocol")
        before.append(Earlier(each.levels, given))
        findings += [
            Finding(each.stratum, each.number, each.participant, what) for what in problems
        ]
    return Audit(count, len(reached), tuple(findings))


def _again(
    made: AllocationMade,
    before: list[Earlier],
    seed: bytes,
    arms: tuple[Arm, ...],
    plan: Randomisation,
) -> str:
    """The arm the seed gives at that number, after the allocations ``before`` it."""
    if plan.method != "minimisation":
        return arm_of(seed, made.stratum, made.number, arms, plan)
    if made.number != len(before) + 1:
        return ""  # what came between is missing, so nothing can be made again
    keys, coin = tuple(each.key for each in arms), plan.probability_percent or 100
    return arm_by_minimisation(seed, made.number, made.levels, before, keys, coin)
