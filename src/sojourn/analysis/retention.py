"""Retention: who is still there, why others left, and whether the arms differ.

Kaplan & Meier 1958, doi 10.1080/01621459.1958.10501452; intervals on the
log(-log) scale from Greenwood's variance (Kalbfleisch & Prentice 2002, section 1.4).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stay:
    """How long one person was followed, in days, whether they then left early, and why."""

    arm: str
    days: int
    left: bool
    reason: str = ""


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


@dataclass(frozen=True, slots=True)
class Incidence:
    """Share of an arm that has left for ``reason`` by ``day``, others having left otherwise.

    ``left`` is how many left for it on that day, of ``at_risk`` still there.
    """

    arm: str
    reason: str
    day: int
    at_risk: int
    left: int
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class LogRank:
    """Whether the arms were left at one rate: those who left, and those expected to, by arm."""

    arms: tuple[str, ...]
    people: tuple[int, ...]
    left: tuple[int, ...]
    expected: tuple[float, ...]
    chi_squared: float
    df: int
    p_value: float


def retention(stays: Iterable[Stay]) -> tuple[Step, ...]:
    """The curve of each arm: a first step of 1 at day 0, then one for each day someone left.

    Raises
    ------
    ValueError
        If someone was followed for less than no time.
    """
    return tuple(step for arm, own in _by_arm(stays).items() for step in _curve(arm, own))


def leaving(stays: Iterable[Stay]) -> tuple[Incidence, ...]:
    """The cumulative incidence of each reason for leaving, in each arm, on each day of it.

    The reasons of an arm add up to the share no longer retained. Intervals on the
    log(-log) scale from the delta-method variance.

    Raises
    ------
    ValueError
        If someone was followed for less than no time.

    Source: Aalen & Johansen 1978, Scand J Stat 5:141-150; variance after
    Marubini & Valsecchi 1995, Analysing Survival Data, section 10.2.
    """
    return tuple(
        each
        for arm, own in _by_arm(stays).items()
        for reason in sorted({stay.reason for stay in own if stay.left})
        for each in _incidence(arm, reason, own)
    )


def log_rank(stays: Iterable[Stay]) -> LogRank:
    """The log-rank test of the arms, with the hypergeometric variance for ties.

    Raises
    ------
    ValueError
        With fewer than two arms to compare, or where nobody left: there is nothing to test.

    Source: Mantel 1966, Cancer Chemother Rep 50:163-170; Peto & Peto 1972, doi 10.2307/2344317.
    """
    arms = _by_arm(stays)
    if len(arms) < 2:
        raise ValueError(f"arms are {sorted(arms)}; the log-rank test compares two or more")
    everyone = [stay for own in arms.values() for stay in own]
    days, left = _arrays(everyone)
    if not left.any():
        raise ValueError("nobody left; there is nothing to compare")
    times = np.unique(days[left])
    member = np.repeat(np.arange(len(arms)), [len(own) for own in arms.values()])
    own = (member[:, None] == np.arange(len(arms))).astype(float)
    at_risk = own.T @ (days[:, None] >= times)
    leaving_now = own.T @ ((days[:, None] == times) & left[:, None])
    all_risk, all_leaving = at_risk.sum(axis=0), leaving_now.sum(axis=0)
    expected = at_risk * all_leaving / all_risk
    spread = all_leaving * (all_risk - all_leaving) / np.maximum(all_risk - 1, 1)
    share = at_risk / all_risk
    covariance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    excess = (leaving_now - expected).sum(axis=1)
    statistic = float(excess @ np.linalg.pinv(covariance, hermitian=True) @ excess)
    # An arm that nobody could leave any more when the first left can't be compared.
    df = int((expected.sum(axis=1) > 0).sum()) - 1
    if df < 1:
        raise ValueError("only one arm was still followed when people left; nothing to compare")
    return LogRank(
        tuple(arms),
        tuple(len(each) for each in arms.values()),
        tuple(map(int, leaving_now.sum(axis=1))),
        tuple(map(float, expected.sum(axis=1))),
        statistic,
        df,
        float(stats.chi2.sf(statistic, df)),
    )


def _by_arm(stays: Iterable[Stay]) -> dict[str, list[Stay]]:
    arms: dict[str, list[Stay]] = {}
    for stay in stays:
        if stay.days < 0:
            raise ValueError(f"{stay.days} days in arm '{stay.arm}': follow-up can't be negative")
        arms.setdefault(stay.arm, []).append(stay)
    return {arm: arms[arm] for arm in sorted(arms)}


def _arrays(stays: list[Stay]) -> tuple[Array, Flags]:
    days = np.array([stay.days for stay in stays], dtype=float)
    return days, np.array([stay.left for stay in stays])


def _incidence(arm: str, reason: str, stays: list[Stay]) -> list[Incidence]:
    days, left = _arrays(stays)
    for_it = left & np.array([stay.reason == reason for stay in stays])
    times = np.unique(days[left])
    at_risk = (days[:, None] >= times).sum(axis=0)
    gone = ((days[:, None] == times) & left[:, None]).sum(axis=0)
    events = ((days[:, None] == times) & for_it[:, None]).sum(axis=0)
    before = np.concatenate([[1.0], np.cumprod(1 - gone / at_risk)[:-1]])
    share = np.cumsum(before * events / at_risk)
    variance = _incidence_variance(share, before, at_risk, gone, events)
    z = float(stats.norm.ppf(0.975))
    made = []
    for number in np.flatnonzero(events):
        low = high = None
        now = float(share[number])
        if 0 < now < 1:
            width = float(np.exp(z * np.sqrt(variance[number]) / (now * abs(np.log(now)))))
            low, high = now**width, now ** (1 / width)
        made.append(
            Incidence(
                arm, reason, int(times[number]), int(at_risk[number]), int(events[number]),
                now, low, high,
            )
        )  # fmt: skip
    return made


def _incidence_variance(
    share: Array, before: Array, at_risk: Array, gone: Array, events: Array
) -> Array:
    """Of the incidence at each time, summed over the times up to it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.nan_to_num(gone / (at_risk * (at_risk - gone)), posinf=0.0)
    rest = np.tril(share[:, None] - share)
    own = before**2 * events * (at_risk - events) / at_risk**3
    cross = before * events / at_risk**2
    return np.asarray(
        (rest**2 * greenwood).sum(axis=1) + np.cumsum(own) - 2 * (rest * cross).sum(axis=1)
    )


def _curve(arm: str, stays: list[Stay]) -> list[Step]:
    days, left = _arrays(stays)
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
