"""Independent raters who know neither arm nor visit: a pool, and tasks under pseudonyms.

A task is one instrument at one visit of one participant, and says none of the three's places in
the course. Whoever rated a participant last does not rate them next. An instrument that is not
asked at every rated visit would tell which visit it is, so that somebody else rates it.
The phase 3 trials had such a pool of raters, blind to visit too (Mitchell 2021, doi
10.1038/s41591-021-01336-3, from memory: unverified); the rules of allocation here are our own.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import Programme
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

RATER = "independent-rater"
ARRANGERS = ("coordinator", "sponsor")
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none is taken for another when read aloud
LONG = 7  # letters of a pseudonym
OPEN, DONE, TAKEN_BACK = "open", "done", "taken back"  # how a task stands
REASON = 8  # letters of a reason at least


@dataclass(frozen=True, slots=True)
class SetRaterPool:
    name: ClassVar[str] = "programme.set-rater-pool"
    title: ClassVar[str] = "Set the pool of raters"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)

    at: Annotated[datetime, Ask("Set at")]
    raters: Annotated[
        str,
        Ask(
            "User names of the independent raters",
            help="One a line, two at least. They then see tasks only. Nobody ends the pool.",
            lines=4,
            optional=True,
        ),
    ]
    reason: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class RaterPoolSet:
    kind: ClassVar[str] = "programme.rater-pool-set"
    schema: ClassVar[int] = 1
    raters: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class RatingAllocated:
    kind: ClassVar[str] = "rating.allocated"
    schema: ClassVar[int] = 1
    task: str
    participant: str
    visit: str
    instrument: str
    rater: str


@dataclass(frozen=True, slots=True)
class RatingDone:
    kind: ClassVar[str] = "rating.done"
    schema: ClassVar[int] = 1
    task: str


@dataclass(frozen=True, slots=True)
class RatingTakenBack:
    kind: ClassVar[str] = "rating.taken-back"
    schema: ClassVar[int] = 1
    task: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rating that is due: nobody has it yet."""

    participant: str
    visit: str
    instrument: str

    def __str__(self) -> str:
        return f"{self.participant} {self.visit} {self.instrument}"


@dataclass(frozen=True, slots=True)
class Task:
    task: str
    wanted: Wanted
    rater: str
    standing: str = OPEN


@dataclass(frozen=True, slots=True)
class Ratings:
    """Every task by its pseudonym, in the order they were allocated."""

    tasks: Mapping[str, Task] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 0

    @property
    def open(self) -> tuple[Task, ...]:
        return tuple(each for each in self.tasks.values() if each.standing == OPEN)

    def held(self) -> dict[Wanted, Task]:
        """Who has or had each rating, without what was taken back."""
        return {e.wanted: e for e in self.tasks.values() if e.standing != TAKEN_BACK}


def allocate(
    ratings: Ratings,
    wanted: Sequence[Wanted],
    pool: Sequence[str],
    protocol: Protocol,
    draw: Callable[[str], int],
) -> tuple[RatingAllocated, ...]:
    """A rater and a pseudonym for each of ``wanted`` that nobody has.

    ``draw`` gives a number below 2**256 for a text, the same each time and not to be foretold.

    Raises
    ------
    Refused
        If the pool holds fewer than two.
    """
    if len(pool) < 2:
        raise Refused("no pool of raters is set; set one of two people at least", "raters")
    usual = at_every_rated_visit(protocol)
    before, names = list(ratings.tasks.values()), set(ratings.tasks)
    made: list[RatingAllocated] = []
    missing = sorted(set(wanted) - set(ratings.held()), key=lambda each: draw(str(each)))
    # What is usual comes first: the rest goes to somebody else.
    for each in sorted(missing, key=lambda each: each.instrument not in usual):
        rater = _rater(each, before, pool, usual, draw)
        name = next(n for n in _names(each, len(ratings.tasks), draw) if n not in names)
        names.add(name)
        before.append(Task(name, each, rater))
        made.append(RatingAllocated(name, each.participant, each.visit, each.instrument, rater))
    return tuple(made)


def at_every_rated_visit(protocol: Protocol) -> frozenset[str]:
    """Instruments from which no visit can be told, because each rated visit asks for them."""
    rated = [frozenset(e.assessments) for e in protocol.visits if e.rated_by == RATER]
    return reduce(frozenset.intersection, rated) if rated else frozenset()


