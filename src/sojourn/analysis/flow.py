"""Participant flow: everyone accounted for, as CONSORT 2025 asks
(doi 10.1371/journal.pmed.1004587)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

ENDINGS = ("completed", "withdrawn", "lost", "in-progress")


@dataclass(frozen=True, slots=True)
class Person:
    """One participant's place in the flow. ``arm`` is empty before randomisation."""

    status: str
    arm: str
    randomised: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """Those of one arm. ``allocated`` equals the sum of the four endings."""

    arm: str
    allocated: int
    completed: int
    withdrawn: int
    lost: int
    in_progress: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole flow. ``enrolled`` = completed + withdrawn + lost + in progress."""

    registered: int
    in_screening: int
    screen_failed: int
    enrolled: int
    randomised: int
    not_randomised: Branch
    branches: tuple[Branch, ...]


class Unaccounted(ValueError):
    """Someone would drop out of the picture; no picture is drawn then."""


def flow(people: Iterable[Person]) -> Flow:
    """Counts of everyone ever registered.

    Raises
    ------
    Unaccounted
        If a status is unknown, so that the parts would not add up.
    """
    people = tuple(people)
    known = {*ENDINGS, "screening", "screen-failed"}
    for person in people:
        if person.status not in known:
            raise Unaccounted(f"status '{person.status}' has no place in the flow")
    enrolled = [person for person in people if person.status in ENDINGS]
    randomised = [person for person in enrolled if person.randomised]
    result = Flow(
        registered=len(people),
        in_screening=sum(person.status == "screening" for person in people),
        screen_failed=sum(person.status == "screen-failed" for person in people),
        enrolled=len(enrolled),
        randomised=len(randomised),
        not_randomised=_branch("", [each for each in enrolled if not each.randomised]),
        branches=tuple(
            _branch(arm, [each for each in randomised if each.arm == arm])
            for arm in sorted({each.arm for each in randomised})
        ),
    )
    _must_add_up(result)
    return result


def _branch(arm: str, people: list[Person]) -> Branch:
    ends = Counter(person.status for person in people)
    reasons = Counter(person.reason for person in people if person.status == "withdrawn")
    return Branch(
        arm,
        len(people),
        ends["completed"],
        ends["withdrawn"],
        ends["lost"],
        ends["in-progress"],
        tuple(sorted(reasons.items())),
    )


def _must_add_up(result: Flow) -> None:
    parts = (*result.branches, result.not_randomised)
    ended = sum(each.completed + each.withdrawn + each.lost + each.in_progress for each in parts)
    if ended != result.enrolled:
        raise Unaccounted(f"{result.enrolled} enrolled, {ended} accounted for")
    if result.registered != result.in_screening + result.screen_failed + result.enrolled:
        raise Unaccounted(f"{result.registered} registered do not add up")
