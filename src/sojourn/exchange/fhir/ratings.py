"""Instruments, answers and scores: Questionnaire, QuestionnaireResponse, Observation."""

from sojourn import instruments
from sojourn.course.assessment import AssessmentRecorded, score_of
from sojourn.exchange.fhir.codes import HL7, LOINC, UCUM, codes
from sojourn.exchange.fhir.elements import (
    About,
    Made,
    Resource,
    coded,
    instant,
    patient,
    resource,
    without_nothing,
)
from sojourn.instruments import Instrument

MINIMUM = "http://hl7.org/fhir/StructureDefinition/minValue"
MAXIMUM = "http://hl7.org/fhir/StructureDefinition/maxValue"
TOTAL = "total"


def questionnaire(about: About, instrument: Instrument) -> Resource:
    """An instrument by our own short labels; the licensed wording is not ours to give."""
    known = codes().instruments.get(instrument.key)
    items = [
        _item(str(item.number), item.label, item.lowest, item.highest) for item in instrument.items
    ]
    if instrument.scored:
        label = "Total, where no answers are kept"
        items.append(_item(TOTAL, label, 0, instrument.highest_total))
    return without_nothing(
        {
            "resourceType": "Questionnaire",
            "id": instrument.key,
            "url": f"{about.base}/Questionnaire/{instrument.key}",
            "name": instrument.key.replace("-", "").upper(),
            "title": instrument.name,
            "status": "active",
            "subjectType": ["Patient"],
            "description": f"{instrument.measures} ({instrument.version})",
            "copyright": instrument.licence,
            "code": [{"system": LOINC, "code": known.questionnaire}] if known else [],
            "item": items,
        }
    )


def _item(link: str, text: str, lowest: int, highest: int) -> Resource:
    limits = [{"url": MINIMUM, "valueInteger": lowest}, {"url": MAXIMUM, "valueInteger": highest}]
    return {"linkId": link, "text": text, "type": "integer", "extension": limits}


def response(about: About, made: Made) -> Resource:
    """The answers given; an item left open has no answer, and is not zero."""
    fact: AssessmentRecorded = made.fact
    instrument = instruments.load_shipped()[fact.instrument]
    items = [
        {"linkId": str(item.number), "text": item.label, "answer": [{"valueInteger": answer}]}
        for item, answer in zip(instrument.items, fact.answers, strict=False)
        if answer is not None
    ]
    if not fact.answers and fact.total is not None:
        items = [{"linkId": TOTAL, "answer": [{"valueInteger": fact.total}]}]
    return resource(
        "QuestionnaireResponse",
        made,
        questionnaire=f"{about.base}/Questionnaire/{fact.instrument}",
        status="amended" if made.corrected else "completed",
        subject=patient(made.participant),
        encounter={"identifier": {"system": f"{about.base}/visit", "value": fact.visit}},
        authored=instant(made.at),
        item=items,
    )


def score(about: About, made: Made) -> Resource:
    """The total of an instrument at one visit; absent, not zero, where too much was left open."""
    fact: AssessmentRecorded = made.fact
    instrument = instruments.load_shipped()[fact.instrument]
    found = score_of(made.course.assessments[fact.visit, fact.instrument], instrument)
    known = codes().instruments.get(fact.instrument)
    own = f"{about.base}/Questionnaire"
    coding = [{"system": own, "code": fact.instrument}]
    if known:
        coding.insert(0, {"system": LOINC, "code": known.score})
    value = {"value": found.total, "unit": "{score}", "system": UCUM, "code": "{score}"}
    answers = made.identity.rpartition(".")[0]
    return resource(
        "Observation",
        made,
        status="corrected" if made.corrected else "final",
        category=[coded(f"{HL7}observation-category", "survey")],
        code={"coding": coding, "text": f"{instrument.name} total"},
        subject=patient(made.participant),
        effectiveDateTime=instant(made.at),
        valueQuantity=value if found.total is not None else None,
        dataAbsentReason=None
        if found.total is not None
        else coded(f"{HL7}data-absent-reason", "unknown", "too many items were left open"),
        derivedFrom=[{"reference": f"QuestionnaireResponse/{answers}"}],
    )
