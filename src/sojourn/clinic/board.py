"""What the safety board shows, gathered from rows alone; no part of it knows an arm."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from sojourn.analysis.histogram import Quartiles, quartiles
from sojourn.clinic.access import Visitor
from sojourn.conduct.blinding import may_read_confidential
from sojourn.conduct.containers import Discrepancy
from sojourn.course.stopping import Verdict, judge
from sojourn.ledger import stock
from sojourn.ledger.rows import (
    ClockRow,
    ConfidentialRow,
    DeviationRow,
    EventRow,
    ExcursionRow,
    OpenAlertRow,
    SafetyCount,
    StoppingRow,
)

SHOWN = 12
COUNTED_UP_TO = 200  # beyond this a page says "more than", so that its cost stays the same
GRADES = (1, 2, 3, 4, 5)
DAYS_AFTER = range(1, 8)


@dataclass(frozen=True, slots=True)
class Running:
    """A report that is due: how long is left, in words, and whether it is late."""

    row: ClockRow
    left: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A stopping rule, where it stands, and the first events that count towards it."""

    verdict: Verdict
    grounds: tuple[StoppingRow, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the safety board at one moment."""

    at: datetime
    alerts: list[OpenAlertRow]
    alert_count: int
    confidential: list[ConfidentialRow]
    diversions: list[tuple[str, Discrepancy]]
    running: list[Running]
    running_count: int
    follow_ups: list[EventRow]
    follow_up_count: int
    by_class: list[tuple[str, list[int], int]]
    events: int
    interests: list[tuple[str, str, int, list[EventRow]]]
    serious: list[EventRow]
    excursions: list[ExcursionRow]
    against_rule: list[DeviationRow]
    moods: dict[int, Quartiles | None]
    rules: list[Rule]


def gather(visitor: Visitor, now: datetime, most: int = SHOWN) -> Board:
    """The board of the visitor's programme, ``most`` lines of each list, read by an index."""
    here = {"programme": visitor.programme}
    events = visitor.at_sites(EventRow.objects.filter(**here))
    alerts = visitor.at_sites(OpenAlertRow.objects.filter(**here))
    running = visitor.at_sites(ClockRow.objects.filter(**here, stopped_at__isnull=True))
    today = timezone.localdate(now)
    due = events.filter(follow_up_on__lte=today)
    excursions = visitor.at_sites(ExcursionRow.objects.filter(**here))
    against_rule = visitor.at_sites(DeviationRow.objects.filter(**here, category="dose"))
    by_class = _by_class(visitor.programme)
    return Board(
        at=now,
        alerts=list(alerts.order_by("raised_at")[:most]),
        alert_count=counted(alerts),
        confidential=_confidential(visitor),
        diversions=diversions(visitor),
        running=[_running(row, now) for row in _most_urgent(running, most)],
        running_count=counted(running),
        follow_ups=list(due.order_by("follow_up_on")[:most]),
        follow_up_count=counted(due),
        by_class=by_class,
        events=sum(total for _, _, total in by_class),
        interests=_interests(visitor, most),
        serious=list(events.filter(serious=True).order_by("-recorded_at")[:most]),
        excursions=list(excursions.order_by("-raised_at")[: most // 2]),
        against_rule=list(against_rule.order_by("-since_on")[:most]),
        moods=_moods(visitor.programme),
        rules=_rules(visitor, most),
    )


def diversions(visitor: Visitor) -> list[tuple[str, Discrepancy]]:
    """Gaps in the accountability of study drug that nobody explained, for whom the stock is."""
    if not visitor.may_see_stock:
        return []
    found = stock.unexplained(visitor.programme)
    return [(number, each) for number, each in found if visitor.reach.includes(each.site)]


def time_left(due_at: datetime | None, now: datetime) -> str:
    """How long until a deadline, or how long since, in words a person reads at a glance."""
    if due_at is None:
        return "no deadline on record"
    if due_at < now:
        return f"{_span(now - due_at)} late"
    return f"{_span(due_at - now)} left"


def overdue_reports(visitor: Visitor, now: datetime) -> list[Running]:
    """Reports whose deadline has passed, the latest first in need."""
    running = ClockRow.objects.filter(programme=visitor.programme, stopped_at__isnull=True)
    late = visitor.at_sites(running).filter(due_at__lt=now)
    return [_running(row, now) for row in late.order_by("due_at")[:SHOWN]]


def _span(time: timedelta) -> str:
    hours = int(time.total_seconds() // 3600)
    if hours < 48:
        return f"{hours} h {int(time.total_seconds() % 3600 // 60)} min"
    return f"{hours // 24} d {hours % 24} h"


def _running(row: ClockRow, now: datetime) -> Running:
    late = row.due_at is None or row.due_at < now
    return Running(row, time_left(row.due_at, now), late)


def _most_urgent(running: Any, most: int) -> list[ClockRow]:
    # What has no deadline on record comes first: nobody knows how late it is.
    unknown = list(running.filter(due_at__isnull=True).order_by("started_at")[:most])
    dated = running.filter(due_at__isnull=False).order_by("due_at")
    return [*unknown, *dated[: most - len(unknown)]]


def _confidential(visitor: Visitor) -> list[ConfidentialRow]:
    if not may_read_confidential(visitor.role) or not visitor.everywhere:
        return []
    rows = ConfidentialRow.objects.filter(programme=visitor.programme)
    return list(rows.order_by("made_at")[:SHOWN])


def _by_class(programme: str) -> list[tuple[str, list[int], int]]:
    found: dict[str, dict[int, int]] = {}
    for named, grade, times in _counts(programme, "event"):
        found.setdefault(named, {})[grade] = times
    table = [
        (named, [grades.get(grade, 0) for grade in GRADES], sum(grades.values()))
        for named, grades in found.items()
    ]
    return sorted(table, key=lambda each: (-each[2], each[0]))


def _interests(visitor: Visitor, most: int) -> list[tuple[str, str, int, list[EventRow]]]:
    times: dict[str, int] = {}
    for named, _, count in _counts(visitor.programme, "interest"):
        times[named] = times.get(named, 0) + count
    return [
        (
            each.key,
            each.label,
            times.get(each.key, 0),
            list(
                visitor.at_sites(
                    EventRow.objects.filter(programme=visitor.programme, special_interest=each.key)
                ).order_by("-recorded_at")[: most // 2]
            ),
        )
        for each in visitor.standing.protocol.special_interest
    ]


def _moods(programme: str) -> dict[int, Quartiles | None]:
    times: dict[int, dict[int, int]] = {day: {} for day in DAYS_AFTER}
    for day, mood, count in _counts(programme, "mood"):
        times[int(day)][mood] = count
    return {day: quartiles(counts) for day, counts in times.items()}


def _rules(visitor: Visitor, most: int) -> list[Rule]:
    settings = dict(visitor.standing.programme.settings)
    found = []
    for rule in visitor.standing.protocol.stopping_rules:
        rows = StoppingRow.objects.filter(programme=visitor.programme, rule=rule.key)
        verdict = judge(rule, counted(rows), settings)
        grounds = tuple(visitor.at_sites(rows).order_by("participant", "event")[:most])
        found.append(Rule(verdict, grounds))
    return found


def _counts(programme: str, subject: str) -> list[tuple[str, int, int]]:
    rows = SafetyCount.objects.filter(programme=programme, subject=subject)
    return list(rows.values_list("named", "value", "times"))


def counted(rows: Any) -> int:
    """How many there are, up to one more than a page says."""
    return int(rows[: COUNTED_UP_TO + 1].count())
