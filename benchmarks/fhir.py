"""How long FHIR searches take on a record of many participants: the 95th percentile in ms.

python benchmarks/fhir.py --participants 2000
"""

import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import record_of_many

PROGRAMME = "many"
LIMIT_MS = 50
ROUNDS = 40


def fill(participants: int) -> int:
    """A founded programme, then as many courses as asked, with the rows the desk would write."""
    from django.db import connection, transaction

    from sojourn import course as courses
    from sojourn.course.adverse_events import AdverseEventRecorded
    from sojourn.course.consent import ConsentSigned
    from sojourn.course.dosing import SessionOpened, VitalsRecorded
    from sojourn.course.medication import MedicationRecorded
    from sojourn.course.screening import ParticipantRegistered
    from sojourn.ledger import programmes, projections
    from sojourn.ledger.append import append
    from sojourn.ledger.registry import kinds

    found()
    protocol = programmes.load(PROGRAMME).protocol
    start = datetime.fromisoformat("2024-01-01T09:00:00+00:00")
    written = 0
    for first in range(0, participants, 500):
        with transaction.atomic():
            for number in range(first, min(first + 500, participants)):
                who, at = f"P-{number:06d}", start + timedelta(minutes=number)
                stream, on = f"course:{PROGRAMME}:{who}", date(2024, 1, 1)
                pulse = 55 + number % 60
                facts = (
                    ParticipantRegistered(who, f"site-{number % 40}", 1960 + number % 40, "female"),
                    ConsentSigned("1.0", "ana", "English", "shown", "present", (), ""),
                    MedicationRecorded(
                        "melatonin", "melatonin", ("melatonin",), "sleep", "", on, None, False
                    ),
                    SessionOpened("dosing-1", 1, ("ana", "ben"), (), ()),
                    VitalsRecorded("dosing-1", "before-initial", 120, 80, pulse, 366, 98),
                    VitalsRecorded("dosing-1", "before-supplemental", 130, 82, pulse + 9, 369, 98),
                    AdverseEventRecorded(
                        "ae-1", "Headache", "headache", "ctcae-5.0", "Headache", "Nervous system",
                        "prompted", 1 + number % 3, False, (), "possible", "expected", "", "none",
                        "recovered", "unpleasant", on, on, "", None,
                    ),
                )  # fmt: skip
                entries = append(
                    stream, facts, expected=0, occurred_at=at, author="ana", role="therapist"
                )
                course = courses.fold(entries, kinds().read)
                context = projections.Context(PROGRAMME, stream, protocol, protocol)
                projections.write({}, projections.rows(context, course, entries))
                written += len(entries)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return written


def found() -> None:
    from sojourn import protocols
    from sojourn.clinic.founding import Founding
    from sojourn.clinic.founding import found as founding
    from sojourn.clinic.models import Member

    settings = tuple(
        (each.key, each.lowest) for each in protocols.load_shipped("mdma-ptsd").site_settings
    )
    founding(
        Founding(
            PROGRAMME, "mdma-ptsd", "Many", "us-ind", "IND 1", date(2020, 1, 1), "1.0",
            "committee", settings,
        ),
        author="lead",
    )  # fmt: skip
    Member.objects.create(username="monitor", role="monitor")


def questions(participants: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Searches of every sort, each at many places of the record."""
    for round_ in range(ROUNDS):
        who = f"P-{(round_ * 7919) % participants:06d}"
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=(round_ * 7919) % participants)
        day = f"{at:%Y-%m-%d}"
        yield "Patient", {"_id": who}
        yield "Patient", {"_lastUpdated": "ge2024", "_count": 50}
        yield "Observation", {"patient": who}
        yield "Observation", {"patient": who, "code": "http://loinc.org|8867-4"}
        yield "Observation", {"code": "85354-9", "date": f"ge{day}"}
        yield "Observation", {"date": f"le{day}", "_include": "Observation:subject"}
        yield "AdverseEvent", {"date": day}
        yield "MedicationStatement", {"code": "melatonin"}
        yield "ResearchSubject", {"individual": who, "_include": "ResearchSubject:individual"}
        yield "CarePlan", {"patient": who}
        yield "Provenance", {"patient": who}


def measure(participants: int) -> float:
    from django.test import Client

    from sojourn.exchange.fhir import callers

    token = callers.add(PROGRAMME, "bench", "monitor", "system/*.read", author="lead")
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})
    client.get("/fhir/Patient")  # the first loads the program
    took: dict[str, list[float]] = {}
    for kind, asked in questions(participants):
        begun = time.perf_counter()
        answer = client.get(f"/fhir/{kind}", asked)
        ms = (time.perf_counter() - begun) * 1000
        assert answer.status_code == 200, answer.content
        took.setdefault(f"{kind} by {', '.join(asked)}", []).append(ms)
    for name, found_ms in took.items():
        print(f"{name:55} p50 {statistics.median(found_ms):6.1f}  p95 {p95(found_ms):6.1f} ms")
    return p95([each for several in took.values() for each in several])


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    many = record_of_many.count_asked_for(2000, "participants")
    record_of_many.start()
    begun = time.perf_counter()
    entries = fill(many)
    print(f"{many} participants, {entries} entries, filled in {time.perf_counter() - begun:.0f} s")
    result = measure(many)
    print(f"search p95 {result:.1f} ms (limit {LIMIT_MS} ms)")
    sys.exit(result >= LIMIT_MS)
