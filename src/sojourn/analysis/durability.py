"""Whether the change held: mean change at a later visit, and relapse among those who responded.

Who was not followed is counted beside every number, and compared with who was: change
among the followed is not change among all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from sojourn.analysis.outcomes import exact_interval
from sojourn.analysis.retention import Stay, Step, retention
from sojourn.analysis.risk import wilson_interval

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of ``people`` with its t interval, None for fewer than two; no mean for nobody."""

    people: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Held:
    """One arm from the end of treatment to a later visit.

    ``at_end`` is the mean change from baseline of all with one at the end;
    ``followed_at_end`` and ``followed_later`` that of those with both, ``since_end`` their change
    in between, and ``not_followed_at_end`` that of those known at the end but not later.
    """

    arm: str
    people: int
    at_end: Mean
    followed_at_end: Mean
    followed_later: Mean
    since_end: Mean
    not_followed_at_end: Mean

    @property
    def not_followed(self) -> int:
        return self.people - self.since_end.people


@dataclass(frozen=True, slots=True)
class Kept:
    """Responders of one arm at the end: ``still`` respond of the ``known`` at the later visit."""

    arm: str
    responders: tuple[str, ...]
    known: int
    still: int
    exact: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One who responded: days followed from the response on, and whether they then relapsed."""

    arm: str
    days: int
    relapsed: bool


@dataclass(frozen=True, slots=True)
class Relapse:
    """Relapse in one arm by ``by_day``.

    Of ``responders``, ``known`` were followed that long or relapsed before; ``not_followed``
    were lost sooner, without a relapse. The proportion is of the known; the curve (share still
    without relapse) uses everyone for as long as they were followed.
    """

    arm: str
    by_day: int
    responders: int
    known: int
    relapsed: int
    not_followed: int
    exact: tuple[float | None, float | None]
    wilson: tuple[float | None, float | None]
    curve: tuple[Step, ...]

    @property
    def share(self) -> float | None:
        return self.relapsed / self.known if self.known else None


def held(
    observations: pl.DataFrame, end: str, later: str, arms: Mapping[str, str]
) -> tuple[Held, ...]:
    """Each arm's change from baseline at ``end`` and at ``later``.

    ``observations`` as from ``outcomes.frame``; ``arms`` has the arm of everyone in the
    analysis set, seen or not.

    Raises
    ------
    ValueError
        If a participant has two rows at a visit.
    """
    changes = {}
    for visit in (end, later):
        rows = observations.filter(pl.col("visit") == visit)
        if rows["participant"].is_duplicated().any():
            raise ValueError(f"a participant has two rows at '{visit}'; keep one")
        known = dict(zip(rows["participant"], rows["change"], strict=True))
        changes[visit] = np.array(
            [np.nan if known.get(who) is None else known[who] for who in arms], dtype=float
        )
    of = np.array(list(arms.values()))
    first, second = changes[end], changes[later]
    both = np.isfinite(first) & np.isfinite(second)
    return tuple(
        Held(
            arm,
            int((of == arm).sum()),
            mean_interval(first[of == arm]),
            mean_interval(first[both & (of == arm)]),
            mean_interval(second[both & (of == arm)]),
            mean_interval((second - first)[both & (of == arm)]),
            mean_interval(first[~both & (of == arm)]),
        )
        for arm in sorted(set(arms.values()))
    )


def kept(
    observations: pl.DataFrame, end: str, later: str, arms: Mapping[str, str]
) -> tuple[Kept, ...]:
    """Each arm's responders at ``end``, and whether they still are at ``later``."""
    seen = {
        visit: dict(
            observations.filter(pl.col("visit") == visit)
            .select("participant", "response")
            .iter_rows()
        )
        for visit in (end, later)
    }
    made = []
    for arm in sorted(set(arms.values())):
        responders = [who for who, of in arms.items() if of == arm and seen[end].get(who)]
        known = [who for who in responders if seen[later].get(who) is not None]
        still = sum(bool(seen[later][who]) for who in known)
        limits = exact_interval(still, len(known))
        made.append(Kept(arm, tuple(responders), len(known), still, limits))
    return tuple(made)


def relapse(followed: Iterable[FollowUp], by_day: int) -> tuple[Relapse, ...]:
    """Relapse among responders in each arm by ``by_day`` after the response.

    Raises
    ------
    ValueError
        If someone was followed for less than no time.
    """
    arms: dict[str, list[FollowUp]] = {}
    for each in followed:
        arms.setdefault(each.arm, []).append(each)
    return tuple(_relapse(arm, arms[arm], by_day) for arm in sorted(arms))


def _relapse(arm: str, people: list[FollowUp], by_day: int) -> Relapse:
    relapsed = sum(each.relapsed and each.days <= by_day for each in people)
    known = relapsed + sum(
        each.days >= by_day and not (each.relapsed and each.days <= by_day) for each in people
    )
    curve = retention(Stay(arm, each.days, each.relapsed) for each in people)
    return Relapse(
        arm,
        by_day,
        len(people),
        known,
        relapsed,
        len(people) - known,
        exact_interval(relapsed, known),
        wilson_interval(relapsed, known),
        curve,
    )


def mean_interval(values: Array) -> Mean:
    """The mean of what is known of ``values`` (people; not a number where missing)."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Mean(0, None, None, None)
    mean = float(known.mean())
    if len(known) < 2:
        return Mean(1, mean, None, None)
    half = float(stats.t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known)))
    return Mean(len(known), mean, mean - half, mean + half)
