"""A participant tells those who oversee the site, past the treating team."""

import pytest
from django.test import Client

from sojourn.clinic.demo import PROGRAMME
from sojourn.clinic.models import Member
from sojourn.ledger import confidential
from sojourn.ledger.desk import Person, load_course
from sojourn.ledger.models import Head

PAGE = "/diary/in-confidence/"
TOLD = {
    "id": "a" * 32,
    "category": "boundary-violation",
    "text": "She would not let go of my hand.",
}
MONITOR = Person("monitor", "monitor")


def staff(username: str) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username=username))
    return client


@pytest.mark.proves("concerns-in-confidence")
def test_what_is_told_reaches_who_oversees_the_site_and_no_page_of_the_team(phone, participant):
    before = load_course(PROGRAMME, participant)
    known = {each.key for each in confidential.reports(PROGRAMME, MONITOR).open}
    assert phone.post(PAGE, TOLD).status_code == 302

    [report] = [
        each for each in confidential.reports(PROGRAMME, MONITOR).open if each.key not in known
    ]
    assert (report.by, report.role, report.text) == (participant, "participant", TOLD["text"])
    assert load_course(PROGRAMME, participant) == before
    for path in ("", f"participants/{participant}/", "safety/", "aftercare/"):
        page = staff("therapist").get(f"/{PROGRAMME}/{path}").content.decode()
        assert TOLD["text"] not in page
        assert "boundary" not in page.lower()
    assert staff("therapist").get(f"/{PROGRAMME}/safety/confidential/").status_code in (403, 404)
    assert (
        TOLD["text"] in staff("monitor").get(f"/{PROGRAMME}/safety/confidential/").content.decode()
    )


def test_a_second_press_tells_it_once_and_the_teller_sees_that_it_arrived(phone):
    phone.post(PAGE, TOLD)
    position = Head.objects.get().position
    phone.post(PAGE, TOLD)
    assert Head.objects.get().position == position
    assert "received, not yet acted on" in phone.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": "  "}, "say in your own words what happened"),
        ({"category": ""}, "What it is about is missing"),
        ({"category": "gossip"}, "is not one of"),
    ],
)
def test_what_is_lacking_is_said_and_nothing_is_lost(phone, change, told):
    position = Head.objects.get().position
    answer = phone.post(PAGE, {**TOLD, **change})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert told in text
    assert change.get("text", TOLD["text"]) in text
    assert Head.objects.get().position == position


def test_without_an_open_device_nobody_tells_anything(programme):
    stranger = Client(headers={"host": "127.0.0.1"})
    assert stranger.post(PAGE, TOLD).status_code == 403
    assert stranger.get(PAGE).status_code == 403
