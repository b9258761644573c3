"""Every resource read, searched, paged, included and followed through its versions."""

import json

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.exchange.fhir.kept import OF_COURSES, OF_PROGRAMMES
from sojourn.ledger import rebuild
from sojourn.ledger.desk import stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import ResourceRow


def test_each_kind_is_found_read_and_followed(therapist):
    for kind in (*OF_PROGRAMMES, *OF_COURSES):
        found = therapist.found(kind)
        assert found, kind
        for one in found[:3]:
            answer = therapist.get(f"{kind}/{one['id']}")
            assert answer.json() == one
            history = therapist.get(f"{kind}/{one['id']}/_history").json()
            versions = [each["resource"] for each in history["entry"]]
            assert versions[0] == one
            number = versions[-1].get("meta", {}).get("versionId")
            if number:
                oldest = therapist.get(f"{kind}/{one['id']}/_history/{number}").json()
                assert oldest == versions[-1]


def test_a_version_is_an_entry_and_tells_when_it_was_recorded(therapist):
    medicine = therapist.found("MedicationStatement")[0]
    participant, _, first = medicine["id"].rpartition(".")
    entries = {e.sequence: e for e in read_stream(stream_of(PROGRAMME, participant))}
    history = therapist.get(f"MedicationStatement/{medicine['id']}/_history").json()["entry"]
    numbers = [int(each["resource"]["meta"]["versionId"]) for each in history]
    assert numbers[-1] == int(first)
    assert numbers == sorted(numbers, reverse=True)
    for number, each in zip(numbers, history, strict=True):
        written = entries[number].recorded_at.isoformat(timespec="milliseconds")
        assert each["resource"]["meta"]["lastUpdated"] == written


def test_pages_hold_everything_once(therapist):
    seen = [each["id"] for each in therapist.everything("Observation?_count=37")]
    assert len(seen) == len(set(seen))
    assert len(seen) == ResourceRow.objects.filter(resource="Observation").count() > 37


def test_search_by_patient_code_and_date(therapist):
    pulses = therapist.found("Observation", patient="D-001", code="http://loinc.org|8867-4")
    assert pulses
    assert {e["subject"]["reference"] for e in pulses} == {"Patient/D-001"}
    assert {e["code"]["coding"][0]["code"] for e in pulses} == {"8867-4"}
    day = pulses[0]["effectiveDateTime"][:10]
    on_day = therapist.found("Observation", patient="Patient/D-001", code="8867-4", date=day)
    assert on_day
    assert {e["effectiveDateTime"][:10] for e in on_day} == {day}
    later = therapist.found("Observation", patient="D-001", code="8867-4", date=f"gt{day}")
    assert all(e["effectiveDateTime"][:10] > day for e in later)
    assert len(on_day) + len(later) == len(pulses)
    assert therapist.found("Observation", code="718-7") == []
    assert therapist.found("Patient", _lastUpdated="lt2000") == []


def test_the_patient_is_included_once(therapist):
    found = therapist.found("AdverseEvent", _include="AdverseEvent:subject")
    people = [e["id"] for e in found if e["resourceType"] == "Patient"]
    events = {e["subject"]["reference"] for e in found if e["resourceType"] == "AdverseEvent"}
    assert {f"Patient/{each}" for each in people} == events
    assert len(people) == len(set(people))


def test_a_score_and_what_it_was_derived_from(therapist):
    (score, *_) = therapist.found("Observation", code="101698-9")
    answers = therapist.get(score["derivedFrom"][0]["reference"]).json()
    given = [each["answer"][0]["valueInteger"] for each in answers["item"]]
    assert len(given) == 20
    assert score["valueQuantity"]["value"] == sum(given)


def test_provenance_carries_the_hash_of_the_entry(therapist):
    told = therapist.everything("Provenance?patient=D-001&_count=7")
    entries = read_stream(stream_of(PROGRAMME, "D-001"))
    hashes = [each["entity"][0]["what"]["identifier"]["value"] for each in told]
    assert hashes == [each.hash for each in entries]
    pulse = therapist.found("Observation", patient="D-001", code="8867-4")[0]
    (made,) = therapist.found("Provenance", target=f"Observation/{pulse['id']}")
    assert {"reference": f"Observation/{pulse['id']}"} in made["target"]
    assert therapist.get(f"Provenance/{made['id']}").json() == made


def test_everything_is_exported_a_line_each(therapist):
    manifest = therapist.get("$export", _type="Patient,Observation").json()
    kinds = [each["type"] for each in manifest["output"]]
    assert kinds == ["Patient", "Observation"]
    for each in manifest["output"]:
        answer = therapist.client.get("/fhir/" + each["url"].partition("/fhir/")[2])
        lines = b"".join(answer.streaming_content).splitlines()
        found = [json.loads(line) for line in lines]
        assert {one["resourceType"] for one in found} == {each["type"]}
        assert len(found) == ResourceRow.objects.filter(resource=each["type"]).count()


def test_an_export_begins_as_bulk_clients_expect(therapist):
    address = "/fhir/$export?_type=Patient"
    begun = therapist.client.get(address, headers={"prefer": "respond-async"})
    assert begun.status_code == 202
    status = begun["Content-Location"].partition("/fhir/")[2]
    manifest = therapist.client.get(f"/fhir/{status}").json()
    assert [each["type"] for each in manifest["output"]] == ["Patient"]
    of_patients = therapist.get("Patient/$export").json()["output"]
    assert {each["type"] for each in of_patients} == set(OF_COURSES)
    assert therapist.get("Patient/$export", _type="ResearchStudy").status_code == 400
    later = therapist.get("$export", _type="Patient", _since=manifest["transactionTime"]).json()
    part = "/fhir/" + later["output"][0]["url"].partition("/fhir/")[2]
    assert b"".join(therapist.client.get(part).streaming_content) == b""


@pytest.mark.proves("rows-are-the-record")
def test_the_rows_are_rebuilt_to_the_byte(demonstration, db):
    before = rebuild.fingerprint()
    rebuild.rebuild()
    assert rebuild.fingerprint() == before


@pytest.mark.parametrize(
    ("path", "asked", "status", "words"),
    [
        ("Patient", {"shoe": "43"}, 400, "searched by"),
        ("Observation", {"date": "soon"}, 400, "ge2026-03-02"),
        ("Observation", {"date": "2026-02-30"}, 400, "no date"),
        ("Observation", {"_count": "0"}, 400, "whole number"),
        ("Observation", {"_after": "x"}, 400, "next"),
        ("Observation", {"_include": "Patient:x"}, 400, "included"),
        ("Appointment", {}, 404, "Patient"),
        ("Patient/nobody", {}, 404, "nobody"),
        ("Observation/%00", {}, 404, "Observation"),
        ("Provenance", {}, 400, "target"),
        ("Provenance", {"target": ""}, 400, "target"),
        ("Patient/D-001/_history/99", {}, 404, "version"),
        ("a/b/c/d/e", {}, 404, "metadata"),
    ],
)
def test_what_is_not_understood_is_told(therapist, path, asked, status, words):
    answer = therapist.get(path, **asked)
    assert answer.status_code == status, answer.content
    (issue,) = answer.json()["issue"]
    assert words in issue["diagnostics"]
    assert answer["content-type"] == "application/fhir+json"
