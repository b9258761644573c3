"""A demonstration served by the real server, in a process and with a record of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

LOAD = """
import json, django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
from sojourn.clinic.demo import demo_accounts, load_demo
from sojourn.clinic.access import Visitor
from sojourn.course import clearing
from sojourn.ledger import clock, desk, programmes
from sojourn.ledger.rows import DueRow, OpenSessionRow
load_demo(today=clock.now(), participants=40)
standing, by, now = programmes.load("demo"), desk.Person("therapist", "therapist"), clock.now()
def ready(participant):
    course = desk.load_course("demo", participant)
    visit = next(e for e in standing.protocol.dosing_visits() if e.key not in course.visits)
    around = desk.circumstances(standing, by, site=course.site, at=now, now=now)
    lacking = clearing.before_opening(course, visit.key, visit.session, now, around)
    return all("checklist" in each or "not assessed today" in each for each in lacking)
rows = DueRow.objects.filter(phase="dosing", earliest_on__lte=now.date()).order_by("participant")
people = [row.participant for row in rows]
print(json.dumps({
    "password": demo_accounts()[0][2],
    "in_session": OpenSessionRow.objects.get().participant,
    "ready": next((each for each in people if ready(each)), ""),
}))
"""
READ = """
import json, sys, django
django.setup()
from sojourn.ledger.desk import stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.registry import kinds
print(json.dumps([
    {"kind": e.fact.kind, "data": json.loads(kinds().write(e.fact)[2]), "author": e.author,
     "at": e.occurred_at.timestamp(), "recorded": e.recorded_at.timestamp(), "reason": e.reason}
    for e in read_stream(stream_of("demo", sys.argv[1]))
]))
"""


def evening_zone() -> str:
    """A time zone in which it is the evening now, so that a session day lies behind us."""
    ahead = 19 - datetime.now(UTC).hour
    ahead = ahead - 24 if ahead > 12 else ahead + 24 if ahead < -11 else ahead
    return f"Etc/GMT{-ahead:+d}"  # the sign of these names counts westwards


@dataclass
class Served:
    """One record, its server, and what a test must know of both."""

    home: Path
    port: int
    zone: str = ""
    database: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    password: str = ""
    people: dict[str, str] = field(default_factory=dict)
    server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        own = {
            "SOJOURN_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "sojourn.clinic.settings",
            "SOJOURN_TIME_ZONE": self.zone or "UTC",
        }
        return {**os.environ, **own, "SOJOURN_DATABASE": self.database, **self.settings}

    def load(self, script: str = LOAD) -> None:
        self.people = json.loads(self._run("-c", script))
        self.password = self.people.pop("password")

    def entries(self, participant: str) -> list[dict]:
        return json.loads(self._run("-c", READ, participant))

    def run(self, script: str, *arguments: str) -> str:
        """What ``script`` prints, run on this record."""
        return self._run("-c", script, *arguments)

    def start(self, workers: int = 1) -> None:
        command = [sys.executable, "-m", "sojourn.cli", "serve", "--port", str(self.port)]
        self.server = subprocess.Popen(
            [*command, "--workers", str(workers)], env=self.environment(), start_new_session=True
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/account/login/", timeout=5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the server did not come up in a minute")

    def kill(self) -> None:
        """As a power cut would."""
        if self.server:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None

    def stop(self) -> float:
        """As Ctrl-C does; the seconds it took."""
        if self.server is None:
            return 0.0
        begun = time.monotonic()
        self.server.send_signal(signal.SIGINT)
        self.server.wait(timeout=20)
        self.server = None
        return time.monotonic() - begun

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
