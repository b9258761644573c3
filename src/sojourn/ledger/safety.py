"""Rows of the safety board: events, clocks, excursions, stopping rules and what is counted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models

from sojourn.course.alerting import LIMITS_NOT_SET, rule_of
from sojourn.course.event_rules import OPEN_OUTCOMES
from sojourn.course.state import AdverseEvent, Course
from sojourn.course.stopping import counting
from sojourn.ledger.columns import iso
from sojourn.ledger.rows import ClockRow, EventRow, ExcursionRow, SafetyCount, StoppingRow
from sojourn.protocols.model import Protocol

TABLES: tuple[type[models.Model], ...] = (EventRow, ClockRow, ExcursionRow, StoppingRow)
Rows = Mapping[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]]
VITAL_SIGNS = ("vital-signs", LIMITS_NOT_SET)
NO_CLOCK = "none"
NOT_CODED = "Not coded"
DAYS_AFTER = range(1, 8)


def rows(
    programme: str, stream: str, protocol: Protocol, course: Course, in_force: Protocol
) -> Rows:
    """Every row this course gives the safety board, by table and key.

    A stopping rule is the whole trial's: it counts by the version ``in_force``, whichever version
    this course follows.
    """
    whose = (programme, course.participant)
    return {
        **{
            (EventRow, (stream, event.key)): (*whose, *_event(event))
            for event in course.adverse_events.values()
        },
        **_clocks(stream, whose, course),
        **{
            (ExcursionRow, (stream, alert.key)): (
                *whose,
                alert.visit,
                alert.label,
                iso(alert.raised_at),
            )
            for alert in course.alerts.values()
            if alert.rule in VITAL_SIGNS or rule_of(protocol, alert) is not None
        },
        **stopping(whose, stream, course, in_force),
        **{
            (SafetyCount, (programme, *what)): (times,)
            for what, times in Counter(_counted(protocol, course)).items()
        },
    }


def stopping(whose: tuple[str, str], stream: str, course: Course, in_force: Protocol) -> Rows:
    """The events of this course that count towards a stopping rule."""
    return {
        (StoppingRow, (stream, rule.key, event.key)): (*whose, event.term)
        for rule, event in counting(in_force, course)
    }


def count(cursor: Any, before: Rows, after: Rows) -> None:
    """Add to the kept counts what ``after`` counts more than ``before``, or less."""
    keys = {key for table, key in (*before, *after) if table is SafetyCount}
    for key in sorted(keys):
        was, now = before.get((SafetyCount, key), (0,)), after.get((SafetyCount, key), (0,))
        more = now[0] - was[0]
        if not more:
            continue
        cursor.execute(
            "INSERT INTO ledger_safetycount (programme, subject, named, value, times) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (programme, subject, named, value) "
            "DO UPDATE SET times = ledger_safetycount.times + excluded.times",
            [*key, more],
        )
        if more < 0:
            cursor.execute(
                "DELETE FROM ledger_safetycount WHERE programme = %s AND subject = %s "
                "AND named = %s AND value = %s AND times = 0",
                list(key),
            )


def _event(event: AdverseEvent) -> tuple[Any, ...]:
    open_since = None
    if event.outcome in OPEN_OUTCOMES:
        # Recorded before follow-up was kept: due since it was recorded.
        open_since = event.follow_up_on or event.recorded_at.date()
    return (
        event.term,
        event.grade,
        event.serious,
        event.relatedness,
        event.expectedness,
        event.outcome,
        event.valence,
        event.special_interest,
        iso(event.started_on),
        iso(event.ended_on),
        event.coded_term,
        event.system_organ_class,
        event.learned,
        iso(event.recorded_at),
        iso(open_since),
    )


def _clocks(stream: str, whose: tuple[str, str], course: Course) -> Rows:
    found: dict[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]] = {}
    for each in course.clocks.values():
        event = course.adverse_events.get(each.event)
        found[ClockRow, (stream, each.event, each.key)] = (
            *whose,
            event.term if event else each.event,
            each.label,
            each.recipient,
            iso(each.started_at),
            iso(each.due_at),
            iso(each.stopped_at),
            each.reference or each.waived,
        )
    timed = {event for event, _ in course.clocks}
    for event in course.adverse_events.values():
        if event.serious and event.key not in timed:
            # Recorded before clocks were kept: serious, and no deadline is on record.
            found[ClockRow, (stream, event.key, NO_CLOCK)] = (
                *whose,
                event.term,
                "No deadline on record",
                "",
                iso(event.recorded_at),
                None,
                None,
                "",
            )
    return found


def _counted(protocol: Protocol, course: Course) -> Iterator[tuple[str, str, int]]:
    for event in course.adverse_events.values():
        yield "event", event.system_organ_class or NOT_CODED, event.grade
        if event.special_interest:
            yield "interest", event.special_interest, event.grade
    for key, contact in course.contacts.items():
        visit = protocol.visit(key)
        if visit is not None and visit.window.target in DAYS_AFTER:
            yield "mood", str(visit.window.target), contact.mood
