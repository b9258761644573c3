"""A case on paper and as a message: every mandatory element, no name, and never an arm."""

import xml.etree.ElementTree as ET
from dataclasses import fields, replace
from datetime import UTC, date, datetime

import pytest

from sojourn.vigilance import icsr, paper
from sojourn.vigilance.case import (
    BLINDED,
    CaseReport,
    Concomitant,
    Given,
    Reaction,
    Study,
    Subject,
)
from sojourn.vigilance.clocks import SERIOUSNESS
from sojourn.vigilance.terms import MEDDRA

NOW = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
CASE = CaseReport(
    Study("Our programme", "mdma-ptsd 1", "IND 000000", "US", "site-1", "PTSD", BLINDED),
    Subject("P-101", "female", 1984),
    Reaction(
        "ae-2",
        "fainted on the stairs",
        "Syncope",
        "syncope",
        "ctcae-5.0",
        3,
        ("hospitalisation",),
        "possible",
        "unexpected",
        "withdrawn",
        "recovered",
        date(2026, 3, 2),
        date(2026, 3, 3),
    ),
    (Given(date(2026, 3, 1), None),),
    (Concomitant("prazosin", "2 mg", "nightmares", date(2025, 1, 1), None),),
    "She stood up, fainted and was kept in hospital for one night.",
    datetime(2026, 3, 2, 19, tzinfo=UTC),
    datetime(2026, 3, 8, 9, tzinfo=UTC),
    NOW,
    (),
    True,
)
PARTY = icsr.Party("SITE-1", "FDA-TEST", "Our programme")
ICH = "2.16.840.1.113883.3.989.2.1"


def message(case: CaseReport = CASE) -> ET.Element:
    return ET.fromstring(icsr.xml(case, PARTY).encode())


# The guide's mandatory elements, by where they stand in the message.
MANDATORY = {
    "N.1.1": f"v:name[@codeSystem='{ICH}.1.1']",
    "N.1.2": f"v:id[@root='{ICH}.3.22']",
    "N.1.3": f"v:sender/v:device/v:id[@root='{ICH}.3.13']",
    "N.1.4": f"v:receiver/v:device/v:id[@root='{ICH}.3.14']",
    "N.1.5": "v:creationTime[@value]",
    "N.2.r.1": f"v:PORR_IN049016UV/v:id[@root='{ICH}.3.1']",
    "N.2.r.2": f"v:PORR_IN049016UV/v:sender/v:device/v:id[@root='{ICH}.3.11']",
    "N.2.r.3": f"v:PORR_IN049016UV/v:receiver/v:device/v:id[@root='{ICH}.3.12']",
    "N.2.r.4": "v:PORR_IN049016UV/v:creationTime[@value]",
    "C.1.1": f".//v:investigationEvent/v:id[@root='{ICH}.3.1']",
    "C.1.2": ".//v:controlActProcess/v:effectiveTime[@value]",
    "C.1.3": f".//v:investigationCharacteristic/v:value[@codeSystem='{ICH}.1.2']",
    "C.1.4": ".//v:investigationEvent/v:effectiveTime/v:low[@value]",
    "C.1.5": ".//v:investigationEvent/v:availabilityTime[@value]",
    "C.1.6.1": ".//v:observationEvent/v:code[@displayName='additionalDocumentsAvailable']",
    "C.1.7": ".//v:observationEvent/v:code[@displayName='localCriteriaForExpedited']",
    "C.1.8.1": f".//v:investigationEvent/v:id[@root='{ICH}.3.2']",
    "C.1.8.2": f".//v:assignedEntity/v:code[@codeSystem='{ICH}.1.3']",
    "C.1.9.1": ".//v:investigationCharacteristic/v:code[@displayName='otherCaseIds']",
    "C.2.r.3": ".//v:asLocatedEntity/v:location/v:code[@code='US']",
    "C.2.r.4": f".//v:asQualifiedEntity/v:code[@codeSystem='{ICH}.1.6']",
    "C.2.r.5": ".//v:outboundRelationship/v:priorityNumber[@value='1']",
    "C.3.1": f".//v:assignedEntity/v:code[@codeSystem='{ICH}.1.7']",
    "C.3.2": ".//v:subjectOf1//v:representedOrganization/v:name",
    "C.5.3": f".//v:researchStudy/v:id[@root='{ICH}.3.5']",
    "C.5.4": f".//v:researchStudy/v:code[@codeSystem='{ICH}.1.8']",
    "D.1": ".//v:player1/v:name",
    "E.i.1.1a": ".//v:observation/v:value/v:originalText",
    "E.i.2.1": ".//v:observation/v:value",
    "E.i.7": f".//v:value[@codeSystem='{ICH}.1.11']",
    "E.i.9": ".//v:locatedPlace/v:code[@code='US']",
    "G.k.1": f".//v:causalityAssessment/v:value[@codeSystem='{ICH}.1.13'][@code='1']",
    "G.k.2.2": ".//v:kindOfProduct/v:name",
    "G.k.8": f".//v:act/v:code[@codeSystem='{ICH}.1.15'][@code='1']",
    "H.1": ".//v:investigationEvent/v:text",
}


