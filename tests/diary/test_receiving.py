"""Entries arrive once, in order, and only where they belong; bad input is told and nothing kept."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sojourn.clinic.demo import PROGRAMME
from sojourn.course.diary import EntryMade
from sojourn.diary import receiving, urls, views
from sojourn.ledger.desk import load_course, stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.rows import DueRow, OpenAlertRow
from sojourn.ledger.verify import verify
from sojourn.record.command import Refused
from tests.diary.conftest import HOST

FINE = [["mood", "6"], ["suicidal-thoughts", "no"]]


def entries_of(participant: str) -> list:
    stream = read_stream(stream_of(PROGRAMME, participant))
    return [each for each in stream if isinstance(each.fact, EntryMade)]


def entry(number: int, answers: list | None = None, **changes: object) -> dict:
    filled = datetime.now(UTC) - timedelta(minutes=10 - number)
    return {
        "id": f"{number:032x}",
        "filled_at": filled.isoformat(),
        "offset_min": 60,
        "answers": FINE if answers is None else answers,
        **changes,
    }


def send(phone: Client, *entries: dict, **changes: object):
    state = phone.get("/diary/state/").json()
    body = {
        "owner": state["owner"],
        "sent_at": datetime.now(UTC).isoformat(),
        "entries": list(entries),
        **changes,
    }
    return phone.post("/diary/sync/", json.dumps(body), "application/json")


def test_a_batch_is_taken_in_its_order_and_a_second_time_not_again(phone, participant):
    before = len(entries_of(participant))
    batch = [entry(number, [["mood", str(number)], *FINE[1:]]) for number in (5, 6, 7)]
    first = send(phone, *batch).json()
    again = send(phone, *batch).json()
    assert first["taken"] == again["taken"] == [each["id"] for each in batch]
    kept = entries_of(participant)[before:]
    assert [dict(each.fact.answers)["mood"] for each in kept] == ["5", "6", "7"]
    assert [each.command for each in kept] == [f"diary:{each['id']}" for each in batch]


def test_a_retry_with_an_alert_raises_it_once(phone, participant):
    yes = entry(3, [["mood", "4"], ["suicidal-thoughts", "yes"]])
    for _ in range(3):
        assert send(phone, yes).json()["taken"] == [yes["id"]]
    rows = OpenAlertRow.objects.filter(participant=participant, rule="diary-suicidality")
    assert rows.count() == 1


@pytest.mark.proves("participants-diary")
def test_one_refused_entry_holds_back_no_other_and_says_why(phone, participant):
    before = len(entries_of(participant))
    answer = send(phone, entry(1), entry(2, [["mood", "99"]]), entry(3)).json()
    assert len(answer["taken"]) == 2
    [refused] = answer["refused"]
    assert refused["id"] == f"{2:032x}"
    assert "whole number from 0 to 10" in refused["message"]
    assert len(entries_of(participant)) == before + 2


def test_a_clock_far_off_is_recorded_and_told(phone, participant):
    ahead = timedelta(hours=3)
    now = datetime.now(UTC)
    late = entry(1, filled_at=(now - timedelta(minutes=30) + ahead).isoformat())
    answer = send(phone, late, sent_at=(now + ahead).isoformat()).json()
    assert "about 3 hours ahead" in answer["clock"]
    kept = entries_of(participant)[-1]
    assert abs(kept.occurred_at - (now - timedelta(minutes=30))) < timedelta(minutes=1)
    assert kept.fact.clock_off_min == 180
    assert kept.recorded_at >= now


@pytest.mark.proves("participants-diary")
def test_the_day_is_the_day_where_the_participant_is(phone, participant):
    filled = datetime.now(UTC).replace(hour=12) - timedelta(days=1)
    for number, offset in ((1, 0), (2, 14 * 60), (3, -13 * 60)):
        send(phone, entry(number, filled_at=filled.isoformat(), offset_min=offset))
    days = [each.fact.day - filled.date() for each in entries_of(participant)[-3:]]
    assert [each.days for each in days] == [0, 1, -1]


def test_entries_of_another_diary_are_not_taken(phone, participant):
    before = len(entries_of(participant))
    assert send(phone, entry(1), owner="someone-else").status_code == 422
    assert len(entries_of(participant)) == before


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"\xff\xfe", b'{"owner": 1}', b"null", b"x" * 300_000, b'{"entries": {}}'],
)
def test_a_message_that_is_none_is_told_and_writes_nothing(phone, participant, body):
    before = len(read_stream(stream_of(PROGRAMME, participant)))
    answer = phone.post("/diary/sync/", body, "application/json")
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert len(read_stream(stream_of(PROGRAMME, participant))) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "short"},
        {"id": "../../../../etc/passwd"},
        {"offset_min": 5000},
        {"filled_at": "yesterday"},
        {"filled_at": "2026-03-02T10:00:00"},
        {"answers": [["mood", "x" * 2000]]},
        {"answers": [["mood"]]},
    ],
)
def test_a_malformed_entry_is_refused_whole(phone, participant, changes):
    before = len(entries_of(participant))
    assert send(phone, entry(1, **changes)).status_code == 422
    assert len(entries_of(participant)) == before


WORDS = st.sampled_from(["owner", "sent_at", "entries", "id", "x"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(body=ANYTHING)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_no_message_without_a_whole_batch_is_read(body):
    with pytest.raises(Refused, match=r"\w"):
        receiving.read(json.dumps(body).encode())


def test_nothing_is_open_without_a_device_but_help_and_the_app_itself(programme):
    public = {"diary-open", "diary-help", "diary-manifest", "diary-worker", "diary-state"}
    stranger = Client(headers=HOST)
    for pattern in urls.urlpatterns:
        view = pattern.callback
        if pattern.name in public:
            continue
        path = f"/diary/{pattern.pattern}"
        for method in (stranger.get, stranger.post):
            assert method(path).status_code in (401, 403, 405), path
        assert view.diary_page
    assert stranger.get("/diary/state/").status_code == 401
    assert get_resolver().resolve("/diary/").func is views.diary


def test_a_request_from_elsewhere_is_refused(participant, phone):
    strict = Client(headers=HOST, enforce_csrf_checks=True)
    strict.cookies = phone.cookies
    before = len(entries_of(participant))
    assert send(strict, entry(1)).status_code == 403
    assert len(entries_of(participant)) == before


def test_the_plain_form_works_without_scripts(phone, participant):
    page = phone.get("/diary/").content.decode()
    key = page.split('name="id" value="')[1].split('"')[0]
    form = {"id": key, "mood": "7", "suicidal-thoughts": "no", "effects": ["nausea", "calm"]}
    before = len(entries_of(participant))
    for _ in range(2):
        assert phone.post("/diary/entry/", form).status_code == 302
    [kept] = entries_of(participant)[before:]
    assert kept.fact.answers[-2:] == (("effects", "nausea"), ("effects", "calm"))
    assert b"has arrived" in phone.get("/diary/?done=1").content
    assert phone.post("/diary/entry/", {**form, "id": "x"}).status_code == 422
    answer = phone.post("/diary/entry/", {"id": "a" * 32, "mood": "77"})
    assert answer.status_code == 422
    assert b"whole number" in answer.content


def test_effects_wait_for_review_and_lists_agree_with_the_record(phone, participant):
    send(phone, entry(1, [*FINE, ["effects", "craving"]]))
    row = DueRow.objects.get(participant=participant, visit="diary-effects")
    assert "craving" in row.label
    told = [each.term for each in load_course(PROGRAMME, participant).adverse_events.values()]
    assert not any("craving" in each.lower() for each in told)
    live = fingerprint()
    rebuild()
    assert fingerprint() == live
    assert verify().problems == ()


def test_wishes_are_kept_and_a_quiet_hour_is_refused(phone, participant):
    wish = {"reminders": "yes", "remind_at": "8", "quiet_from": "22", "quiet_until": "7"}
    assert phone.post("/diary/reminders/", wish).status_code == 302
    assert load_course(PROGRAMME, participant).diary_wishes.remind_at == 8
    for wrong in ({"remind_at": "23"}, {"remind_at": "99"}, {"quiet_from": ""}):
        assert phone.post("/diary/reminders/", {**wish, **wrong}).status_code == 422


def test_leaving_closes_this_device_only(phone, participant):
    answer = phone.post("/diary/leave/")
    assert answer.headers["Location"] == "/diary/help/"
    assert phone.get("/diary/").status_code == 403


def test_every_page_of_the_diary_forbids_scripts_from_elsewhere_and_offers_help(phone):
    for path in ("/diary/", "/diary/reminders/", "/diary/help/", "/diary/open/x/"):
        answer = phone.get(path)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert b'href="tel:988"' in answer.content
        assert b'href="tel:911"' in answer.content
