"""A hospital's bundle as a file of many megabytes, read one entry at a time.

Only the text and one entry are held at once: a bundle read whole is ten times as large in memory.
"""

import json
import re
from collections.abc import Generator, Iterator
from decimal import Decimal
from typing import Any

from sojourn.exchange.bodies import no_constant, once
from sojourn.exchange.fhir.bodies import check
from sojourn.exchange.fhir.outcome import Fault

MOST_BYTES = 20_000_000
MOST_ENTRIES = 20_000
_SPACE = re.compile(r"[ \t\n\r]*")
_VALUE = json.JSONDecoder(
    parse_float=Decimal, parse_constant=no_constant, object_pairs_hook=once
).raw_decode


def entries(body: bytes) -> Iterator[Any]:
    """Each entry of the Bundle in turn, checked like everything that is sent here.

    Raises
    ------
    Fault
        413 where there is too much of it, 400 or 422 where it is no Bundle.
    """
    if len(body) > MOST_BYTES:
        raise Fault(413, f"is {len(body)} bytes; send at most {MOST_BYTES}")
    try:
        yield from _walk(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        text = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise Fault(400, f"no JSON in UTF-8: {text[:200]}", code="structure") from error


def _walk(text: str) -> Iterator[Any]:
    """The entries of the object that ``text`` is; its other fields are looked at and let go."""
    at = _sign(text, 0, "{")
    names: set[str] = set()
    kind, listed = None, False
    while names or text[at : at + 1] != "}":
        name, at = _value(text, at)
        if not isinstance(name, str) or name in names:
            raise ValueError(f"a field is named twice or not at all at character {at}")
        names.add(name)
        at = _sign(text, at, ":")
        if name == "entry" and text[at : at + 1] == "[":
            listed = True
            at = yield from _list(text, at)
        else:
            value, at = _value(text, at)
            kind = value if name == "resourceType" else kind
        if text[at : at + 1] != ",":
            break
        at = _sign(text, at, ",")
    if _sign(text, at, "}") != len(text):
        raise ValueError(f"there is more after its end, at character {at}")
    if kind != "Bundle" or not listed:
        raise Fault(422, "is no Bundle with entries; send one", "resourceType")


def _list(text: str, at: int) -> Generator[Any, None, int]:
    """The values of a list; returns the place after it."""
    at, count = _sign(text, at, "["), 0
    while count or text[at : at + 1] != "]":
        value, at = _value(text, at)
        count += 1
        if count > MOST_ENTRIES:
            raise Fault(413, f"holds more than {MOST_ENTRIES} entries; send fewer", "Bundle.entry")
        yield value
        if text[at : at + 1] != ",":
            break
        at = _sign(text, at, ",")
    return _sign(text, at, "]")


def _value(text: str, at: int) -> tuple[Any, int]:
    value, end = _VALUE(text, at)
    check(value)
    return value, _past_space(text, end)


def _sign(text: str, at: int, sign: str) -> int:
    """The place after ``sign``, which must come next, and the space around it."""
    at = _past_space(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"'{sign}' is missing at character {at}")
    return _past_space(text, at + 1)


def _past_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
