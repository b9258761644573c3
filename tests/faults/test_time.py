"""A disk that takes its time, a clock that jumps, an hour that comes twice or never.

One served demonstration lives through an autumn night in Berlin and, months later, a spring
night; after the last test the whole record is verified.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.clinic.serving import Served, free_port
from tests.faults.asking import Staff
from tests.faults.conftest import VERIFY
from tests.faults.odd_hardware import Hardware

LOAD = """
import json, django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
from sojourn.clinic.demo import demo_accounts, load_demo
from sojourn.ledger import clock
from sojourn.ledger.rows import OpenSessionRow
load_demo(today=clock.now(), participants=6)
person = OpenSessionRow.objects.get().participant
print(json.dumps({"password": demo_accounts()[0][2], "in_session": person}))
"""
EVENING = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # 22:00 in Berlin, hours before the change


@pytest.fixture(scope="module")
def hardware(tmp_path_factory):
    hardware = Hardware(tmp_path_factory.mktemp("hardware"))
    hardware.set_clock(EVENING)
    return hardware


@pytest.fixture(scope="module")
def served(place, hardware):
    served = Served(place, free_port(), "Europe/Berlin", settings=hardware.settings)
    served.load(LOAD)
    served.start()
    yield served
    served.kill()
    assert int(served.run(VERIFY)) > 0


def mine(served, staff) -> list[dict]:
    """What this member recorded in the session, in the order of the record."""
    entries = served.entries(served.people["in_session"])
    return [e for e in entries if e["author"] == staff.name and "text" in e["data"]]


def test_what_a_slow_disk_acknowledged_is_there_after_the_power_went(served, staff, hardware):
    hardware.slow_disk(0.3)
    people = [staff, Staff(served, "therapist2")]
    kept: list[str] = []

    def send(number: int) -> None:
        try:
            if people[number % 2].note(f"slow {number}") == 200:
                kept.append(f"slow {number}")
        except OSError:
            pass  # the power went before an answer

    with ThreadPoolExecutor(4) as pool:
        for number in range(12):
            pool.submit(send, number)
        while len(kept) < 4:
            time.sleep(0.02)
        served.kill()
    hardware.slow_disk(0)
    served.start()
    noted = people[0].noted() + people[1].noted()
    assert len(kept) >= 4
    assert {each: noted.count(each) for each in kept} == dict.fromkeys(kept, 1)
    again = [staff.note(f"slow {number}") for number in range(0, 12, 2)]
    assert again == [200] * 6  # sent again under its key, each is there once
    assert all(staff.noted().count(f"slow {number}") == 1 for number in range(0, 12, 2))


def test_a_clock_that_jumps_loses_and_reorders_nothing(served, staff, hardware):
    jumps = (timedelta(0), timedelta(minutes=-20), timedelta(hours=9), timedelta(minutes=2))
    started = EVENING + timedelta(minutes=30)
    for number, jump in enumerate(jumps):
        hardware.set_clock(started + jump)
        assert staff.note(f"jump {number}") == 200
    kept = [each for each in mine(served, staff) if "jump" in each["data"]["text"]]
    assert [each["data"]["text"] for each in kept] == [f"jump {each}" for each in range(4)]
    # When it happened is what the clock said; when it was recorded never runs backwards.
    happened = [round(each["at"] - kept[0]["at"], -2) for each in kept]
    assert happened == [0, -1200, 9 * 3600, 100]
    recorded = [each["recorded"] for each in kept]
    assert recorded == sorted(recorded)
    assert recorded[3] == recorded[2]


def test_the_hour_that_comes_twice_is_told_apart(served, staff, hardware):
    # Recorded times already stand at the ninth hour after, where the clock had jumped to.
    nights = (datetime(2026, 10, 25, 0, 40, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
    for number, moment in enumerate(nights):
        hardware.set_clock(moment)
        assert staff.note(f"twice {number}") == 200
        status, page = concern(staff, f"typed {number}", typed(staff))
        assert (status, "still to come" in page) == (200, False)
    kept = [each for each in served.entries(served.people["in_session"]) if "twice" in str(each)]
    assert round(kept[1]["at"] - kept[0]["at"], -2) == 1800
    typed_in = [e for e in served.entries(served.people["in_session"]) if "typed" in str(e)]
    minutes = [datetime.fromtimestamp(each["at"], UTC).strftime("%H:%M") for each in typed_in]
    assert minutes == ["00:40", "01:10"]  # 2:40 in summer time, then 2:10 in winter time


def test_the_hour_that_never_comes_is_refused_by_name(served, staff, hardware):
    hardware.set_clock(datetime(2027, 3, 28, 1, 5, tzinfo=UTC))  # 3:05, ten minutes after 1:55
    staff = Staff(served)
    assert staff.note("spring") == 200
    _, page = concern(staff, "at no time", "2027-03-28T02:30")
    assert "no clock showed 02:30 on 2027-03-28" in page
    concern(staff, "before the change", "2027-03-28T01:55")
    kept = served.entries(served.people["in_session"])
    (entry,) = [each for each in kept if "before the change" in str(each)]
    assert datetime.fromtimestamp(entry["at"], UTC).strftime("%H:%M") == "00:55"
    assert not [each for each in kept if "at no time" in str(each)]


def form_of(staff) -> tuple[str, str]:
    path = f"/demo/participants/{staff.served.people['in_session']}/do/safety.raise-concern/"
    return path, staff.get(path)[1]


def typed(staff) -> str:
    """The time that the form of a concern is filled with, as a person would leave it."""
    found = re.search(
        r'name="at"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="at"', form_of(staff)[1]
    )
    assert found
    return found[1] or found[2]


def concern(staff, text: str, at: str) -> tuple[int, str]:
    """Raise a concern by the plain form, noticed ``at``."""
    path, page = form_of(staff)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
    return staff.post(path, {**hidden, "at": at, "concern": text})
