"""Search by what real clients send: readings, status, category, what is not understood."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sojourn.clinic.demo import PROGRAMME
from sojourn.conduct.identity import IdentityOpened
from sojourn.exchange.fhir import recorded
from sojourn.ledger import clock, monitoring, watching
from sojourn.ledger.append import append_next
from sojourn.ledger.read import read_stream
from sojourn.ledger.readings_rows import ReadingRow
from sojourn.ledger.rows import OpenSessionRow

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def session(demonstration, db):
    """The session that is going on, with a pulse each second of a minute and one pressure."""
    row = OpenSessionRow.objects.get()
    start = round(row.opened_at.timestamp() * 1000)
    stream = watching.stream_of(PROGRAMME, row.participant, row.visit)
    ReadingRow.objects.filter(stream=stream).delete()
    readings = [monitoring.Reading(start + 1000 * s, "pulse_bpm", 70 + s % 9) for s in range(60)]
    readings += [
        monitoring.Reading(start + 5000, "systolic_mmhg", 128),
        monitoring.Reading(start + 5000, "diastolic_mmhg", 81),
    ]
    sender = monitoring.Sender("file", "coordinator", "coordinator")
    sent = monitoring.Delivery(row.participant, "minute", tuple(readings), visit=row.visit)
    (receipt,) = monitoring.receive(PROGRAMME, [sent], sender)
    assert (receipt.status, receipt.written) == ("written", 62)
    return row


def test_readings_of_a_monitor_are_found_by_patient_code_and_date(therapist, session):
    who = session.participant
    pulses = therapist.everything(f"Observation?patient={who}&code=8867-4&_count=7")
    monitored = [each for each in pulses if f"{who}.m" in each["id"]]
    assert len(monitored) == 60
    assert len({each["id"] for each in pulses}) == len(pulses)
    times = [each["effectiveDateTime"] for each in pulses]
    assert times == sorted(times)
    for each in monitored[:2]:
        assert therapist.get(f"Observation/{each['id']}").json() == each
        assert therapist.found("Observation", _id=each["id"]) == [each]
    minute = f"ge{monitored[30]['effectiveDateTime']}"
    later = therapist.found("Observation", subject=f"Patient/{who}", code="8867-4", date=minute,
                            _count=100)  # fmt: skip
    assert [e["id"] for e in later if ".m" in e["id"]] == [e["id"] for e in monitored[30:]]
    (panel,) = [
        each
        for each in therapist.found("Observation", patient=who, code="85354-9", _count=200)
        if ".m" in each["id"]
    ]
    assert [e["valueQuantity"]["value"] for e in panel["component"]] == [128, 81]
    everything = therapist.everything(f"Observation?patient={who}&category=vital-signs")
    assert {each["id"] for each in everything} >= {each["id"] for each in [*pulses, panel]}


def test_where_readings_of_monitors_are_left_out_it_is_told(therapist, programs, session):
    def told(program, **asked):
        entries = program.get("Observation", **asked).json().get("entry", [])
        return [e["resource"]["issue"][0] for e in entries if e["search"]["mode"] == "outcome"]

    who = session.participant
    for asked in ({"code": "8867-4"}, {}, {"patient": who, "_lastUpdated": "ge2020"}):
        (issue,) = told(therapist, **asked)
        assert (issue["severity"], "found by patient" in issue["diagnostics"]) == (
            "information",
            True,
        )
    assert told(therapist, code="101698-9") == told(therapist, patient=who) == []
    rater = programs("rater")
    assert told(rater) == []
    assert not any(".m" in e["id"] for e in rater.everything(f"Observation?patient={who}"))


def test_a_status_is_found_in_pages_that_hold_no_other(therapist):
    for kind in ("MedicationStatement", "ResearchSubject", "CarePlan"):
        everything = Counter(each["status"] for each in therapist.everything(f"{kind}?_count=200"))
        for status, times in everything.items():
            found = therapist.everything(f"{kind}?status={status}&_count=3")
            assert [each["status"] for each in found] == [status] * times
            assert len({each["id"] for each in found}) == times
        assert therapist.found(kind, status="entered-in-error") == []


def test_a_category_holds_its_own_codes(therapist):
    survey = therapist.everything("Observation?category=survey&_count=50")
    assert survey
    assert {e["category"][0]["coding"][0]["code"] for e in survey} == {"survey"}
    signs = therapist.everything("Observation?category=vital-signs&_count=100")
    assert {e["category"][0]["coding"][0]["code"] for e in signs} == {"vital-signs"}
    assert len(survey) + len(signs) == len(therapist.everything("Observation?_count=200"))
    assert therapist.found("Observation", category="laboratory") == []
    assert therapist.found("Observation", category="survey", code="8867-4") == []


@pytest.mark.parametrize("kind", ["Patient", "Observation", "Questionnaire", "Provenance"])
def test_what_is_not_understood_is_left_out_only_for_whom_wants_it(therapist, kind):
    asked = {"shoe": "43", **({"patient": "D-001"} if kind == "Provenance" else {})}
    assert therapist.get(kind, **asked).status_code == 400
    for preferred, status in (("handling=strict", 400), ("return=minimal; handling=lenient", 200)):
        answer = therapist.client.get(f"/fhir/{kind}", asked, headers={"prefer": preferred})
        assert answer.status_code == status
    page = answer.json()
    outcomes = [e["resource"] for e in page["entry"] if e["search"]["mode"] == "outcome"]
    assert any("shoe" in each["issue"][0]["diagnostics"] for each in outcomes)
    assert not any("shoe" in each["url"] for each in page.get("link", []))


def test_a_search_may_be_sent_in_a_body(therapist):
    sent = "patient=D-001&code=http%3A%2F%2Floinc.org%7C8867-4"
    found = therapist.post("Observation/_search", sent, content_type=FORM)
    assert found.json() == therapist.client.get(f"/fhir/Observation?{sent}").json()
    assert therapist.post("Observation/_search", "{}").status_code == 415
    assert therapist.get("Observation/_search").status_code == 404


def test_looks_come_in_pages_each_once_in_the_order_of_the_record(programs, monkeypatch):
    for number in range(30):
        fact = IdentityOpened(f"D-0{number % 3:02}", "to call them")
        stream = ("identity:", "openings:", "emergencies:")[number % 2]
        append_next(
            stream + PROGRAMME, (fact,), occurred_at=clock.now(), author="ana", role="coordinator"
        )
    lead = programs("lead")
    looks = lead.everything("AuditEvent?_count=4")
    assert len(looks) == len({each["id"] for each in looks}) >= 30
    assert [each["recorded"] for each in looks] == sorted(each["recorded"] for each in looks)
    monkeypatch.setattr(recorded, "LOOKED_AT", 5)
    of_one = lead.everything("AuditEvent?patient=Patient/D-001&_count=2")
    assert of_one == [e for e in looks if e["entity"][0]["what"]["reference"] == "Patient/D-001"]
    for each in looks[:3]:
        assert lead.get(f"AuditEvent/{each['id']}").json() == each
    assert lead.get("AuditEvent", _after="1.2").status_code == 400


def test_a_page_of_provenance_costs_the_same_early_and_late(therapist):
    def cost(url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = therapist.client.get(url)
        assert len(answer.json()["entry"]) == 5
        return len(queries)

    entries = len(read_stream(f"course:{PROGRAMME}:D-001"))
    early = "/fhir/Provenance?patient=D-001&_count=5"
    cost(early)  # the first loads the programme
    assert cost(early) == cost(f"{early}&_after={entries - 5}")
