"""The session room as a page: who may enter, what it says, and plain forms without a script."""

import re

import pytest

from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import DueRow

JSON = {"accept": "application/json"}


def room(participant: str, rest: str = "") -> str:
    return f"participants/{participant}/room/{rest}"


@pytest.mark.parametrize("username", ["rater", "fidelity"])
def test_whoever_rates_is_kept_out_of_the_room_its_news_and_its_taps(desk, in_session, username):
    someone = desk(username)
    for rest in ("", "live/", "events", "undo/1/"):
        assert someone.get(room(in_session, rest)).status_code == 403, rest
    assert someone.post(room(in_session, "tap/"), tap="observe tears").status_code == 403


def test_a_visitor_who_is_not_signed_in_hears_nothing(programme, client, in_session):
    for rest in ("", "live/", "events"):
        answer = client.get(f"/demo/{room(in_session, rest)}", headers={"host": "127.0.0.1"})
        assert answer.status_code == 302, rest
        assert "/account/login/" in answer["Location"]


@pytest.mark.parametrize("username", ["monitor", "coordinator", "statistician"])
def test_others_read_the_room_and_find_nothing_to_tap(desk, in_session, username):
    someone = desk(username)
    page = someone.get(room(in_session)).content.decode()
    assert "Session" in page
    assert 'name="tap"' not in page
    before = len(read_stream(stream_of("demo", in_session)))
    answer = someone.post(room(in_session, "tap/"), tap="observe tears")
    assert answer.status_code == 302
    assert len(read_stream(stream_of("demo", in_session))) == before


def test_the_room_says_phase_dose_hindrances_vital_signs_and_what_was_written(desk, in_session):
    page = desk("therapist").get(room(in_session)).content.decode()
    for words in (
        "Peak",
        "witness therapist2",
        "Supplemental,",
        "vital signs before the supplemental dose are missing",
        "Jaw clenching",
        "Noted today; an adverse event?",
        "vitals-chart",
        "Going home",
    ):
        assert words in page, words
    assert re.search(r"container \d{4}\b", page)
    assert 'id="tap-jaw-clenching"' in page
    assert re.search(r'id="tap-jaw-clenching"[^>]*aria-pressed="true"', page)
    assert re.search(r'id="tap-nausea"[^>]*aria-pressed="false"', page)


def test_no_script_is_needed_a_plain_form_taps_and_comes_back(desk, in_session):
    someone = desk("therapist2")
    answer = someone.post(room(in_session, "tap/"), tap="observe dizziness on", key="page-1")
    assert answer.status_code == 302
    assert answer["Location"].endswith(room(in_session))
    tap = load_course("demo", in_session).open_session.latest("dizziness")
    assert (tap.value, tap.by) == ("on", "therapist2")

    again = someone.post(room(in_session, "tap/"), tap="observe dizziness on", key="page-1")
    assert again.status_code == 302
    seen = load_course("demo", in_session).open_session.observed
    assert sum(each.observation == "dizziness" for each in seen) == 1


def test_one_form_has_many_buttons_and_each_is_written(desk, in_session):
    someone = desk("therapist")
    for words in ("observe joy", "observe water"):
        someone.post(room(in_session, "tap/"), tap=words, key="page-1")
    session = load_course("demo", in_session).open_session
    assert session.latest("joy")
    assert session.latest("water")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"tap": "observe levitation"}, "no observation 'levitation'"),
        ({"tap": "fly"}, "no button says 'fly'"),
        ({"tap": "observe tears", "age_ms": "-1"}, "'-1' is no age"),
        ({"tap": "observe tears", "age_ms": "99999999999"}, "more than a day ago"),
        ({"tap": "note", "text": "  "}, "Note is missing"),
        ({"tap": "leave nobody"}, "'nobody' is not in the room"),
    ],
)
def test_what_is_refused_is_said_in_words(desk, in_session, data, said):
    someone = desk("therapist")
    answer = someone.client.post(f"/demo/{room(in_session, 'tap/')}", data, headers=JSON)
    assert answer.status_code == 422
    assert said in answer.json()["refused"]


def test_a_server_that_waits_for_whole_answers_tells_the_page_to_ask_itself(desk, in_session):
    assert desk("therapist").get(room(in_session, "events")).status_code == 204


def test_there_is_no_room_for_nobody(desk):
    for rest in ("", "live/", "events"):
        assert desk("therapist").get(room("D-999", rest)).status_code == 404


def test_before_a_session_every_reason_against_it_is_named_at_once(desk):
    coming = DueRow.objects.filter(programme="demo", phase="dosing").order_by("participant")[0]
    page = desk("therapist").get(room(coming.participant)).content.decode()
    assert "Not ready" in page
    assert page.count("checklist not signed today") == page.count('name="tap" value="sign ') > 5


def test_a_boosted_form_loads_the_room_as_a_whole_page(desk, in_session):
    someone = desk("therapist")
    path = f"/demo/participants/{in_session}/do/dosing.record-vitals/"
    form = someone.client.get(path).content.decode()
    at = re.search(r'name="at" value="([^"]+)"', form)[1]
    data = {
        "at": at,
        "moment": "during",
        "systolic_mmhg": "120",
        "diastolic_mmhg": "80",
        "pulse_bpm": "70",
        "temperature_tenths_c": "368",
    }
    answer = someone.client.post(path, data, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].endswith(room(in_session))