@pytest.mark.proves("exchange-conformant")
@pytest.mark.parametrize("element", MANDATORY)
def test_every_mandatory_element_stands_in_the_message(element):
    assert message().find(MANDATORY[element], {"v": "urn:hl7-org:v3"}) is not None


def test_the_order_of_the_event_is_that_of_the_schema():
    event = message().find(".//{urn:hl7-org:v3}investigationEvent")
    tags = [each.tag.partition("}")[2] for each in event]
    order = ("id", "code", "text", "statusCode", "effectiveTime", "availabilityTime", "reference",
             "component", "outboundRelationship", "subjectOf1", "subjectOf2")  # fmt: skip
    assert tags == sorted(tags, key=order.index)


def test_the_same_case_gives_the_same_bytes():
    assert icsr.xml(CASE, PARTY) == icsr.xml(CASE, PARTY)


@pytest.mark.parametrize("key", [key for key, _ in SERIOUSNESS])
def test_each_criterion_is_told_and_no_other(key):
    case = replace(CASE, reaction=replace(CASE.reaction, seriousness=(key,)))
    codes = {criterion: code for criterion, code, _ in icsr.CRITERIA}
    told = {}
    for seen in message(case).iterfind(".//{urn:hl7-org:v3}observation"):
        code = seen.find("{urn:hl7-org:v3}code")
        if code is not None and code.get("code") in codes.values():
            told[code.get("code")] = seen.find("{urn:hl7-org:v3}value").get("value")
    assert {code for code, value in told.items() if value == "true"} == {codes[key]}
    assert len(told) == 6


def test_a_blinded_product_is_called_blinded_and_its_dose_is_not_told():
    text = icsr.xml(CASE, PARTY) + str(paper.cioms(CASE)) + str(paper.medwatch(CASE))
    assert "blinded (study drug)" in text
    assert not {word for word in ("MDMA", "placebo", "doseQuantity") if word in text}
    unblinded = replace(
        CASE,
        study=replace(CASE.study, substance="MDMA"),
        given=(Given(date(2026, 3, 1), 80),),
    )
    assert 'doseQuantity value="80"' in icsr.xml(unblinded, PARTY)
    assert "80 mg" in str(paper.cioms(unblinded))


def test_no_field_of_a_case_could_hold_a_name():
    held = {each.name for each in fields(Subject)}
    assert held == {"number", "sex", "birth_year"}


def test_what_the_guide_demands_and_the_record_lacks_is_named():
    lacking = icsr.gaps(CASE, icsr.Party("", "", "x"))
    assert [each.split()[0] for each in lacking] == ["E.i.2.1b", "N.1.3,", "G.k.2.5"]
    coded = replace(CASE.reaction, code="10042772", dictionary=MEDDRA)
    complete = replace(
        CASE, reaction=coded, study=replace(CASE.study, substance="MDMA"),
        given=(Given(date(2026, 3, 1), 80),),
    )  # fmt: skip
    assert icsr.gaps(complete, PARTY) == ()
    assert 'code="10042772" codeSystem="2.16.840.1.113883.6.163"' in icsr.xml(complete, PARTY)


def test_a_control_character_or_markup_in_free_text_does_no_harm():
    case = replace(CASE, narrative="He said <b>&amp; fell</b>; BP 90 < 100 & rising")
    text = message(case).find(".//{urn:hl7-org:v3}investigationEvent/{urn:hl7-org:v3}text")
    assert text.text == case.narrative


def test_cioms_ticks_the_criteria_and_says_initial_or_follow_up():
    boxes = [box for section in paper.cioms(CASE) for box in section.boxes]
    ticked = {box.asks for box in boxes if box.answer == "[x]"}
    assert ticked == {"Hospital stay, or a longer one"}
    assert {box.place for box in boxes} >= {"1", "4-6", "7 + 13", "14", "22", "24b", "25a"}
    later = replace(CASE, earlier_reports=("SR-1",))
    assert "follow-up to SR-1" in str(paper.cioms(later))
    assert "initial" in str(paper.medwatch(CASE))
