"""A working day of many sites, for locust: who does what, how often, with time to think.

Started by load.py, which writes the plan (accounts, participants, tokens) that it reads.
A tablet in a session room holds its stream of news open and fetches the live part when told, as
the page's own script does. Files of styles and scripts, which browsers keep, are not asked for.
"""

import http.client
import itertools
import json
import os
import random
import re
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
from day_pages import FORM, FORMS, READ, SENT
from locust import FastHttpUser, between, events, task

PLAN = json.loads(Path(os.environ["SOJOURN_LOAD_PLAN"]).read_text())
SITES = PLAN["sites"]
TAPS = (
    *("observe distress 2", "observe distress 4", "observe tears", "observe water"),
    *("observe joy", "observe fear", "observe touch", "note"),
)
SIGNALS = {"pulse_bpm": (66, 84), "systolic_mmhg": (112, 134), "diastolic_mmhg": (70, 84),
           "temperature_tenths_c": (366, 371), "spo2_percent": (95, 99)}  # fmt: skip
VALUE = r'<input[^>]*name="{}"[^>]*value="([^"]*)"'
HISTORY: list[tuple[str, float]] = []
ERRORS: dict[str, int] = {}
KEPT: dict[str, list[Any]] = {"commands": [], "readings": []}
MARKS: dict[str, float] = {}
ARRIVED: list[float] = []
RUNNERS: list[Any] = []
TURNS = {role: iter(names) for role, names in PLAN["accounts"].items()}
ROOMS: Iterator[str] = iter([each for each in PLAN["rooms"] for _ in range(2)])
ADDRESSES = itertools.count()
LINKS, GATEWAYS = iter(PLAN["links"]), iter(PLAN["gateways"])


@events.request.add_listener
def note(name: str, response_time: float, exception: Any = None, **_: Any) -> None:
    HISTORY.append((name, response_time))
    if exception is not None:
        told = f"{name}: {str(exception)[:160]}"
        ERRORS[told] = ERRORS.get(told, 0) + 1


@events.user_error.add_listener
def note_fault(exception: Exception, **_: Any) -> None:
    told = f"the profile itself failed: {exception!r}"[:200]
    ERRORS[told] = ERRORS.get(told, 0) + 1


@events.init.add_listener
def know_the_runner(environment: Any, **_: Any) -> None:
    RUNNERS.append(environment.runner)


def arrived() -> None:
    """Signing in is told by itself; the day is measured from when all have arrived."""
    ARRIVED.append(time.time())
    if len(ARRIVED) == PLAN["people_in_all"]:
        MARKS["began"] = time.time()
        HISTORY[:] = [each for each in HISTORY if each[0] == "Sign in"]
        gevent.spawn_later(PLAN["minutes"] * 60, RUNNERS[0].quit)


@events.quitting.add_listener
def write_down(**_: Any) -> None:
    times: dict[str, list[float]] = {}
    for name, took in HISTORY:
        times.setdefault(name, []).append(took)
    lasted = time.time() - MARKS["began"] if "began" in MARKS else 0.0
    told = {"times": times, "errors": ERRORS, "kept": KEPT, "lasted": lasted}
    Path(os.environ["SOJOURN_LOAD_TOLD"]).write_text(json.dumps(told))


