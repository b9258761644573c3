"""The same three acts in Sojourn and in a minimal baseline of the commonly used stack.

    make compare
    python benchmarks/compare.py [--participants 10000]

Not a peer: Django's admin with django-simple-history (benchmarks/baseline), the parts that data
capture in Python is commonly built of, without rules, roles, signatures or a chain. It holds the
same participants, assessments and adverse events, in another database of the same PostgreSQL
(fsync on, otherwise as it is installed). Each is served by one worker: Sojourn as
'sojourn serve --workers 1', the baseline by gunicorn with kept connections to the database. One
client asks both by HTTP in turn.
Saving a form is reading it empty, sending it filled in, and reading the page it leads to; the audit
trail is Sojourn's whole history of a participant, and in the baseline the history of the
participant's own row (each assessment and event has a page of its own there).
Told, and no goal: Sojourn decides, hashes and projects where the baseline writes a row.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path

from many_people import PROGRAMME, grow, load_courses, number_of
from record_of_many import start
from sessions import free_port

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path.insert(0, str(PROJECT))

TURNS, WARM = 100, 10
FIELD = re.compile(r'<input[^>]*name="(key|version|at|csrfmiddlewaretoken)"[^>]*value="([^"]*)"')
MEDICINE = {"medicine": "ibuprofen", "indication": "Headache", "dose": "As needed"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=10_000)
    parser.add_argument("--environment", default=str(PROJECT / ".venv-load"))
    asked = parser.parse_args()
    from tests.with_postgresql import cluster, programs

    binaries = programs()
    python = Path(asked.environment) / "bin/python"
    if binaries is None or not python.exists():
        print("PostgreSQL or the baseline (make compare installs it) is missing: nothing was done")
        return 1
    with cluster(binaries) as own:
        os.environ["SOJOURN_DATABASE"] = own.address
        own.call("createdb", "-h", str(own.folder), "-U", "sojourn", "baseline")
        home = start()
        password = "compare-" + secrets.token_hex(12)
        people = fill(asked.participants, password, str(python))
        ports = free_port(), free_port()
        servers = [serve_sojourn(ports[0]), serve_baseline(ports[1], str(python))]
        try:
            acts = {
                "Sojourn": sojourn(ports[0], password),
                "baseline": baseline(ports[1], password),
            }
            report(take_turns(acts, people), asked.participants)
        finally:
            for server in servers:
                server.terminate()
                server.wait(timeout=60)
    shutil.rmtree(home)
    return 0


def fill(participants: int, password: str, python: str) -> list[tuple[str, int]]:
    """Fill both; the numbers to ask for, and their keys in the baseline."""
    from django.contrib.auth.hashers import make_password
    from django.db import connection

    from sojourn.clinic.models import Member
    from sojourn.ledger.rows import ParticipantRow

    grow([each for each in load_courses() if not each.in_session], 0, participants)
    Member.objects.create(username="reader", role="therapist", password=make_password(password))
    filling = subprocess.Popen(
        [python, "-m", "baseline.fill", password],
        env=environment(),
        stdin=subprocess.PIPE,
        text=True,
    )
    assert filling.stdin is not None
    for line in everything():
        filling.stdin.write(line + "\n")
    filling.stdin.close()
    if filling.wait():
        raise SystemExit("the baseline could not be filled")
    # Asked for: people on whom a medicine may still be written down, from all over.
    current = ParticipantRow.objects.filter(
        programme=PROGRAMME, status="in-progress", participant__gte=number_of(0)
    )
    numbers = list(current.order_by("participant").values_list("participant", flat=True))
    order = dict(zip(all_numbers(), range(1, 10**9), strict=False))
    connection.close()
    step = max(1, len(numbers) // TURNS)
    return [(number, order[number]) for number in numbers[::step]]


def all_numbers() -> list[str]:
    from sojourn.ledger.rows import ParticipantRow

    rows = ParticipantRow.objects.filter(programme=PROGRAMME).order_by("participant")
    return list(rows.values_list("participant", flat=True))


def everything() -> Iterator[str]:
    """What both hold, as lines of JSON; participants first and in order of number."""
    from sojourn.ledger.rows import EventRow, ObservationRow, ParticipantRow

    of_people = ("site", "status", "sex", "birth_year", "registered_on")
    of_events = ("term", "grade", "serious", "relatedness", "outcome", "started_on", "ended_on")
    for name, table, columns in (
        ("Participant", ParticipantRow, of_people),
        ("Assessment", ObservationRow, ("visit", "instrument", "total")),
        ("AdverseEvent", EventRow, of_events),
    ):
        whose = "number" if name == "Participant" else "participant"
        rows = table.objects.filter(programme=PROGRAMME).order_by("participant")
        for row in rows.values("participant", *columns).iterator(5_000):
            row[whose] = row.pop("participant")
            yield json.dumps([name, row], default=str)


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": f"{HERE}:{PROJECT / 'src'}",
        "DJANGO_SETTINGS_MODULE": "baseline.settings",
    }


def serve_sojourn(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sojourn.cli", "serve", "--port", str(port), "--workers", "1"]
    settings = {**environment(), "DJANGO_SETTINGS_MODULE": "sojourn.clinic.settings"}
    return ready(subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL), port)


def serve_baseline(port: int, python: str) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from gunicorn.app.wsgiapp import run; "
        f"sys.argv = ['gunicorn', '-b', '127.0.0.1:{port}', '-w', '1', '--threads', '4', "
        "'--log-level', 'warning', 'baseline.wsgi:application']; run()"
    )
    return ready(subprocess.Popen([python, "-c", code], env=environment()), port)


def ready(server: subprocess.Popen[bytes], port: int) -> subprocess.Popen[bytes]:
    import socket

    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server
    server.kill()
    raise SystemExit(f"nothing listens on {port}")


class Client:
    """A browser that is signed in."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> str:
        with self.opener.open(self.address + path, timeout=60) as answer:
            return str(answer.read().decode())

    def post(self, path: str, form: dict[str, str]) -> tuple[str, str]:
        """Send a form and follow where it leads; the page, and its address."""
        token = next((each.value or "" for each in self.jar if each.name == "csrftoken"), "")
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **form}).encode()
        with self.opener.open(self.address + path, data, timeout=60) as answer:
            return answer.read().decode(), answer.geturl()


