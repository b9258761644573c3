"""The session room with a full day's entries: how long the page and its live part take.

    PYTHONPATH=src python benchmarks/room.py

Loads a demonstration into a record of its own, taps until the session in progress
has 600 entries, and asks the pages for themselves 41 times. Times in milliseconds.
"""

import os
import sys
import tempfile
import time
from datetime import timedelta
from statistics import median

os.environ["SOJOURN_HOME"] = tempfile.mkdtemp(prefix="sojourn-room-")
os.environ["SOJOURN_SECOND_FACTOR"] = "optional"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sojourn.clinic.settings")
ENTRIES, TIMES = 600, 41


def main() -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from sojourn.clinic.demo import demo_accounts, load_demo
    from sojourn.clinic.models import Member
    from sojourn.course.room import NoteObservation
    from sojourn.ledger import clock, desk
    from sojourn.ledger.rows import OpenSessionRow

    call_command("migrate", verbosity=0)
    load_demo(today=clock.now(), participants=40)
    demo_accounts()
    participant = OpenSessionRow.objects.get().participant
    by, now = desk.Person("therapist", "therapist"), clock.now()
    taps = []
    with desk.at_desk("demo", participant, by) as open_desk:
        for number in range(ENTRIES):
            at = now - timedelta(seconds=5 * (ENTRIES - number))
            taps.append(NoteObservation(at, "distress", str(number % 11)))
            open_desk.execute(taps[-1])
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username="therapist"))
    for name, path in (("page", ""), ("live part", "live/")):
        took = [_ms(lambda p=path: client.get(f"/demo/participants/{participant}/room/{p}"))
                for _ in range(TIMES)]  # fmt: skip
        print(f"{name}: median {median(took):.1f} ms, slowest {max(took):.1f} ms")
    tap = NoteObservation(now, "tears")
    took = [
        _ms(lambda n=n: desk.execute("demo", participant, tap, by, key=f"bench-{n}"))
        for n in range(TIMES)
    ]
    print(f"a tap, written: median {median(took):.1f} ms, slowest {max(took):.1f} ms")
    return 0


def _ms(work) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    sys.exit(main())
