"""What many trials add up to, and what it says with its Monte Carlo error."""

from dataclasses import dataclass, fields
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNIT = 2**32
ARMS = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its Monte Carlo standard error; both are nothing without trials."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over trials in whole numbers; ``a + b`` is the same in whatever order.

    ``error``, ``width`` and their squares are in units of 2^-32; ``outcomes`` holds for each
    arm the people rated at the last visit, those with response and those in remission.
    """

    trials: int = 0
    fitted: int = 0
    rejected: int = 0
    futile: int = 0
    covered: int = 0
    error: int = 0
    error_squared: int = 0
    width: int = 0
    width_squared: int = 0
    people: int = 0
    people_squared: int = 0
    stopped: tuple[int, ...] = ()
    outcomes: tuple[tuple[int, int, int], ...] = ((0, 0, 0),) * ARMS

    def __add__(self, other: "Tally") -> "Tally":
        together: dict[str, Any] = {}
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if each.name == "stopped":
                together[each.name] = _added(mine, theirs)
            elif each.name == "outcomes":
                together[each.name] = tuple(map(_added, mine, theirs))
            else:
                together[each.name] = mine + theirs
        return Tally(**together)

    @property
    def rejecting(self) -> Figure:
        """Share of trials that reject: power or, of a null trial, the type I error.

        A trial without a maximum counts as one that does not reject.
        """
        return _share(self.rejected, self.trials)

    @property
    def stopping_for_futility(self) -> Figure:
        return _share(self.futile, self.trials)

    @property
    def coverage(self) -> Figure:
        """Share of fitted trials whose interval holds the stated effect."""
        return _share(self.covered, self.fitted)

    @property
    def bias(self) -> Figure:
        """Mean estimate less the stated effect, in points."""
        return _mean(self.error / UNIT, self.error_squared / UNIT, self.fitted)

    @property
    def estimates_sd(self) -> float:
        """Standard deviation of the estimates, in points."""
        return self.bias.error * sqrt(self.fitted)

    @property
    def interval_width(self) -> Figure:
        return _mean(self.width / UNIT, self.width_squared / UNIT, self.fitted)

    @property
    def sample_size(self) -> Figure:
        """Participants randomised until the trial ends."""
        return _mean(self.people, self.people_squared, self.trials)

    def response(self, arm: int) -> Figure:
        """Of those rated at the last visit; the error is that of independent people."""
        known, fell, _ = self.outcomes[arm]
        return _share(fell, known)

    def remission(self, arm: int) -> Figure:
        """As ``response``, by the total alone."""
        known, _, low = self.outcomes[arm]
        return _share(low, known)


def summed(values: NDArray[np.float64]) -> int:
    """The sum in units of 2^-32, missing left out; exact, so that order does not matter."""
    known = values[np.isfinite(values)]
    return sum(np.rint(known * UNIT).astype(np.int64).tolist())


def counted(*kinds: NDArray[np.bool_]) -> tuple[int, int, int]:
    first, second, third = (int(kind.sum()) for kind in kinds)
    return first, second, third


def _added(mine: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[int, ...]:
    span = max(len(mine), len(theirs))
    both = ((*each, *(0,) * (span - len(each))) for each in (mine, theirs))
    return tuple(map(sum, zip(*both, strict=True)))


def _share(count: int, of: int) -> Figure:
    if not of:
        return Figure(np.nan, np.nan)
    share = count / of
    return Figure(share, sqrt(share * (1 - share) / of))


def _mean(total: float, squares: float, count: int) -> Figure:
    if count < 2:
        return Figure(np.nan, np.nan)
    mean = total / count
    variance = max(0.0, (squares - count * mean**2) / (count - 1))
    return Figure(mean, sqrt(variance / count))
