"""Every person of a population, one by one: severity, age, the way to therapy, what follows.

People stream through in chunks and only whole counts are kept, so memory does not grow with
their number. Each draw follows from the seed, the person's own number and what it decides, so the
answer is the same, to the last person, whatever the chunks and however many threads.
Numbers are mixed as SplitMix64 does (Steele, Lea, Flood 2014, doi 10.1145/2714064.2660195).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sojourn.analysis.mmrm.loops import compiled
from sojourn.design.population.capacity import STEPS, flow
from sojourn.design.population.cohort import Array, Difference, yearly
from sojourn.design.population.economics import MILD, course_cost, death_chances, worth
from sojourn.design.population.model import DEAD, FIRST_SEVERE, PopulationModel

CHUNK = 250_000
YOUNGEST, OLDEST = 18, 90
Counts = NDArray[np.int64]
Spread = Callable[[Callable[[tuple[int, int]], Any], Iterable[tuple[int, int]]], Iterable[Any]]
# What a person's draws decide; those of a year come after these, four for each year.
BAND, AGE, WAY, COMPLETES, AFTER, YEARLY = 0, 1, 2, 8, 9, 16
TREATED, LEAVES, DIES, MOVES = 0, 1, 2, 3
# The worlds people live in: care as usual only, or with the therapy as capacity allows.
USUAL, THERAPY = 0, 1


@dataclass(frozen=True, slots=True)
class People:
    """Counts of people: by world, moment and state (2, years + 1, states); treated by year.

    ``steps`` counts those left after each step from need to demand, everyone first.
    """

    members: Counts
    treated: Counts
    steps: Counts

    def __add__(self, other: "People") -> "People":
        return People(
            self.members + other.members, self.treated + other.treated, self.steps + other.steps
        )

    @property
    def deaths_averted(self) -> int:
        """By the end of the last year."""
        return int(self.members[USUAL, -1, DEAD] - self.members[THERAPY, -1, DEAD])

    def difference(self, model: PopulationModel) -> Difference:
        """Cost and QALYs of the whole population, the therapy's world less care as usual."""
        values = model.values
        costs, utilities = worth(model, values)
        discount, years = values["discount"], np.arange(len(self.treated))
        courses = self.treated * (1 + discount) ** -years.astype(float)
        with_therapy, usual = (self.members[world].astype(float) for world in (THERAPY, USUAL))
        cost = yearly(with_therapy, costs, discount) - yearly(usual, costs, discount)
        effect = yearly(with_therapy, utilities, discount) - yearly(usual, utilities, discount)
        return Difference(
            np.asarray(cost.sum() + courses.sum() * course_cost(model, values)),
            np.asarray(effect.sum()),
        )


@dataclass(frozen=True, slots=True)
class Chances:
    """What the loop needs: cumulative shares, yearly chances, each table's first age."""

    severity: Array
    before: Array
    after: Array
    ages: Array
    way: Array
    treated: Array
    dying: Array
    yearly: Array


def simulate(
    model: PopulationModel,
    seed: int,
    *,
    people: int | None = None,
    chunk: int = CHUNK,
    spread: Spread = map,
    each: Callable[[int, People], None] | None = None,
) -> People:
    """Everyone with the condition, or ``people`` of them, over the model's horizon.

    ``each`` hears after every chunk how many people are done and the counts so far. ``spread``
    is a ``map`` that may run in threads.

    Raises
    ------
    ValueError
        If there are no people, or chunks of none, or the comparison is not care as usual.
    """
    if model.inputs["comparison-has-therapy"].value:
        raise ValueError("people one by one are compared with care as usual only")
    count = round(model.inputs["people"].value) if people is None else people
    if count < 1 or chunk < 1:
        raise ValueError(f"{count} people in chunks of {chunk}; both must be 1 or more")
    chances = chances_of(model)
    parts = [(first, min(chunk, count - first)) for first in range(0, count, chunk)]

    def work(part: tuple[int, int]) -> tuple[int, People]:
        return part[1], _lived(chances, seed, *part)

    done, total = 0, _nobody(model.horizon)
    for size, found in spread(work, parts):
        done, total = done + size, total + found
        if each:
            each(done, total)
    return total


def chances_of(model: PopulationModel) -> Chances:
    """The tables a simulation of this model reads."""
    values, severity = model.values, model.severity
    severe = values["severe-share"] * severity.before
    shares = np.array([0.0, 0.0, values["moderate-share"], *severe[FIRST_SEVERE:]])
    shares[MILD] = 1 - shares.sum()
    table_ages = np.arange(YOUNGEST, OLDEST + model.horizon + 1)
    return Chances(
        np.cumsum(shares),
        np.cumsum(severity.before),
        np.cumsum(severity.after),
        _ages(values["age"], values["age-sd"]),
        np.array([values[key] for key in STEPS[1:]]),
        np.array([year.share_treated for year in flow(model).years]),
        death_chances(model, values, table_ages.astype(float)),
        np.array(
            [values["completion"], values["stops-waiting"], values["relapse"], values["recovery"]]
        ),
    )


