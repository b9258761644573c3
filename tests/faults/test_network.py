"""Requests that come by halves, twice, at once, or in the wrong order."""

import gzip
import http.client
import itertools
import json
import operator
import re
import secrets
import select
import socket
import sqlite3
import urllib.parse
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

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


TOKEN = """
import django
django.setup()
from sojourn.exchange.fhir import callers
print(callers.add("demo", "hostile", "therapist", "system/*.cruds", author="lead"))
"""
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">%s]><Patient>&j;</Patient>' % b"".join(
    b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in b"bcdefghij"
)
BOMB = gzip.compress(b'{"resourceType":"Patient"}' + b" " * 20_000_000)
LONG = 200_000_000
CHUNKS = itertools.repeat(b"10000\r\n" + b" " * 65_536 + b"\r\n", LONG // 65_536)
# Headers and body of a request to FHIR, and the status of its answer.
HOSTILE = {
    "announced": (f"Content-Length: {LONG}", itertools.repeat(b" " * 65_536, 1), 413),
    "in chunks": ("Transfer-Encoding: chunked", CHUNKS, 413),
    "too long for a page": ("", [b'{"a":"' + b"a" * 2_100_000 + b'"}'], 413),
    "laughs": ("Content-Type: application/fhir+xml", [LAUGHS], 415),
    "laughs as json": ("", [LAUGHS], 400),
    "bomb": ("Content-Encoding: gzip", [BOMB], 415),
    "bomb unannounced": ("", [BOMB], 400),
    "deep": ("", [b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}"], 400),
    "another charset": ("Content-Type: application/json; charset=utf-16", [b"{}"], 415),
    "not what it says": ("", ['{"a":"é"}'.encode("latin-1")], 400),
    "no length": ("Content-Length: -5", [b"{}"], 400),
}  # fmt: skip


@pytest.mark.proves("bad-input")
def test_hostile_bodies_over_fhir_are_refused_in_bounded_memory(served):
    token = served.run(TOKEN).strip()
    before = memory_kb(served)
    for name, (extra, body, status) in HOSTILE.items():
        told, said = fhir(served, token, extra, body)
        assert told == status, (name, told, said)
        if name != "no length":  # the server itself answers that
            assert json.loads(said)["resourceType"] == "OperationOutcome", name
    assert operator.length_hint(CHUNKS) > 0  # refused before all of it was sent
    assert memory_kb(served) - before < 60_000
    with sqlite3.connect(served.home / "record.sqlite3") as record:
        (written,) = record.execute("SELECT COUNT(*) FROM ledger_entry WHERE command LIKE 'fhir%'")
    record.close()
    assert written == (0,)


def fhir(served, token: str, extra: str, body: Iterable[bytes]) -> tuple[int, str]:
    """Status and body of the answer; what is still unsent once it came stays unsent."""
    lines = ["POST /fhir/Patient HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    lines += [extra] if extra else []
    if "Length" not in extra and "Transfer" not in extra:
        lines.append(f"Content-Length: {sum(map(len, body))}")
    if "Type" not in extra:
        lines.append("Content-Type: application/fhir+json")
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        for piece in body:
            if select.select([connection], [], [], 0)[0]:
                break
            with suppress(OSError):
                connection.sendall(piece)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read().decode()


def memory_kb(served) -> int:
    """The most memory that the server ever held."""
    status = Path(f"/proc/{served.server.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])
