"""The interface that devices speak, through the whole of Django."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sojourn.ledger import clock, devices
from sojourn.ledger.readings_rows import ReadingRow
from tests.monitoring.sessions import PROGRAMME, ms, open_alerts, open_session

HOST = {"host": "127.0.0.1"}


class Device:
    """A gateway with its token."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={**HOST, "authorization": f"Bearer {token}"})

    def deliver(self, *sessions: dict[str, Any], clock_ms: int | None = None):
        body = {"clock_ms": clock_ms or ms(clock.now()), "sessions": sessions}
        return self.client.post("/api/v1/vitals/batches", body, content_type="application/json")

    def observe(self, resource: dict[str, Any] | str):
        body = resource if isinstance(resource, str) else json.dumps(resource)
        return self.client.post("/fhir/Observation", body, content_type="application/fhir+json")


def session(start_ms: int, values: list[int], *, participant: str = "P-1", batch: str = "1"):
    moments = [start_ms + 1000 * number for number in range(len(values))]
    signals = [{"signal": "pulse_bpm", "at_ms": moments, "values": values}]
    return {"participant": participant, "batch": batch, "signals": signals}


@pytest.fixture
def device(opened) -> Device:
    return Device(devices.add(PROGRAMME, "gateway", author="lead"))


def test_a_gateway_delivers_two_sessions_and_reads_the_alarm(device, opened):
    open_session("P-2", opened)
    start = ms(clock.now()) - 15_000
    calm, high = [70, 71, 72] * 4, [160, 161, 162] * 4
    answer = device.deliver(
        session(start, calm), session(start, high, participant="P-2", batch="2")
    )
    assert answer.status_code == 200
    first, second = answer.json()["receipts"]
    assert (first["status"], first["written"], first["raised"]) == ("written", 12, [])
    assert second["raised"] == ["pulse-emergency"]
    (alarm,) = device.client.get("/api/v1/vitals/alarms").json()["alarms"]
    assert (alarm["participant"], alarm["level"]) == ("P-2", "emergency")
    again = device.deliver(session(start, calm))
    assert again.json()["receipts"][0]["status"] == "known"


def test_one_refused_session_holds_up_no_other(device, opened):
    answer = device.deliver(
        session(ms(opened), [70], participant="P-9"), session(ms(opened), [70], batch="2")
    )
    statuses = [each["status"] for each in answer.json()["receipts"]]
    assert statuses == ["refused", "written"]


@pytest.mark.proves("devices-known")
@pytest.mark.parametrize(
    "token", ["", "watched.gateway.wrong", "nowhere.gateway.x", "....", "\x00"]
)
def test_without_a_good_token_nothing_is_taken_or_shown(device, opened, token):
    stranger = Device(token)
    assert stranger.deliver(session(ms(opened), [70])).status_code == 401
    assert stranger.client.get("/api/v1/vitals/alarms").status_code == 401
    assert stranger.observe("{}").status_code == 401
    assert ReadingRow.objects.count() == 0


@pytest.mark.parametrize("participant", ["P\x001", "P\n1", "nobody", "é"])
def test_a_participant_that_cannot_be_is_refused_alone(device, opened, participant):
    answer = device.deliver(
        session(ms(opened), [70], participant=participant), session(ms(opened), [70], batch="2")
    )
    assert [each["status"] for each in answer.json()["receipts"]] == ["refused", "written"]


@pytest.mark.proves("devices-known")
def test_a_revoked_device_is_turned_away(opened):
    device = Device(devices.add(PROGRAMME, "old", author="lead"))
    devices.revoke(PROGRAMME, "old", "stolen", author="lead")
    assert device.deliver(session(ms(opened), [70])).status_code == 401


def test_a_device_of_one_site_neither_writes_nor_sees_another(opened):
    open_session("P-2", opened, site="site-2")
    one = Device(devices.add(PROGRAMME, "one", site="site-1", author="lead"))
    two = Device(devices.add(PROGRAMME, "two", site="site-2", author="lead"))
    high = [160, 161, 162] * 4
    refused = one.deliver(session(ms(opened), high, participant="P-2"))
    assert refused.json()["receipts"][0]["field"] == "participant"
    two.deliver(session(ms(clock.now()) - 15_000, high, participant="P-2"))
    assert one.client.get("/api/v1/vitals/alarms").json()["alarms"] == []
    assert len(two.client.get("/api/v1/vitals/alarms").json()["alarms"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"signal": "heart_rate"}, "signal"),
        ({"values": [70, 71]}, "one for each"),
        ({"values": [70.5]}, "values"),
        ({"values": ["high"]}, "values"),
        ({"values": [10**12]}, "values"),
        ({"at_ms": [10**18]}, "at_ms"),
        ({"at_ms": [], "values": []}, "no readings"),
    ],
)
def test_a_batch_of_the_wrong_shape_is_refused_and_the_field_named(device, opened, change, words):
    wrong = session(ms(opened), [70])
    wrong["signals"][0].update(change)
    answer = device.deliver(wrong)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert ReadingRow.objects.count() == 0


