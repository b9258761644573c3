"""A record of many entries, written the quick way: the same rows that ``append`` writes."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCH = 20_000
TIME = "2026-03-02T08:30:00.000000Z"


def count_asked_for(default: int, name: str = "entries") -> int:
    """The number given on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument(f"--{name}", type=int, default=default)
    return int(getattr(parser.parse_args(), name))


def start() -> Path:
    """Set up Django on a fresh record in a temporary folder, and return the folder."""
    home = Path(tempfile.mkdtemp(prefix="sojourn-benchmark-"))
    os.environ["SOJOURN_HOME"] = str(home)
    os.environ["SOJOURN_SECOND_FACTOR"] = "optional"  # pages are asked for, not signing in
    os.environ["DJANGO_SETTINGS_MODULE"] = "sojourn.clinic.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return home


def fill(entries: int, streams: int) -> None:
    """Add ``entries`` rows to an empty record, its ``streams`` taken in turn."""
    from django.db import connection, transaction

    from sojourn.ledger.columns import STORED

    marks = ", ".join(["%s"] * 15)
    batch: list[tuple[Any, ...]] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for row in _rows(entries, streams):
            batch.append(row)
            if len(batch) == BATCH or row[0] == entries:
                cursor.executemany(f"INSERT INTO ledger_entry ({STORED}) VALUES ({marks})", batch)
                batch.clear()
        cursor.execute("UPDATE ledger_head SET position = %s, hash = %s", [entries, row[14]])


def _rows(entries: int, streams: int) -> Iterator[tuple[Any, ...]]:
    from sojourn.record.hashing import BEFORE_THE_FIRST, hash_of

    tails = [BEFORE_THE_FIRST] * streams
    for number in range(entries):
        place, turn = number % streams, number // streams + 1
        data = (
            f'{{"diastolic_mmhg":{70 + number % 30},"measured_at":"2026-03-02T08:30:00Z",'
            f'"note":"resting, eyes closed, no discomfort reported","pulse_per_minute":'
            f'{60 + number % 50},"systolic_mmhg":{110 + number % 40}}}'
        )
        columns = (
            number + 1,
            f"course:programme-one:{place:06d}",
            turn,
            "dosing.vitals-taken",
            1,
            data,
            TIME,
            TIME,
            "a.lund",
            "therapist",
            "",
            "",
            f"{number:032x}",
            tails[place],
        )
        tails[place] = hash_of(*columns)
        yield (*columns, tails[place])