def _rater(
    wanted: Wanted,
    before: Sequence[Task],
    pool: Sequence[str],
    usual: frozenset[str],
    draw: Callable[[str], int],
) -> str:
    kept = [each for each in before if each.standing != TAKEN_BACK]
    of_person = [each for each in kept if each.wanted.participant == wanted.participant]
    rated = [each for each in of_person if each.wanted.instrument in usual]
    here = [each.rater for each in rated if each.wanted.visit == wanted.visit]
    if wanted.instrument not in usual:
        not_these = here
    elif here and here[0] in pool:
        return here[0]  # one call for all that is usual at a visit
    else:
        not_these = [each.rater for each in rated][-1:]
    gave_back = {each.rater for each in before if each.wanted == wanted}
    met = Counter(each.rater for each in of_person)
    load = Counter(each.rater for each in kept if each.standing == OPEN)
    # The pool may have changed since, so that both of its two have a reason against them.
    free = [name for name in pool if name not in not_these] or list(pool)
    return min(free, key=lambda e: (e in gave_back, met[e], load[e], draw(f"{wanted} {e}")))


def _names(wanted: Wanted, tries: int, draw: Callable[[str], int]) -> Iterable[str]:
    """Pseudonyms for a task, one after the other; none tells what came before it."""
    while True:
        number, letters = draw(f"name {tries} {wanted}"), ""
        for _ in range(LONG):
            number, letter = divmod(number, len(LETTERS))
            letters += LETTERS[letter]
        yield letters
        tries += 1


def take_back(ratings: Ratings, task: str, reason: str) -> RatingTakenBack:
    """That an open task is no longer its rater's: they are ill, or the visit was missed."""
    held = ratings.tasks.get(task)
    if held is None or held.standing != OPEN:
        raise Refused(f"there is no open task '{task}'", "task")
    if len(reason.strip()) < REASON:
        raise Refused("say in a few words why it is taken back", "reason")
    return RatingTakenBack(task, reason.strip())


def set_pool(programme: Programme, command: SetRaterPool, protocol: Protocol) -> tuple[Fact, ...]:
    raters = tuple(dict.fromkeys(command.raters.split()))
    if not any(each.rated_by == RATER for each in protocol.visits):
        raise Refused(f"protocol {protocol.key} asks for no independent rater", "raters")
    if len(raters) == 1:
        raise Refused("one rater alone would rate somebody twice in a row; name two", "raters")
    if raters == programme.rater_pool:
        raise Refused("these are the raters already", "raters")
    return (RaterPoolSet(raters, command.reason.strip()),)


def has_set(programme: Programme, fact: RaterPoolSet, entry: Entry) -> Programme:
    return replace(programme, rater_pool=fact.raters)


def _with(ratings: Ratings, task: Task) -> Ratings:
    return replace(ratings, tasks=MappingProxyType({**ratings.tasks, task.task: task}))


def _allocated(ratings: Ratings, fact: RatingAllocated, entry: Entry) -> Ratings:
    wanted = Wanted(fact.participant, fact.visit, fact.instrument)
    return _with(ratings, Task(fact.task, wanted, fact.rater))


def _standing(ratings: Ratings, task: str, standing: str) -> Ratings:
    return _with(ratings, replace(ratings.tasks[task], standing=standing))


_EVOLVE: Mapping[type, Any] = {
    RatingAllocated: _allocated,
    RatingDone: lambda ratings, fact, _: _standing(ratings, fact.task, DONE),
    RatingTakenBack: lambda ratings, fact, _: _standing(ratings, fact.task, TAKEN_BACK),
}
FACTS: tuple[type[Fact], ...] = tuple(_EVOLVE)


def fold(entries: Iterable[Entry]) -> Ratings:
    """Every task that the entries of the stream of ratings add up to."""
    found = Ratings()
    for entry in entries:
        found = replace(_EVOLVE[type(entry.fact)](found, entry.fact, entry), version=entry.sequence)
    return found


DECIDE: Mapping[type, Any] = {SetRaterPool: set_pool}
EVOLVE: Mapping[type, Any] = {RaterPoolSet: has_set}
