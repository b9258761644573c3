"""Confidential reports on the record, in a stream that only those who oversee a site may open."""

from typing import Any

from django.db import transaction

from sojourn.conduct import confidential
from sojourn.conduct.blinding import may_read_confidential
from sojourn.conduct.confidential import (
    ConfidentialReport,
    ConfidentialReportMade,
    Reports,
)
from sojourn.ledger import clock, programmes
from sojourn.ledger.append import append, take_turn
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import ConfidentialRow
from sojourn.record.command import Refused
from sojourn.record.entry import Entry

PREFIX = "confidential:"


def execute(programme: str, command: Any, by: Person, *, key: str = "") -> tuple[Entry, ...]:
    """Decide and write a report, or what was done about one; ``key`` makes a retry write nothing.

    Raises
    ------
    Refused
        If the role may not ask for it or it makes no sense.
    """
    programmes.load(programme)
    with transaction.atomic():
        take_turn()
        reports = confidential.fold(read_stream(PREFIX + programme))
        facts = confidential.decide(reports, command, role=by.role, now=clock.now())
        written = append(
            PREFIX + programme,
            facts,
            expected=reports.version,
            occurred_at=command.at,
            author=by.name,
            role=by.role,
            command=key,
        )
        project(programme, written)
    return written


def reports(programme: str, by: Person) -> Reports:
    """Every report of the programme, for those who oversee it.

    Raises
    ------
    Refused
        If the role may not read them.
    """
    if not may_read_confidential(by.role):
        raise Refused(f"a {by.role} can't read confidential reports")
    return confidential.fold(read_stream(PREFIX + programme))


def own(programme: str, by: Person) -> tuple[ConfidentialReport, ...]:
    """What this person reported themselves, so that they see whether it was acted on."""
    known = confidential.fold(read_stream(PREFIX + programme)).by_key.values()
    return tuple(each for each in known if (each.by, each.role) == (by.name, by.role))


def project(programme: str, entries: tuple[Entry, ...]) -> None:
    """Keep the list of open reports in line with these entries."""
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, ConfidentialReportMade):
            ConfidentialRow.objects.update_or_create(
                programme=programme,
                report=fact.report,
                defaults={"category": fact.category, "made_at": entry.occurred_at},
            )
        else:
            ConfidentialRow.objects.filter(
                programme=programme,
                report=fact.report,  # type: ignore[attr-defined]
            ).delete()
