"""Requests that come by halves, twice, at once, or in the wrong order."""

import secrets
import socket
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.asking import Staff


def raw(served, data: bytes, *, then_close: bool = True) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", served.port), timeout=20)
    connection.sendall(data)
    if then_close:
        connection.close()
    return connection


def request_of(staff, text: str) -> bytes:
    cookies = "; ".join(f"{each.name}={each.value}" for each in staff.cookies)
    token = next(each.value for each in staff.cookies if each.name == "csrftoken")
    data = {"tap": "note", "text": text, "key": text, "visit": "", "age_ms": "0"}
    body = urllib.parse.urlencode({**data, "csrfmiddlewaretoken": token})
    return (
        f"POST {staff.room}tap/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n"
        f"Referer: {staff.served.url}\r\nAccept: application/json\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


@pytest.mark.parametrize("sent", [0.2, 0.6, 0.95])
def test_a_request_of_which_half_arrives_writes_nothing(served, staff, sent):
    text = f"half {sent} {secrets.token_hex(4)}"
    whole = request_of(staff, text)
    raw(served, whole[: int(len(whole) * sent)])
    assert staff.note("after a half") == 200
    assert text not in staff.noted()


def test_a_request_whose_answer_nobody_awaits_is_written_once_whatever_is_sent_again(served, staff):
    text = f"unheard {secrets.token_hex(4)}"
    for _ in range(3):
        raw(served, request_of(staff, text))
    assert staff.note(text) == 200
    assert staff.noted().count(text) == 1


@pytest.mark.proves("written-once")
def test_the_same_request_twenty_times_at_once_is_written_once(served, staff):
    text = f"twin {secrets.token_hex(4)}"
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: staff.note(text), range(20)))
    # Who lost the race is asked to send again, as the page's script does.
    assert set(statuses) <= {200, 409}
    assert staff.note(text) == 200
    assert staff.noted().count(text) == 1


@pytest.mark.proves("written-once")
def test_two_tabs_of_one_member_and_a_colleague_lose_nothing_to_each_other(served, staff):
    people = [staff, Staff(served), Staff(served, "therapist2")]
    texts = [f"tab {number} {secrets.token_hex(4)}" for number in range(30)]

    def send(number):
        while (status := people[number % 3].note(texts[number])) == 409:
            pass
        return status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(send, range(30))) == {200}
    assert sorted(staff.noted() + people[2].noted()).count(texts[0]) == 1
    assert set(texts) <= set(staff.noted() + people[2].noted())


def test_a_slow_sender_holds_nobody_up(served, staff):
    held = [raw(served, request_of(staff, "slow")[:-5], then_close=False) for _ in range(30)]
    assert staff.note(f"quick {secrets.token_hex(4)}") == 200
    for each in held:
        each.close()


@pytest.mark.proves("bad-input")
def test_rubbish_is_answered_and_the_server_lives(served, staff):
    for rubbish in (b"\x00" * 4000, b"GET / HTTP/9.9\r\n\r\n", b"POST /" + b"a" * 100_000):
        raw(served, rubbish)
    assert staff.note(f"alive {secrets.token_hex(4)}") == 200
