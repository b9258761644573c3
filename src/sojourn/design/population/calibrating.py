"""How calibrated inputs come to be: set together so that printed results come out.

Nothing here runs when a model is used; a test repeats it and compares with what a model states.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sojourn.design.population.economics import headline
from sojourn.design.population.model import PopulationModel, PublishedResult

# A result that never comes (a course that is not paid back) counts as this much too late.
NEVER = 1000.0


def calibrated(model: PopulationModel) -> dict[str, float]:
    """The value of each calibrated input by which its published result comes out.

    Raises
    ------
    ValueError
        If no values do, naming the result that is farthest off.
    """
    aims = [each for each in model.published if each.calibrates]
    if not aims:
        return {}
    names, people = [each.calibrates for each in aims], aims[0].people
    model = model.under(aims[0].under)
    first = np.array([model.inputs[name].value for name in names])

    def off(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = model.with_values(dict(zip(names, first * np.exp(logs), strict=True)))
        found = headline(moved, people)
        got = [found[each.key] for each in aims]
        values = np.array([NEVER if each is None else each for each in got])
        apart: NDArray[np.float64] = values / np.array([each.value for each in aims]) - 1
        return apart

    solved = least_squares(off, np.zeros(len(aims)), xtol=1e-12, ftol=1e-12)
    if np.abs(solved.fun).max() > 1e-6:
        worst = aims[int(np.abs(solved.fun).argmax())]
        raise ValueError(f"{model.key}: no inputs give '{worst.key}' {worst.value:g}")
    values = first * np.exp(solved.x)
    return {name: float(value) for name, value in zip(names, values, strict=True)}


@dataclass(frozen=True, slots=True)
class Agreement:
    """A published result, what the model gives for it, and whether that is within rounding."""

    published: PublishedResult
    value: float | None
    agrees: bool

    @property
    def as_printed(self) -> float | None:
        """The model's value with the digits that were printed."""
        unit = 2 * self.published.half
        return None if self.value is None else round(self.value / unit) * unit


def agreement(model: PopulationModel) -> tuple[Agreement, ...]:
    """Every published result beside what the model gives under its scenario."""
    found = []
    for each in model.published:
        value = headline(model.under(each.under), each.people)[each.key]
        agrees = value is not None and abs(value - each.value) <= each.half
        found.append(Agreement(each, value, agrees))
    return tuple(found)
