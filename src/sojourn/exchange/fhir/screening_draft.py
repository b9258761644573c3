"""A bundle from a hospital as a draft for screening: what it holds, what of it can be written.

Medicines become entries, decided at the desk as if typed. Conditions and measurements are laid
out for the clinician who answers the criteria; no criterion is answered from a file.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction

from sojourn.conduct.imports import FileImported
from sojourn.course.medication import RecordMedication
from sojourn.exchange.fhir.bodies import parsed
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.vital_signs import canonical
from sojourn.ledger import clock
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import Person, at_desk
from sojourn.ledger.turns import in_turn
from sojourn.record.command import Refused

MOST = 20_000  # entries of a bundle
MEDICINES = ("MedicationStatement", "MedicationRequest")
NOT_SAID = "not said in the bundle"


@dataclass(frozen=True, slots=True)
class Item:
    """One resource of the bundle. ``standing`` is 'to write', 'written', 'known', 'to ask',
    'to read' or 'left out'; ``digest`` is the SHA-256 of the resource as it came."""

    place: str
    resource: str
    words: str
    digest: str
    standing: str = "to read"
    why: str = ""
    command: RecordMedication | None = None


def read(body: bytes) -> tuple[Item, ...]:
    """Every resource of the bundle, laid out; nothing is decided yet.

    Raises
    ------
    Fault
        If it is no Bundle of FHIR, or holds too much.
    """
    bundle = parsed(body)
    entries = bundle.get("entry")
    if bundle.get("resourceType") != "Bundle" or not isinstance(entries, list):
        raise Fault(422, "is no Bundle with entries; send one", "resourceType")
    if len(entries) > MOST:
        raise Fault(413, f"holds {len(entries)} entries; send at most {MOST}", "Bundle.entry")
    names = {}
    for each in entries:
        one = _mapping(_mapping(each).get("resource"))
        if one.get("resourceType") == "Medication":
            names[str(_mapping(each).get("fullUrl"))] = _words(one.get("code"))
            names[f"Medication/{one.get('id')}"] = _words(one.get("code"))
    return tuple(_items(entries, names))


def take(
    programme: str, participant: str, body: bytes, by: Person, *, file: str, write: bool
) -> tuple[Item, ...]:
    """The draft with what becomes of each medicine; kept only with ``write``.

    The preview is the writing itself, rolled back: it can't promise what the desk would refuse.
    """
    items = read(body)
    with in_turn():
        done = tuple(_written(programme, participant, items, by))
        written = sum(1 for each in done if each.standing == "written")
        if write and written:
            fact = FileImported(file, hashlib.sha256(body).hexdigest(), len(items), written)
            append_next(
                f"imports:{programme}",
                (fact,),
                occurred_at=clock.now(),
                author=by.name,
                role=by.role,
            )
        if not write:
            transaction.set_rollback(True)
    if write:
        return done
    return tuple(
        replace(each, standing="to write") if each.standing == "written" else each for each in done
    )


def _written(
    programme: str, participant: str, items: tuple[Item, ...], by: Person
) -> Iterator[Item]:
    with at_desk(programme, participant, by) as desk:
        if not desk.course.participant:
            raise Refused(f"there is no participant '{participant}' here; register them first")
        for item in items:
            if item.command is None:
                yield item
                continue
            key = f"fhir-in:{item.digest}"
            if desk.written_by(key):
                yield replace(item, standing="known", why="written before")
                continue
            try:
                with transaction.atomic():
                    (entry, *_) = desk.execute(item.command, key=key)
            except Refused as refusal:
                yield replace(item, standing="to ask", why=refusal.message)
                continue
            yield replace(item, standing="written", why=f"entry {entry.sequence}")


def _items(entries: list[Any], names: Mapping[str, str]) -> Iterator[Item]:
    for number, each in enumerate(entries):
        resource = dict(_mapping(_mapping(each).get("resource")))
        kind = str(resource.get("resourceType", ""))
        digest = hashlib.sha256(canonical(resource)).hexdigest()
        item = Item(f"entry[{number}]", kind, "", digest)
        if kind in MEDICINES:
            yield _medicine(item, resource, names)
        elif kind == "Condition":
            since = str(resource.get("onsetDateTime", ""))[:10]
            status = _words(resource.get("clinicalStatus"))
            told = ", ".join(e for e in (_words(resource.get("code")), status, since) if e)
            yield replace(item, words=told)
        elif kind == "Observation":
            yield replace(item, words=_measured(resource))
        elif kind not in ("Patient", "Medication"):  # names stay where they are
            yield replace(item, standing="left out", why="screening does not use it")


def _medicine(item: Item, resource: Resource, names: Mapping[str, str]) -> Item:
    reference = str(_mapping(resource.get("medicationReference")).get("reference"))
    name = _words(resource.get("medicationCodeableConcept")) or names.get(reference, "")
    status = resource.get("status")
    if status in ("entered-in-error", "draft", "cancelled", "not-taken", "intended"):
        return replace(item, words=name, standing="left out", why=f"its status is {status}")
    period = _mapping(resource.get("effectivePeriod"))
    start = _day(period.get("start") or resource.get("authoredOn"))
    end = _day(period.get("end"))
    reasons = resource.get("reasonCode")
    why = _words(reasons[0]) if isinstance(reasons, list) and reasons else ""
    over = status in ("completed", "stopped") and end is None
    command = RecordMedication(clock.now(), name, why or NOT_SAID, start, end, ended=over)
    told = f"{name}, from {start or 'an unknown day'}"
    if end or over:
        told += f" until {end or 'an unknown day'}"
    return replace(item, words=told, command=command)


def _measured(resource: Resource) -> str:
    parts = []
    components = resource.get("component")
    for each in (resource, *(components if isinstance(components, list) else ())):
        value = _mapping(_mapping(each).get("valueQuantity"))
        if "value" in value:
            name = _words(_mapping(each).get("code"))
            parts.append(f"{name} {value['value']} {value.get('unit', '')}".strip())
    on = str(resource.get("effectiveDateTime", ""))[:10]
    return ", ".join(parts) + (f" ({on})" if on else "")


def _words(value: Any) -> str:
    """The words of a CodeableConcept, on one line; empty where it has none."""
    concept = _mapping(value)
    coding = concept.get("coding")
    found = [concept.get("text")]
    for each in coding if isinstance(coding, list) else ():
        found += [_mapping(each).get("display"), _mapping(each).get("code")]
    words = next((each for each in found if isinstance(each, str) and each.strip()), "")
    return " ".join(words.split())[:200]


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
