"""A working day of 50 sites against the real server, and whether everything said to be kept is.

    make load                       (three minutes)
    make soak                       (thirty minutes)
    python benchmarks/load.py [--minutes 3] [--sites 50] [--participants 5000]

'sojourn serve --workers 2' on a PostgreSQL of its own (fsync on, at most 60 connections, otherwise
as it is installed), which together with the people themselves (benchmarks/day.py, played by
locust) share this machine.
Each site has a session going on, with two therapists at tablets, a monitor that delivers a reading
of five signals a second, a therapist between sessions, a prescriber, a coordinator and four people
with diaries; raters, pharmacists, monitors, statisticians and leads serve several sites. Everyone
signs in once, then thinks 5 to 25 seconds between pages (tablets 15 to 45). Times are those
that locust saw, from when all have signed in; signing in is told by itself.
Goals: no error; 95 of 100 answers of every page within a second, signing in aside; every
acknowledged write found again; the record verifies; from 10 minutes on, no worker's memory grows by
more than a fifth after the first sixth of the time.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from many_people import PROGRAMME, SITES, Template, grow, load_courses, number_of
from record_of_many import start
from sessions import free_port

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path.insert(0, str(PROJECT))

WORKERS = 2
GOAL_P95_MS, GOAL_GROWTH, JUDGED_FROM_MIN = 1000.0, 1.2, 10.0
SIGN_INS_A_SECOND = 4
DIARIES_A_SITE = 4
# How many accounts of each role a site has, or how many sites one account serves.
ROLES = {"therapist": 3, "prescriber": 1, "coordinator": 1}
SHARED = {
    "independent-rater": 5,
    "pharmacist": 5,
    "monitor": 10,
    "statistician": 25,
    "sponsor": 25,
}
Told = dict[str, Any]


@dataclass
class Memory:
    """Resident memory of each worker in MB, with when it was read."""

    workers: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def watch(self, server: int, stop: threading.Event) -> None:
        while not stop.wait(2.0):
            for worker in children_of(server):
                self.workers.setdefault(worker, []).append((time.time(), rss_mb(worker)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--sites", type=int, default=SITES, help=f"at most {SITES}")
    parser.add_argument("--participants", type=int, default=5_000)
    parser.add_argument("--locust", default=str(PROJECT / ".venv-load/bin/locust"))
    asked = parser.parse_args()
    from tests.with_postgresql import cluster, programs

    binaries = programs()
    if binaries is None or not Path(asked.locust).exists():
        print("PostgreSQL or locust is not installed (make load installs locust): nothing was done")
        return 1
    with cluster(binaries) as own:
        os.environ["SOJOURN_DATABASE"] = own.address
        os.environ["SOJOURN_LINK_MINUTES"] = "120"
        home = start()
        plan = prepare(min(asked.sites, SITES), asked.participants)
        passed = the_day(home, plan, asked.minutes, asked.locust)
    shutil.rmtree(home)
    return passed


def prepare(sites: int, participants: int) -> Told:
    """Fill the record, and write down who is who."""
    from django.contrib.auth.hashers import make_password

    from sojourn.clinic.models import Member
    from sojourn.ledger.rows import OpenSessionRow, ParticipantRow

    courses = load_courses()
    grow([each for each in courses if not each.in_session], 0, participants)
    rooms = open_rooms(courses, sites)
    password = "load-" + os.urandom(12).hex()
    hashed = make_password(password)
    accounts: dict[str, list[str]] = {}
    for role, count in (
        *((role, each * sites) for role, each in ROLES.items()),
        *((role, max(1, sites // each)) for role, each in SHARED.items()),
    ):
        accounts[role] = [f"{role}-{number:03d}" for number in range(count)]
        Member.objects.bulk_create(
            Member(username=name, role=role, password=hashed) for name in accounts[role]
        )
    step = max(1, participants // 5000)  # enough to ask for, wherever they lie
    held = ParticipantRow.objects.filter(programme=PROGRAMME, participant__startswith="C-")
    current = held.filter(status="in-progress").order_by("participant")
    return {
        "sites": sites,
        "password": password,
        "accounts": accounts,
        "rooms": rooms,
        "visit": OpenSessionRow.objects.get(participant=rooms[0]).visit,
        "participants": participants,
        "people": [number_of(place) for place in range(0, participants, step)],
        "current": list(current.values_list("participant", flat=True)[:5000]),
        "links": diary_links(sites * DIARIES_A_SITE, current),
        "gateways": gateways(rooms),
    }


def open_rooms(courses: Sequence[Template], sites: int) -> list[str]:
    """A session in progress at each site; its participants."""
    in_session = [each for each in courses if each.in_session]
    grow(in_session, 0, sites, prefix="R")
    return [number_of(place, "R") for place in range(sites)]


def diary_links(wanted: int, current: Any) -> list[str]:
    """A fresh link each for people whose course can have a diary."""
    from sojourn.course.diary_access import SendLink
    from sojourn.diary.keys import digest_of
    from sojourn.diary.models import Link
    from sojourn.ledger import clock, desk
    from sojourn.record.command import Refused

    keys: list[str] = []
    by, now = desk.Person("therapist-000", "therapist"), clock.now()
    until = now + timedelta(hours=2)
    for participant in current.values_list("participant", flat=True):
        if len(keys) == wanted:
            break
        try:
            desk.execute(PROGRAMME, participant, SendLink(now, until), by)
        except Refused:
            continue
        keys.append(os.urandom(24).hex())
        Link.objects.create(
            digest=digest_of(keys[-1]),
            programme=PROGRAMME,
            participant=participant,
            expires_at=until,
        )
    return keys


def gateways(rooms: Sequence[str]) -> list[tuple[str, str]]:
    """The token of each site's gateway, and whose session it stands in."""
    from sojourn.ledger import devices

    return [
        (devices.add(PROGRAMME, f"gateway-{place:02d}", author="lead"), room)
        for place, room in enumerate(rooms)
    ]


