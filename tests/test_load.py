"""What the working day of benchmarks/load.py asks for exists, and what it taught stays so."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import sleep
from urllib.parse import urlsplit

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connection
from django.http import HttpResponse
from django.urls import resolve

from sojourn.clinic import places
from sojourn.clinic.views import room
from sojourn.course import COMMANDS
from sojourn.record.command import asked

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def day(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    sys.modules.pop("day_pages", None)
    import day_pages

    return day_pages


def test_every_address_of_the_day_leads_to_a_page(day):
    for name, address in day.all_addresses().items():
        assert resolve(urlsplit(address).path).url_name, name


def test_every_form_of_the_day_fills_in_what_its_command_must_have(day):
    for name, (command, answers) in day.FORMS.items():
        fields = {each.name: each for each in asked(COMMANDS[command])}
        assert set(answers) <= set(fields), name
        must = {key for key, each in fields.items() if not each.ask.optional} - {"at"}
        assert must <= set(answers), name


def test_more_people_than_places_wait_their_turn_and_all_are_answered(rf):
    inside, most, lock = [], [], Lock()

    def view(request):
        with lock:
            inside.append(request)
            most.append(len(inside))
        sleep(0.01)
        with lock:
            inside.remove(request)
        return HttpResponse("seen")

    answer = places.in_turn(view)
    with ThreadPoolExecutor(4 * places.AT_ONCE) as people:
        answers = list(people.map(answer, [rf.get("/") for _ in range(6 * places.AT_ONCE)]))
    assert len(answers) == 6 * places.AT_ONCE
    assert max(most) == places.AT_ONCE


@pytest.mark.django_db
def test_a_tablet_that_listens_all_day_holds_no_place_in_the_database():
    if connection.vendor == "sqlite":
        pytest.skip("an embedded record has no places to run out of")

    async def listen() -> tuple[bool, bool]:
        stream = frozenset({"course:demo:D-001"})
        async with ThreadSensitiveContext():  # the one thread of a request
            begun = await sync_to_async(_ask)()
            news = room._events("course:demo:D-001", stream, 0)
            await anext(news)
            left = await sync_to_async(lambda: connection.connection is not None)()
            await news.aclose()
        return begun, left

    assert asyncio.run(listen()) == (True, False)


def _ask() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.connection is not None
