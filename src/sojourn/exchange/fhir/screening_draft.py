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
from sojourn.exchange.fhir import bundle_files
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.vital_signs import canonical
from sojourn.ledger import clock
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import Person, at_desk
from sojourn.ledger.turns import in_turn
from sojourn.record.command import Refused

MOST_MEDICINES = 500  # each is decided at the desk
MEDICINES = ("MedicationStatement", "MedicationRequest")
NOT_SAID = "not said in the bundle"
BUNDLE = "FHIR bundle"  # a hospital's own name for its file often is the person's
SEXES = ("female", "male")


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
    about: str = ""  # what was measured
    on: str = ""  # and when
    command: RecordMedication | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A file laid out: its SHA-256, how many resources it holds, and what they say.

    ``birth_year`` and ``sex`` are of the person it is about, where it says so.
    """

    digest: str
    resources: int
    items: tuple[Item, ...]
    birth_year: int | None = None
    sex: str = ""


def read(body: bytes) -> Draft:
    """Every resource of the bundle, laid out; nothing is decided yet.

    Raises
    ------
    Fault
        If it is no Bundle of FHIR, or holds too much.
    """
    names: dict[str, str] = {}
    person: Resource = {}
    found: list[tuple[Item, Resource]] = []
    for number, each in enumerate(bundle_files.entries(body)):
        resource = dict(_mapping(_mapping(each).get("resource")))
        if resource.get("resourceType") == "Medication":
            names[str(_mapping(each).get("fullUrl"))] = _words(resource.get("code"))
            names[f"Medication/{resource.get('id')}"] = _words(resource.get("code"))
        if resource.get("resourceType") == "Patient":
            person = {key: resource.get(key) for key in ("birthDate", "gender")}
        item = _item(number, resource)
        if item:
            # What a medicine is called may only come later; of others the words are enough.
            found.append((item, resource if item.resource in MEDICINES else {}))
    if sum(1 for _, resource in found if resource) > MOST_MEDICINES:
        raise Fault(413, f"holds more than {MOST_MEDICINES} medicines; send fewer", "Bundle.entry")
    items = tuple(_medicine(item, of, names) if of else item for item, of in found)
    born, sex = _day(person.get("birthDate")), person.get("gender")
    digest = hashlib.sha256(body).hexdigest()
    return Draft(
        digest, len(items), items, born.year if born else None, sex if sex in SEXES else ""
    )


def preview(programme: str, participant: str, draft: Draft, by: Person) -> Draft:
    """The draft with what would become of each medicine; nothing is kept.

    It is the writing itself, rolled back: it can't promise what the desk would refuse.

    Raises
    ------
    Refused
        If there is no such participant.
    """
    with in_turn():
        done = tuple(_written(programme, participant, draft.items, by))
        transaction.set_rollback(True)
    items = (replace(e, standing="to write") if e.standing == "written" else e for e in done)
    return replace(draft, items=tuple(items))


def write(programme: str, participant: str, draft: Draft, by: Person) -> Draft:
    """Write the medicines of the draft, each once, and which file they came from.

    Raises
    ------
    Refused
        If there is no such participant.
    """
    with in_turn():
        done = tuple(_written(programme, participant, draft.items, by))
        written = sum(1 for each in done if each.standing == "written")
        if written:
            fact = FileImported(BUNDLE, draft.digest, draft.resources, written)
            append_next(
                f"imports:{programme}",
                (fact,),
                occurred_at=clock.now(),
                author=by.name,
                role=by.role,
            )
    return replace(draft, items=done)


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


def _item(number: int, resource: Resource) -> Item | None:
    """One resource in words; None for what is no business of the screening at all."""
    kind = str(resource.get("resourceType", ""))[:60]
    item = Item(f"entry[{number}]", kind, "", hashlib.sha256(canonical(resource)).hexdigest())
    if kind in MEDICINES:
        return item
    if kind == "Condition":
        since = str(resource.get("onsetDateTime", ""))[:10]
        status = _words(resource.get("clinicalStatus"))
        told = ", ".join(e for e in (_words(resource.get("code")), status, since) if e)
        return replace(item, words=told)
    if kind == "Observation":
        on = str(resource.get("effectiveDateTime", ""))[:10]
        told = _measured(resource) + (f" ({on})" if on else "")
        return replace(item, words=told, about=_words(resource.get("code")), on=on)
    if kind in ("Patient", "Medication"):  # names stay where they are
        return None
    return replace(item, standing="left out", why="screening does not use it")


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
    if not parts and (said := _words(resource.get("valueCodeableConcept"))):
        parts.append(f"{_words(resource.get('code'))}: {said}")
    return ", ".join(parts)


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
