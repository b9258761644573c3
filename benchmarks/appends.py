"""How many entries a second the record takes, against bare commits of the same bytes.

    python benchmarks/appends.py [--entries 5000]

Both are SQLite in WAL mode with synchronous=FULL, one commit an entry, taken
in alternating rounds so that both meet the same machine. The bare commit is one
insert of the same columns into a table with no index. Goal: at least half as many.
"""

import shutil
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from record_of_many import count_asked_for, start

GOAL = 0.5
ROUNDS = 5
NOTE = "resting, eyes closed, no discomfort reported, music on, blanket offered, water taken"


@dataclass(frozen=True, slots=True)
class VitalsTaken:
    kind: ClassVar[str] = "benchmark.vitals-taken"
    schema: ClassVar[int] = 1
    systolic_mmhg: int
    diastolic_mmhg: int
    pulse_per_minute: int
    note: str


def bare_commits(file: Path, rows: list[tuple[object, ...]]) -> float:
    """Seconds for one commit a row."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    names = ", ".join(f"c{place}" for place in range(1, 15))
    connection.execute(f"CREATE TABLE IF NOT EXISTS bare (position INTEGER PRIMARY KEY, {names})")
    statement = f"INSERT INTO bare VALUES ({', '.join('?' * 15)})"
    began = time.perf_counter()
    for row in rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(statement, row)
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


def appends(entries: int, before: int) -> float:
    """Seconds for one transaction an entry, over a hundred streams."""
    from sojourn.ledger import clock
    from sojourn.ledger.append import append

    began = time.perf_counter()
    for number in range(before, before + entries):
        append(
            f"course:programme-one:{number % 100:06d}",
            (VitalsTaken(110 + number % 40, 70, 60 + number % 50, NOTE),),
            expected=number // 100,
            occurred_at=clock.now(),
            author="a.lund",
            role="therapist",
            command=f"{number:032x}",
        )
    return time.perf_counter() - began


def main() -> int:
    entries = count_asked_for(5_000) // ROUNDS
    home = start()
    from sojourn.ledger import registry
    from sojourn.ledger.snapshot import stored_rows
    from sojourn.ledger.verify import verify
    from sojourn.record.kinds import Kinds

    bare: list[float] = []
    ledger: list[float] = []
    with registry.use(Kinds((VitalsTaken,))):
        appends(100, 0)
        for turn in range(ROUNDS):
            before = 100 + turn * entries
            ledger.append(appends(entries, before))
            rows = [row for rows in stored_rows(after=before) for row in rows]
            bare.append(bare_commits(home / "bare.sqlite3", rows))
    whole = not verify().problems
    shutil.rmtree(home)
    ratio = sum(bare) / sum(ledger)
    print(f"{ROUNDS} rounds of {entries} entries, one transaction each; verified: {whole}")
    print(f"  bare SQLite commits  {ROUNDS * entries / sum(bare):7.0f} a second")
    print(f"  ledger appends       {ROUNDS * entries / sum(ledger):7.0f} a second")
    print(f"  ratio {ratio:.2f}, goal at least {GOAL}: {'pass' if ratio >= GOAL else 'FAIL'}")
    return 0 if whole and ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
