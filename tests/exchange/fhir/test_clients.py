"""Two clients others wrote, fhirclient and fhirpy, read and write through the whole of Django."""

import json
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from fhirclient import client as fhirclient
from fhirclient.models import medicationstatement as statement
from fhirclient.models.patient import Patient
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from tests.exchange.fhir.conftest import BASE, HOST


class Inside(requests.adapters.BaseAdapter):
    """Carries the requests of a client to Django without a socket."""

    def send(self, request, **_):
        parts = urlsplit(request.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        kind = request.headers.get("Content-Type", "")
        headers = {k: v for k, v in request.headers.items() if k.lower() != "content-length"}
        body = request.body or b""
        found = Client(headers=HOST).generic(
            request.method, path, body, content_type=kind, headers={**headers, **HOST}
        )
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = found.status_code, request.url, request
        answer._content = found.content
        answer.headers.update(dict(found.items()))
        return answer

    def close(self):
        """Nothing was opened."""


@pytest.fixture
def inside(monkeypatch):
    monkeypatch.setattr(requests.Session, "get_adapter", lambda *_, **__: Inside())


def medicine(name: str) -> dict:
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {"text": name},
        "subject": {"reference": "Patient/D-001"},
        "reasonCode": [{"text": "sleep"}],
        "effectivePeriod": {"start": "2024-01-05"},
    }


@pytest.fixture
def someone(therapist) -> str:
    """A participant to whom something may still be recorded."""
    going = [e for e in therapist.found("ResearchSubject") if e["status"] == "on-study"]
    return going[0]["id"]


def test_fhirclient_reads_searches_and_writes(inside, therapist, someone):
    smart = fhirclient.FHIRClient(settings={"app_id": "test", "api_base": BASE})
    smart.server.session.headers["Authorization"] = f"Bearer {therapist.token}"
    assert Patient.read(someone, smart.server).gender in ("female", "male", "unknown")
    made = {**medicine("melatonin"), "subject": {"reference": f"Patient/{someone}"}}
    answer = statement.MedicationStatement(made).create(smart.server)
    assert answer["medicationCodeableConcept"]["text"] == "melatonin"
    search = statement.MedicationStatement.where({"patient": someone})
    names = {e.medicationCodeableConcept.text for e in search.perform_resources_iter(smart.server)}
    assert "melatonin" in names


def test_fhirpy_reads_pages_and_writes(inside, therapist, someone):
    client = SyncFHIRClient(BASE, authorization=f"Bearer {therapist.token}")
    everyone = client.resources("Patient").limit(5).fetch_all()
    assert len({each["id"] for each in everyone}) == len(everyone) > 5
    made = {**medicine("melatonin"), "subject": {"reference": f"Patient/{someone}"}}
    resource = client.resource("MedicationStatement", **made)
    resource.save()
    again = client.reference("MedicationStatement", resource["id"]).to_resource()
    assert json.loads(json.dumps(again))["reasonCode"] == [{"text": "sleep"}]
    with pytest.raises(ResourceNotFound):
        client.reference("Patient", "nobody").to_resource()
    with pytest.raises(OperationOutcome):
        client.resource("Consent", status="active").save()