def the_day(home: Path, plan: Told, minutes: float, locust: str) -> int:
    from django.db import connection

    connection.close()
    plan |= {"port": free_port(), "minutes": minutes, "people_in_all": people_of(plan)}
    paths = {"SOJOURN_LOAD_PLAN": home / "plan.json", "SOJOURN_LOAD_TOLD": home / "told.json"}
    paths["SOJOURN_LOAD_PLAN"].write_text(json.dumps(plan))
    log = (home / "server.log").open("w")
    server = serve(plan["port"], log)
    memory, stop = Memory(), threading.Event()
    watching = threading.Thread(target=memory.watch, args=(server.pid, stop), daemon=True)
    watching.start()
    try:
        given = {key: str(path) for key, path in paths.items()}
        played = play(plan, minutes, locust, given, home / "people.log")
    finally:
        ended = time.time()
        stop.set()
        watching.join()
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        log.close()
    if not paths["SOJOURN_LOAD_TOLD"].exists():
        print(f"locust ended with {played}:\n{(home / 'people.log').read_text()[-3000:]}")
        return 1
    told = json.loads(paths["SOJOURN_LOAD_TOLD"].read_text())
    if not told["lasted"]:
        print("not all could sign in before the time was up: FAIL")
    judged = [
        report_pages(plan, told),
        told["lasted"] > 0,
        report_errors(told, (home / "server.log").read_text()),
        report_memory(memory, ended, told["lasted"]),
        report_kept(told["kept"], plan["visit"]),
        verified(),
    ]
    return 0 if all(judged) else 1


def serve(port: int, log: Any) -> subprocess.Popen[bytes]:
    """The server as a site starts it; ready when it says so."""
    import urllib.request

    command = [sys.executable, "-m", "sojourn.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--workers", str(WORKERS)],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server
    server.kill()
    raise SystemExit("the server did not come up in a minute")


def play(plan: Told, minutes: float, locust: str, paths: dict[str, str], log: Path) -> int:
    users = people_of(plan)
    longest = minutes * 60 + 5 * users / SIGN_INS_A_SECOND + 60  # day.py ends it sooner
    command = [locust, "-f", str(HERE / "day.py"), "--headless", "--only-summary"]
    command += ["--host", f"http://127.0.0.1:{plan['port']}", "--users", str(users)]
    command += ["--spawn-rate", str(SIGN_INS_A_SECOND), "--loglevel", "WARNING"]
    command += ["--run-time", f"{round(longest)}s", "--stop-timeout", "40"]
    environment = {**os.environ, **paths, "PYTHONPATH": str(HERE)}
    with log.open("w") as said:
        played = subprocess.run(command, env=environment, stdout=said, stderr=said, check=False)
    return played.returncode


def people_of(plan: Told) -> int:
    return sum(map(len, plan["accounts"].values())) + len(plan["links"]) + len(plan["gateways"])


