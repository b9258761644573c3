"""Retention: who is still there, by the product-limit estimator.

Kaplan & Meier 1958, doi 10.1080/01621459.1958.10501452; intervals on the
log(-log) scale from Greenwood's variance (Kalbfleisch & Prentice 2002, section 1.4).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Stay:
    """How long one person was followed, in days, and whether they then left early."""

    arm: str
    days: int
    left: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Share still retained from ``day`` on. The interval is None while nobody has left."""

    arm: str
    day: int
    at_risk: int
    left: int
    retained: float
    low: float | None
    high: float | None


def retention(stays: Iterable[Stay]) -> tuple[Step, ...]:
    """The curve of each arm: a first step of 1 at day 0, then one for each day someone left.

    Raises
    ------
    ValueError
        If someone was followed for less than no time.
    """
    arms: dict[str, list[Stay]] = {}
    for stay in stays:
        if stay.days < 0:
            raise ValueError(f"{stay.days} days in arm '{stay.arm}': follow-up can't be negative")
        arms.setdefault(stay.arm, []).append(stay)
    return tuple(step for arm in sorted(arms) for step in _curve(arm, arms[arm]))


def _curve(arm: str, stays: list[Stay]) -> list[Step]:
    days = np.array([stay.days for stay in stays])
    left = np.array([stay.left for stay in stays])
    times = np.unique(days[left])
    at_risk = (days[:, None] >= times).sum(axis=0)
    leaving = ((days[:, None] == times) & left[:, None]).sum(axis=0)
    retained = np.cumprod(1 - leaving / at_risk) if len(times) else np.array([])
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(leaving / (at_risk * (at_risk - leaving)))
        scaled = np.sqrt(variance) / np.abs(np.log(retained))
    steps = [Step(arm, 0, len(stays), 0, 1.0, None, None)]
    z = float(stats.norm.ppf(0.975))
    for number, day in enumerate(times):
        share = float(retained[number])
        low = high = None
        if 0 < share < 1:
            width = float(np.exp(z * scaled[number]))
            low, high = share**width, share ** (1 / width)
        steps.append(
            Step(arm, int(day), int(at_risk[number]), int(leaving[number]), share, low, high)
        )
    return steps
