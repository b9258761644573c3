"""Open alarms as rows: what a room, a phone or a device asks for again and again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import models

from sojourn.course.alerting import LIMITS_NOT_SET, escalates_at, rule_of
from sojourn.course.state import Course
from sojourn.ledger.readings_rows import AlarmRow
from sojourn.protocols.model import Protocol


def rows_of(
    stream: str, programme: str, protocol: Protocol, course: Course
) -> Mapping[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]]:
    """One row for each open alert that a protocol's alarm rule raised."""
    found: dict[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]] = {}
    for alert in course.open_alerts:
        rule = rule_of(protocol, alert)
        if rule is None and alert.rule != LIMITS_NOT_SET:
            continue
        due = escalates_at(protocol, alert)
        found[AlarmRow, (stream, alert.key)] = (
            programme,
            course.site,
            course.participant,
            alert.visit,
            alert.rule,
            rule.level if rule else "caution",
            alert.label,
            _text(alert.raised_at),
            _text(alert.acknowledged_at),
            alert.acknowledged_by,
            _text(alert.escalated_at),
            alert.escalated_to,
            round(due.timestamp() * 1000) if due else None,
            rule.escalates_to if rule else "",
        )
    return found


def open_alarms(programme: str, *, site: str = "", participant: str = "") -> list[AlarmRow]:
    """The programme's open alarms, oldest first; of one site or participant when named."""
    found = AlarmRow.objects.filter(programme=programme)
    if site:
        found = found.filter(site=site)
    if participant:
        found = found.filter(participant=participant)
    return list(found.order_by("raised_at", "stream", "alert"))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else str(moment.astimezone(UTC))
