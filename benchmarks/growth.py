"""How long pages and an append take as a programme grows from 1,000 people to 1,000,000.

    python benchmarks/growth.py [--full] [--up-to 100000]

On a PostgreSQL of its own (fsync on, otherwise as it is installed) that is removed in the end.
Clones of the demonstration's shorter courses, about eleven entries each, so that a million of them
fit a small machine: nine in ten screened out, the others just registered or in screening with
every visit due, and one in 45 halfway through treatment. A participant's page is mostly of a short
course; benchmarks/pages.py asks for whole ones. Pages are asked for through the whole of Django,
signed in; the append is one concern raised through the desk, committed. Every size asks for
clones of the same courses, spread over the whole record, each page in turn with the others.
Goal: no median above twice what it is at 1,000, and none above 100 ms.
"""

import argparse
import os
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from many_people import PROGRAMME, Template, grow, load_courses, number_of
from record_of_many import start

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SIZES = (1_000, 10_000, 100_000, 1_000_000)
GOAL_RATIO, GOAL_MS = 2.0, 100.0
TURNS, WARM = 60, 6
SHORT, MIDWAY = 13, 60  # entries
Times = dict[str, list[float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--up-to", type=int, default=100_000)
    parser.add_argument("--full", action="store_true", help="up to a million")
    asked = parser.parse_args()
    most = SIZES[-1] if asked.full else asked.up_to
    from tests.with_postgresql import cluster, programs

    binaries = programs()
    if binaries is None:
        print("PostgreSQL is not installed: nothing was measured")
        return 1
    with cluster(binaries) as own:
        os.environ["SOJOURN_DATABASE"] = own.address
        home = start()
        passed = measure([*(size for size in SIZES if size < most), most])
    shutil.rmtree(home)
    return passed


def measure(sizes: Sequence[int]) -> int:
    from sojourn.clinic.models import Member

    templates = chosen(load_courses())
    Member.objects.create(username="reader", role="therapist")
    found: dict[int, Times] = {}
    have = 0
    for size in sizes:
        began = time.perf_counter()
        grow(templates, have, size)
        print(f"\r{size} participants, {told()}; cloned in {time.perf_counter() - began:.0f} s")
        have = size
        found[size] = ask(size, len(templates))
    passed = report(found)
    return 0 if verified() and passed else 1


def chosen(courses: Sequence[Template]) -> list[Template]:
    """Mostly screened, some in screening or just registered, one halfway through treatment."""
    short = [each for each in courses if len(each.entries) <= SHORT]
    midway = [each for each in courses if SHORT < len(each.entries) <= MIDWAY]
    # A course with every visit still to come has a line for each: those are the dear ones.
    ended = [each for each in short if "ledger_duerow" not in "".join(each.rows)]
    waiting = [each for each in short if each not in ended]
    return [*ended * 8, *waiting, *midway[-1:]]


def ask(size: int, courses: int) -> Times:
    """Milliseconds of each page and of an append, one after the other in turn."""
    from django.test import Client

    from sojourn.clinic.models import Member
    from sojourn.course.safety import RaiseConcern
    from sojourn.ledger import clock, desk

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username="reader"))
    by = desk.Person("reader", "therapist")
    blocks = size // courses
    times: Times = {}
    for turn in range(TURNS):
        # The same courses at every size, from all over the record.
        place = (turn * 37 % blocks) * courses + turn % courses
        number = number_of(place)
        pages = {
            "Today": f"/{PROGRAMME}/",
            "Participants": f"/{PROGRAMME}/participants/?after={number}",
            "Participant": f"/{PROGRAMME}/participants/{number}/",
            "Safety board": f"/{PROGRAMME}/safety/",
        }
        for page, path in pages.items():
            times.setdefault(page, []).append(timed(lambda at=path: got(client, at)))
        command = RaiseConcern(clock.now(), "Asks for a call.")
        append = timed(lambda n=number, c=command: desk.execute(PROGRAMME, n, c, by))
        times.setdefault("Append", []).append(append)
    return {page: taken[WARM:] for page, taken in times.items()}


def got(client: Any, path: str) -> None:
    status = client.get(path).status_code
    if status != 200:
        raise SystemExit(f"{path} answered {status}")


def timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def told() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT position, pg_database_size(current_database()) FROM ledger_head")
        entries, size = cursor.fetchone()
    return f"{entries} entries, {size / 1e9:.1f} GB"


def report(found: dict[int, Times]) -> bool:
    sizes = list(found)
    passed = True
    print(f"medians in ms of {TURNS - WARM}; in brackets times that of {sizes[0]}")
    for page in found[sizes[0]]:
        medians = [statistics.median(found[size][page]) for size in sizes]
        good = max(medians) <= GOAL_MS and max(medians) / medians[0] <= GOAL_RATIO
        passed = passed and good
        shown = "  ".join(f"{each:8.1f} ({each / medians[0]:5.2f})" for each in medians)
        print(f"  {page:13}{shown}  {'pass' if good else 'FAIL'}")
    return passed


def verified() -> bool:
    from sojourn.ledger.verify import verify

    began = time.perf_counter()
    report = verify()
    took = time.perf_counter() - began
    print(f"verify: {report.entries} entries, {len(report.problems)} problems, {took:.0f} s")
    return not report.problems


if __name__ == "__main__":
    sys.exit(main())
