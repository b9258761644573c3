"""What was measured, given, taken and suffered: vital signs, doses, medicines, events."""

from collections.abc import Mapping

from sojourn.course.adverse_events import AdverseEventRecorded
from sojourn.course.dosing import DoseGiven, DoseWithheld, VitalsRecorded
from sojourn.course.medication import MedicationRecorded
from sojourn.exchange.fhir.codes import HL7, UCUM, codes
from sojourn.exchange.fhir.elements import (
    About,
    Made,
    Resource,
    coded,
    day,
    instant,
    of_sign,
    patient,
    quantity,
    resource,
    study,
    without_nothing,
)

FIELDS = {
    "pulse": "pulse_bpm",
    "temperature": "temperature_tenths_c",
    "saturation": "spo2_percent",
    "systolic": "systolic_mmhg",
    "diastolic": "diastolic_mmhg",
}
PANEL = "blood-pressure"


def vital_sign(about: About, made: Made) -> Resource:
    """One sign of a set that was taken by hand; blood pressure is a panel of two."""
    fact: VitalsRecorded = made.fact
    sign = made.identity.rpartition(".")[2]
    measured = {name: getattr(fact, field) for name, field in FIELDS.items()}
    return resource(
        "Observation",
        made,
        status="corrected" if made.corrected else "final",
        category=[coded(f"{HL7}observation-category", "vital-signs")],
        code=of_sign(codes().signs[sign]),
        subject=patient(made.participant),
        effectiveDateTime=instant(made.at),
        **values(sign, measured),
    )


def values(sign: str, measured: Mapping[str, int | None]) -> Resource:
    """The value of a sign, or its components; ``measured`` are whole numbers by sign."""
    known = codes().signs
    if sign != PANEL:
        value = measured.get(sign)
        return {"valueQuantity": quantity(value, known[sign])} if value is not None else {}
    parts = []
    for name in ("systolic", "diastolic"):
        value = measured.get(name)
        if value is not None:
            one = {"code": of_sign(known[name]), "valueQuantity": quantity(value, known[name])}
            parts.append(one)
    return {"component": parts}


def administration(about: About, made: Made) -> Resource:
    """A dose given or withheld, as its label says; the label hides the arm."""
    fact: DoseGiven | DoseWithheld = made.fact
    protocol = about.standing.protocol
    substance = protocol.dosing.substance if protocol.dosing else "study drug"
    given = isinstance(fact, DoseGiven)
    code = fact.unit.replace("µ", "u")
    dose = {"value": fact.level_mg, "unit": fact.unit, "system": UCUM, "code": code}
    by = fact.given_by if isinstance(fact, DoseGiven) else ""
    reasons = [] if isinstance(fact, DoseGiven) else [coded("", "", e) for e in fact.reasons]
    return resource(
        "MedicationAdministration",
        made,
        status="completed" if given else "not-done",
        statusReason=reasons,
        medicationCodeableConcept=coded("", "", substance),
        subject=patient(made.participant),
        effectiveDateTime=instant(made.at),
        performer=[{"actor": {"display": by}}] if by else [],
        dosage={"text": f"{fact.which} dose, level on the label", "dose": dose},
    )


def statement(about: About, made: Made) -> Resource:
    """A medicine beside the study drug, from its first entry to its end."""
    fact: MedicationRecorded = made.fact
    taken = next(iter(made.course.medications.values()))
    over = taken.ended or taken.stopped_on is not None
    period = without_nothing({"start": day(taken.started_on), "end": day(taken.stopped_on)})
    substances = [{"system": f"{about.base}/substance", "code": e} for e in taken.substances]
    return resource(
        "MedicationStatement",
        made,
        status="completed" if over else "active",
        medicationCodeableConcept=without_nothing({"coding": substances, "text": fact.medicine}),
        subject=patient(made.participant),
        effectivePeriod=period,
        dateAsserted=instant(made.at),
        reasonCode=[coded("", "", fact.indication)] if fact.indication else [],
        dosage=[{"text": taken.dose}] if taken.dose else [],
    )


def adverse_event(about: About, made: Made) -> Resource:
    """An adverse event as it was last judged; feeling good is no reason to leave it out."""
    fact: AdverseEventRecorded = made.fact
    event = next(iter(made.course.adverse_events.values()))
    tables = codes()
    grade = str(event.grade)
    how_bad = coded(f"{HL7}adverse-event-severity", tables.severity[grade], f"CTCAE grade {grade}")
    serious = [{"system": f"{about.base}/seriousness", "code": e} for e in event.seriousness]
    serious.insert(
        0,
        {
            "system": f"{HL7}adverse-event-seriousness",
            "code": "serious" if event.serious else "non-serious",
        },
    )
    cause = {"assessment": coded(f"{about.base}/relatedness", event.relatedness)}
    return resource(
        "AdverseEvent",
        made,
        identifier={"system": f"{about.base}/event", "value": f"{made.participant}:{event.key}"},
        actuality="actual",
        event=coded(f"{about.base}/{fact.dictionary or 'term'}", event.code, event.term),
        subject=patient(made.participant),
        date=day(event.started_on),
        detected=instant(made.at),
        recordedDate=instant(made.entries[0].recorded_at),
        # Only three words are allowed for how severe it was: the grade stands among categories.
        category=[
            coded(f"{about.base}/valence", event.valence),
            coded(f"{about.base}/ctcae-grade", grade),
        ],
        seriousness={"coding": serious},
        severity=how_bad,
        outcome=coded(f"{HL7}adverse-event-outcome", tables.event_outcome[event.outcome]),
        suspectEntity=[{"instance": {"display": "study drug"}, "causality": [cause]}],
        study=[study(about)],
    )
