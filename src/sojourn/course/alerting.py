"""Alarms as alerts: raised by a rule, acknowledged by a person, passed on when nobody does.

An alert stays open until someone acts on it (``safety.ResolveAlert``).
Acknowledging says who has seen it and what they do now; it ends the escalation,
not the alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.safety import new_alert
from sojourn.course.state import Alert, Course, changed, with_item
from sojourn.protocols.model import Protocol
from sojourn.protocols.monitoring import AlarmRule
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

SYSTEM = "system"
LIMITS_NOT_SET = "alarm-limits-not-set"


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Asked for by the server when a rule's condition is met."""

    name: ClassVar[str] = "safety.raise-alarm"
    title: ClassVar[str] = "Raise an alarm"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (SYSTEM,)

    at: Annotated[datetime, Ask("Met at")]
    rule: Annotated[str, Ask("Rule")]
    label: Annotated[str, Ask("What happened")]
    visit: Annotated[str, Ask("Session")]


@dataclass(frozen=True, slots=True)
class AcknowledgeAlert:
    name: ClassVar[str] = "safety.acknowledge-alert"
    title: ClassVar[str] = "Acknowledge an alert"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber")

    at: Annotated[datetime, Ask("Seen at")]
    alert: Annotated[str, Ask("Alert", choices_from="alerts")]
    action: Annotated[str, Ask("What you do now", help="It stays open until it is acted on.")]


@dataclass(frozen=True, slots=True)
class EscalateAlert:
    """Asked for by the server when an alarm was not acknowledged in its rule's time."""

    name: ClassVar[str] = "safety.escalate-alert"
    title: ClassVar[str] = "Escalate an alert"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (SYSTEM,)

    at: Annotated[datetime, Ask("Escalated at")]
    alert: Annotated[str, Ask("Alert", choices_from="alerts")]


@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    kind: ClassVar[str] = "safety.alert-acknowledged"
    schema: ClassVar[int] = 1
    alert: str
    by: str
    action: str


@dataclass(frozen=True, slots=True)
class AlertEscalated:
    kind: ClassVar[str] = "safety.alert-escalated"
    schema: ClassVar[int] = 1
    alert: str
    to: str
    after_s: int


def rule_of(protocol: Protocol, alert: Alert) -> AlarmRule | None:
    """The alarm rule that raised ``alert``, if one did, in the version followed then."""
    monitoring = protocol.at(alert.raised_at).monitoring
    return monitoring.alarm(alert.rule) if monitoring else None


def escalates_at(protocol: Protocol, alert: Alert) -> datetime | None:
    """When ``alert`` goes further unless somebody acknowledges it; None when it does not."""
    rule = rule_of(protocol, alert)
    if rule is None or not rule.escalates_to:
        return None
    if alert.resolved_at or alert.acknowledged_at or alert.escalated_at:
        return None
    return alert.raised_at + timedelta(seconds=rule.escalates_after_s)


def raise_alarm(
    course: Course, command: RaiseAlarm, circumstances: Circumstances
) -> tuple[Fact, ...]:
    for alert in course.open_alerts:
        same = (alert.rule, alert.visit) == (command.rule, command.visit)
        if same and alert.acknowledged_at is None:
            return ()  # nobody has seen the first one yet; a second would hide it
    return (new_alert(course, command.rule, command.label, command.visit),)


def acknowledge(
    course: Course, command: AcknowledgeAlert, circumstances: Circumstances
) -> tuple[Fact, ...]:
    alert = _open(course, command.alert)
    if alert.acknowledged_at:
        raise Refused(
            f"'{alert.label}' was acknowledged by {alert.acknowledged_by} at "
            f"{alert.acknowledged_at:%Y-%m-%d %H:%M}",
            "alert",
        )
    if not command.action.strip():
        raise Refused("say in a word what you do now", "action")
    if command.at < alert.raised_at:
        raise Refused(f"the alert was raised at {alert.raised_at:%H:%M}; give a later time", "at")
    return (AlertAcknowledged(alert.key, circumstances.author, command.action.strip()),)


def escalate(
    course: Course, command: EscalateAlert, circumstances: Circumstances
) -> tuple[Fact, ...]:
    alert = _open(course, command.alert)
    due = escalates_at(circumstances.protocol, alert)
    rule = rule_of(circumstances.protocol, alert)
    if due is None or rule is None:
        raise Refused(f"'{alert.label}' goes no further", "alert")
    if command.at < due:
        raise Refused(f"'{alert.label}' goes further at {due:%H:%M:%S}, not before", "at")
    return (AlertEscalated(alert.key, rule.escalates_to, rule.escalates_after_s),)


def acknowledged(course: Course, fact: AlertAcknowledged, entry: Entry) -> Course:
    return _changed(course, fact.alert, acknowledged_at=entry.occurred_at, acknowledged_by=fact.by)


def escalated(course: Course, fact: AlertEscalated, entry: Entry) -> Course:
    return _changed(course, fact.alert, escalated_at=entry.occurred_at, escalated_to=fact.to)


def _open(course: Course, key: str) -> Alert:
    alert = course.alerts.get(key)
    if alert is None:
        raise Refused(f"there is no alert '{key}'", "alert")
    if alert.resolved_at:
        raise Refused(
            f"'{alert.label}' was acted on at {alert.resolved_at:%Y-%m-%d %H:%M}", "alert"
        )
    return alert


def _changed(course: Course, key: str, **changes: Any) -> Course:
    alert = replace(course.alerts[key], **changes)
    return changed(course, alerts=with_item(course.alerts, key, alert))


DECIDE: Mapping[type, Any] = {
    RaiseAlarm: raise_alarm,
    AcknowledgeAlert: acknowledge,
    EscalateAlert: escalate,
}
EVOLVE: Mapping[type, Any] = {AlertAcknowledged: acknowledged, AlertEscalated: escalated}
