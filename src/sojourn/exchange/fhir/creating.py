"""What others may add: each resource becomes a command, decided at the desk like any other."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sojourn import instruments
from sojourn.conduct import blinding
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.assessment import RecordAssessment
from sojourn.course.medication import RecordMedication
from sojourn.course.screening import RegisterParticipant
from sojourn.exchange.fhir import vital_signs
from sojourn.exchange.fhir.callers import Caller
from sojourn.exchange.fhir.codes import codes
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.kept import OF_COURSES, OF_PROGRAMMES, ONCE, Reader
from sojourn.exchange.fhir.outcome import Fault
from sojourn.exchange.fhir.ratings import TOTAL
from sojourn.exchange.fhir.vital_signs import moment, participant_of
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import execute, stream_of
from sojourn.ledger.read import written_by
from sojourn.record.command import Refused

ELSEWHERE = {
    "Consent": "consent is signed at the site, with what shows that it was understood",
    "MedicationAdministration": "a dose is given in the session room, where it is cleared first",
    "ResearchSubject": "enrolment is decided at the site",
    "CarePlan": "visits are recorded at the site",
}
_NAMED = re.compile(r"identifier=(?P<token>[^&=\s]{1,200})")


@dataclass(frozen=True, slots=True)
class Created:
    """What became of one resource that was sent; ``new`` is false where it was there before."""

    resource: str
    identity: str
    new: bool
    words: str = ""


def create(caller: Caller, resource: Resource, base: str, if_none_exist: str = "") -> Created:
    """Write what ``resource`` says, once.

    ``if_none_exist`` is 'identifier=system|value': under it a retry writes nothing. Without it
    the content itself is the key, so that the same content sent twice is written once.

    Raises
    ------
    Fault
        Naming the element, its value and the mend; nothing was written.
    """
    kind = str(resource.get("resourceType", ""))
    _must_be_taken(kind)
    caller.must(kind, "c")
    pool = programmes.load(caller.programme).programme.rater_pool
    if not blinding.may_see_visits(caller.by.role, pool):
        raise Fault(403, "a rater of a pool records on the page of an assessment", kind)
    if kind == "Observation":
        _must_be_reached(caller, resource)
        new, identity, words = vital_signs.take(resource, caller.programme, caller.sender)
        return Created(kind, identity, new, words)
    key = _key(caller, kind, resource, if_none_exist)
    participant, command = TAKEN[kind](resource, base)
    before = written_by(stream_of(caller.programme, participant), key)
    try:
        written = before or execute(caller.programme, participant, command, caller.by, key=key)
    except Refused as refusal:
        where = f"{kind} ({refusal.field})" if refusal.field else kind
        raise Fault(422, refusal.message, where) from refusal
    except ValueError as error:
        raise Fault(422, str(error), kind) from error
    identity = participant if kind in ONCE else f"{participant}.{written[0].sequence}"
    return Created(kind, identity, not before)


def _must_be_reached(caller: Caller, resource: Resource) -> None:
    participant, _ = vital_signs.read(resource)
    if not caller.reach.everywhere and not Reader(
        caller.programme, caller.by, "", caller.reach
    ).reaches(participant):
        raise Fault(422, f"{participant} is of a site {caller.name} does not reach", "subject")


def _must_be_taken(kind: str) -> None:
    if kind == "Observation" or kind in TAKEN:
        return
    if kind in ELSEWHERE:
        raise Fault(405, f"is not taken over FHIR: {ELSEWHERE[kind]}", kind)
    if kind in OF_COURSES or kind in OF_PROGRAMMES or kind in ("Provenance", "AuditEvent"):
        raise Fault(405, "is made from the record and not taken from elsewhere", kind)
    taken = ", ".join(["Observation", *TAKEN])
    raise Fault(422, f"is '{kind[:60]}'; taken are: {taken}", "resourceType", "not-supported")


def _key(caller: Caller, kind: str, resource: Resource, if_none_exist: str) -> str:
    if not if_none_exist:
        digest = hashlib.sha256(vital_signs.canonical(resource)).hexdigest()
        return f"fhir:{caller.name}:{digest}"
    found = _NAMED.fullmatch(if_none_exist)
    if found is None or not found["token"].isprintable():
        mend = "is not understood; write identifier=system|value"
        raise Fault(412, mend, "If-None-Exist", "not-supported")
    # Whoever sends it again, in whatever words: the identifier alone says that it is the same.
    digest = hashlib.sha256(f"{kind}?{found['token']}".encode()).hexdigest()
    return f"fhir-identifier:{digest}"


def _patient(resource: Resource, base: str) -> tuple[str, Any]:
    for field in ("name", "telecom", "address", "photo", "contact"):
        if field in resource:
            mend = "is not taken: participants are known by their number; leave it out"
            raise Fault(422, mend, f"Patient.{field}")
    participant = _identified(resource, f"{base}/participant", "Patient.identifier")
    site = _identified(
        {"identifier": [_mapping(resource.get("managingOrganization")).get("identifier")]},
        f"{base}/site",
        "Patient.managingOrganization.identifier",
    )
    born = str(resource.get("birthDate", ""))
    if born and not re.fullmatch(r"\d{4}", born, re.ASCII):
        raise Fault(422, f"is '{born[:40]}'; give the year alone", "Patient.birthDate")
    sex = resource.get("gender", "unknown")
    year = int(born) if born else None
    return participant, RegisterParticipant(clock.now(), participant, site, year, _text(sex))


def _statement(resource: Resource, base: str) -> tuple[str, Any]:
    place = "MedicationStatement"
    status = resource.get("status")
    if status not in ("active", "completed", "stopped"):
        mend = f"is '{_text(status)}'; send active, completed or stopped"
        raise Fault(422, mend, f"{place}.status")
    period = _mapping(resource.get("effectivePeriod"))
    stopped = _day(period.get("end"), f"{place}.effectivePeriod.end")
    at = resource.get("dateAsserted")
    command = RecordMedication(
        moment(at, f"{place}.dateAsserted") if at else clock.now(),
        _concept(resource.get("medicationCodeableConcept"), f"{place}.medicationCodeableConcept"),
        _concept(_first(resource.get("reasonCode")), f"{place}.reasonCode"),
        _day(period.get("start"), f"{place}.effectivePeriod.start"),
        stopped,
        _text(_mapping(_first(resource.get("dosage"))).get("text", "")),
        ended=status != "active" and stopped is None,
    )
    return participant_of(resource, f"{place}.subject"), command


def _response(resource: Resource, base: str) -> tuple[str, Any]:
    place = "QuestionnaireResponse"
    if resource.get("status") != "completed":
        mend = f"is '{_text(resource.get('status'))}'; send it once it is completed"
        raise Fault(422, mend, f"{place}.status")
    key = _text(resource.get("questionnaire", "")).partition("|")[0].rpartition("/")[2]
    instrument = instruments.load_shipped().get(key)
    if instrument is None:
        known = ", ".join(instruments.load_shipped())
        raise Fault(
            422, f"is '{key}'; write Questionnaire/ and one of: {known}", f"{place}.questionnaire"
        )
    encounter = {"identifier": [_mapping(resource.get("encounter")).get("identifier")]}
    visit = _identified(encounter, f"{base}/visit", f"{place}.encounter.identifier")
    given = _answers(resource, {str(item.number) for item in instrument.items})
    total = given.pop(TOTAL, None)
    answers = tuple(given.get(str(item.number)) for item in instrument.items) if given else ()
    command = RecordAssessment(
        moment(resource.get("authored"), f"{place}.authored"), visit, key, answers, total
    )
    return participant_of(resource, f"{place}.subject"), command


def _answers(resource: Resource, links: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    items = resource.get("item")
    for number, each in enumerate(items if isinstance(items, list) else ()):
        place = f"QuestionnaireResponse.item[{number}]"
        item = _mapping(each)
        link = _text(item.get("linkId"))
        if link not in links | {TOTAL} or link in found:
            known = ", ".join(sorted(links, key=int))
            raise Fault(
                422, f"is '{link}'; write each of {known} or {TOTAL} once", f"{place}.linkId"
            )
        if not item.get("answer"):
            continue
        value = _mapping(_first(item.get("answer"))).get("valueInteger")
        if isinstance(value, bool) or not isinstance(value, int):
            raise Fault(422, "has no valueInteger; send a whole number", f"{place}.answer")
        found[link] = value
    if found.get(TOTAL) is not None and len(found) > 1:
        mend = "holds answers and a total; the total follows from the answers: leave it out"
        raise Fault(422, mend, "QuestionnaireResponse.item")
    return found


def _event(resource: Resource, base: str) -> tuple[str, Any]:
    place = "AdverseEvent"
    if resource.get("actuality") != "actual":
        shown = _text(resource.get("actuality"))
        raise Fault(422, f"is '{shown}'; only actual events are taken", f"{place}.actuality")
    seriousness = _mapping(resource.get("seriousness"))
    known = [_code(seriousness, HL7_SERIOUSNESS), *_codes(seriousness, f"{base}/seriousness")]
    if known[0] not in ("serious", "non-serious"):
        raise Fault(422, f"is '{known[0]}'; send serious or non-serious", f"{place}.seriousness")
    categories = _all(resource.get("category"))
    grade = next(filter(None, (_code(e, f"{base}/ctcae-grade") for e in categories)), "")
    valence = next(filter(None, (_code(e, f"{base}/valence") for e in categories)), "")
    if grade not in codes().severity:
        mend = f"is '{grade}'; send a coding of {base}/ctcae-grade from 1 to 5"
        raise Fault(422, mend, f"{place}.category")
    outcomes = {theirs: ours for ours, theirs in codes().event_outcome.items()}
    ended = _code(resource.get("outcome"), HL7_OUTCOME)
    cause = _mapping(_first(_mapping(_first(resource.get("suspectEntity"))).get("causality")))
    event = _mapping(resource.get("event"))
    dictionaries = [
        e for e in _all(event.get("coding")) if isinstance(_mapping(e).get("code"), str)
    ]
    command = RecordAdverseEvent(
        moment(resource.get("detected"), f"{place}.detected"),
        _concept(event, f"{place}.event"),
        int(grade),
        known[0] == "serious",
        _code(cause.get("assessment"), f"{base}/relatedness"),
        "",
        outcomes.get(ended, ended),
        valence,
        _day(resource.get("date"), f"{place}.date") or clock.now().date(),
        code=dictionaries[0]["code"] if dictionaries else "",
        seriousness=tuple(known[1:]),
    )
    return participant_of(resource, f"{place}.subject"), command


HL7_SERIOUSNESS = "http://terminology.hl7.org/CodeSystem/adverse-event-seriousness"
HL7_OUTCOME = "http://terminology.hl7.org/CodeSystem/adverse-event-outcome"
TAKEN: Mapping[str, Callable[[Resource, str], tuple[str, Any]]] = {
    "Patient": _patient,
    "MedicationStatement": _statement,
    "QuestionnaireResponse": _response,
    "AdverseEvent": _event,
}


def _identified(resource: Mapping[str, Any], system: str, place: str) -> str:
    for each in _all(resource.get("identifier")):
        found = _mapping(each)
        if found.get("system") == system and isinstance(found.get("value"), str):
            return str(found["value"])
    raise Fault(422, f"has no identifier of {system}; add one", place, "required")


def _concept(value: Any, place: str) -> str:
    """The words of a CodeableConcept: its text, or the first name among its codes."""
    concept = _mapping(value)
    names = [
        concept.get("text"),
        *(_mapping(e).get("display") for e in _all(concept.get("coding"))),
    ]
    found = next((each for each in names if isinstance(each, str) and each), None)
    if found is None:
        raise Fault(
            422, "has neither text nor display; say what it is", f"{place}.text", "required"
        )
    return found


def _codes(value: Any, system: str) -> list[str]:
    coding = (_mapping(each) for each in _all(_mapping(value).get("coding")))
    return [_text(each.get("code")) for each in coding if each.get("system") == system]


def _code(value: Any, system: str) -> str:
    return next(iter(_codes(value, system)), "")


def _day(value: Any, place: str) -> date | None:
    if value is None:
        return None
    try:
        text = str(value)
        if "T" in text:
            return clock.here(datetime.fromisoformat(text)).date()
        return date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise Fault(
            422, f"is '{str(value)[:40]}'; write a day such as 2026-03-02", place
        ) from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)[:60]


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: Any) -> Any:
    return next(iter(_all(value)), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
