"""A demonstration read over FHIR, by programs that act for members of each role."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.exchange.fhir import callers
from tests.conftest import make_whole

HOST = {"host": "127.0.0.1"}
BASE = "http://127.0.0.1:8000/fhir"


def resources(page: dict[str, Any]) -> list[dict[str, Any]]:
    """What a page holds beside what it tells about the search itself."""
    entries = page.get("entry", [])
    return [each["resource"] for each in entries if each["search"]["mode"] != "outcome"]


class Program:
    """The interface as one program sees it."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client(headers={**HOST, "authorization": f"Bearer {token}"})

    def get(self, path: str, **asked: Any):
        return self.client.get(f"/fhir/{path}", asked)

    def found(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        """The resources of a page of search."""
        answer = self.get(path, **asked)
        assert answer.status_code == 200, answer.content
        return resources(answer.json())

    def everything(self, path: str) -> list[dict[str, Any]]:
        """The resources of every page of a search."""
        found, url = [], path
        while url:
            page = self.client.get(f"/fhir/{url}").json()
            found += resources(page)
            onward = [each["url"] for each in page["link"] if each["relation"] == "next"]
            url = onward[0].partition("/fhir/")[2] if onward else ""
        return found

    def post(self, path: str, body: Any, **headers: str):
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        kind = headers.pop("content_type", "application/fhir+json")
        return self.client.post(f"/fhir/{path}", text, content_type=kind, headers=headers)


@pytest.fixture(scope="package")
def demonstration(django_db_setup, django_db_blocker):
    """Twelve people, loaded once for all these tests and gone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_whole()
        load_demo(today=datetime.now(UTC), participants=12)
        for username, role in ACCOUNTS:
            Member.objects.create(username=username, role=role)
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def within(demonstration, db):
    """Tests without a database are put off to the end; the demonstration would last as long."""


@pytest.fixture
def programs(demonstration, db):
    """A program for a member: programs('monitor', 'system/*.read')."""

    @cache
    def program(member: str, scopes: str = "system/*.cruds") -> Program:
        name = f"{member}-{abs(hash(scopes))}"
        return Program(callers.add(PROGRAMME, name, member, scopes, author="lead"))

    return program


@pytest.fixture
def therapist(programs):
    return programs("therapist")
