"""Quartiles of whole numbers that are kept as counts, so that no reader counts the people."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quartiles:
    """First quartile, median and third quartile of ``n`` values."""

    n: int
    first: float
    median: float
    third: float


def quartiles(times: Mapping[int, int]) -> Quartiles | None:
    """The quartiles of values that occur so many ``times``; None when there are none.

    Linear between order statistics: Hyndman and Fan 1996, definition 7
    (doi 10.1080/00031305.1996.10473566).
    """
    ordered = sorted((value, count) for value, count in times.items() if count > 0)
    n = sum(count for _, count in ordered)
    if not n:
        return None
    return Quartiles(n, *(_quantile(ordered, n, share) for share in (0.25, 0.5, 0.75)))


def _quantile(ordered: list[tuple[int, int]], n: int, share: float) -> float:
    place = (n - 1) * share
    below = int(place)
    low, high = _at(ordered, below), _at(ordered, min(below + 1, n - 1))
    return low + (high - low) * (place - below)


def _at(ordered: list[tuple[int, int]], index: int) -> int:
    passed = 0
    for value, count in ordered:
        passed += count
        if index < passed:
            return value
    raise IndexError(f"there is no value number {index}")
