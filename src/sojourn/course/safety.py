"""Safety: alerts that stay open until someone acts, and adverse events in full.

Feeling good is no reason to leave an event out: valence is asked for every
time, and words that point to abuse make it an event of special interest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.state import AdverseEvent, Alert, Course, with_item
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

CLINICAL = ("therapist", "prescriber", "coordinator")
RELATEDNESS = (
    ("not-related", "Not related"),
    ("unlikely", "Unlikely"),
    ("possible", "Possible"),
    ("probable", "Probable"),
    ("definite", "Definite"),
)
EXPECTEDNESS = (("expected", "Expected"), ("unexpected", "Unexpected"))
OUTCOMES = (
    ("recovered", "Recovered"),
    ("recovering", "Recovering"),
    ("not-recovered", "Not recovered"),
    ("sequelae", "Recovered with sequelae"),
    ("fatal", "Fatal"),
    ("unknown", "Unknown"),
)
VALENCES = (("unpleasant", "Unpleasant"), ("neutral", "Neutral"), ("pleasant", "Pleasant"))


@dataclass(frozen=True, slots=True)
class RecordAdverseEvent:
    name: ClassVar[str] = "safety.record-adverse-event"
    title: ClassVar[str] = "Record an adverse event"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = CLINICAL

    at: Annotated[datetime, Ask("Learned of it at")]
    term: Annotated[
        str, Ask("Event", help="Pleasant effects too: euphoria, wanting more.", longest=200)
    ]
    grade: Annotated[int, Ask("Grade", help="CTCAE, 1 mild to 5 fatal", at_least=1, at_most=5)]
    serious: Annotated[bool, Ask("Serious", help="Death, danger to life, hospital, disability.")]
    relatedness: Annotated[str, Ask("Related to the study drug", choices=RELATEDNESS)]
    expectedness: Annotated[str, Ask("Expected", choices=EXPECTEDNESS)]
    outcome: Annotated[str, Ask("Outcome", choices=OUTCOMES)]
    valence: Annotated[str, Ask("How it felt", choices=VALENCES)]
    started_on: Annotated[date, Ask("Started on")]
    ended_on: Annotated[date | None, Ask("Ended on", optional=True)] = None


@dataclass(frozen=True, slots=True)
class UpdateAdverseEvent:
    name: ClassVar[str] = "safety.update-adverse-event"
    title: ClassVar[str] = "Follow up an adverse event"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = CLINICAL

    at: Annotated[datetime, Ask("Learned at")]
    event: Annotated[str, Ask("Event", choices_from="adverse-events")]
    grade: Annotated[int, Ask("Worst grade", at_least=1, at_most=5)]
    serious: Annotated[bool, Ask("Serious")]
    outcome: Annotated[str, Ask("Outcome", choices=OUTCOMES)]
    ended_on: Annotated[date | None, Ask("Ended on", optional=True)] = None


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
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber")

    at: Annotated[datetime, Ask("Acted at")]
    alert: Annotated[str, Ask("Alert", choices_from="alerts")]
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


@dataclass(frozen=True, slots=True)
class AdverseEventRecorded:
    kind: ClassVar[str] = "safety.adverse-event-recorded"
    schema: ClassVar[int] = 1
    event: str
    term: str
    grade: int
    serious: bool
    relatedness: str
    expectedness: str
    outcome: str
    valence: str
    started_on: date
    ended_on: date | None
    special_interest: str


@dataclass(frozen=True, slots=True)
class AdverseEventUpdated:
    kind: ClassVar[str] = "safety.adverse-event-updated"
    schema: ClassVar[int] = 1
    event: str
    grade: int
    serious: bool
    outcome: str
    ended_on: date | None


def new_alert(course: Course, rule: str, label: str, visit: str, *, after: int = 0) -> AlertRaised:
    """An alert with the next free key; ``after`` counts others raised by the same command."""
    return AlertRaised(f"alert-{len(course.alerts) + after + 1}", rule, label, visit)


def special_interest(protocol: Protocol, term: str) -> str:
    """Key of the special interest whose words ``term`` holds, or empty."""
    words = term.lower()
    for interest in protocol.special_interest:
        if any(each.lower() in words for each in interest.terms):
            return interest.key
    return ""


def record_event(
    course: Course, command: RecordAdverseEvent, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent_given_once(course)
    _check_event(command.grade, command.serious, command.outcome)
    if command.started_on > command.at.date():
        raise Refused(f"{command.started_on} is still to come; check the date", "started_on")
    _check_end(command.started_on, command.ended_on, command.at.date())
    fact = AdverseEventRecorded(
        event=f"ae-{len(course.adverse_events) + 1}",
        term=command.term.strip(),
        grade=command.grade,
        serious=command.serious,
        relatedness=command.relatedness,
        expectedness=command.expectedness,
        outcome=command.outcome,
        valence=command.valence,
        started_on=command.started_on,
        ended_on=command.ended_on,
        special_interest=special_interest(circumstances.protocol, command.term),
    )
    if not command.serious:
        return (fact,)
    return (fact, _reporting_clock(course, fact.event, fact.term, circumstances))


def update_event(
    course: Course, command: UpdateAdverseEvent, circumstances: Circumstances
) -> tuple[Fact, ...]:
    event = course.adverse_events.get(command.event)
    if event is None:
        raise Refused(f"'{command.event}' is no recorded adverse event", "event")
    _check_event(command.grade, command.serious, command.outcome)
    _check_end(event.started_on, command.ended_on, command.at.date())
    fact = AdverseEventUpdated(
        command.event, command.grade, command.serious, command.outcome, command.ended_on
    )
    if event.serious or not command.serious:
        return (fact,)
    return (fact, _reporting_clock(course, event.key, event.term, circumstances))


def raise_concern(
    course: Course, command: RaiseConcern, circumstances: Circumstances
) -> tuple[Fact, ...]:
    return (new_alert(course, "concern", command.concern, ""),)


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
    if len(command.action.strip()) < 8:
        raise Refused("say in a few words what was done", "action")
    return (AlertResolved(alert.key, command.action.strip()),)


def consent_given_once(course: Course) -> None:
    """Safety is recorded even after consent is withdrawn, but never without any."""
    if not course.consents:
        raise Refused("no consent was ever signed; record it first")


def raised(course: Course, fact: AlertRaised, entry: Entry) -> Course:
    alert = Alert(fact.alert, fact.rule, fact.label, fact.visit, entry.occurred_at)
    return replace(course, alerts=with_item(course.alerts, alert.key, alert))


def resolved(course: Course, fact: AlertResolved, entry: Entry) -> Course:
    alert = replace(course.alerts[fact.alert], resolved_at=entry.occurred_at, action=fact.action)
    return replace(course, alerts=with_item(course.alerts, alert.key, alert))


def event_recorded(course: Course, fact: AdverseEventRecorded, entry: Entry) -> Course:
    event = AdverseEvent(
        key=fact.event,
        term=fact.term,
        grade=fact.grade,
        serious=fact.serious,
        relatedness=fact.relatedness,
        expectedness=fact.expectedness,
        outcome=fact.outcome,
        valence=fact.valence,
        started_on=fact.started_on,
        ended_on=fact.ended_on,
        special_interest=fact.special_interest,
        recorded_at=entry.occurred_at,
    )
    return replace(course, adverse_events=with_item(course.adverse_events, event.key, event))


def event_updated(course: Course, fact: AdverseEventUpdated, entry: Entry) -> Course:
    known = course.adverse_events.get(fact.event)
    if known is None:  # while the event itself is being corrected
        return course
    event = replace(
        known,
        grade=fact.grade,
        serious=fact.serious,
        outcome=fact.outcome,
        ended_on=fact.ended_on,
    )
    return replace(course, adverse_events=with_item(course.adverse_events, event.key, event))


def _check_event(grade: int, serious: bool, outcome: str) -> None:
    if (grade == 5) != (outcome == "fatal"):
        raise Refused(f"grade {grade} and outcome '{outcome}' contradict each other", "outcome")
    if grade >= 4 and not serious:
        raise Refused(f"an event of grade {grade} is serious; say so", "serious")


def _check_end(started_on: date, ended_on: date | None, today: date) -> None:
    if ended_on and ended_on < started_on:
        raise Refused(f"{ended_on} lies before the start {started_on}", "ended_on")
    if ended_on and ended_on > today:
        raise Refused(f"{ended_on} is still to come; record it once over", "ended_on")


def _reporting_clock(
    course: Course, event: str, term: str, circumstances: Circumstances
) -> AlertRaised:
    hours = circumstances.clearance.setting("serious-report-hours")
    within = f"report within {hours} h" if hours else "report at once: the site has set no deadline"
    return new_alert(course, "serious-adverse-event", f"Serious: {term}; {within}", event)


DECIDE: Mapping[type, Any] = {
    RecordAdverseEvent: record_event,
    UpdateAdverseEvent: update_event,
    RaiseConcern: raise_concern,
    ResolveAlert: resolve,
}
EVOLVE: Mapping[type, Any] = {
    AlertRaised: raised,
    AlertResolved: resolved,
    AdverseEventRecorded: event_recorded,
    AdverseEventUpdated: event_updated,
}
