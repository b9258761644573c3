"""Who opened what: a line for each answer about a participant, kept whatever else is going on."""

import pytest
from django.db import connection
from typer.testing import CliRunner

from sojourn.cli import app
from sojourn.clinic import access_log
from sojourn.clinic.models import AccessLine
from sojourn.exchange.fhir import callers
from sojourn.ledger import clock, kept
from sojourn.ledger.rows import ParticipantRow
from tests.clinic.test_sites import give, of, places

__all__ = ["places"]


def lines(**where):
    return list(AccessLine.objects.filter(**where).order_by("id"))


@pytest.mark.proves("who-looked")
def test_each_page_of_a_participant_is_a_line_and_parts_of_a_page_are_none(desk, in_session):
    desk("therapist").get(f"participants/{in_session}/")
    desk("therapist").get(f"participants/{in_session}/room/")
    desk("therapist").get(f"participants/{in_session}/room/live/")
    desk("therapist").get("")
    desk("rater").get(f"participants/{in_session}/room/")

    site = ParticipantRow.objects.get(participant=in_session).site
    found = [(e.member, e.role, e.page, e.status) for e in lines(participant=in_session)]
    assert found == [
        ("therapist", "therapist", "participant", 200),
        ("therapist", "therapist", "room", 200),
        ("rater", "independent-rater", "room", 403),
    ]
    assert {each.site for each in lines()} == {site}


@pytest.mark.proves("who-looked")
def test_files_of_many_and_answers_to_programs_are_lines(desk, in_session):
    desk("monitor").get("deviations/deviations.csv")
    token = callers.add("demo", "reader", "monitor", "system/*.rs", author="lead")
    headers = {"authorization": f"Bearer {token}"}
    desk("monitor").client.get(f"/fhir/Patient/{in_session}", headers=headers)
    desk("monitor").client.get("/fhir/Observation", {"patient": in_session}, headers=headers)
    desk("monitor").client.get("/fhir/$export", headers=headers)

    found = [(e.page, e.participant, e.member, e.by_way_of) for e in lines()]
    assert found == [
        ("deviations-file", "", "monitor", "role"),
        ("fhir-one", in_session, "monitor", "fhir:reader"),
        ("fhir-type", in_session, "monitor", "fhir:reader"),
        ("fhir-export", "", "monitor", "fhir:reader"),
    ]


def test_those_who_oversee_read_the_lines_of_their_sites_and_nobody_else(desk, places):
    here, there = places
    mine, theirs = sorted(of(here))[0], sorted(of(there))[0]
    for each in (mine, theirs):
        desk("coordinator").get(f"participants/{each}/")
    give("monitor", "monitor", here)

    page = desk("monitor").get("access/").content.decode()
    assert mine in page
    assert theirs not in page
    text = b"".join(desk("monitor").get("access/access.csv")).decode()
    assert mine in text
    assert theirs not in text
    assert theirs in desk("lead").get("access/", participant=theirs).content.decode()
    assert "coordinator" in desk("lead").get("access/", member="coordinator").content.decode()
    assert desk("lead").get("access/", since="2999-13-99").status_code == 200
    assert desk("therapist").get("access/").status_code == 403
    printed = CliRunner().invoke(app, ["access", "log", "--programme", "demo"])
    assert mine in printed.output
    assert "emergency" not in printed.output


def test_a_page_of_the_log_goes_on_from_a_line_and_reads_an_index(desk, in_session):
    first = access_log.Opened(
        clock.now(), "demo", in_session, "eva", "monitor", "participant", "GET", "role", 200
    )
    for _ in range(60):
        access_log.keep(first)

    page = desk("lead").get("access/", member="eva")
    assert len(page.context["lines"]) == 50
    rest = desk("lead").get("access/", member="eva", before=str(page.context["next_before"]))
    assert len(rest.context["lines"]) == 10
    if connection.vendor == "sqlite":
        asked = AccessLine.objects.filter(programme="demo", participant=in_session)
        assert "access_by_participant" in asked.order_by("-id")[:50].explain()


def test_a_copy_of_the_record_holds_the_log(db):
    assert AccessLine in kept.tables()
