"""What is sent here, read with the suspicion of ``exchange.bodies`` and refused as FHIR says it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest

from sojourn.exchange import bodies
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.outcome import Fault

TYPES = ("application/fhir+json", bodies.JSON)
FORM = "application/x-www-form-urlencoded"


def body_of(request: HttpRequest, types: tuple[str, ...] = TYPES) -> bytes:
    """The body, unless it is too large, compressed, of another type or not in UTF-8.

    Raises
    ------
    Fault
        413 or 415, before more than the limit is held in memory.
    """
    with _told():
        return bodies.body_of(request, types)


def parsed(body: bytes) -> Resource:
    """The resource in ``body``; decimals stay the decimals they were written as.

    Raises
    ------
    Fault
        400 for what is no JSON object, is nested too deep, or names a field twice.
    """
    with _told():
        return bodies.parsed(body)


def check(value: Any) -> None:
    """Refuse what is nested too deep or holds control characters.

    Raises
    ------
    Fault
        400, naming which.
    """
    with _told():
        bodies.check(value)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except bodies.Unreadable as unreadable:
        code = "structure" if unreadable.status == 400 else ""
        raise Fault(unreadable.status, unreadable.text, unreadable.header, code) from unreadable