def test_the_interface_documents_itself(client):
    text = client.get("/api/v1/vitals/openapi.json", headers=HOST).json()
    assert text["openapi"].startswith("3.")
    assert {"/api/v1/vitals/batches", "/api/v1/vitals/alarms"} <= set(text["paths"])


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def observation(code: str, at, **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": "Patient/P-1"},
        "effectiveDateTime": at.isoformat(),
        **changes,
    }


def pressure(at, systolic: int, diastolic: int) -> dict[str, Any]:
    parts = (("8480-6", systolic), ("8462-4", diastolic))
    return observation(
        "85354-9",
        at,
        component=[
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "valueQuantity": quantity(value, "mm[Hg]"),
            }
            for code, value in parts
        ],
    )


@pytest.mark.parametrize(
    ("code", "value", "unit", "signal", "stored"),
    [
        ("8867-4", 72, "/min", "pulse_bpm", 72),
        ("8310-5", 36.85, "Cel", "temperature_tenths_c", 368),
        ("9279-1", 14, "/min", "respiration_per_min", 14),
        ("2708-6", 97.4, "%", "spo2_percent", 97),
    ],
)
def test_an_observation_becomes_a_reading(device, opened, code, value, unit, signal, stored):
    resource = observation(code, opened, valueQuantity=quantity(value, unit))
    answer = device.observe(resource)
    assert answer.status_code == 201, answer.content
    assert answer["content-type"] == "application/fhir+json"
    row = ReadingRow.objects.get()
    assert (row.signal, row.value, row.at_ms) == (signal, stored, ms(opened))
    assert device.observe(resource).status_code == 200
    assert ReadingRow.objects.count() == 1


def test_a_pressure_panel_becomes_two_readings_and_can_raise(device, opened):
    assert device.observe(pressure(opened, 122, 78)).status_code == 201
    assert ReadingRow.objects.count() == 2
    for minute in (1, 2):
        device.observe(pressure(opened + timedelta(minutes=minute), 201, 99))
    assert open_alerts() == ["systolic-emergency"]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"valueQuantity": quantity(98.6, "[degF]")}, 422, "UCUM 'Cel'"),
        ({"valueQuantity": {"value": 36.8, "unit": "Cel"}}, 422, "UCUM 'Cel'"),
        ({"valueQuantity": quantity("36.8", "Cel")}, 422, "send a number"),  # type: ignore[arg-type]
        ({"valueQuantity": quantity(1e300, "Cel")}, 422, "digits"),
        ({"status": "preliminary"}, 422, "final"),
        ({"effectiveDateTime": "2026-03-02T09:30:00"}, 422, "zone"),
        ({"effectiveDateTime": "yesterday"}, 422, "2026-03-02"),
        ({"subject": {"reference": "Group/1"}}, 422, "Patient/"),
        ({"subject": {"reference": "Patient/P-9"}}, 422, "no participant"),
        ({"code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}}, 422, "8867-4"),
        ({"code": {"text": "temperature"}}, 422, "http://loinc.org"),
        ({"resourceType": "Patient"}, 400, "Observation"),
    ],
)
def test_a_wrong_observation_gets_an_outcome_that_names_the_mend(
    device, opened, change, status, words
):
    good = observation("8310-5", opened, valueQuantity=quantity(36.8, "Cel"))
    answer = device.observe({**good, **change})
    assert answer.status_code == status
    (issue,) = answer.json()["issue"]
    assert issue["severity"] == "error"
    assert words in issue["diagnostics"]
    assert ReadingRow.objects.count() == 0


@pytest.mark.parametrize("body", ["", "[]", "{", '{"value": NaN}', "[" * 5000])
def test_what_is_no_json_resource_is_refused(device, body):
    answer = device.observe(body)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"
