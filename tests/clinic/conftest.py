"""A small demonstration programme to visit, signed in by role."""

import time
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.ledger.rows import OpenSessionRow, ParticipantRow

HOST = {"host": "127.0.0.1"}


class Desk:
    """The pages as one member of staff sees them."""

    def __init__(self, username: str) -> None:
        self.client = Client(headers=HOST)
        self.client.force_login(Member.objects.get(username=username))

    def get(self, path: str, **data: str):
        return self.client.get(f"/{PROGRAMME}/{path}", data)

    def post(self, path: str, **data: object):
        return self.client.post(f"/{PROGRAMME}/{path}", data)


LASTS_S = 60  # a demonstration older than this is made anew: its session goes on as time does
Rows = dict[str, list[tuple]]
_kept: list[tuple[float, Rows]] = []


@pytest.fixture
def programme(db):
    """A demonstration of 24 people as of now; between, the rows of the last are put back."""
    if _kept and time.monotonic() - _kept[-1][0] < LASTS_S and connection.vendor == "sqlite":
        put_back(_kept[-1][1])
        return
    empty = {table for table, rows in every_row().items() if not rows}
    load_demo(today=datetime.now(UTC), participants=24)
    for username, role in ACCOUNTS:
        Member.objects.create(username=username, role=role)
    filled = every_row()
    kept = {table: rows for table, rows in filled.items() if table in empty and rows}
    _kept[:] = [(time.monotonic(), kept | {"ledger_head": filled["ledger_head"]})]


def every_row() -> Rows:
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        return {name: cursor.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def put_back(kept: Rows) -> None:
    with connection.cursor() as cursor:
        [(_, position, head)] = kept["ledger_head"]
        cursor.execute("UPDATE ledger_head SET position = %s, hash = %s", [position, head])
        for table, rows in kept.items():
            if table != "ledger_head":
                marks = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


@pytest.fixture
def desk(programme):
    return Desk


@pytest.fixture
def in_session(programme) -> str:
    return OpenSessionRow.objects.get().participant


@pytest.fixture
def in_progress(programme) -> str:
    rows = ParticipantRow.objects.filter(status="in-progress", randomised_on__isnull=False)
    return rows.order_by("participant")[0].participant