def _ages(mean: float, sd: float) -> Array:
    """Cumulative shares of whole ages from 18 to 90, normal between them."""
    whole = np.arange(YOUNGEST, OLDEST + 1)
    if sd == 0:
        return (whole >= round(mean)).astype(float)
    found: Array = ndtr((whole + 0.5 - mean) / sd)
    least = ndtr((YOUNGEST - 0.5 - mean) / sd)
    within: Array = (found - least) / (found[-1] - least)
    return within


def _nobody(years: int) -> People:
    members = np.zeros((2, years + 1, DEAD + 1), dtype=np.int64)
    return People(members, np.zeros(years, dtype=np.int64), np.zeros(6, dtype=np.int64))


def _lived(chances: Chances, seed: int, first: int, count: int) -> People:
    found = _nobody(len(chances.treated))
    live(
        np.uint64(seed), first, count, chances.severity, chances.before, chances.after,
        chances.ages, chances.way, chances.treated, chances.dying, chances.yearly,
        found.members, found.treated, found.steps,
    )  # fmt: skip
    return found


@compiled
def mixed(number: np.uint64) -> np.uint64:
    """SplitMix64's finaliser: every bit of the answer hangs on every bit of the number."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@compiled
def draw(person: np.uint64, what: int) -> float:
    """Between 0 and 1, the same for the same person and decision."""
    step = np.uint64(what + 1) * np.uint64(0x9E3779B97F4A7C15)
    return float(mixed(person + step) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def chosen(cumulative: Array, at: float) -> int:
    """The place whose cumulative share is first above ``at``."""
    for place in range(len(cumulative)):
        if at < cumulative[place]:
            return place
    return len(cumulative) - 1


@compiled
def moved(band: int, at: float, relapse: float, recovery: float, before: Array) -> int:
    """The band after a year that was survived, of someone severely ill at the beginning."""
    if band < FIRST_SEVERE:
        return chosen(before, at / relapse) if at < relapse else band
    return MILD if at < recovery else band


@compiled
def willing_after(person: np.uint64, way: Array, steps: Counts) -> bool:
    """Whether a severely ill person comes to wait; counts each step taken."""
    steps[1] += 1
    for step in range(len(way)):
        if draw(person, WAY + step) >= way[step]:
            return False
        steps[2 + step] += 1
    return True


@compiled
def live(
    seed: np.uint64, first: int, count: int, severity: Array, before: Array, after: Array,
    ages: Array, way: Array, treated: Array, dying: Array, yearly: Array, members: Counts,
    began: Counts, steps: Counts,
) -> None:  # fmt: skip
    """Adds the lives of ``count`` people from number ``first`` on to the three tallies."""
    completion, leaving, relapse, recovery = yearly[0], yearly[1], yearly[2], yearly[3]
    years = len(treated)
    for number in range(first, first + count):
        person = mixed(mixed(seed + np.uint64(0x9E3779B97F4A7C15)) + np.uint64(number))
        steps[0] += 1
        band = chosen(severity, draw(person, BAND))
        age = chosen(ages, draw(person, AGE))
        severe = band >= FIRST_SEVERE
        waits = severe and willing_after(person, way, steps)
        apart, usual, therapy = False, band, band
        for year in range(years):
            slot = YEARLY + 4 * year
            if waits and draw(person, slot + TREATED) < treated[year]:
                began[year] += 1
                waits = False
                if draw(person, COMPLETES) < completion:
                    therapy = chosen(after, draw(person, AFTER))
                    apart = True
            members[USUAL, year, usual] += 1
            members[THERAPY, year, therapy] += 1
            if usual == DEAD and therapy == DEAD:
                continue
            dies, moves = draw(person, slot + DIES), 1.0
            if severe:
                moves = draw(person, slot + MOVES)
            if usual != DEAD:
                if dies < dying[age + year, usual]:
                    usual = DEAD
                elif severe:
                    usual = moved(usual, moves, relapse, recovery, before)
            if not apart:
                therapy = usual
            elif therapy != DEAD:
                if dies < dying[age + year, therapy]:
                    therapy = DEAD
                else:
                    therapy = moved(therapy, moves, relapse, recovery, before)
            if waits:
                gone = therapy < FIRST_SEVERE or therapy == DEAD
                waits = not gone and draw(person, slot + LEAVES) >= leaving
        members[USUAL, years, usual] += 1
        members[THERAPY, years, therapy] += 1
