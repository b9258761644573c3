"""The next allocation: its number and arm from a sealed list or seed, kept as ciphertext."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sojourn.conduct.allocation_list import AllocationListReceived
from sojourn.conduct.minimisation import Earlier, Levels, arm_by_minimisation
from sojourn.conduct.randomisation import AllocationMade, arm_of
from sojourn.course.state import Course
from sojourn.ledger import allocation_lists, seal
from sojourn.ledger.append import append
from sojourn.ledger.read import read_stream, streams, version
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused

MINIMISED = "minimisation"  # in place of a stratum: one list for the whole programme


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the next participant of a list gets; held in memory only."""

    stream: str
    number: int
    arm: str
    levels: Levels = ()


def allocate(programme: str, protocol: Protocol, course: Course) -> Allocation | None:
    """The allocation that is this participant's turn; None where nothing is randomised.

    Raises
    ------
    Refused
        If a level that is to be balanced is not recorded, or the list brought in has run out.
    """
    plan = protocol.randomisation
    if plan is None:
        return None
    seed = seal.randomisation_seed(programme)
    if plan.method != "minimisation":
        stream = f"allocation:{programme}:{course.site}"
        number = version(stream) + 1
        lists = allocation_lists.received(programme)
        if lists:
            return Allocation(stream, number, _listed(lists, course.site, number))
        return Allocation(stream, number, arm_of(seed, stream, number, protocol.arms, plan))
    stream = f"allocation:{programme}:{MINIMISED}"
    earlier = [
        Earlier(entry.fact.levels, seal.open_seal(entry.fact.sealed))
        for entry in read_stream(stream)
        if isinstance(entry.fact, AllocationMade)
    ]
    levels = tuple((factor, _level(course, factor)) for factor in plan.factors)
    number, arms = len(earlier) + 1, tuple(each.key for each in protocol.arms)
    coin = plan.probability_percent or 100
    arm = arm_by_minimisation(seed, number, levels, earlier, arms, coin)
    return Allocation(stream, number, arm, levels)


def keep(allocation: Allocation, participant: str, at: datetime) -> None:
    """Write the allocation down, sealed."""
    sealed = seal.seal(allocation.arm)
    made = AllocationMade(
        participant, allocation.number, allocation.stream, sealed, allocation.levels
    )
    append(
        allocation.stream,
        (made,),
        expected=allocation.number - 1,
        occurred_at=at,
        author="sojourn",
        role="system",
    )


def sealed_arm(programme: str, course: Course) -> str:
    """The ciphertext of this participant's arm; empty where none lies under the seal."""
    number = course.randomisation_number
    if number is None:
        return ""
    # Nearly always in the list of their own site; elsewhere once the site was corrected.
    likely = [f"allocation:{programme}:{each}" for each in (course.site, MINIMISED)]
    others = (each for each in streams(f"allocation:{programme}:") if each not in likely)
    for stream in chain(likely, others):
        for entry in read_stream(stream, since=number, until=number):
            fact = entry.fact
            if isinstance(fact, AllocationMade) and fact.participant == course.participant:
                return fact.sealed
    return ""


def _listed(lists: tuple[AllocationListReceived, ...], site: str, number: int) -> str:
    """The arm of one line, the only one that is opened."""
    sealed = allocation_lists.lines(lists).get((site, number))
    if sealed is None:
        raise Refused(
            f"the allocation list holds no number {number} for {site}; nobody was allocated. "
            "Ask the statistician for a longer list and take it in"
        )
    return seal.open_seal(sealed)


def _level(course: Course, factor: str) -> str:
    if factor in ("site", "sex"):
        return str(getattr(course, factor))
    answer = course.characteristics.get(factor)
    if answer is None:
        raise Refused(f"'{factor}' is not recorded; allocation balances it, record it first")
    return answer.value
