"""How long FHIR searches take on a record of many participants: the 95th percentile in ms.

python benchmarks/fhir.py --participants 2000

One of them has a history many times as long as a whole course, another a session day of a
monitor that sent three signals a second. The processor's time and the number of queries of each
search are printed beside the time it took: they don't depend on what else the machine is doing.
The database is never analysed, as a site's own.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import record_of_many

PROGRAMME = "many"
LIMIT_MS = 50
ROUNDS = 40
LONG, MONITORED, SETS, SECONDS = "P-000000", "P-000001", 2_000, 8 * 60 * 60


def fill(participants: int) -> int:
    """A founded programme, then as many courses as asked, with the rows the desk would write."""
    from django.db import transaction

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
                    VitalsRecorded("dosing-1", "before-initial", 120, 80, pulse, 366, 98, None),
                    VitalsRecorded("dosing-1", "supplemental", 130, 82, pulse + 9, 369, 98, None),
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
                context = projections.Context(PROGRAMME, stream, protocol)
                projections.write({}, projections.rows(context, course, entries))
                written += len(entries)
    return written + long_history() + monitored_day() + looks(participants)


def long_history() -> int:
    """Thousands of sets of vital signs of one participant."""
    from sojourn import course as courses
    from sojourn.course.dosing import VitalsRecorded
    from sojourn.ledger import programmes, projections
    from sojourn.ledger.append import append
    from sojourn.ledger.read import read_stream
    from sojourn.ledger.registry import kinds

    stream = f"course:{PROGRAMME}:{LONG}"
    context = projections.Context(PROGRAMME, stream, programmes.load(PROGRAMME).protocol)

    def rows() -> projections.Rows:
        entries = read_stream(stream)
        return projections.rows(context, courses.fold(entries, kinds().read), entries)

    before, entries = rows(), read_stream(stream)
    facts = [VitalsRecorded("dosing-1", f"{n}", 120, 80, 60 + n % 40, 366, 98, None)
             for n in range(SETS)]  # fmt: skip
    append(
        stream, facts, expected=len(entries), occurred_at=entries[-1].occurred_at,
        author="ana", role="therapist",
    )  # fmt: skip
    projections.write(before, rows())
    return SETS


def monitored_day() -> int:
    """Eight hours of a monitor, with a blood pressure every five minutes."""
    from django.db import transaction

    from sojourn.course.readings import Reading, batch_of
    from sojourn.ledger import watching
    from sojourn.ledger.append import append

    stream = watching.stream_of(PROGRAMME, MONITORED, "dosing-1")
    start = datetime(2024, 1, 1, 9, tzinfo=UTC)
    monitor, written = watching.load(stream), 0
    with transaction.atomic():
        for second in range(0, SECONDS, 60):
            at = [int(start.timestamp() * 1000) + (second + each) * 1000 for each in range(60)]
            signals = ("pulse_bpm", "spo2_percent", "respiration_per_min")
            readings = [Reading(ms, each, 60 + second % 30) for ms in at for each in signals]
            if second % 300 == 0:
                readings += [
                    Reading(at[0], "systolic_mmhg", 120),
                    Reading(at[0], "diastolic_mmhg", 80),
                ]
            entries = append(
                stream, [batch_of(readings, source="file", batch=f"{second}")],
                expected=monitor.sequence, occurred_at=start, author="monitor", role="device",
            )  # fmt: skip
            for each in entries:
                watching.apply(monitor, each)
            written += len(entries)
        watching.save(monitor)
    return written


def looks(participants: int) -> int:
    """As many looks at names as there are participants."""
    from sojourn.conduct.identity import IdentityOpened
    from sojourn.ledger.append import append

    facts = [IdentityOpened(f"P-{n:06d}", "to call them") for n in range(participants)]
    append(
        f"identity:{PROGRAMME}", facts, expected=0,
        occurred_at=datetime(2024, 1, 2, tzinfo=UTC), author="ana", role="coordinator",
    )  # fmt: skip
    return len(facts)


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
        yield "MedicationStatement", {"patient": who, "status": "active"}
        yield "QuestionnaireResponse", {"patient": who}
        yield "QuestionnaireResponse", {"questionnaire": "caps-5", "authored": f"ge{day}"}
        yield "Observation", {"category": "vital-signs", "date": f"ge{day}"}
        yield "Observation", {"_lastUpdated": f"ge{day}", "_count": 50}
        yield "Provenance", {"patient": who}
        yield "AuditEvent", {"_count": 50}
        yield "AuditEvent", {"patient": who}
        # One with a long history, and one with a day of a monitor.
        yield "Observation", {"subject": LONG, "_count": 50}
        yield "Observation", {"subject": LONG, "code": "8867-4", "date": "ge2024-01-01"}
        yield "Provenance", {"patient": f"Patient/{LONG}", "_count": 50}
        yield "Observation", {"subject": MONITORED, "category": "vital-signs"}
        yield (
            "Observation",
            {"subject": MONITORED, "code": "85354-9", "date": "gt2024-01-01T12:00:00Z"},
        )
        yield "Observation", {"subject": MONITORED, "code": "8310-5"}


def measure(participants: int) -> float:
    from django.db import connection, reset_queries
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from sojourn.exchange.fhir import callers

    token = callers.add(PROGRAMME, "bench", "monitor", "system/*.read", author="lead")
    client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})
    client.get("/fhir/Patient")  # the first loads the program
    took: dict[str, list[tuple[float, float, int]]] = {}
    for kind, asked in questions(participants):
        url = f"/fhir/{kind}?{urlencode(asked)}"
        for named in ("first", "next"):
            with CaptureQueriesContext(connection) as queries:
                begun, worked = time.perf_counter(), time.process_time()
                answer = client.get(url)
                ms = (time.perf_counter() - begun) * 1000
                worked_ms = (time.process_time() - worked) * 1000
            assert answer.status_code == 200, answer.content
            name = f"{kind} by {', '.join(asked)}, {named}"
            name = name.replace("subject", "long" if LONG in str(asked) else "monitored")
            took.setdefault(name, []).append((ms, worked_ms, len(queries)))
            reset_queries()
            onward = [e["url"] for e in answer.json()["link"] if e["relation"] == "next"]
            if not onward:
                break
            url = onward[0][onward[0].index("/fhir/") :]
    print(f"{'ms':>70} p50    p95 | processor p50    p95 | queries at most")
    for name, found in took.items():
        times, works, counts = zip(*found, strict=True)
        half, most = statistics.median(times), p95(times)
        worked = f"{statistics.median(works):13.1f} {p95(works):6.1f}"
        print(f"{name:65} {half:8.1f} {most:6.1f} | {worked} | {max(counts)}")
    print(f"processor p95 {p95([e[1] for several in took.values() for e in several]):.1f} ms")
    return p95([e[0] for several in took.values() for e in several])


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    many = record_of_many.count_asked_for(2000, "participants")
    record_of_many.start()
    begun = time.perf_counter()
    entries = fill(many)
    print(f"{many} participants, {entries} entries, filled in {time.perf_counter() - begun:.0f} s")
    result = measure(many)
    print(f"search p95 {result:.1f} ms (limit {LIMIT_MS} ms), load {os.getloadavg()[0]:.1f}")
    sys.exit(result >= LIMIT_MS)
