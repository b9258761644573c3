"""A record of up to a million participants on PostgreSQL, cloned in bulk and yet whole.

Courses of the demonstration are written again under new numbers with hashes and rows of their
own, so that the record verifies and every list reads as if each had been entered by hand.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

PROGRAMME = "demo"
SITES = 50
BATCH = 1_000  # participants a transaction
NUMBER, SITE = "\x01", "\x02"  # stand for what differs between clones
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a course to clone: its columns, and its data with marks."""

    columns: Row
    data: str
    escaped: str  # as COPY reads it


@dataclass(frozen=True, slots=True)
class Template:
    """One course to clone: its entries, and the text of its rows by table."""

    participant: str
    in_session: bool
    entries: tuple[Entry, ...]
    rows: dict[str, str]


@dataclass
class Tail:
    """How far the record has come."""

    position: int
    hash: str
    rows: dict[str, list[str]] = field(default_factory=dict)


def load_courses(people: int = 60) -> tuple[Template, ...]:
    """Load a demonstration and read its courses, shortest first."""
    from django.db import connection

    from sojourn.clinic.demo import load_demo
    from sojourn.ledger import clock
    from sojourn.ledger.rows import OpenSessionRow, ParticipantRow

    load_demo(today=clock.now(), participants=people)
    in_session = set(OpenSessionRow.objects.values_list("participant", flat=True))
    with connection.cursor() as cursor:
        found = [
            _template(cursor, stream, participant, site, participant in in_session)
            for stream, participant, site in ParticipantRow.objects.values_list(
                "stream", "participant", "site"
            )
        ]
    return tuple(sorted(found, key=lambda each: len(each.entries)))


def _template(cursor: Any, stream: str, participant: str, site: str, in_session: bool) -> Template:
    from sojourn.ledger import projections
    from sojourn.ledger.columns import STORED

    cursor.execute(
        f"SELECT {STORED} FROM ledger_entry WHERE stream = %s ORDER BY sequence", [stream]
    )
    entries = []
    for columns in cursor.fetchall():
        data = columns[5].replace(f'"{participant}"', f'"{NUMBER}"')
        data = data.replace(f'"site":"{site}"', f'"site":"{SITE}"')
        escaped = data.replace("\\", "\\\\")
        entries.append(Entry(columns, data, escaped))
    rows = {}
    for table in projections.TABLES:
        names = ", ".join(projections.columns(table))
        name = table._meta.db_table
        with cursor.copy(
            f"COPY (SELECT {names} FROM {name} WHERE stream = '{stream}') TO STDOUT"
        ) as copy:
            text = b"".join(copy).decode()
        if text:
            text = text.replace(stream, f"course:{PROGRAMME}:{NUMBER}")
            rows[f"{name} ({names})"] = _marked(_marked(text, participant, NUMBER), site, SITE)
    return Template(participant, in_session, tuple(entries), rows)


def _marked(text: str, value: str, mark: str) -> str:
    """``text`` of a COPY with ``mark`` in each column that holds exactly ``value``."""
    return re.sub(rf"(?<![^\t\n]){re.escape(value)}(?![^\t\n])", mark, text)


def grow(templates: Sequence[Template], have: int, want: int, prefix: str = "C") -> None:
    """Clone courses in turn until there are ``want`` under this prefix."""
    from django.db import transaction

    for first in range(have, want, BATCH):
        with transaction.atomic():
            _clone(templates, range(first, min(first + BATCH, want)), prefix)
        if want - have > 50 * BATCH:
            print(f"\r  {first + BATCH} participants", end="", file=sys.stderr, flush=True)
    _count()


def number_of(place: int, prefix: str = "C") -> str:
    """The number of the clone at that place."""
    return f"{prefix}-{place:07d}"


def _clone(templates: Sequence[Template], places: range, prefix: str) -> None:
    from django.db import connection

    from sojourn.ledger.columns import STORED

    with connection.cursor() as cursor:
        cursor.execute("SELECT position, hash FROM ledger_head")
        tail = Tail(*cursor.fetchone())
        with cursor.copy(f"COPY ledger_entry ({STORED}) FROM STDIN") as copy:
            for place in places:
                number, site = number_of(place, prefix), f"site-{place % SITES + 1:02d}"
                template = templates[place % len(templates)]
                copy.write("".join(_lines(template, number, site, tail)))
                for table, text in template.rows.items():
                    mine = text.replace(NUMBER, number).replace(SITE, site)
                    tail.rows.setdefault(table, []).append(mine)
        for table, texts in tail.rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write("".join(texts))
        cursor.execute(
            "UPDATE ledger_head SET position = %s, hash = %s", [tail.position, tail.hash]
        )


def _lines(template: Template, number: str, site: str, tail: Tail) -> Iterator[str]:
    """The entries of one clone as COPY reads them; moves the tail of the record."""
    from sojourn.record.hashing import BEFORE_THE_FIRST, hash_of

    stream, previous = f"course:{PROGRAMME}:{number}", BEFORE_THE_FIRST
    for entry in template.entries:
        tail.position += 1
        _, _, sequence, kind, schema, _, *rest = entry.columns
        occurred, recorded, author, role, reason, signature = rest[:6]
        data = entry.data.replace(NUMBER, number).replace(SITE, site)
        tail.hash = hash_of(
            tail.position, stream, sequence, kind, schema, data, *rest[:6], "", previous
        )
        escaped = data if data == entry.escaped else _filled(entry.escaped, number, site)
        why, signed = reason.replace("\\", "\\\\"), signature.replace("\\", "\\\\")
        yield (
            f"{tail.position}\t{stream}\t{sequence}\t{kind}\t{schema}\t{escaped}\t{occurred}\t"
            f"{recorded}\t{author}\t{role}\t{why}\t{signed}\t\t{previous}\t{tail.hash}\n"
        )
        previous = tail.hash


def _filled(text: str, number: str, site: str) -> str:
    return text.replace(NUMBER, number).replace(SITE, site)


def _count() -> None:
    """Make what is kept as counts anew, as a rebuild would; moods keep theirs."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_statuscount")
        cursor.execute(
            "INSERT INTO ledger_statuscount (programme, site, status, participants) "
            "SELECT programme, site, status, count(*) FROM ledger_participantrow "
            "GROUP BY programme, site, status"
        )
        cursor.execute("DELETE FROM ledger_safetycount WHERE subject <> 'mood'")
        for subject, named in (("event", "system_organ_class"), ("interest", "special_interest")):
            cursor.execute(
                "INSERT INTO ledger_safetycount (programme, subject, named, value, times) "
                f"SELECT programme, '{subject}', {named}, grade, count(*) FROM ledger_eventrow "
                f"WHERE {named} <> '' GROUP BY programme, {named}, grade"
            )
        cursor.execute("ANALYZE")
