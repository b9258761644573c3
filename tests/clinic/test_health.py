"""What a machine asks: the server lives, can work, and how it fares."""

import os
import subprocess
import sys
import urllib.request

import pytest
from django.db import DatabaseError

from sojourn.clinic.views import health
from tests.clinic.serving import Served, free_port

pytestmark = pytest.mark.django_db


def test_a_server_with_its_record_is_ready(client):
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "amiss": {}})


def test_a_server_without_its_record_lives_and_is_not_ready(client, monkeypatch):
    def gone(*_, **__):
        raise DatabaseError

    monkeypatch.setattr(health.Head.objects, "get", gone)
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["amiss"] == {"record": "can't be reached"}


def test_a_server_whose_disk_is_nearly_full_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(health.connection, "vendor", "sqlite")
    monkeypatch.setattr(health, "_free", lambda: health.LEAST_FREE - 1)
    assert "disk" in client.get("/health/ready").json()["amiss"]


def test_measurements_are_for_whoever_holds_the_token_alone(client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "a-token"
    assert client.get("/metrics").status_code == 404
    wrong = {"Authorization": "Bearer a-toke\u00f1"}
    assert client.get("/metrics", headers=wrong).status_code == 404
    client.get("/demo/participants/D-0001/")
    answer = client.get("/metrics", headers={"Authorization": "Bearer a-token"})
    assert answer.status_code == 200
    said = answer.content.decode()
    assert 'sojourn_answers_total{page="participant",status="302"}' in said
    assert "sojourn_entries 0" in said
    assert "D-0001" not in said


def test_two_workers_are_counted_together(tmp_path):
    served = Served(tmp_path, free_port())
    os.environ["SOJOURN_METRICS_TOKEN"] = "t"
    try:
        served.start(workers=2)
        for _ in range(40):
            urllib.request.urlopen(f"{served.url}/health/live").close()
        ask = urllib.request.Request(f"{served.url}/metrics", headers={"Authorization": "Bearer t"})
        said = urllib.request.urlopen(ask).read().decode()
    finally:
        served.kill()
        del os.environ["SOJOURN_METRICS_TOKEN"]
    counted = [line for line in said.splitlines() if 'sojourn_answers_total{page="live"' in line]
    assert [line.split()[1] for line in counted] == ["40.0"]


def test_the_address_of_the_record_may_stand_in_database_url(tmp_path):
    script = "from sojourn.clinic import settings; print(settings.DATABASES['default']['ENGINE'])"
    environment = {**os.environ, "SOJOURN_HOME": str(tmp_path), "SOJOURN_DATABASE": ""}
    environment["DATABASE_URL"] = "postgresql://ana@db.example/sojourn"
    said = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    assert said.strip().endswith("postgresql")