def report_pages(plan: Told, told: Told) -> bool:
    times: dict[str, list[float]] = {name: sorted(each) for name, each in told["times"].items()}
    asked = sum(len(each) for name, each in times.items() if name != "Sign in")
    print(
        f"{plan['sites']} sites, {people_of(plan)} people and monitors, {plan['participants']} "
        f"participants; {asked} requests in {told['lasted'] / 60:.1f} minutes: "
        f"{asked / max(told['lasted'], 1):.1f} a second; {WORKERS} workers, {os.cpu_count()} cores"
    )
    print(f"  {'ms':28}{'count':>7}{'p50':>8}{'p95':>8}{'p99':>8}")
    passed = True
    for name, each in sorted(times.items()):
        good = part(each, 0.95) <= GOAL_P95_MS or name == "Sign in"
        passed = passed and good
        shown = "".join(f"{part(each, share):8.0f}" for share in (0.5, 0.95, 0.99))
        print(f"  {name:28}{len(each):7}{shown}{'' if good else '  FAIL'}")
    return passed


def part(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def report_errors(told: Told, log: str) -> bool:
    errors: dict[str, int] = told["errors"]
    for name, times in sorted(errors.items(), key=lambda each: -each[1])[:20]:
        print(f"  {times} x {name}")
    tracebacks = log.count("Traceback")
    if tracebacks:
        print(log[max(0, log.rfind("Traceback")) :][:3000])
    good = not errors and not tracebacks
    print(f"errors: {sum(errors.values())}, tracebacks of the server: {tracebacks}: {mark(good)}")
    return good


def report_memory(memory: Memory, ended: float, lasted: float) -> bool:
    """Each worker at the start, after the first sixth of the day, and at the end."""
    opened = ended - lasted
    warm = opened + lasted / 6
    passed = True
    for worker, samples in sorted(memory.workers.items()):
        first = samples[0][1]
        early = [mb for at, mb in samples if warm <= at <= warm + lasted / 10]
        late = [mb for at, mb in samples if at >= ended - lasted / 10]
        if not early or not late:
            print(f"memory of worker {worker}: too short a day to tell")
            continue
        growth = statistics.mean(late) / statistics.mean(early)
        judged = lasted / 60 >= JUDGED_FROM_MIN
        good = growth <= GOAL_GROWTH or not judged
        passed = passed and good
        print(
            f"memory of worker {worker}: {first:.0f} MB at the start, "
            f"{statistics.mean(early):.0f} when warm, {statistics.mean(late):.0f} at the end: "
            f"{growth:.2f} times: {mark(good) if judged else 'too short a day to judge'}"
        )
    if len(memory.workers) != WORKERS:
        print(f"{len(memory.workers)} workers were seen and {WORKERS} started: one died: FAIL")
        passed = False
    return passed


def report_kept(kept: dict[str, list[Any]], visit: str) -> bool:
    """Look for every acknowledged write in the record."""
    from sojourn.ledger.models import EntryRow
    from sojourn.ledger.readings_rows import ReadingRow
    from sojourn.ledger.watching import stream_of

    commands: list[str] = kept["commands"]
    lost = 0
    for first in range(0, len(commands), 500):
        some = set(commands[first : first + 500])
        found = EntryRow.objects.filter(command__in=some).values_list("command", flat=True)
        lost += len(some - set(found))
    readings, missing = 0, 0
    for participant, first_ms, last_ms, seconds in kept["readings"]:
        found = ReadingRow.objects.filter(
            stream=stream_of(PROGRAMME, participant, visit), at_ms__range=(first_ms, last_ms)
        ).count()
        readings += 5 * seconds
        missing += max(0, 5 * seconds - found)
    good = not lost and not missing
    print(
        f"acknowledged: {len(commands)} commands, {lost} lost; {readings} readings, "
        f"{missing} lost: {mark(good)}"
    )
    return good


def verified() -> bool:
    from sojourn.ledger.verify import verify

    report = verify()
    good = not report.problems
    print(f"verify: {report.entries} entries, {len(report.problems)} problems: {mark(good)}")
    return good


def children_of(server: int) -> list[int]:
    """The worker processes; the one that only tidies up after them is left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
            words = (path.parent / "cmdline").read_text()
        except (OSError, IndexError):
            continue
        if parent == server and "spawn_main" in words:
            found.append(int(path.parent.name))
    return found


def rss_mb(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def mark(good: bool) -> str:
    return "pass" if good else "FAIL"


if __name__ == "__main__":
    sys.exit(main())
