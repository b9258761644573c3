"""Safety: alerts that stay open until someone acts and says what they did."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Alert, Course, changed, with_item
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

DOSE_AGAINST_RULE = "dose-against-rule"
# Who acts on an alert of a rule; the team on all others. The lead is told of no other.
UNBLINDING_ALONE = "unblinding-alone"
ACTED_ON_BY = {DOSE_AGAINST_RULE: ("prescriber", "sponsor"), UNBLINDING_ALONE: ("sponsor",)}
TREATING = ("therapist", "prescriber")
CLINICAL = ("therapist", "prescriber", "coordinator")


@dataclass(frozen=True, slots=True)
class RaiseConcern:
    name: ClassVar[str] = "safety.raise-concern"
    title: ClassVar[str] = "Raise a concern"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (*CLINICAL, "independent-rater", "monitor", "pharmacist")

    at: Annotated[datetime, Ask("Noticed at")]
    concern: Annotated[str, Ask("What worries you", lines=2)]


@dataclass(frozen=True, slots=True)
class ResolveAlert:
    name: ClassVar[str] = "safety.resolve-alert"
    title: ClassVar[str] = "Act on an alert"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = (*TREATING, "sponsor")

    at: Annotated[datetime, Ask("Acted at")]
    alert: Annotated[str, Ask("Alert", choices_from="alerts-to-act-on")]
    action: Annotated[str, Ask("What was done", lines=3)]


@dataclass(frozen=True, slots=True)
class AlertRaised:
    kind: ClassVar[str] = "safety.alert-raised"
    schema: ClassVar[int] = 1
    alert: str
    rule: str
    label: str
    visit: str


@dataclass(frozen=True, slots=True)
class AlertResolved:
    kind: ClassVar[str] = "safety.alert-resolved"
    schema: ClassVar[int] = 1
    alert: str
    action: str


def new_alert(course: Course, rule: str, label: str, visit: str, *, after: int = 0) -> AlertRaised:
    """An alert with the next free key; ``after`` counts others raised by the same command."""
    return AlertRaised(f"alert-{len(course.alerts) + after + 1}", rule, label, visit)


def raise_concern(
    course: Course, command: RaiseConcern, circumstances: Circumstances
) -> tuple[Fact, ...]:
    return (new_alert(course, "concern", command.concern, ""),)


def may_act(alert: Alert, role: str) -> bool:
    """Whether this role may say what was done about ``alert``, which closes it."""
    return role in ACTED_ON_BY.get(alert.rule, TREATING)


def resolve(
    course: Course, command: ResolveAlert, circumstances: Circumstances
) -> tuple[Fact, ...]:
    alert = course.alerts.get(command.alert)
    if alert is None:
        raise Refused(f"there is no alert '{command.alert}'", "alert")
    if alert.resolved_at:
        raise Refused(
            f"'{alert.label}' was acted on at {alert.resolved_at:%Y-%m-%d %H:%M}", "alert"
        )
    if not may_act(alert, circumstances.role):
        who = " or ".join(ACTED_ON_BY.get(alert.rule, TREATING))
        raise Refused(f"'{alert.label}' is for the {who} to act on", "alert")
    if len(command.action.strip()) < 8:
        raise Refused("say in a few words what was done", "action")
    return (AlertResolved(alert.key, command.action.strip()),)


def raised(course: Course, fact: AlertRaised, entry: Entry) -> Course:
    alert = Alert(fact.alert, fact.rule, fact.label, fact.visit, entry.occurred_at)
    return changed(course, alerts=with_item(course.alerts, alert.key, alert))


def resolved(course: Course, fact: AlertResolved, entry: Entry) -> Course:
    alert = replace(course.alerts[fact.alert], resolved_at=entry.occurred_at, action=fact.action)
    return changed(course, alerts=with_item(course.alerts, alert.key, alert))


DECIDE: Mapping[type, Any] = {
    RaiseConcern: raise_concern,
    ResolveAlert: resolve,
}
EVOLVE: Mapping[type, Any] = {
    AlertRaised: raised,
    AlertResolved: resolved,
}
