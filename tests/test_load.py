"""The pages that the working day of benchmarks/load.py asks for exist, and so do its forms."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import resolve

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
