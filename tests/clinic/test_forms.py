"""Every form gives back the very command it was filled in for."""

from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from django.http import QueryDict

from sojourn import conduct, course, instruments
from sojourn.clinic.access import Visitor
from sojourn.clinic.demo import PROGRAMME, load_demo
from sojourn.clinic.forms import CommandForm, initial_of
from sojourn.clinic.models import Member
from sojourn.clinic.offers import PAGE_OF, offers
from sojourn.clinic.views import programme as programme_page
from sojourn.conduct.reach import Reach
from sojourn.course.schedule import plan
from sojourn.course.verification import VerifySource
from sojourn.ledger import programmes
from sojourn.ledger.desk import Desk

TRIED_OF_EACH = 4
WITHOUT_A_FORM = {"import", "participant", "system"}


def filled_in(command) -> QueryDict:
    """What a browser would send for ``command``."""
    data = QueryDict(mutable=True)
    for name, value in initial_of(command).items():
        if isinstance(value, tuple):
            data.setlist(name, [str(each) for each in value])
        elif isinstance(value, datetime):
            data[name] = value.strftime("%Y-%m-%dT%H:%M")
        elif value is not None:
            data[name] = str(value)
    return data


def came_back(command, offered, protocol):
    """The command that its own form makes of it, or the form's errors."""
    instrument = instruments.load_shipped().get(getattr(command, "instrument", ""))
    if instrument is not None:
        offered = offered.with_choice("instruments", instrument.key, instrument.name)
        offered = offered.with_choices(
            "assessed-visits", tuple((each.key, each.label) for each in protocol.visits)
        )
    if isinstance(command, VerifySource):
        chosen = tuple((each, each) for each in command.entries)
        offered = offered.with_choices("unverified-entries", chosen)
    form = CommandForm(
        type(command), offered, data=filled_in(command), instrument=instrument, protocol=protocol
    )
    return form.to_command() if form.is_valid() else form.errors


def as_typed(command):
    """Text as a form keeps it: trimmed; groups in the order they are asked."""
    plain = {
        each.name: sorted(value) if isinstance(value, tuple) and each.name == "answers" else value
        for each in fields(command)
        if (value := getattr(command, each.name)) is not None
    }
    return {name: "\n".join(v.split()) if isinstance(v, str) else v for name, v in plain.items()}


@pytest.mark.django_db
def test_every_command_of_the_demonstration_comes_back_from_its_form(monkeypatch):
    tried: Counter[type] = Counter()
    amiss = []

    def compare(command, offered, protocol):
        if set(command.roles) <= WITHOUT_A_FORM:
            return
        if command.name in PAGE_OF:
            return
        tried[type(command)] += 1
        if tried[type(command)] > TRIED_OF_EACH:
            return
        back = came_back(command, offered, protocol)
        if not isinstance(back, type(command)) or as_typed(back) != as_typed(command):
            amiss.append((command, back))

    def visitor(name, role, standing):
        member = Member(username=name, role=role)
        return Visitor(member, PROGRAMME, standing, Reach(role, None))

    execute, to_programme = Desk.execute, programmes.execute

    def at_the_desk(self, command, **more):
        protocol = self.standing.protocol
        offered = offers(
            visitor(self.by.name, self.by.role, self.standing),
            self.course,
            plan(self.course, protocol),
        )
        compare(command, offered.with_all_visits(protocol), protocol)
        return execute(self, command, **more)

    def at_the_programme(key, command, *, author, role, **more):
        standing = programmes.load(key)
        offered = programme_page.offers_of(visitor(author, role, standing))
        compare(command, offered, standing.protocol)
        return to_programme(key, command, author=author, role=role, **more)

    monkeypatch.setattr(Desk, "execute", at_the_desk)
    monkeypatch.setattr(programmes, "execute", at_the_programme)
    load_demo(today=datetime.now(UTC), participants=24)
    assert amiss == []
    assert len(tried) > 25


def test_no_field_of_a_command_hides_one_of_the_form():
    for kind in (*course.COMMANDS.values(), *conduct.COMMANDS.values()):
        names = {each.name for each in fields(kind)}
        assert not names & set(CommandForm.base_fields), kind


def test_a_change_is_seen(monkeypatch):
    from sojourn.course.dosing import RecordVitals

    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    command = RecordVitals(at, "end", 120, 80, 70, 368)
    assert as_typed(command) != as_typed(replace(command, pulse_bpm=71))
