"""An individual case safety report as ICH E2B(R3) XML, for a sponsor to complete and send.

Structure and code lists: ICH E2B(R3) Implementation Guide for Electronic
Transmission of Individual Case Safety Reports, version 5.02 (2016), on HL7 v3
ICSR (ISO/HL7 27953-2). Element numbers in comments are the guide's. Only
well-formedness, the presence of mandatory elements and our own codes are
checked; the message is not validated against the schema, which is not shipped.
"""

import uuid
from dataclasses import dataclass
from xml.etree.ElementTree import Element, indent, tostring

from sojourn.vigilance.case import CaseReport
from sojourn.vigilance.hl7 import (
    ICH,
    author,
    characteristic,
    child,
    device,
    flag,
    identified,
    judgement,
    observed,
    organisation,
    qualified,
    refers,
    related,
    time_of,
    typed,
)
from sojourn.vigilance.terms import MEDDRA

MEDDRA_OID = "2.16.840.1.113883.6.163"
COUNTRIES = "1.0.3166.1.2.2"
SEX = {"male": "1", "female": "2"}
# E.i.3.2: code and name of each criterion in the ICH observation code list.
CRITERIA = (
    ("death", "34", "resultsInDeath"),
    ("life-threatening", "21", "isLifeThreatening"),
    ("hospitalisation", "33", "requiresInpatientHospitalization"),
    ("disability", "35", "resultsInPersistentOrSignificantDisability"),
    ("congenital-anomaly", "12", "congenitalAnomalyBirthDefect"),
    ("medically-important", "26", "otherMedicallyImportantCondition"),
)
# E.i.7 and G.k.8.
OUTCOMES = {
    "recovered": "1",
    "recovering": "2",
    "not-recovered": "3",
    "sequelae": "4",
    "fatal": "5",
    "unknown": "0",
}
ACTIONS = {
    "withdrawn": "1",
    "reduced": "2",
    "supplemental-withheld": "2",
    "none": "4",
    "interrupted": "4",
    "": "0",
    "not-applicable": "9",
}
_NAMES = uuid.UUID("6f1d6f0e-8d0b-5a55-9c7e-2b0a5a1f7c11")


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends and who receives: identifiers agreed between the two."""

    sender: str
    receiver: str
    organisation: str


def gaps(case: CaseReport, party: Party) -> tuple[str, ...]:
    """What the guide demands and the record does not hold; empty when nothing is missing."""
    lacking = []
    if case.reaction.dictionary != MEDDRA:
        lacking.append("E.i.2.1b MedDRA code: set the site's licensed dictionary (SOJOURN_MEDDRA)")
    if not case.narrative:
        lacking.append("H.1 case narrative: write it")
    if not party.sender or not party.receiver:
        lacking.append("N.1.3, N.1.4 sender and receiver: agree identifiers with the authority")
    if case.blinded:
        lacking.append("G.k.2.5 says the product is blinded; unblind as the authority asks")
    if not case.reaction.seriousness:
        lacking.append("E.i.3.2 seriousness criteria: follow the event up")
    if not case.given:
        lacking.append("G.k.4.r dosage: no study drug was given")
    return tuple(lacking)


def xml(case: CaseReport, party: Party) -> str:
    """The message as indented XML text; the same case and time give the same bytes."""
    root = Element(qualified("MCCI_IN200100UV01"), {"ITSVersion": "XML_1.0"})
    when = time_of(case.made_at)
    identified(root, f"{case.identifier}-{when}", f"{ICH}.3.22")  # N.1.2
    child(root, "creationTime", value=when)  # N.1.5
    child(root, "responseModeCode", code="D")
    identified(root, "MCCI_IN200100UV01", "2.16.840.1.113883.1.6", "interactionId")
    child(root, "name", code="1", codeSystem=f"{ICH}.1.1", codeSystemVersion="1.01")  # N.1.1
    message = child(root, "PORR_IN049016UV")
    identified(message, case.identifier, f"{ICH}.3.1")  # N.2.r.1
    child(message, "creationTime", value=when)  # N.2.r.4
    identified(message, "PORR_IN049016UV", "2.16.840.1.113883.1.6", "interactionId")
    child(message, "processingCode", code="P")
    child(message, "processingModeCode", code="T")
    child(message, "acceptAckCode", code="AL")
    device(message, "receiver", "RCV", party.receiver, f"{ICH}.3.12")  # N.2.r.3
    device(message, "sender", "SND", party.sender, f"{ICH}.3.11")  # N.2.r.2
    act = child(message, "controlActProcess", classCode="CACT", moodCode="EVN")
    child(act, "code", code="PORR_TE049016UV", codeSystem="2.16.840.1.113883.1.18")
    child(act, "effectiveTime", value=when)  # C.1.2
    _event(child(act, "subject", typeCode="SUBJ"), case, party)
    device(root, "receiver", "RCV", party.receiver, f"{ICH}.3.14")  # N.1.4
    device(root, "sender", "SND", party.sender, f"{ICH}.3.13")  # N.1.3
    indent(root)
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _event(parent: Element, case: CaseReport, party: Party) -> None:
    event = child(parent, "investigationEvent", classCode="INVSTG", moodCode="EVN")
    identified(event, case.identifier, f"{ICH}.3.1")  # C.1.1
    identified(event, case.identifier, f"{ICH}.3.2")  # C.1.8.1
    child(event, "code", code="PAT_ADV_EVNT", codeSystem="2.16.840.1.113883.5.4")
    child(event, "text").text = case.narrative or None  # H.1
    child(event, "statusCode", code="active")
    child(child(event, "effectiveTime"), "low", value=time_of(case.learned_at))  # C.1.4
    child(event, "availabilityTime", value=time_of(case.latest_at))  # C.1.5
    assessment = child(
        child(event, "component", typeCode="COMP"),
        "adverseEventAssessment",
        classCode="INVSTG",
        moodCode="EVN",
    )
    role = child(child(assessment, "subject1", typeCode="SBJ"), "primaryRole", classCode="INVSBJ")
    _patient(role, case)
    _study(role, case)
    _reaction(role, case)
    _drugs(role, case)
    _causality(assessment, case)
    flag(event, "observationEvent", "1", "additionalDocumentsAvailable", False)  # C.1.6.1
    flag(event, "observationEvent", "23", "localCriteriaForExpedited", case.expedited)  # C.1.7
    first = child(child(event, "outboundRelationship", typeCode="SPRT"), "relatedInvestigation",
                 classCode="INVSTG", moodCode="EVN")  # fmt: skip
    child(first, "code", code="1", codeSystem=f"{ICH}.1.22", displayName="initialReport")
    child(author(first, "subjectOf2"), "code", code="2", codeSystem=f"{ICH}.1.3")  # C.1.8.2
    _source(event, case)
    sender = author(event, "subjectOf1")
    child(sender, "code", code="3", codeSystem=f"{ICH}.1.7")  # C.3.1: health professional
    outer = organisation(sender)
    child(organisation(child(outer, "assignedEntity", classCode="ASSIGNED")), "name").text = (
        party.organisation  # C.3.2
    )
    characteristic(event, "1", "ichReportType", "CE", code="2", codeSystem=f"{ICH}.1.2")  # C.1.3
    characteristic(event, "2", "otherCaseIds", "BL", nullFlavor="NI")  # C.1.9.1


def _patient(role: Element, case: CaseReport) -> None:
    player = child(role, "player1", classCode="PSN", determinerCode="INSTANCE")
    child(player, "name", nullFlavor="MSK")  # D.1: masked, the participant's number is below
    sex = SEX.get(case.subject.sex)
    coded = {"code": sex} if sex else {"nullFlavor": "UNK"}
    child(player, "administrativeGenderCode", codeSystem="1.0.5218", **coded)  # D.5
    known = {"value": str(case.subject.birth_year)} if case.subject.birth_year else None
    child(player, "birthTime", **(known or {"nullFlavor": "MSK"}))  # D.2.1
    identity = child(player, "asIdentifiedEntity", classCode="IDENT")
    identified(identity, case.subject.number, f"{ICH}.3.10")  # D.1.1.4: investigation number
    child(identity, "code", code="4", codeSystem=f"{ICH}.1.4", displayName="Investigation")


def _study(role: Element, case: CaseReport) -> None:
    held = child(role, "subjectOf1", typeCode="SBJ")
    study = child(held, "researchStudy", classCode="CLNTRL", moodCode="EVN")
    identified(study, case.study.protocol, f"{ICH}.3.5")  # C.5.3
    child(study, "code", code="1", codeSystem=f"{ICH}.1.8")  # C.5.4: clinical trial
    child(study, "title").text = case.study.title  # C.5.2


def _reaction(role: Element, case: CaseReport) -> None:
    seen = child(child(role, "subjectOf2", typeCode="SBJ"), "observation", classCode="OBS",
                moodCode="EVN")  # fmt: skip
    child(seen, "id", root=_name(case, "reaction"))
    observed(seen, "29", "reaction")
    lasted = typed(seen, "effectiveTime", "IVL_TS")
    child(lasted, "low", value=f"{case.reaction.started_on:%Y%m%d}")  # E.i.4
    if case.reaction.ended_on:
        child(lasted, "high", value=f"{case.reaction.ended_on:%Y%m%d}")  # E.i.5
    coded = (
        {"code": case.reaction.code, "codeSystem": MEDDRA_OID}
        if case.reaction.dictionary == MEDDRA
        else {"nullFlavor": "NI"}
    )
    value = typed(seen, "value", "CE", **coded)  # E.i.2.1
    child(value, "originalText", language="eng").text = case.reaction.written  # E.i.1.1
    place = child(child(child(seen, "location", typeCode="LOC"), "locatedEntity", classCode="LOCE"),
                 "locatedPlace", classCode="COUNTRY", determinerCode="INSTANCE")  # fmt: skip
    child(place, "code", code=case.study.country, codeSystem=COUNTRIES)  # E.i.9
    for key, code, named in CRITERIA:
        holds = key in case.reaction.seriousness
        told = {"value": "true"} if holds else {"nullFlavor": "NI"}
        typed(related(seen, code, named), "value", "BL", **told)
    outcome = OUTCOMES[case.reaction.outcome]
    typed(related(seen, "27", "outcome"), "value", "CE", code=outcome, codeSystem=f"{ICH}.1.11")
    typed(related(seen, "24", "medicalConfirmationByHealthProfessional"), "value", "BL",
           value="true")  # fmt: skip


def _drugs(role: Element, case: CaseReport) -> None:
    group = child(child(role, "subjectOf2", typeCode="SBJ"), "organizer", classCode="CATEGORY",
                 moodCode="EVN")  # fmt: skip
    child(group, "code", code="4", codeSystem=f"{ICH}.1.20", displayName="drugInformation")
    suspect = _drug(group, _name(case, "study-drug"), f"{case.study.substance} (study drug)")
    if case.blinded:
        blinded = related(suspect, "6", "blinded")
        typed(blinded, "value", "BL", value="true")  # G.k.2.5
    for each in case.given:
        dose = child(child(suspect, "outboundRelationship2", typeCode="COMP"),
                    "substanceAdministration", classCode="SBADM", moodCode="EVN")  # fmt: skip
        when = typed(typed(dose, "effectiveTime", "SXPR_TS"), "comp", "IVL_TS", operator="A")
        child(when, "low", value=f"{each.on:%Y%m%d}")  # G.k.4.r.4
        child(child(dose, "routeCode"), "originalText").text = "oral"  # G.k.4.r.10.1
        if each.dose is not None:
            unit = each.unit.replace("µ", "u")  # UCUM
            child(dose, "doseQuantity", value=str(each.dose), unit=unit)  # G.k.4.r.1
    reason = child(child(suspect, "inboundRelationship", typeCode="RSON"), "observation",
                  classCode="OBS", moodCode="EVN")  # fmt: skip
    observed(reason, "19", "indication")
    told = typed(reason, "value", "CE", nullFlavor="NI")
    child(told, "originalText").text = case.study.indication  # G.k.7.r.1
    action = child(child(suspect, "inboundRelationship", typeCode="CAUS"), "act", classCode="ACT",
                  moodCode="EVN")  # fmt: skip
    taken = ACTIONS[case.reaction.action_taken]
    child(action, "code", code=taken, codeSystem=f"{ICH}.1.15")  # G.k.8
    for number, other in enumerate(case.concomitant, start=1):
        _drug(group, _name(case, f"concomitant-{number}"), other.name)


def _drug(group: Element, identity: str, name: str) -> Element:
    given = child(child(group, "component", typeCode="COMP"), "substanceAdministration",
                 classCode="SBADM", moodCode="EVN")  # fmt: skip
    child(given, "id", root=identity)
    kind = child(child(child(given, "consumable", typeCode="CSM"), "instanceOfKind",
                     classCode="INST"), "kindOfProduct", classCode="MMAT",
                determinerCode="KIND")  # fmt: skip
    child(kind, "name").text = name  # G.k.2.2
    return given


def _causality(assessment: Element, case: CaseReport) -> None:
    roles = [("study-drug", "1")]
    roles += [(f"concomitant-{number}", "2") for number in range(1, len(case.concomitant) + 1)]
    for named, role in roles:
        judged = judgement(assessment, "20", "interventionCharacterization")
        typed(judged, "value", "CE", code=role, codeSystem=f"{ICH}.1.13")  # G.k.1
        refers(judged, "subject2", "productUseReference", "SBADM", _name(case, named))
    judged = judgement(assessment, "39", "causality")
    typed(judged, "value", "ST").text = case.reaction.relatedness  # G.k.9.i.2.r.3
    by = child(child(judged, "author", typeCode="AUT"), "assignedEntity", classCode="ASSIGNED")
    child(child(by, "code"), "originalText").text = "Investigator"  # G.k.9.i.2.r.1
    refers(judged, "subject1", "adverseEffectReference", "OBS", _name(case, "reaction"))
    refers(judged, "subject2", "productUseReference", "SBADM", _name(case, "study-drug"))


def _source(event: Element, case: CaseReport) -> None:
    outbound = child(event, "outboundRelationship", typeCode="SPRT")
    child(outbound, "priorityNumber", value="1")  # C.2.r.5
    report = child(outbound, "relatedInvestigation", classCode="INVSTG", moodCode="EVN")
    child(report, "code", code="2", codeSystem=f"{ICH}.1.22", displayName="sourceReport")
    reporter = author(report, "subjectOf2")
    person = child(reporter, "assignedPerson", classCode="PSN", determinerCode="INSTANCE")
    child(child(person, "name"), "family", nullFlavor="MSK")  # C.2.r.1.4
    held = child(person, "asQualifiedEntity", classCode="QUAL")
    child(held, "code", code="3", codeSystem=f"{ICH}.1.6")  # C.2.r.4: other professional
    located = child(child(person, "asLocatedEntity", classCode="LOCE"), "location",
                   classCode="COUNTRY", determinerCode="INSTANCE")  # fmt: skip
    child(located, "code", code=case.study.country, codeSystem=COUNTRIES)  # C.2.r.3


def _name(case: CaseReport, what: str) -> str:
    """The same identity for the same thing in every report of this case."""
    return str(uuid.uuid5(_NAMES, f"{case.identifier}/{what}"))
