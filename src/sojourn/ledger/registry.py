"""Every kind of fact this record may hold, checked once at start."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sojourn import conduct, course
from sojourn.course import readings
from sojourn.ledger.upcasters import UPCASTERS
from sojourn.record.kinds import Kinds

_in_use: list[Kinds] = []


def kinds() -> Kinds:
    """The kinds in use: those of courses, of programmes and of monitors."""
    return _in_use[-1] if _in_use else _shipped()


@contextmanager
def use(other: Kinds) -> Iterator[None]:
    """Read and write other kinds for a while; for trying an upcaster on its golden files."""
    _in_use.append(other)
    try:
        yield
    finally:
        _in_use.pop()


@cache
def _shipped() -> Kinds:
    return Kinds((*course.FACTS, *conduct.FACTS, *readings.FACTS), UPCASTERS)
