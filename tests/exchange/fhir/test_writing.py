"""What others add goes through the desk: once, all or nothing, or not at all and told why."""

from datetime import timedelta

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.ledger import clock
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.models import EntryRow
from sojourn.ledger.read import read_stream
from sojourn.ledger.readings_rows import ReadingRow
from sojourn.ledger.rows import DueRow, OpenSessionRow
from tests.exchange.fhir.conftest import BASE


def identified(what: str, value: str) -> dict:
    return {"identifier": {"system": f"{BASE}/{what}", "value": value}}


def patient(number: str) -> dict:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": f"{BASE}/participant", "value": number}],
        "gender": "female",
        "birthDate": "1988",
        "managingOrganization": identified("site", "site-01"),
    }


def medicine(who: str, name: str = "melatonin", **changes) -> dict:
    return {
        "resourceType": "MedicationStatement",
        "status": "completed",
        "medicationCodeableConcept": {"text": name},
        "subject": {"reference": f"Patient/{who}"},
        "reasonCode": [{"text": "sleep"}],
        "effectivePeriod": {"start": "2024-01-05", "end": "2024-03-01"},
        **changes,
    }


def event(who: str, at, **changes) -> dict:
    hl7 = "http://terminology.hl7.org/CodeSystem"
    cause = {"assessment": {"coding": [{"system": f"{BASE}/relatedness", "code": "possible"}]}}
    return {
        "resourceType": "AdverseEvent",
        "actuality": "actual",
        "event": {"text": "Headache", "coding": [{"code": "headache"}]},
        "subject": {"reference": f"Patient/{who}"},
        "detected": at.isoformat(),
        "date": at.date().isoformat(),
        "seriousness": {
            "coding": [{"system": f"{hl7}/adverse-event-seriousness", "code": "non-serious"}]
        },
        "category": [
            {"coding": [{"system": f"{BASE}/ctcae-grade", "code": "1"}]},
            {"coding": [{"system": f"{BASE}/valence", "code": "unpleasant"}]},
        ],
        "outcome": {"coding": [{"system": f"{hl7}/adverse-event-outcome", "code": "resolved"}]},
        "suspectEntity": [{"instance": {"display": "study drug"}, "causality": [cause]}],
        **changes,
    }


def pulse(who: str, at, value: int = 72) -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{who}"},
        "effectiveDateTime": at.isoformat(),
        "valueQuantity": {
            "value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"
        },
    }  # fmt: skip


@pytest.fixture
def in_session(demonstration, db) -> str:
    return OpenSessionRow.objects.get().participant


def test_someone_new_is_registered_once(therapist):
    condition = f"identifier={BASE}/participant|D-900"
    first = therapist.post("Patient", patient("D-900"), **{"If-None-Exist": condition})
    assert first.status_code == 201, first.content
    assert first["location"] == f"{BASE}/Patient/D-900"
    again = therapist.post("Patient", patient("D-900"), **{"If-None-Exist": condition})
    assert again.status_code == 200
    assert len(read_stream(stream_of(PROGRAMME, "D-900"))) == 1
    assert therapist.get("Patient/D-900").json()["birthDate"] == "1988"


def test_a_pulse_goes_through_the_one_door_and_is_read_back(therapist, in_session):
    at = OpenSessionRow.objects.get().opened_at + timedelta(seconds=30)
    answer = therapist.post("Observation", pulse(in_session, at))
    assert answer.status_code == 201, answer.content
    assert answer.json()["valueQuantity"]["value"] == 72
    assert therapist.get(answer["location"].partition("/fhir/")[2]).json() == answer.json()
    assert ReadingRow.objects.filter(value=72, signal="pulse_bpm").count() == 1
    assert therapist.post("Observation", pulse(in_session, at)).status_code == 200


def test_an_event_is_decided_at_the_desk_and_reads_back(therapist, in_session):
    at = clock.now() - timedelta(minutes=5)
    answer = therapist.post("AdverseEvent", event(in_session, at))
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert made["severity"]["text"] == "CTCAE grade 1"
    assert load_course(PROGRAMME, in_session).adverse_events
    back = {k: v for k, v in made.items() if k not in ("id", "meta", "identifier", "recordedDate")}
    again = therapist.post("AdverseEvent", {**back, "date": "2024-01-01"})
    assert again.status_code in (201, 422)


