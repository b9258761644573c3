"""Randomisation: permuted blocks of varying size within strata, from a sealed seed.

Unless a list was brought in (allocation_list.py) none is stored: each number's arm follows from
the seed, the stratum and the number alone, so that it can be checked afterwards and not be peeked
at before (Matthews 2000, Introduction to Randomized Controlled Clinical Trials).
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

from sojourn.conduct.minimisation import Levels
from sojourn.protocols.model import Arm, Randomisation


@dataclass(frozen=True, slots=True)
class AllocationMade:
    """One line of a stratum's list. ``sealed`` is ciphertext; the arm is nowhere in clear.

    ``levels`` are those minimised over; there are none under permuted blocks (schema 1).
    """

    kind: ClassVar[str] = "allocation.made"
    schema: ClassVar[int] = 2
    participant: str
    number: int
    stratum: str
    sealed: str
    levels: Levels = ()


@dataclass(frozen=True, slots=True)
class AllocationOpened:
    """Someone looked behind the seal: who, for what, over whom."""

    kind: ClassVar[str] = "allocation.opened"
    schema: ClassVar[int] = 1
    scope: str  # a participant, or "all"
    purpose: str


def arm_of(
    seed: bytes, stratum: str, number: int, arms: tuple[Arm, ...], plan: Randomisation
) -> str:
    """Key of the arm that the ``number``-th participant (from 1) of ``stratum`` gets.

    Raises
    ------
    ValueError
        If ``number`` is below 1.
    """
    if number < 1:
        raise ValueError(f"randomisation number {number} is below 1")
    first = 0
    for block in blocks(seed, stratum, arms, plan):
        if number <= first + len(block):
            return block[number - first - 1]
        first += len(block)
    raise AssertionError("unreachable: blocks do not end")


def blocks(
    seed: bytes, stratum: str, arms: tuple[Arm, ...], plan: Randomisation
) -> Iterator[tuple[str, ...]]:
    """The blocks of a stratum, one after the other and without end."""
    for block in count():
        size = plan.block_sizes[_draw(seed, stratum, block, -1) % len(plan.block_sizes)]
        yield _block(seed, stratum, block, size, arms)


def _block(
    seed: bytes, stratum: str, block: int, size: int, arms: tuple[Arm, ...]
) -> tuple[str, ...]:
    turns = [arm.key for arm in arms for _ in range(arm.ratio)]
    slots = turns * (size // len(turns))
    # Ordering by independent draws of 256 bits is a uniform shuffle.
    order = sorted(range(len(slots)), key=lambda slot: _draw(seed, stratum, block, slot))
    return tuple(slots[slot] for slot in order)


def _draw(seed: bytes, stratum: str, block: int, slot: int) -> int:
    message = f"{stratum}\n{block}\n{slot}".encode()
    return int.from_bytes(hmac.new(seed, message, hashlib.sha256).digest(), "big")
