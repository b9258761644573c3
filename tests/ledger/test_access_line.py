"""A line of the access log waits for no writer, and is not lost while it waits."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connection

from sojourn.clinic import access_log
from sojourn.clinic.models import AccessLine
from sojourn.ledger import clock

pytestmark = pytest.mark.usefixtures("own_record")


def opened(participant: str) -> access_log.Opened:
    now = clock.now()
    return access_log.Opened(
        now, "demo", participant, "eva", "monitor", "participant", "GET", "role", 200
    )


def test_a_line_waits_while_another_writes_and_follows_with_the_next_round():
    if connection.vendor != "sqlite":
        pytest.skip("one writer at a time is SQLite's own rule")
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        access_log.keep(opened("P-1"))
        access_log.keep(opened("P-2"))
        assert access_log.write_waiting() == 2
        other.execute("ROLLBACK")

    assert access_log.write_waiting() == 0
    assert list(AccessLine.objects.values_list("participant", flat=True)) == ["P-1", "P-2"]


def test_the_record_itself_is_flushed_to_the_disk_as_before():
    access_log.keep(opened("P-1"))

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone() == (2,)
        else:
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)


def test_more_than_can_wait_goes_to_the_servers_own_log(monkeypatch, caplog):
    if connection.vendor != "sqlite":
        pytest.skip("one writer at a time is SQLite's own rule")
    monkeypatch.setattr(access_log, "MOST_WAITING", 2)
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(3):
            access_log.keep(opened(f"P-{number}"))
        other.execute("ROLLBACK")
    access_log.write_waiting()

    assert "P-0" in caplog.text
    assert list(AccessLine.objects.values_list("participant", flat=True)) == ["P-1", "P-2"]
