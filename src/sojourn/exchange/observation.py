"""FHIR R4 Observations of vital signs: codes and units checked, errors as OperationOutcome."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from sojourn import definitions
from sojourn.course.readings import Reading
from sojourn.ledger.monitoring import Delivery, Sender, receive

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
FILE = Path(__file__).parent / "vital_signs.yaml"
TAKEN = frozenset({"final", "amended", "corrected"})


@dataclass(frozen=True, slots=True)
class Code:
    loinc: str
    signal: str
    unit: str
    tenths: bool


@dataclass(frozen=True, slots=True)
class Codes:
    verified: bool
    codes: tuple[Code, ...]
    panels: tuple[str, ...]


class Issue(Exception):
    """What is wrong with an Observation: an issue type of FHIR, where, and the mend."""

    def __init__(self, code: str, expression: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.expression = expression
        self.text = text


@cache
def codes() -> Codes:
    """The LOINC codes that are understood."""
    adapter = definitions.strict(Codes, __name__)
    loaded: Codes = definitions.checked(adapter, definitions.read(FILE), FILE, __name__)
    return loaded


def create(body: bytes, programme: str, sender: Sender) -> tuple[int, str]:
    """Take one Observation; the HTTP status and the OperationOutcome to answer with."""
    try:
        resource = _parsed(body)
        participant, readings = read(resource)
    except Issue as issue:
        status = 400 if issue.code == "structure" else 422
        return status, outcome("error", issue.code, issue.text, issue.expression)
    batch = "fhir-" + hashlib.sha256(_canonical(resource)).hexdigest()
    # Single values: nobody is owed the next one, so silence means nothing.
    single = replace(sender, source=f"fhir:{sender.author}")
    (receipt,) = receive(programme, [Delivery(participant, batch, readings)], single)
    if receipt.status == "refused":
        return 422, outcome("error", "business-rule", receipt.message, "Observation")
    if receipt.status == "known":
        return 200, outcome("information", "duplicate", "received before; nothing was written")
    words = f"{receipt.written} readings written"
    if receipt.unusable:
        words += f", {receipt.unusable} of them outside what a person can have"
    return 201, outcome("information", "informational", words)


def read(resource: Mapping[str, Any]) -> tuple[str, tuple[Reading, ...]]:
    """Participant and readings of an Observation.

    Raises
    ------
    Issue
        Naming the element, its value and the mend.
    """
    if resource.get("resourceType") != "Observation":
        kind = resource.get("resourceType")
        raise Issue("structure", "resourceType", f"is '{kind}'; only Observation is taken")
    if resource.get("status") not in TAKEN:
        shown = resource.get("status")
        raise Issue("value", "Observation.status", f"is '{shown}'; send it once it is final")
    participant = _participant(resource)
    at_ms = _moment(resource)
    code = _loinc(resource, "Observation.code")
    if code in codes().panels:
        readings = tuple(_components(resource, at_ms))
    else:
        readings = (_reading(resource, code, at_ms, "Observation"),)
    if not readings:
        raise Issue("required", "Observation.component", "is empty; send the values of the panel")
    return participant, readings


def outcome(severity: str, code: str, text: str, expression: str = "") -> str:
    """An OperationOutcome with one issue, as JSON."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if expression:
        issue["expression"] = [expression]
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        # A decimal stays the decimal it was written as; it is never a float.
        data = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Issue("structure", "", f"no JSON: {error}") from error
    if not isinstance(data, dict):
        raise Issue("structure", "", "is no resource; send one Observation as a JSON object")
    return data


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _canonical(resource: Mapping[str, Any]) -> bytes:
    return json.dumps(resource, sort_keys=True, default=str).encode()


def _participant(resource: Mapping[str, Any]) -> str:
    reference = _mapping(resource.get("subject")).get("reference")
    if not isinstance(reference, str) or not reference.startswith("Patient/"):
        raise Issue(
            "required",
            "Observation.subject.reference",
            f"is '{reference}'; write Patient/ and the participant's number",
        )
    return reference.removeprefix("Patient/")


def _moment(resource: Mapping[str, Any]) -> int:
    text = resource.get("effectiveDateTime", resource.get("effectiveInstant"))
    place = "Observation.effectiveDateTime"
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise Issue("value", place, f"is '{text}'; write 2026-03-02T09:30:00Z") from error
    if at.tzinfo is None:
        raise Issue("value", place, f"is '{text}'; give the time with its zone")
    return round(at.timestamp() * 1000)


def _components(resource: Mapping[str, Any], at_ms: int) -> Iterator[Reading]:
    components = resource.get("component")
    for number, component in enumerate(components if isinstance(components, list) else ()):
        place = f"Observation.component[{number}]"
        yield _reading(_mapping(component), _loinc(_mapping(component), place), at_ms, place)


def _reading(element: Mapping[str, Any], loinc: str, at_ms: int, place: str) -> Reading:
    code = next((each for each in codes().codes if each.loinc == loinc), None)
    if code is None:
        known = ", ".join([*(each.loinc for each in codes().codes), *codes().panels])
        raise Issue("not-supported", f"{place}.code", f"is LOINC {loinc}; understood: {known}")
    quantity = _mapping(element.get("valueQuantity"))
    unit, system = quantity.get("code"), quantity.get("system")
    if system != UCUM or unit != code.unit:
        raise Issue(
            "value",
            f"{place}.valueQuantity.code",
            f"is '{unit}' of '{system}'; send {code.signal} in UCUM '{code.unit}' ({UCUM})",
        )
    return Reading(at_ms, code.signal, _whole(quantity.get("value"), code, place))


def _whole(value: Any, code: Code, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Issue("value", f"{place}.valueQuantity.value", f"is {value!r}; send a number")
    try:
        scaled = Decimal(value) * (10 if code.tenths else 1)
        whole = int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    except InvalidOperation as error:
        text = f"is {value}; it has too many digits"
        raise Issue("value", f"{place}.valueQuantity.value", text) from error
    if abs(whole) > 100_000:
        raise Issue("value", f"{place}.valueQuantity.value", f"is {value}; check it")
    return whole


def _loinc(element: Mapping[str, Any], place: str) -> str:
    coding = _mapping(element.get("code")).get("coding")
    found = [
        str(each.get("code"))
        for each in (coding if isinstance(coding, list) else ())
        if isinstance(each, dict) and each.get("system") == LOINC
    ]
    understood = {each.loinc for each in codes().codes} | set(codes().panels)
    for each in found:
        if each in understood:
            return each
    if found:
        return found[0]
    raise Issue("required", f"{place}.code.coding", f"has no code of {LOINC}; add one")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