class Browser(FastHttpUser):
    """Anyone with a browser."""

    abstract = True
    connection_timeout = network_timeout = 30.0

    def read(self, name: str, **filled: str) -> str:
        with self.client.get(
            READ[name].format(**filled), name=name, allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code != 200:
                answer.failure(f"answered {answer.status_code}")
            return answer.text or ""

    def send(self, name: str, path: str, expected: int, **how: Any) -> Any:
        headers = {"X-CSRFToken": self.cookie("csrftoken"), **how.pop("headers", {})}
        with self.client.post(
            path, name=name, headers=headers, allow_redirects=False, catch_response=True, **how
        ) as answer:
            if answer.status_code != expected:
                said = " ".join(re.findall(r"errorlist[^>]*>(.*?)</ul>", answer.text or "", re.S))
                answer.failure(f"answered {answer.status_code} {said or (answer.text or '')[:90]}")
                return None
            return answer

    def cookie(self, name: str) -> str:
        return next((each.value or "" for each in self.client.cookiejar if each.name == name), "")


class Staff(Browser):
    """Someone who signs in once and then works."""

    abstract = True
    wait_time = between(5, 25)
    role = "therapist"

    def on_start(self) -> None:
        # As the proxy tells it: each has an address; sign-ins from one are limited.
        number = next(ADDRESSES)
        told = {"X-Forwarded-For": f"10.0.{number // 250}.{number % 250 + 1}"}
        self.client.get(SENT["Sign in"], name="Sign in, page", headers=told)
        form = {"login": next(TURNS[self.role]), "password": PLAN["password"]}
        self.send("Sign in", SENT["Sign in"], 302, data=form, headers=told)
        self.arrive()

    def arrive(self) -> None:
        arrived()

    def someone(self) -> str:
        return random.choice(PLAN["people"])

    def save(self, name: str, participant: str, after: str = "Participant") -> None:
        """Ask for a form, fill it in, send it, and see the page it leads to."""
        command, answers = FORMS[name]
        path = FORM.format(participant=participant, command=command)
        with self.client.get(path, name=f"{name}, form", catch_response=True) as answer:
            page = answer.text or ""
            found = {each: re.search(VALUE.format(each), page) for each in ("key", "version", "at")}
            if answer.status_code != 200 or not found["key"]:
                answer.failure(f"answered {answer.status_code} without a form")
                return
        gevent.sleep(random.uniform(2, 8))
        today = datetime.now(UTC).date().isoformat()
        form = {each: got[1] for each, got in found.items() if got}
        form |= {field: value.replace("{today}", today) for field, value in answers.items()}
        if self.send(f"{name}, saved", path, 302, data=form):
            KEPT["commands"].append(form["key"])
            self.read(after, participant=participant)

    @task(4)
    def today(self) -> None:
        self.read("Today")


class InSession(Staff):
    """One of two therapists in a session: a tablet that listens, taps, vital signs by hand."""

    fixed_count = 2 * SITES
    wait_time = between(15, 45)

    def on_start(self) -> None:
        super().on_start()
        self.room = next(ROOMS)
        self.visit = PLAN["visit"]
        page = self.read("Session room", participant=self.room)
        at = re.search(r'data-position="(\d+)"', page)
        self.wanted, self.stopped = gevent.event.Event(), False
        self.listening = [
            gevent.spawn(self.listen, at[1] if at else "0"),
            gevent.spawn(self.refresh),
        ]
        arrived()

    def arrive(self) -> None:
        """Only once the room is open, too."""

    def on_stop(self) -> None:
        self.stopped = True
        gevent.killall(self.listening)

    def listen(self, after: str) -> None:
        """Hold the stream of news open, and open it again when it breaks."""
        path = READ["Session room, news"].format(participant=self.room, after=after)
        cookies = "; ".join(f"{each.name}={each.value}" for each in self.client.cookiejar)
        while not self.stopped:
            began = time.perf_counter()
            line = http.client.HTTPConnection("127.0.0.1", PLAN["port"], timeout=60)
            failed: Exception | None = None
            try:
                line.request("GET", path, headers={"Cookie": cookies})
                answer = line.getresponse()
                if answer.status != 200:
                    failed = RuntimeError(f"answered {answer.status}")
                took = (time.perf_counter() - began) * 1000
                self.told("Session room, news opened", took, failed)
                readings = 0.0
                while answer.status == 200 and (text := answer.readline()):
                    if text.startswith(b"event: entries"):
                        self.wanted.set()
                    # A monitor's readings are fetched at most every five seconds.
                    elif text.startswith(b"event: readings") and time.time() - readings > 5:
                        readings = time.time()
                        self.wanted.set()
                broken = RuntimeError("the stream ended")
            except (OSError, http.client.HTTPException) as error:
                broken = RuntimeError(f"the stream broke: {error}")
            finally:
                line.close()
            if not self.stopped:
                self.told("Session room, news", (time.perf_counter() - began) * 1000, broken)
                gevent.sleep(1)

    def told(self, name: str, took: float, failed: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="GET", name=name, response_time=took, response_length=0,
            exception=failed, context={},
        )  # fmt: skip

    def refresh(self) -> None:
        while not self.stopped:
            self.wanted.wait()
            self.wanted.clear()
            self.read("Session room, live part", participant=self.room)

    @task(12)
    def tap(self) -> None:
        key, words = uuid.uuid4().hex, random.choice(TAPS)
        form = {"key": key, "tap": words, "age_ms": "300", "visit": self.visit}
        form["text"] = "Breathes calmly again." if words == "note" else ""
        path = SENT["Tap in the room"].format(participant=self.room)
        accept = {"Accept": "application/json"}
        if self.send("Tap in the room", path, 200, data=form, headers=accept):
            KEPT["commands"].append(f"{key} {words}")

    @task(1)
    def vital_signs(self) -> None:
        self.save("Vital signs", self.room, after="Session room")


class Between(Staff):
    """A therapist between sessions: contacts, integration, diaries, medicines."""

    fixed_count = SITES

    @task(3)
    def find(self) -> None:
        self.read("Participants", after=self.someone())

    @task(5)
    def look(self) -> None:
        self.read("Participant", participant=self.someone())

    @task(2)
    def diary(self) -> None:
        self.read("Diary of one", participant=self.someone())

    @task(2)
    def aftercare(self) -> None:
        self.read("Aftercare")

    @task(2)
    def medication(self) -> None:
        self.save("Medication", random.choice(PLAN["current"]))


class Prescriber(Staff):
    """Events, suitability, the safety board."""

    fixed_count = SITES
    role = "prescriber"

    @task(4)
    def look(self) -> None:
        self.read("Participant", participant=self.someone())

    @task(3)
    def board(self) -> None:
        self.read("Safety board")

    @task(2)
    def suitable(self) -> None:
        self.read("Suitability", participant=self.someone())

    @task(2)
    def event(self) -> None:
        self.save("Adverse event", random.choice(PLAN["current"]))


class Coordinator(Staff):
    """Finds people, keeps the calendar, writes down medicines."""

    fixed_count = SITES
    role = "coordinator"

    @task(4)
    def find(self) -> None:
        self.read("Participants", after=self.someone())

    @task(3)
    def search(self) -> None:
        self.read("Participants, searched", participant=self.someone())

    @task(3)
    def look(self) -> None:
        self.read("Participant", participant=self.someone())

    @task(1)
    def medication(self) -> None:
        self.save("Medication", random.choice(PLAN["current"]))


class Rater(Staff):
    """A blinded rater sees what is to be rated."""

    fixed_count = max(1, SITES // 5)
    role = "independent-rater"

    @task(3)
    def find(self) -> None:
        self.read("Participants", after=self.someone())


class Pharmacist(Staff):
    fixed_count = max(1, SITES // 5)
    role = "pharmacist"

    @task(3)
    def stock(self) -> None:
        self.read("Stock")


class Monitor(Staff):
    fixed_count = max(1, SITES // 10)
    role = "monitor"

    @task(3)
    def queries(self) -> None:
        self.read("Queries")

    @task(2)
    def progress(self) -> None:
        self.read("Monitoring")

    @task(2)
    def deviations(self) -> None:
        self.read("Deviations")

    @task(3)
    def look(self) -> None:
        self.read("Participant", participant=self.someone())


class Statistician(Staff):
    fixed_count = max(1, SITES // 25)
    role = "statistician"
    wait_time = between(30, 90)

    @task(2)
    def outcomes(self) -> None:
        self.read("Outcomes")


class Lead(Staff):
    fixed_count = max(1, SITES // 25)
    role = "sponsor"

    @task(2)
    def board(self) -> None:
        self.read("Safety board")

    @task(1)
    def record(self) -> None:
        self.read("Record")


class Participant(Browser):
    """Someone at home, with a diary on the phone."""

    fixed_count = len(PLAN["links"])
    wait_time = between(60, 180)

    def on_start(self) -> None:
        key = next(LINKS)
        self.read("Diary link", key=key)
        self.send("Diary link, used", SENT["Diary link, used"].format(key=key), 302)
        arrived()

    @task(1)
    def entry(self) -> None:
        self.read("Diary")
        state = json.loads(self.read("Diary, state") or "{}")
        gevent.sleep(random.uniform(5, 20))
        now, name = datetime.now(UTC).isoformat(), uuid.uuid4().hex
        answers = [["mood", str(random.randint(4, 9))], ["sleep-hours", "7"],
                   ["anxiety", "2"], ["suicidal-thoughts", "no"]]  # fmt: skip
        filled = {"id": name, "filled_at": now, "offset_min": 0, "answers": answers}
        body = {"owner": state.get("owner"), "sent_at": now, "entries": [filled]}
        answer = self.send("Diary entry", SENT["Diary entry"], 200, json=body)
        told = json.loads(answer.text) if answer else {}
        if name in told.get("taken", ()):
            KEPT["commands"].append(f"diary:{name}")
        elif answer:
            ERRORS["Diary entry: not taken " + str(told)[:120]] = 1


class Gateway(FastHttpUser):
    """A site's gateway: ten seconds of a session's readings at a time."""

    fixed_count = SITES
    wait_time = between(9.5, 10.5)

    def on_start(self) -> None:
        self.token, self.participant = next(GATEWAYS)
        self.sent_until = int(time.time()) - 10
        arrived()

    @task
    def deliver(self) -> None:
        now = int(time.time())
        seconds = range(self.sent_until + 1, now + 1)[-60:]
        if not seconds:
            return
        at_ms = [each * 1000 for each in seconds]
        signals = [
            {"signal": key, "at_ms": at_ms, "values": [random.randint(*span) for _ in at_ms]}
            for key, span in SIGNALS.items()
        ]
        session = {"participant": self.participant, "batch": uuid.uuid4().hex, "signals": signals}
        body = {"clock_ms": round(time.time() * 1000), "sessions": [session]}
        name = "Readings of a monitor"
        headers = {"Authorization": f"Bearer {self.token}"}
        with self.client.post(
            SENT[name], name=name, json=body, headers=headers, catch_response=True
        ) as answer:
            told = json.loads(answer.text or "{}") if answer.status_code == 200 else {}
            receipt = told.get("receipts", [{}])[0]
            if receipt.get("status") != "written":
                answer.failure(f"answered {answer.status_code} {receipt.get('message')}")
                return
        self.sent_until = now
        KEPT["readings"].append([self.participant, at_ms[0], at_ms[-1], len(at_ms)])