Acts = dict[str, Callable[[str, int], None]]


def sojourn(port: int, password: str) -> Acts:
    client = Client(port)
    client.get("/account/login/")
    client.post("/account/login/", {"login": "reader", "password": password})
    person = f"/{PROGRAMME}/participants/"

    def save(number: str, _: int) -> None:
        path = f"{person}{number}/do/medication.record/"
        form = dict(FIELD.findall(client.get(path)))
        _, at = client.post(path, {**form, **MEDICINE, "started_on": today()})
        if not at.endswith(f"/{number}/"):
            raise SystemExit(f"Sojourn did not take the form: {at}")

    def read(path: str, words: str = "") -> Callable[[str, int], None]:
        return lambda number, _: expect(client.get(path.format(number)), words or number)

    return {
        "Save a form": save,
        "Open a participant": read(person + "{}/"),
        "Show the audit trail": read(person + "{}/?history=all"),
        "List participants": read(person + "?after={}", person),
    }


def baseline(port: int, password: str) -> Acts:
    client = Client(port)
    client.get("/admin/login/")
    client.post("/admin/login/", {"username": "reader", "password": password, "next": "/admin/"})
    person = "/admin/baseline/participant/"

    def save(number: str, key: int) -> None:
        path = "/admin/baseline/medication/add/"
        client.get(f"{path}?participant={key}")
        form = {**MEDICINE, "participant": str(key), "started_on": today(), "_save": "Save"}
        _, at = client.post(path, form)
        if not at.endswith("/medication/"):
            raise SystemExit(f"the baseline did not take the form: {at}")

    return {
        "Save a form": save,
        "Open a participant": lambda number, key: expect(
            client.get(f"{person}{key}/change/"), number
        ),
        "Show the audit trail": lambda number, key: expect(
            client.get(f"{person}{key}/history/"), number
        ),
        "List participants": lambda number, key: expect(
            client.get(f"{person}?p={key // 25 + 1}"), "result_list"
        ),
    }


def expect(page: str, words: str) -> None:
    if words not in page:
        raise SystemExit(f"a page does not show {words}: {page[:200]}")


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def take_turns(
    acts: dict[str, Acts], people: list[tuple[str, int]]
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each act of each, alternately."""
    times: dict[str, dict[str, list[float]]] = {who: {} for who in acts}
    for turn, (number, key) in enumerate(people[:TURNS]):
        for act in acts["Sojourn"]:
            for who in sorted(acts, reverse=bool(turn % 2)):
                began = time.perf_counter()
                acts[who][act](number, key)
                times[who].setdefault(act, []).append((time.perf_counter() - began) * 1000)
    return {who: {act: all_[WARM:] for act, all_ in each.items()} for who, each in times.items()}


def report(times: dict[str, dict[str, list[float]]], participants: int) -> None:
    count = len(next(iter(times["Sojourn"].values())))
    print(
        f"{participants} participants; medians of {count} each, in turn, one worker each, by HTTP"
    )
    for act, ours in times["Sojourn"].items():
        mine, theirs = statistics.median(ours), statistics.median(times["baseline"][act])
        shown = f"Sojourn {mine:7.1f} ms, baseline {theirs:7.1f} ms: {mine / theirs:.2f} times"
        print(f"  {act:22} {shown}")


if __name__ == "__main__":
    sys.exit(main())
