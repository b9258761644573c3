"""Transactions and batches: several resources in one Bundle; a transaction is all or nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from sojourn.exchange.fhir.callers import Caller
from sojourn.exchange.fhir.creating import Created, create
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.outcome import Fault, outcome
from sojourn.exchange.fhir.searching import bundle
from sojourn.ledger.append import StaleVersion
from sojourn.ledger.turns import in_turn

MOST = 200  # entries of one bundle
Get = Callable[[str], Resource]


def process(caller: Caller, sent: Resource, base: str, get: Get) -> Resource:
    """What became of each entry; ``get`` answers those that only read.

    Raises
    ------
    Fault
        For a transaction: the first that can't be done, named by its place. Nothing was written.
    """
    kind = sent.get("type")
    entries = sent.get("entry", [])
    if kind not in ("transaction", "batch"):
        raise Fault(422, f"is '{str(kind)[:40]}'; send a transaction or a batch", "Bundle.type")
    if not isinstance(entries, list) or len(entries) > MOST:
        raise Fault(413, f"holds too much; send at most {MOST} entries at a time", "Bundle.entry")
    if kind == "batch":
        answers = [_alone(caller, each, number, base, get) for number, each in enumerate(entries)]
        return bundle("batch-response", answers)
    with in_turn():
        answers = [_one(caller, each, number, base, get) for number, each in enumerate(entries)]
    return bundle("transaction-response", answers)


def location(base: str, made: Created) -> str:
    return f"{base}/{made.resource}/{made.identity}"


def _alone(caller: Caller, entry: Any, number: int, base: str, get: Get) -> Resource:
    try:
        return _one(caller, entry, number, base, get)
    except Fault as fault:
        return {"response": {"status": str(fault.status), "outcome": fault.outcome()}}
    except StaleVersion as stale:
        told = outcome("error", "conflict", str(stale))
        return {"response": {"status": "409", "outcome": told}}


def _one(caller: Caller, entry: Any, number: int, base: str, get: Get) -> Resource:
    place = f"Bundle.entry[{number}]"
    asked = _mapping(_mapping(entry).get("request"))
    resource = _mapping(entry).get("resource")
    try:
        if asked.get("method") == "GET":
            found = get(str(asked.get("url", "")))
            return {"resource": found, "response": {"status": "200"}}
        if asked.get("method") != "POST" or not isinstance(resource, dict):
            method = str(asked.get("method"))[:10]
            raise Fault(405, f"is '{method}'; send POST with a resource, or GET", "request.method")
        if asked.get("url") != resource.get("resourceType"):
            mend = f"is '{str(asked.get('url'))[:60]}'; write the type of the resource"
            raise Fault(422, mend, "request.url")
        made = create(caller, resource, base, str(asked.get("ifNoneExist", "")))
    except Fault as fault:
        where = f"{place}.{fault.expression}".rstrip(".")
        raise Fault(fault.status, fault.text, where, fault.code) from fault
    status = "201" if made.new else "200"
    return {"response": {"status": status, "location": location(base, made)}}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
