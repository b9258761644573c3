"""A demonstration to visit as a participant: a link, a device, a diary."""

import re

import pytest
from django.core import mail
from django.test import Client

from sojourn.clinic.demo import PROGRAMME
from sojourn.diary import keys
from sojourn.ledger.desk import Person, load_course
from sojourn.ledger.rows import AftercareRow
from tests.clinic.conftest import people_and_accounts
from tests.kept import once

HOST = {"host": "127.0.0.1"}
THERAPIST = Person("therapist", "therapist")


def key_in(message: str) -> str:
    """The key of the link in a message."""
    return re.search(r"/diary/open/([\w-]+)/", message).group(1)


def link_to(participant: str) -> str:
    """A fresh link to this diary, as it reaches the participant."""
    keys.send_link(PROGRAMME, participant, "someone@example.org", THERAPIST)
    return key_in(mail.outbox[-1].body)


@pytest.fixture
def programme(db):
    once("24 people", people_and_accounts)


def someone_after_a_session() -> str:
    """Who had a session lately, nothing open, and has not left."""
    for row in AftercareRow.objects.filter(programme=PROGRAMME).order_by("-session_on"):
        course = load_course(PROGRAMME, row.participant)
        if not course.ended and not course.open_alerts and not course.open_session:
            return row.participant
    raise LookupError("the demonstration has nobody after a session")


@pytest.fixture
def participant(programme) -> str:
    return someone_after_a_session()


@pytest.fixture
def phone(participant) -> Client:
    """A device on which the participant's diary is open."""
    client = Client(headers=HOST)
    client.post(f"/diary/open/{link_to(participant)}/")
    return client
