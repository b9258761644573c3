"""Costs and QALYs of the therapy against care as usual, in a cohort that begins severely ill.

Each person is in one band of CAPS-5 severity or dead. The therapy moves those who complete it to
the bands rated after it; care as usual leaves people where they are, unless the comparison has the
same therapy without the drug. From then on everyone may relapse, recover and die by the same yearly
chances, which depend on the band.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sojourn.design.population.cohort import (
    Array,
    Counting,
    Difference,
    breaks_even,
    membership,
    yearly,
)
from sojourn.design.population.model import (
    BANDS,
    DEAD,
    FIRST_SEVERE,
    Number,
    PopulationModel,
    Values,
    course_hours,
)

MILD = BANDS.index("mild")


@dataclass(frozen=True, slots=True)
class Arms:
    """Both arms of one cohort: yearly sums (years, ...) for each person, discounted."""

    usual_members: Array
    therapy_members: Array
    usual_costs: Array
    therapy_costs: Array
    usual_qalys: Array
    therapy_qalys: Array
    course: Array

    @property
    def difference(self) -> Difference:
        """Over all years, the course of therapy included."""
        cost = self.course + (self.therapy_costs - self.usual_costs).sum(axis=0)
        return Difference(cost, (self.therapy_qalys - self.usual_qalys).sum(axis=0))

    @property
    def deaths_averted(self) -> Array:
        """For each person, by the end of the last year."""
        found: Array = self.usual_members[-1, ..., DEAD] - self.therapy_members[-1, ..., DEAD]
        return found

    @property
    def net_cost(self) -> Array:
        """Cumulative extra cost from the first moment on, (years + 1, ...)."""
        return _running(self.therapy_costs - self.usual_costs, self.course)

    @property
    def gain(self) -> Array:
        """Cumulative QALYs gained, (years + 1, ...)."""
        return _running(self.therapy_qalys - self.usual_qalys, np.zeros_like(self.course))


def run(
    model: PopulationModel,
    values: Values | None = None,
    *,
    before: Array | None = None,
    after: Array | None = None,
    without_drug: Array | None = None,
    counting: Counting = "half",
) -> Arms:
    """Both arms over the model's horizon; ``values`` and the shares by band may hold draws."""
    given: Values = {**model.values, **(values or {})}
    draws = np.broadcast_shapes(*(np.shape(value) for value in given.values()))
    before = model.severity.before if before is None else before
    before = np.broadcast_to(before, (*draws, len(BANDS)))
    after = model.severity.after if after is None else after
    without_drug = model.severity.without_drug if without_drug is None else without_drug
    moves = transitions(model, given, before)
    usual = membership(_with_dead(compared(given, before, without_drug)), moves)
    treated = membership(_with_dead(started(given, before, after)), moves)
    costs, utilities = worth(model, given)
    discount = given["discount"]
    course = np.asarray(course_cost(model, given), dtype=float)
    course = course - given["comparison-has-therapy"] * given["course-cost"]
    return Arms(
        usual,
        treated,
        yearly(usual, costs, discount, counting),
        yearly(treated, costs, discount, counting),
        yearly(usual, utilities, discount, counting),
        yearly(treated, utilities, discount, counting),
        course + np.zeros(usual.shape[1:-1]),
    )


def course_cost(model: PopulationModel, values: Values) -> Number:
    """A whole course with the study drug; a person who does not complete it costs the same."""
    sessions = course_hours(model.protocol).dosing_sessions
    return values["course-cost"] + sessions * values["drug-cost-per-session"]


def started(values: Values, before: Array, after: Array) -> Array:
    """Shares by band right after the therapy; whoever does not complete it stays as before."""
    completed = _column(values["completion"])
    found: Array = completed * after + (1 - completed) * before
    return found


def compared(values: Values, before: Array, without_drug: Array) -> Array:
    """Shares by band at the beginning of those the therapy is compared with."""
    therapy = _column(values["comparison-has-therapy"])
    found: Array = therapy * started(values, before, without_drug) + (1 - therapy) * before
    return found


