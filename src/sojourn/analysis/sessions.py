"""Change by how many dosing sessions someone was given: described, never a dose-response found."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from sojourn.analysis.least_squares import least_squares
from sojourn.analysis.mmrm.contrasts import Estimate

CAUTION = (
    "Sessions were not given at random: who fared badly, had adverse events or got well early "
    "had fewer. The slope mixes what a session does with who came to have it."
)


@dataclass(frozen=True, slots=True)
class AtSessions:
    """Those of an arm who were given ``sessions``; ``mean`` is their mean change."""

    arm: str
    sessions: int
    people: int
    known: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class BySessions:
    """The groups, and by arm the change for each session more, at equal baseline.

    A slope is None where everyone had as many sessions, or too few people are known.
    """

    groups: tuple[AtSessions, ...]
    slopes: Mapping[str, Estimate | None]
    caution: str = CAUTION


def by_sessions(
    change: ArrayLike, baseline: ArrayLike, sessions: ArrayLike, arms: ArrayLike
) -> BySessions:
    """Relates ``change`` (people; not a number where missing) to ``sessions`` given (people).

    Raises
    ------
    ValueError
        For unequal lengths, or a missing baseline or number of sessions.
    """
    y, start = np.asarray(change, dtype=float), np.asarray(baseline, dtype=float)
    given, of = np.asarray(sessions, dtype=float), np.asarray(arms, dtype=str)
    if not len(y) == len(start) == len(given) == len(of):
        raise ValueError(f"{len(y)} changes, {len(start)} baselines, {len(given)} sessions")
    if not (np.isfinite(start).all() and np.isfinite(given).all()):
        raise ValueError("a baseline or number of sessions is missing; leave out who has none")
    known = np.isfinite(y)
    groups: list[AtSessions] = []
    slopes: dict[str, Estimate | None] = {}
    for arm in sorted(set(of.tolist())):
        inside = of == arm
        for number in np.unique(given[inside]):
            there = inside & (given == number)
            values = y[there & known]
            groups.append(
                AtSessions(
                    arm,
                    int(number),
                    int(there.sum()),
                    len(values),
                    float(values.mean()) if len(values) else None,
                )
            )
        used = inside & known
        design = np.column_stack([np.ones(int(used.sum())), start[used], given[used]])
        slopes[arm] = None
        if len(design) > 3 and np.linalg.matrix_rank(design) == 3:
            line = least_squares(y[used], design, ["Intercept", "baseline", "sessions"])
            slopes[arm] = line.coefficient("sessions")
    return BySessions(tuple(groups), MappingProxyType(slopes))
