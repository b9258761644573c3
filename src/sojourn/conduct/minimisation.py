"""Minimisation: each allocation balances stated factors over the arms, by a biased coin.

Imbalance is the variance of the arms' numbers within the person's level of each factor, added
over the factors with equal weight. The arm that would leave the least gets the stated
probability, the others share the rest; ties are broken at random. Like a block list, every
coin follows from the sealed seed and the number, so that the sequence can be made again.

Source: Pocock & Simon 1975, Biometrics 31:103-115, doi 10.2307/2529712.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

Levels = tuple[tuple[str, str], ...]  # factor and the person's level of it
WHOLE = 1 << 256


@dataclass(frozen=True, slots=True)
class Earlier:
    """Someone allocated before: their levels and their arm."""

    levels: Levels
    arm: str


def imbalances(
    levels: Levels, earlier: Sequence[Earlier], arms: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """What each arm would leave: the number of arms squared times the variance, over factors."""
    counts = {
        level: {arm: sum(level in each.levels and each.arm == arm for each in earlier)
                for arm in arms}
        for level in levels
    }  # fmt: skip
    found = []
    for candidate in arms:
        left = 0
        for count in counts.values():
            after = [count[arm] + (arm == candidate) for arm in arms]
            left += len(arms) * sum(each * each for each in after) - sum(after) ** 2
        found.append((candidate, left))
    return tuple(found)


def arm_by_minimisation(
    seed: bytes,
    number: int,
    levels: Levels,
    earlier: Sequence[Earlier],
    arms: Sequence[str],
    probability_percent: int,
) -> str:
    """The arm of the ``number``-th participant (from 1).

    Raises
    ------
    ValueError
        If ``number`` does not follow the ``earlier`` ones, or there are fewer than two arms.
    """
    if number != len(earlier) + 1:
        raise ValueError(f"number {number} does not follow {len(earlier)} earlier allocations")
    if len(arms) < 2:
        raise ValueError("minimisation needs at least two arms")
    left = dict(imbalances(levels, earlier, arms))
    ranked = sorted(arms, key=lambda arm: (left[arm], _draw(seed, number, f"tie {arm}")))
    coin = _draw(seed, number, "coin")
    if coin * 100 < probability_percent * WHOLE:
        return ranked[0]
    others = ranked[1:]
    return others[_draw(seed, number, "other") * len(others) // WHOLE]


def _draw(seed: bytes, number: int, what: str) -> int:
    message = f"minimisation\n{number}\n{what}".encode()
    return int.from_bytes(hmac.new(seed, message, hashlib.sha256).digest(), "big")
