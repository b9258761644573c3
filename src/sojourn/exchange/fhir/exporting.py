"""Bulk export: every resource a caller may see, a line each, written as it is read."""

from collections.abc import Iterator
from urllib.parse import quote

from sojourn.exchange.fhir import parameters, searching
from sojourn.exchange.fhir.callers import Caller
from sojourn.exchange.fhir.elements import instant
from sojourn.exchange.fhir.kept import OF_COURSES, OF_PROGRAMMES, Reader
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.writing import text_of
from sojourn.ledger import clock
from sojourn.ledger.append import take_turn
from sojourn.ledger.rows import ResourceRow
from sojourn.ledger.turns import in_turn

PAGE = 500
TYPES = (*OF_PROGRAMMES, *OF_COURSES)


def types_of(caller: Caller, reader: Reader, asked: str, *, of_patients: bool = False) -> list[str]:
    """The types to export: those named, or all that the caller may read and search.

    Raises
    ------
    Fault
        400 for a type that is not exported, 403 for one that the caller may not see.
    """
    types = tuple(OF_COURSES) if of_patients else TYPES
    if not asked:
        return [e for e in types if caller.may(e, "r") and caller.may(e, "s") and reader.may_see(e)]
    found = asked.split(",")
    for each in found:
        if each not in types:
            raise Fault(400, f"holds '{each[:40]}'; exported are: {', '.join(types)}", "_type")
        caller.must(each, "r")
        caller.must(each, "s")
        if not reader.may_see(each):
            raise Fault(403, f"a blinded rater sees ratings only, no {each}", "_type")
    return found


def lines(reader: Reader, resource: str, since: str) -> Iterator[bytes]:
    """Every resource of a type as a line of JSON; ``since`` is a time of FHIR, or empty."""
    if resource in OF_PROGRAMMES:
        for each in reader.of_programme(resource):
            yield text_of(each) + b"\n"
        return
    asked = [("_lastUpdated", f"gt{since}")] if since else []
    search = parameters.parsed(reader.programme, resource, asked)
    after: ResourceRow | None = None
    while True:
        place = (after.recorded_at, after.participant, after.key) if after else None
        page = searching.replaced(search, count=PAGE, after=place)
        rows = searching.rows_of(reader, page)
        for each in reader.resources(rows[:PAGE]):
            yield text_of(each) + b"\n"
        if len(rows) <= PAGE:
            return
        after = rows[PAGE - 1]


def manifest(base: str, kinds: list[str], since: str) -> dict[str, object]:
    """What the bulk data specification calls the complete answer: an address for each type."""
    onward = f"&_since={quote(since)}" if since else ""
    with in_turn():
        # While nobody writes: what is recorded later is later, and no '_since' passes over it.
        take_turn()
        now = clock.now()
    return {
        "transactionTime": instant(now),
        "request": f"{base}/$export",
        "requiresAccessToken": True,
        "output": [{"type": kind, "url": f"{base}/$export?part={kind}{onward}"} for kind in kinds],
        "error": [],
    }
