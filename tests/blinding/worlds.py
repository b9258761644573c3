"""One story told in two worlds that differ in who is in which arm, and in nothing else.

An *ideal seal* stands in for the cipher: what it gives out is the same whatever lies under it, and
only its book says what that is. With it, a clock that stands still and chance that repeats itself,
the two worlds must leave the same bytes in the database. Whatever a page then shows can differ
between them only if it opened the seal, and the book knows of every opening.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import transaction

from sojourn.clinic.demo import PROGRAMME, dispensing, load, load_demo
from sojourn.design.virtual import VirtualParticipant
from sojourn.ledger import allocating, seal, stock
from sojourn.protocols.model import Arm, Randomisation
from tests.kept import Rows, every_row

PEOPLE = 7
NATURE = "mdma"  # what happens to everybody, whatever their arm
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
# The arm of the n-th of a site, by its place in the protocol: other people, and other numbers.
WORLDS: dict[str, Callable[[int], int]] = {
    "this": lambda number: number % 2,
    "other": lambda number: number // 2 % 2,
}


class IdealSeal:
    """What lies under each seal, in a book nobody can read without leaving a trace."""

    def __init__(self) -> None:
        self.book: dict[str, str] = {}
        self.openings = 0

    def seal(self, arm: str) -> str:
        sealed = f"sealed-{len(self.book):06}"
        self.book[sealed] = arm
        return sealed

    def open_seal(self, sealed: str) -> str:
        self.openings += 1
        return self.book[sealed]

    def randomisation_seed(self, programme: str) -> bytes:
        self.openings += 1
        return b"no arm follows from this seed"


class Chance:
    """Random bytes that repeat themselves once ``again`` was called."""

    def __init__(self) -> None:
        self.again()

    def again(self) -> None:
        self._drawn = np.random.default_rng(1)

    def __call__(self, size: int) -> bytes:
        return self._drawn.bytes(size)


@contextmanager
def under(ideal: IdealSeal) -> Iterator[None]:
    """Everything that is sealed lies under ``ideal``."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("seal", "open_seal", "randomisation_seed"):
            patch.setattr(seal, name, getattr(ideal, name))
        yield


def tell(world: str, participants: int) -> IdealSeal:
    """The demonstration's story in that world, written to the record; its seal."""
    ideal, place = IdealSeal(), WORLDS[world]

    def arm_of(
        seed: bytes, stratum: str, number: int, arms: tuple[Arm, ...], plan: Randomisation
    ) -> str:
        return arms[place(number)].key

    def kits(pool: dispensing.Pool, site: str, arm: str, protocol: Any) -> dispensing.Kits:
        """The next containers of the site, which hold in this world what this person gets."""
        found = {}
        for visit in protocol.dosing_visits():
            held = min((labels for (at, _), labels in pool.items() if at == site), key=min)
            found[visit.key] = label = held.pop(held.index(min(held)))
            ideal.book[stock.load(PROGRAMME, label).sealed] = arm
        return found

    by_nature = VirtualParticipant.under
    with under(ideal), pytest.MonkeyPatch.context() as patch:
        patch.setattr(allocating, "arm_of", arm_of)
        patch.setattr(load.dispensing, "kits", kits)
        patch.setattr(VirtualParticipant, "under", lambda self, arm: by_nature(self, NATURE))
        load_demo(today=NOW, participants=participants)
    return ideal


@dataclass(frozen=True, slots=True)
class World:
    """The rows a story leaves in that world, and the seal under which its arms lie."""

    rows: Rows
    ideal: IdealSeal


def leaves(world: str, chance: Chance, *, stay: bool = False, participants: int = PEOPLE) -> World:
    """What the story leaves in that world; the record goes on as it was unless we ``stay``."""
    chance.again()
    point = transaction.savepoint()
    ideal = tell(world, participants)
    left = World(every_row(), ideal)
    if not stay:
        transaction.savepoint_rollback(point)
    return left


def changed(one: World, other: World) -> list[str]:
    """Tables that are not the same to the byte."""
    return [name for name, rows in one.rows.items() if rows != other.rows[name]]
