"""A small demonstration programme to visit, signed in by role."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.ledger.rows import OpenSessionRow, ParticipantRow
from tests.clinic.founding import found_trial
from tests.kept import once

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


@pytest.fixture
def programme(db):
    """A demonstration of 24 people as of now, with an account for each role."""
    once("24 people", people_and_accounts)


def people_and_accounts():
    load_demo(today=datetime.now(UTC), participants=24)
    for username, role in ACCOUNTS:
        Member.objects.create(username=username, role=role)


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


@pytest.fixture
def trial(db, settings) -> None:
    """A small programme nobody is registered in yet, and its staff, who can sign."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    once("a trial", found_trial)
