"""Vital signs as FHIR R4 Observations, taken through the one door for readings."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from sojourn.course.readings import Reading
from sojourn.exchange.fhir.codes import LOINC, UCUM, codes
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.treatment import PANEL
from sojourn.ledger.monitoring import Delivery, Receipt, Sender, receive
from sojourn.ledger.programmes import load

TAKEN = ("final", "amended", "corrected")


def take(resource: Resource, programme: str, sender: Sender) -> tuple[bool, str, str]:
    """Write the readings of an Observation: whether anything was new, its id, and words about it.

    Raises
    ------
    Fault
        Naming the element, its value and the mend.
    """
    participant, readings = read(resource)
    batch = "fhir-" + hashlib.sha256(canonical(resource)).hexdigest()
    (receipt,) = receive(programme, [Delivery(participant, batch, readings)], sender)
    if receipt.status == "refused":
        raise Fault(422, receipt.message, f"Observation.{receipt.field}".rstrip("."))
    identity = _identity(programme, receipt, readings)
    if receipt.status == "known":
        return False, identity, "received before; nothing was written"
    words = f"{receipt.written} readings written"
    if receipt.unusable:
        words += f", {receipt.unusable} of them outside what a person can have"
    return True, identity, words


def read(resource: Mapping[str, Any]) -> tuple[str, tuple[Reading, ...]]:
    """Participant and readings of an Observation.

    Raises
    ------
    Fault
        Naming the element, its value and the mend.
    """
    if resource.get("status") not in TAKEN:
        shown = resource.get("status")
        raise _wrong("Observation.status", f"is '{shown}'; send it once it is final")
    participant = participant_of(resource, "Observation.subject")
    at_ms = _moment(resource)
    sign = _sign(resource, "Observation")
    if sign == PANEL:
        readings = tuple(_components(resource, at_ms))
    else:
        readings = (_reading(resource, sign, at_ms, "Observation"),)
    if not readings:
        raise _wrong("Observation.component", "is empty; send the values of the panel", "required")
    return participant, readings


def participant_of(resource: Mapping[str, Any], place: str) -> str:
    """The participant's number in ``subject``, ``patient`` or whatever ``place`` ends in."""
    reference = _mapping(resource.get(place.rpartition(".")[2])).get("reference")
    if not isinstance(reference, str) or "Patient/" not in reference:
        mend = f"is '{reference}'; write Patient/ and the participant's number"
        raise _wrong(f"{place}.reference", mend, "required")
    return reference.rpartition("Patient/")[2]


def canonical(resource: Mapping[str, Any]) -> bytes:
    """The same bytes for the same content, however it was written."""
    return json.dumps(resource, sort_keys=True, default=str).encode()


def _identity(programme: str, receipt: Receipt, readings: tuple[Reading, ...]) -> str:
    visit = load(programme).protocol.visit(receipt.visit)
    signs = {codes().signals[each.signal] for each in readings}
    sign = PANEL if signs & {"systolic", "diastolic"} else signs.pop()
    session = visit.session if visit else 0
    return f"{receipt.participant}.m{session}.{sign}.{readings[0].at_ms}"


def _moment(resource: Mapping[str, Any]) -> int:
    text = resource.get("effectiveDateTime", resource.get("effectiveInstant"))
    return round(moment(text, "Observation.effectiveDateTime").timestamp() * 1000)


def moment(text: Any, place: str) -> datetime:
    """A time with its zone, as FHIR writes it."""
    try:
        at = datetime.fromisoformat(str(text))
        if at.tzinfo is not None:
            at.timestamp()
            return at
    except (ValueError, OverflowError) as error:
        raise _wrong(place, f"is '{text}'; write 2026-03-02T09:30:00Z") from error
    raise _wrong(place, f"is '{text}'; give the time with its zone")


def _components(resource: Mapping[str, Any], at_ms: int) -> Iterator[Reading]:
    components = resource.get("component")
    for number, component in enumerate(components if isinstance(components, list) else ()):
        place = f"Observation.component[{number}]"
        part = _mapping(component)
        yield _reading(part, _sign(part, place), at_ms, place)


def _reading(element: Mapping[str, Any], name: str, at_ms: int, place: str) -> Reading:
    sign = codes().signs[name]
    signal = next((key for key, of in codes().signals.items() if of == name), "")
    value = _mapping(element.get("valueQuantity"))
    unit, system = value.get("code"), value.get("system")
    if not signal or system != UCUM or unit != sign.ucum:
        mend = f"is '{unit}' of '{system}'; send {name} in UCUM '{sign.ucum}' ({UCUM})"
        raise _wrong(f"{place}.valueQuantity.code", mend)
    return Reading(at_ms, signal, _whole(value.get("value"), sign.tenths, place))


def _whole(value: Any, tenths: bool, place: str) -> int:
    where = f"{place}.valueQuantity.value"
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(where, f"is {value!r}; send a number")
    try:
        scaled = Decimal(value) * (10 if tenths else 1)
        whole = int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    except InvalidOperation as error:
        raise _wrong(where, f"is {str(value)[:40]}; it has too many digits") from error
    if abs(whole) > 100_000:
        raise _wrong(where, f"is {str(value)[:40]}; check it")
    return whole


def _sign(element: Mapping[str, Any], place: str) -> str:
    """Which sign an element is about, by its LOINC code."""
    coding = _mapping(element.get("code")).get("coding")
    found = [
        str(each.get("code"))
        for each in (coding if isinstance(coding, list) else ())
        if isinstance(each, dict) and each.get("system") == LOINC
    ]
    understood = {
        code: key for key, sign in codes().signs.items() for code in (sign.loinc, *sign.also)
    }
    for each in found:
        if each in understood:
            return understood[each]
    if found:
        known = ", ".join(understood)
        raise _wrong(f"{place}.code", f"is LOINC {found[0]}; understood: {known}", "not-supported")
    raise _wrong(f"{place}.code.coding", f"has no code of {LOINC}; add one", "required")


def _wrong(place: str, text: str, code: str = "value") -> Fault:
    return Fault(422, text, place, code)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
