"""What is sent here, read with suspicion: size, encoding, depth and twice-named fields."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError

MOST_BYTES = 2_000_000
DEEPEST = 40  # levels of objects and lists
JSON = "application/json"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Unreadable(Exception):
    """A body that can't be taken: the HTTP status, the header at fault if any, and the mend."""

    def __init__(self, status: int, text: str, header: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.header = header


def body_of(request: HttpRequest, types: Sequence[str] = (JSON,)) -> bytes:
    """The body, unless it is too large, compressed, of another type or not in UTF-8.

    A body that names no type is taken; the first of ``types`` is the one a refusal tells to send.

    Raises
    ------
    Unreadable
        413 or 415, before more than the limit is held in memory.
    """
    kind, _, extra = request.headers.get("Content-Type", "").partition(";")
    if kind.strip().lower() not in ("", *types):
        raise Unreadable(415, f"is '{kind[:60]}'; send {types[0]}", "Content-Type")
    charset = extra.strip().lower().removeprefix("charset=").strip('"')
    if "charset=" in extra.lower() and charset not in ("utf-8", "utf8"):
        raise Unreadable(415, f"is '{charset}'; send UTF-8", "Content-Type")
    packed = request.headers.get("Content-Encoding", "")
    if packed not in ("", "identity"):
        raise Unreadable(415, f"is '{packed}'; send it unpacked", "Content-Encoding")
    length = request.headers.get("Content-Length") or "0"
    if not length.isdecimal() or int(length[:20]) > MOST_BYTES:
        raise _too_long(f"{length[:20]} bytes")
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError) as error:
        raise _too_long("the body") from error
    if len(body) > MOST_BYTES:
        raise _too_long(f"{len(body)} bytes")
    return body


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``; decimals stay the decimals they were written as.

    Raises
    ------
    Unreadable
        400 for what is no JSON object, is nested too deep, or names a field twice.
    """
    try:
        data = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=no_constant,
            object_pairs_hook=once,
        )
    except (ValueError, RecursionError) as error:
        text = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise Unreadable(400, f"no JSON in UTF-8: {text[:200]}") from error
    if not isinstance(data, dict):
        raise Unreadable(400, "is no JSON object; send one")
    check(data)
    return data


def check(value: Any, depth: int = DEEPEST) -> None:
    """Refuse what is nested too deep or holds control characters.

    Raises
    ------
    Unreadable
        400, naming which.
    """
    if depth == 0:
        raise Unreadable(400, f"is nested deeper than {DEEPEST} levels")
    if isinstance(value, str) and (found := _CONTROL.search(value)):
        sign = f"U+{ord(found[0]):04X}"
        raise Unreadable(400, f"holds the control character {sign}; send plain text")
    if isinstance(value, dict):
        for key, each in value.items():
            check(key, depth)
            check(each, depth - 1)
    elif isinstance(value, list):
        for each in value:
            check(each, depth - 1)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these fields, each named once."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a field is named twice; name each once")
    return made


def no_constant(name: str) -> Any:
    """Refuse NaN and its like."""
    raise ValueError(f"{name} is no number of JSON")


def _too_long(what: str) -> Unreadable:
    return Unreadable(413, f"{what} is more than {MOST_BYTES} bytes; send less at a time")
