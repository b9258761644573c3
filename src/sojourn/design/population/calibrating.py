"""How calibrated inputs come to be: set together so that printed results come out.

Nothing here runs when a model is used; a test repeats it and compares with what a model states.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sojourn.design.population.economics import headline
from sojourn.design.population.model import PopulationModel

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
    names = [each.calibrates for each in aims]
    model = model.under(model.published_under)
    first = np.array([model.inputs[name].value for name in names])

    def off(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        found = headline(model.with_values(dict(zip(names, first * np.exp(logs), strict=True))))
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


def agreement(model: PopulationModel) -> dict[str, tuple[float | None, bool]]:
    """Each published result as the model gives it, and whether it agrees within rounding."""
    found = headline(model.under(model.published_under))
    answer: dict[str, tuple[float | None, bool]] = {}
    for each in model.published:
        value = found[each.key]
        answer[each.key] = (value, value is not None and abs(value - each.value) <= each.half)
    return answer
