"""A pack to begin with: every field that must be there, and what to write into it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sojourn.protocols.reading import Path as Place
from sojourn.protocols.reading import Problem, Source

TEMPLATE = Path(__file__).parent / "scaffold.yaml"
KEY = re.compile(r"[a-z0-9][a-z0-9-]*")
TO_FILL = re.compile(r"<<(.*)>>", re.DOTALL)


def text(key: str) -> str:
    """The text of a pack called ``key`` in which every <<...>> is to be filled in.

    Raises
    ------
    ValueError
        If ``key`` is no key.
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"'{key}' can't name a pack: use small letters, digits and dashes")
    return TEMPLATE.read_text(encoding="utf-8").replace("KEY-OF-THE-PACK", key)


def unfilled(source: Source) -> Iterator[Problem]:
    """Every place where something is still to be written, with what."""
    for place, value in _values(source.data, ()):
        asked = TO_FILL.search(value) if isinstance(value, str) else None
        if asked:
            yield source.problem(place, f"is still to be filled in: {asked.group(1).strip()}")


def _values(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _values(each, (*place, key))
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _values(each, (*place, number))
    else:
        yield place, value