def death_chances(model: PopulationModel, values: Values, ages: Array) -> Array:
    """Chance to die within a year by age and band, (ages, ..., bands).

    The hazard grows with age as Gompertz has it, and with each CAPS-5 point.
    """
    years = (ages - model.inputs["age"].value).reshape(-1, *(1,) * (_width(values) + 1))
    base = _column(values["mortality"]) * np.exp(_column(values["mortality-growth"]) * years)
    worse = np.exp(_column(values["mortality-per-point"]) * model.severity.points)
    found: Array = -np.expm1(-base * worse)
    return found


def transitions(model: PopulationModel, values: Values, before: Array) -> Array:
    """Yearly moves between bands and death, (years, ..., states, states)."""
    ages = model.inputs["age"].value + np.arange(model.horizon, dtype=float)
    dying = death_chances(model, values, ages)
    relapse, recovery = np.asarray(values["relapse"]), np.asarray(values["recovery"])
    shape = np.broadcast_shapes(dying.shape[1:-1], relapse.shape, recovery.shape, before.shape[:-1])
    among = np.zeros((*shape, len(BANDS), len(BANDS)))
    for band in range(len(BANDS)):
        if band < FIRST_SEVERE:
            among[..., band, :] = _column(relapse) * before
            among[..., band, band] += 1 - relapse
        else:
            among[..., band, MILD] = recovery
            among[..., band, band] += 1 - recovery
    moves = np.zeros((len(ages), *shape, DEAD + 1, DEAD + 1))
    moves[..., :DEAD, :DEAD] = (1 - dying)[..., None] * among
    moves[..., :DEAD, DEAD] = dying
    moves[..., DEAD, DEAD] = 1
    return moves


def worth(model: PopulationModel, values: Values) -> tuple[Array, Array]:
    """Yearly cost (years, ..., states) and utility (..., states); the dead have neither."""
    points = model.severity.points
    cost = _column(values["cost-without-symptoms"]) + _column(values["cost-per-point"]) * points
    years = np.arange(model.horizon).reshape(-1, *(1,) * (_width(values) + 1))
    costs = cost * (1 + _column(values["cost-growth"])) ** years
    lost = _column(values["utility-lost-per-point"]) * points
    utilities = np.maximum(_column(values["utility-without-symptoms"]) - lost, 0.0)
    return _with_dead(costs), _with_dead(utilities)


def headline(model: PopulationModel, people: int = 1000) -> dict[str, float | None]:
    """The results a cost-effectiveness paper prints, for ``people`` treated."""
    arms = run(model)
    difference, paid_back = arms.difference, breaks_even(arms.net_cost)
    gained = None
    if paid_back is not None:
        gained = people * float(np.interp(paid_back, np.arange(model.horizon + 1), arms.gain))
    return {
        "savings": -people * float(difference.cost),
        "cost": people * float(difference.cost),
        "qalys": people * float(difference.effect),
        "deaths-averted": people * float(arms.deaths_averted),
        "breaks-even": paid_back,
        "qalys-at-break-even": gained,
        "ratio": float(difference.ratio),
        "net-benefit": people * float(difference.net_benefit(model.threshold)),
    }


def scenarios(model: PopulationModel) -> Mapping[str, dict[str, float | None]]:
    """The headline as stated (key "") and under each scenario."""
    found = {"": headline(model)}
    for each in model.scenarios:
        found[each.key] = headline(model.under(each.key))
    return found


def _running(each: Array, start: Array) -> Array:
    first = np.broadcast_to(start, each.shape[1:])[None]
    found: Array = np.concatenate((first, each)).cumsum(axis=0)
    return found


def _with_dead(shares: Array) -> Array:
    return np.concatenate((shares, np.zeros((*shares.shape[:-1], 1))), axis=-1)


def _column(value: Number) -> NDArray[np.float64]:
    """One number for each draw as a column, so that it meets bands on the last axis."""
    return np.asarray(value, dtype=float)[..., None]


def _width(values: Values) -> int:
    """How many axes of draws the values have: none or one."""
    return max(np.ndim(value) for value in values.values())
