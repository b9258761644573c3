"""How long Today, the safety board and a participant's page take as the record grows a hundredfold.

    python benchmarks/pages.py [--participants 100000]

The demonstration's courses are cloned under new numbers, with their own hashes
and rows, first to 1,000 participants and then to the number asked for, about
fifty entries each. Pages are asked for through the whole of Django, signed in.
The clones that are mid-course are as many in a hundred as in the small record,
so Today's lists are full in both.
Goal: at most 50 ms in the median, and at most 1.2 times the small record's.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

from record_of_many import count_asked_for, start

GOAL_MS, GOAL_RATIO = 50.0, 1.2
SMALL = 1000
ASKED = 200
BATCH = 20_000


def main() -> int:
    participants = count_asked_for(100_000, "participants")
    home = start()
    templates = read_templates()
    grown = 0
    found: dict[int, dict[str, float]] = {}
    entries = 0
    for size in (SMALL, participants):
        entries = grow(templates, grown, size)
        grown = size
        found[size] = ask(size)
    passed = True
    print(f"{participants} participants, {entries} entries; medians of {ASKED} requests")
    for page, small in found[SMALL].items():
        large = found[participants][page]
        good = large <= GOAL_MS and large / small <= GOAL_RATIO
        passed = passed and good
        print(
            f"  {page:12} {small:6.1f} ms at {SMALL}, {large:6.1f} ms at {participants}: ratio "
            f"{large / small:.2f}, goals {GOAL_MS:.0f} ms and {GOAL_RATIO}: "
            f"{'pass' if good else 'FAIL'}"
        )
    shutil.rmtree(home)
    return 0 if passed else 1


def read_templates() -> list[tuple[list[tuple[Any, ...]], dict[str, list[tuple[Any, ...]]]]]:
    """Courses of the demonstration, about fifty entries each on average, with their rows."""
    from django.db import connection

    from sojourn.clinic.demo import load_demo
    from sojourn.clinic.models import Member
    from sojourn.ledger import clock, projections
    from sojourn.ledger.columns import STORED
    from sojourn.ledger.rows import ParticipantRow

    load_demo(today=clock.now())
    Member.objects.create(username="reader", role="therapist")
    courses = []
    with connection.cursor() as cursor:
        for row in ParticipantRow.objects.order_by("participant"):
            cursor.execute(
                f"SELECT {STORED} FROM ledger_entry WHERE stream = %s ORDER BY sequence",
                [row.stream],
            )
            entries = cursor.fetchall()
            rows = {}
            for table in projections.TABLES:
                names = ", ".join(projections.columns(table))
                name = table._meta.db_table
                cursor.execute(f"SELECT {names} FROM {name} WHERE stream = %s", [row.stream])
                # With its columns named: a migrated table has them in another order.
                rows[f"{name} ({names})"] = cursor.fetchall()
            courses.append((entries, rows))
    courses.sort(key=lambda course: len(course[0]))
    while sum(len(each[0]) for each in courses) / len(courses) > 50:
        courses.pop()
    return courses


def grow(templates: list[Any], have: int, want: int) -> int:
    """Clone courses until there are ``want`` clones; returns how many entries there are."""
    from django.db import connection, transaction

    from sojourn.ledger.columns import STORED

    marks = ", ".join(["%s"] * 15)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT position FROM ledger_head")
        position = cursor.fetchone()[0]
        batch: list[tuple[Any, ...]] = []
        rows: dict[str, list[tuple[Any, ...]]] = {}
        last = ""
        for number in range(have, want):
            entries, tables = templates[number % len(templates)]
            for row in clones(entries, number, position):
                position = row[0]
                last = row[14]
                batch.append(row)
            for table, originals in tables.items():
                rows.setdefault(table, []).extend(renamed(row, number) for row in originals)
            if len(batch) > BATCH or number == want - 1:
                cursor.executemany(f"INSERT INTO ledger_entry ({STORED}) VALUES ({marks})", batch)
                batch.clear()
                for table, copies in rows.items():
                    if copies:
                        places = ", ".join(["%s"] * len(copies[0]))
                        cursor.executemany(f"INSERT INTO {table} VALUES ({places})", copies)
                rows.clear()
        cursor.execute("UPDATE ledger_head SET position = %s, hash = %s", [position, last])
        cursor.execute("DELETE FROM ledger_statuscount")
        cursor.execute(
            "INSERT INTO ledger_statuscount (programme, site, status, participants) "
            "SELECT programme, site, status, count(*) FROM ledger_participantrow "
            "GROUP BY programme, site, status"
        )
        # Moods keep their counts: seven days and eleven moods, however many people.
        cursor.execute("DELETE FROM ledger_safetycount WHERE subject <> 'mood'")
        for subject, named in (("event", "system_organ_class"), ("interest", "special_interest")):
            cursor.execute(
                "INSERT INTO ledger_safetycount (programme, subject, named, value, times) "
                f"SELECT programme, '{subject}', {named}, grade, count(*) FROM ledger_eventrow "
                f"WHERE {named} <> '' GROUP BY programme, {named}, grade"
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return int(position)


def clones(entries: list[tuple[Any, ...]], number: int, position: int) -> Iterator[tuple[Any, ...]]:
    from sojourn.record.hashing import BEFORE_THE_FIRST, hash_of

    previous = BEFORE_THE_FIRST
    original = entries[0][1].rsplit(":", 1)[1]
    for entry in entries:
        position += 1
        columns = (
            position,
            f"course:demo:C-{number:06d}",
            entry[2],
            entry[3],
            entry[4],
            entry[5].replace(f'"{original}"', f'"C-{number:06d}"'),
            *entry[6:12],
            "",
            previous,
        )
        previous = hash_of(*columns)
        yield (*columns, previous)


def renamed(row: tuple[Any, ...], number: int) -> tuple[Any, ...]:
    original = row[0].rsplit(":", 1)[1]
    names = {row[0]: f"course:demo:C-{number:06d}", original: f"C-{number:06d}"}
    return tuple(names.get(value, value) if isinstance(value, str) else value for value in row)


def ask(size: int) -> dict[str, float]:
    """Median milliseconds of each page."""
    from django.test import Client

    from sojourn.clinic.models import Member

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username="reader"))
    # The same templates at both sizes, spread over the whole record.
    step = max(1, size // SMALL)
    numbers = [(turn * 37 % SMALL) * step // 1 for turn in range(ASKED)]
    pages = {
        "Today": ["/demo/"] * ASKED,
        "Safety board": ["/demo/safety/"] * ASKED,
        "Participant": [f"/demo/participants/C-{number:06d}/" for number in numbers],
        "Participants": [f"/demo/participants/?after=C-{number:06d}" for number in numbers],
    }
    medians = {}
    for page, paths in pages.items():
        times = []
        for path in paths[:10] + paths:
            began = time.perf_counter()
            response = client.get(path)
            times.append((time.perf_counter() - began) * 1000)
            if response.status_code != 200:
                raise SystemExit(f"{path} answered {response.status_code}")
        medians[page] = statistics.median(times[10:])
    return medians


if __name__ == "__main__":
    sys.exit(main())
