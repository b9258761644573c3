"""How long 10,000 participants take to Dataset-JSON, and how much memory twice as many need.

    python benchmarks/cdisc.py [--participants 10000]

The demonstration's courses are cloned under new numbers, all of them, about ninety entries each.
Two processes write every SDTM and ADaM dataset. Memory is what all processes hold together, without
the pages of the database's own file, which the system maps and takes back as it likes.
Each process keeps up to 64 MB of the database in its cache, which 10,000 participants fill.
Goal: under 60 s, and no more than 1.2 times the memory for twice as many participants.
"""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from record_of_many import count_asked_for, start

GOAL_S, GOAL_RATIO, WORKERS = 60.0, 1.2, 2


def main() -> int:
    if "--measure" in sys.argv:
        return measure()
    participants = count_asked_for(10_000, "participants")
    home = start()
    found = {}
    have = entries = 0
    twice = 2 * participants
    for size in (participants, twice):
        reached = grow(have, size)
        entries = entries or reached
        have = size
        told = subprocess.run(
            [sys.executable, __file__, "--measure"],
            env={**os.environ, "SOJOURN_HOME": str(home)},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.split()
        found[size] = [float(each) for each in told]
    seconds, megabytes, records, processor = found[participants]
    ratio = found[twice][1] / megabytes
    good = seconds <= GOAL_S and ratio <= GOAL_RATIO
    print(f"{participants} participants, {entries} entries, {records:.0f} records, 2 processes")
    more = 1000 * (found[twice][3] - processor) / (twice - participants)
    print(
        f"  {processor:.0f} s of processor time, all processes together; {more:.1f} ms for each "
        f"participant beyond {participants}"
    )
    print(
        f"  {seconds:.1f} s (goal {GOAL_S:.0f}), {megabytes:.0f} MB, {found[twice][1]:.0f} "
        f"at {twice}: ratio {ratio:.2f} (goal {GOAL_RATIO}): {'pass' if good else 'FAIL'}"
    )
    shutil.rmtree(home)
    return 0 if good else 1


def grow(have: int, want: int) -> int:
    """Clone courses until there are ``want`` clones; returns how many entries there are."""
    from django.db import connection, transaction
    from pages import clones

    from sojourn.clinic.demo import PROGRAMME, load_demo
    from sojourn.ledger import clock, programmes
    from sojourn.ledger.columns import STORED
    from sojourn.ledger.read import streams

    if PROGRAMME not in tuple(programmes.keys()):
        load_demo(today=clock.now())
    marks = ", ".join(["%s"] * 15)
    with transaction.atomic(), connection.cursor() as cursor:
        originals = []
        for stream in [each for each in streams("course:demo:") if ":D-" in each]:
            cursor.execute(
                f"SELECT {STORED} FROM ledger_entry WHERE stream = %s ORDER BY sequence", [stream]
            )
            originals.append(cursor.fetchall())
        cursor.execute("SELECT position FROM ledger_head")
        position = cursor.fetchone()[0]
        last = ""
        for number in range(have, want):
            rows = list(clones(originals[number % len(originals)], number, position))
            position, last = rows[-1][0], rows[-1][14]
            cursor.executemany(f"INSERT INTO ledger_entry ({STORED}) VALUES ({marks})", rows)
        cursor.execute("UPDATE ledger_head SET position = %s, hash = %s", [position, last])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return int(position)


def measure() -> int:
    """Export in a process that has done nothing else; prints seconds, megabytes and records."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sojourn.clinic.settings")
    import django

    django.setup()
    from sojourn.exchange.cdisc.export import export
    from sojourn.exchange.cdisc.source import Wish, open_source
    from sojourn.ledger.desk import Person

    folder = Path(os.environ["SOJOURN_HOME"]) / "export"
    peak, over = [0], threading.Event()
    watch = threading.Thread(target=watch_memory, args=(peak, over))
    watch.start()
    began = time.perf_counter()
    source = open_source(Wish("demo"), Person("bench", "statistician"))
    done = export(source, folder, workers=WORKERS)
    seconds = time.perf_counter() - began
    over.set()
    watch.join()
    records = sum(sum(each.values()) for each in done.records.values())
    used = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(seconds, peak[0] / 1024, records, sum(each.ru_utime + each.ru_stime for each in used))
    shutil.rmtree(folder)
    return 0


def watch_memory(peak: list[int], over: threading.Event) -> None:
    """Keep the most kilobytes this process and its children ever held together."""
    while not over.wait(0.2):
        family = [os.getpid(), *children(os.getpid())]
        peak[0] = max(peak[0], sum(map(held, family)))


def children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(each) for each in found]


def held(process: int) -> int:
    """Anonymous memory in kilobytes; 0 for a process that has just ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(each.split()[1]) for each in lines if each.startswith("RssAnon")), 0)


if __name__ == "__main__":
    sys.exit(main())