def test_a_transaction_is_all_or_nothing(therapist, in_session):
    before = EntryRow.objects.count()
    requests = [
        {"resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
        for each in (medicine(in_session), medicine(in_session, "no-such-medicine-at-all"))
    ]
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": requests}
    refused = therapist.post("", sent)
    assert refused.status_code == 422
    (issue,) = refused.json()["issue"]
    assert issue["expression"][0].startswith("Bundle.entry[1]")
    assert EntryRow.objects.count() == before
    done = therapist.post("", {**sent, "entry": requests[:1]})
    assert done.status_code == 200
    assert done.json()["entry"][0]["response"]["status"] == "201"
    again = therapist.post("", {**sent, "entry": requests[:1]})
    assert again.json()["entry"][0]["response"]["status"] == "200"
    assert EntryRow.objects.count() == before + 1
    batch = therapist.post("", {**sent, "type": "batch"}).json()["entry"]
    assert [each["response"]["status"] for each in batch] == ["200", "422"]


def test_a_rating_is_taken_from_a_rater_alone_and_once(programs, therapist):
    due = DueRow.objects.filter(rated_by="independent-rater").order_by("target_on")[0]
    items = therapist.get("Questionnaire/caps-5").json()["item"]
    answers = [
        {"linkId": each["linkId"], "answer": [{"valueInteger": 1}]}
        for each in items
        if each["linkId"] != "total"
    ]
    sent = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": f"{BASE}/Questionnaire/caps-5",
        "subject": {"reference": f"Patient/{due.participant}"},
        "encounter": identified("visit", due.visit),
        "authored": clock.now().isoformat(),
        "item": answers,
    }
    refused = therapist.post("QuestionnaireResponse", sent)
    assert refused.status_code == 422
    assert "rated by an independent rater" in refused.json()["issue"][0]["diagnostics"]
    rater = programs("rater")
    made = rater.post("QuestionnaireResponse", sent)
    assert made.status_code == 201, made.content
    assert [e["answer"] for e in made.json()["item"]] == [e["answer"] for e in answers]
    assert rater.get(f"Observation/{made.json()['id']}.score").status_code == 200
    assert rater.post("QuestionnaireResponse", sent).status_code == 200
    other = {**sent, "item": answers[:-1]}
    assert "recorded already" in rater.post("QuestionnaireResponse", other).content.decode()


@pytest.mark.parametrize(
    ("kind", "change", "status", "words"),
    [
        ("Patient", {"name": [{"family": "Lund"}]}, 422, "number"),
        ("Patient", {"birthDate": "1988-04-02"}, 422, "year alone"),
        ("Patient", {"identifier": []}, 422, "identifier of"),
        ("MedicationStatement", {"status": "intended"}, 422, "completed"),
        ("MedicationStatement", {"medicationCodeableConcept": {}}, 422, "say what it is"),
        ("MedicationStatement", {"effectivePeriod": {"start": "soon"}}, 422, "2026-03-02"),
        ("MedicationStatement", {"effectivePeriod": {"start": "2999-01-01"}}, 422, "still to come"),
        ("MedicationStatement", {"subject": {}}, 422, "Patient/"),
        ("MedicationStatement", {"subject": {"reference": "Patient/D\n1"}}, 422, ""),
        ("AdverseEvent", {"category": []}, 422, "1 to 5"),
        ("AdverseEvent", {"detected": "2026-03-02T09:00:00"}, 422, "zone"),
        ("AdverseEvent", {"suspectEntity": "x"}, 422, "Related"),
        ("Consent", {}, 405, "signed at the site"),
        ("MedicationAdministration", {}, 405, "session room"),
        ("Provenance", {}, 405, "from the record"),
    ],
)
def test_what_cannot_be_written_names_the_element_and_the_mend(
    therapist, in_session, kind, change, status, words
):
    good = {
        "Patient": patient("D-901"),
        "MedicationStatement": medicine(in_session),
        "AdverseEvent": event(in_session, clock.now()),
    }.get(kind, {"resourceType": kind})
    before = EntryRow.objects.count()
    answer = therapist.post(kind, {**good, **change})
    assert answer.status_code == status, answer.content
    (issue,) = answer.json()["issue"]
    assert words in issue["diagnostics"]
    assert issue["expression"][0].startswith(kind)
    assert EntryRow.objects.count() == before


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_nothing_is_changed_or_deleted_in_place(therapist, method):
    answer = getattr(therapist.client, method)("/fhir/Patient/D-001")
    assert answer.status_code == 405
    assert answer.json()["resourceType"] == "OperationOutcome"
