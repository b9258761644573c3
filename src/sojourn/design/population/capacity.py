"""From people who need the therapy to the years it takes to treat them: a flow, year by year.

A deterministic account of who waits, how many courses therapists and rooms allow, and which of
them holds the others up. Sites and therapists count from the beginning of a year.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sojourn.design.population.cohort import Array
from sojourn.design.population.economics import death_chances
from sojourn.design.population.model import (
    BANDS,
    FIRST_SEVERE,
    CourseHours,
    PopulationModel,
    course_hours,
)

Limit = Literal["therapists", "rooms", "need"]
# Steps from everyone with the condition to those who wait, in order, each a share of the last.
STEPS = ("severe-share", "chronic-share", "medically-eligible-share", "in-care-share",
         "willing-share")  # fmt: skip
FARTHEST = 60


@dataclass(frozen=True, slots=True)
class Step:
    """How many people remain after a step from need to demand."""

    key: str
    label: str
    people: float


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the flow; ``limit`` names what kept more people from being treated."""

    number: int
    waiting: float
    therapists: float
    sites: float
    by_therapists: float
    by_rooms: float
    treated: float
    limit: Limit

    @property
    def capacity(self) -> float:
        """Courses that therapists and rooms allow in this year."""
        return min(self.by_therapists, self.by_rooms)

    @property
    def share_treated(self) -> float:
        """Of those who wait as the year begins."""
        return self.treated / self.waiting if self.waiting else 0.0


@dataclass(frozen=True, slots=True)
class Flow:
    """The flow over ``years``; everyone who waits is treated in year ``cleared``, if ever."""

    steps: tuple[Step, ...]
    years: tuple[Year, ...]
    hours: CourseHours

    @property
    def cleared(self) -> int | None:
        """The first year, counted from 1, in which nobody is left to wait."""
        return next((year.number for year in self.years if year.limit == "need"), None)

    @property
    def told(self) -> tuple[Year, ...]:
        """The years worth telling: those until nobody waits, and the one after."""
        return self.years[: self.cleared + 1] if self.cleared else self.years

    @property
    def treated(self) -> float:
        return sum(year.treated for year in self.years)


def need(model: PopulationModel) -> tuple[Step, ...]:
    """From everyone with the condition to those who would begin the therapy if they could."""
    people = model.inputs["people"]
    steps = [Step("people", people.label, people.value)]
    for key in STEPS:
        each = model.inputs[key]
        steps.append(Step(key, each.label, steps[-1].people * each.value))
    return tuple(steps)


def flow(model: PopulationModel, years: int | None = None) -> Flow:
    """Waiting, capacity and treatment by year, over the model's horizon unless ``years`` is given.

    Raises
    ------
    ValueError
        If ``years`` is not from 1 to 60.
    """
    years = model.horizon if years is None else years
    if not 1 <= years <= FARTHEST:
        raise ValueError(f"years is {years}; from 1 to {FARTHEST}")
    values, hours, steps = model.values, course_hours(model.protocol), need(model)
    wanted = steps[-1].people
    waiting, therapists, sites = wanted, values["therapists"], values["sites"]
    # Whoever recovers while waiting does not need it any more.
    staying = (1 - values["stops-waiting"]) * (1 - values["recovery"]) * (1 - _dying(model, years))
    found = []
    for number in range(years):
        by_therapists = courses_by_therapists(values, therapists, hours)
        by_rooms = courses_by_rooms(values, sites, hours)
        treated = min(waiting, by_therapists, by_rooms)
        limit: Limit = "need"
        if treated < waiting:
            limit = "therapists" if by_therapists <= by_rooms else "rooms"
        found.append(
            Year(number + 1, waiting, therapists, sites, by_therapists, by_rooms, treated, limit)
        )
        waiting = (waiting - treated) * float(staying[number]) + wanted * values["new-cases"]
        trained = values["therapists-trained"] * (1 + values["training-growth"]) ** number
        therapists *= 1 - values["therapist-leaves"]
        therapists += min(trained, values["therapists-trained-most"])
        opened = values["sites-opened"] * (1 + values["site-growth"]) ** number
        sites += min(opened, values["sites-opened-most"])
    return Flow(steps, tuple(found), hours)


def courses_by_therapists(values: dict[str, float], therapists: float, hours: CourseHours) -> float:
    """Courses a year that so many therapists can give, their work beside sessions counted."""
    each = hours.therapist * (1 + values["hours-beside-sessions"])
    return therapists * values["therapist-hours"] / each


def courses_by_rooms(values: dict[str, float], sites: float, hours: CourseHours) -> float:
    """Courses a year for which so many sites have room."""
    return sites * values["rooms-per-site"] * values["room-hours"] / hours.room


def _dying(model: PopulationModel, years: int) -> Array:
    """Chance to die in each year for those who wait, at the mean age and severity before."""
    ages = model.inputs["age"].value + np.arange(years, dtype=float)
    chances = death_chances(model, model.values, ages)[:, FIRST_SEVERE : len(BANDS)]
    found: Array = chances @ model.severity.before[FIRST_SEVERE:]
    return found
