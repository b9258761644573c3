"""Adverse events in full: term, grade, seriousness, cause, expectedness, course and outcome.

Feeling good is no reason to leave an event out: valence is asked for every
time, and words that point to abuse make it an event of special interest.
A serious event starts its reporting clocks in the same breath.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.event_rules import (
    ACTIONS,
    EXPECTEDNESS,
    LEARNED,
    OPEN_OUTCOMES,
    OUTCOMES,
    RELATEDNESS,
    VALENCES,
    check_days,
    check_grade,
    check_together,
    coded,
    expectedness_of,
    in_order,
    special_interest,
)
from sojourn.course.reporting import clocks_to_start
from sojourn.course.safety import CLINICAL, new_alert
from sojourn.course.state import AdverseEvent, Course, changed, with_item
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact
from sojourn.vigilance.clocks import SERIOUSNESS, Assessed
from sojourn.vigilance.terms import Term


@dataclass(frozen=True, slots=True)
class RecordAdverseEvent:
    name: ClassVar[str] = "safety.record-adverse-event"
    title: ClassVar[str] = "Record an adverse event"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = CLINICAL

    at: Annotated[datetime, Ask("Learned of it at", help="Reporting deadlines count from here.")]
    term: Annotated[
        str, Ask("What happened, in their words", help="Pleasant too: euphoria, wanting more.")
    ]
    code: Annotated[
        str, Ask("Term it is coded to", help="Confirm one.", choices_from="terms", optional=True)
    ] = field(default="", kw_only=True)
    learned: Annotated[str, Ask("How it became known", choices=LEARNED, optional=True)] = field(
        default="", kw_only=True
    )
    grade: Annotated[int, Ask("Grade", help="CTCAE, 1 mild to 5 fatal", at_least=1, at_most=5)]
    serious: Annotated[bool, Ask("Serious")]
    seriousness: Annotated[
        tuple[str, ...],
        Ask("If serious, because", help="Each that applies.", choices=SERIOUSNESS, optional=True),
    ] = field(default=(), kw_only=True)
    relatedness: Annotated[str, Ask("Related to the study drug", choices=RELATEDNESS)]
    expectedness: Annotated[
        str,
        Ask(
            "Expected",
            help="Left empty, the protocol's reference list decides.",
            choices=EXPECTEDNESS,
            optional=True,
        ),
    ]
    expectedness_reason: Annotated[
        str, Ask("Why you differ from the reference list", optional=True)
    ] = field(default="", kw_only=True)
    action_taken: Annotated[
        str, Ask("What was done with the study drug", choices=ACTIONS, optional=True)
    ] = field(default="", kw_only=True)
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
    seriousness: Annotated[
        tuple[str, ...], Ask("If serious, because", choices=SERIOUSNESS, optional=True)
    ] = field(default=(), kw_only=True)
    relatedness: Annotated[
        str, Ask("Related, if judged anew", choices=RELATEDNESS, optional=True)
    ] = field(default="", kw_only=True)
    action_taken: Annotated[
        str, Ask("Study drug, if something changed", choices=ACTIONS, optional=True)
    ] = field(default="", kw_only=True)
    outcome: Annotated[str, Ask("Outcome", choices=OUTCOMES)]
    ended_on: Annotated[date | None, Ask("Ended on", optional=True)] = None


@dataclass(frozen=True, slots=True)
class AdverseEventRecorded:
    """``code`` and ``system_organ_class`` are empty in entries from before coding."""

    kind: ClassVar[str] = "safety.adverse-event-recorded"
    schema: ClassVar[int] = 2
    event: str
    term: str
    code: str
    dictionary: str
    coded_term: str
    system_organ_class: str
    learned: str
    grade: int
    serious: bool
    seriousness: tuple[str, ...]
    relatedness: str
    expectedness: str
    expectedness_reason: str  # only where a person differed from the reference list
    action_taken: str
    outcome: str
    valence: str
    started_on: date
    ended_on: date | None
    special_interest: str
    follow_up_on: date | None


@dataclass(frozen=True, slots=True)
class AdverseEventUpdated:
    """``relatedness``, ``expectedness`` and ``action_taken`` are empty where nothing changed."""

    kind: ClassVar[str] = "safety.adverse-event-updated"
    schema: ClassVar[int] = 2
    event: str
    grade: int
    serious: bool
    seriousness: tuple[str, ...]
    relatedness: str
    expectedness: str
    action_taken: str
    outcome: str
    ended_on: date | None
    follow_up_on: date | None


def record_event(
    course: Course, command: RecordAdverseEvent, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent_given_once(course)
    term = coded(command.term, command.code, circumstances)
    check_together(command.grade, command.serious, command.seriousness, command.outcome)
    check_grade(command.grade, term)
    check_days(command.started_on, command.ended_on, command.outcome, command.at.date())
    expectedness, reason = _expected(command, term, circumstances.protocol)
    fact = AdverseEventRecorded(
        event=_next_key(course),
        term=command.term.strip(),
        code=term.code,
        dictionary=term.dictionary,
        coded_term=term.name,
        system_organ_class=term.system_organ_class,
        learned=command.learned,
        grade=command.grade,
        serious=command.serious,
        seriousness=in_order(command.seriousness),
        relatedness=command.relatedness,
        expectedness=expectedness,
        expectedness_reason=reason,
        action_taken=command.action_taken,
        outcome=command.outcome,
        valence=command.valence,
        started_on=command.started_on,
        ended_on=command.ended_on,
        special_interest=special_interest(circumstances.protocol, command.term, term.name),
        follow_up_on=_follow_up(command.outcome, command.at, circumstances),
    )
    return (fact, *_consequences(course, fact.event, fact.term, fact, command.at, circumstances))


def update_event(
    course: Course, command: UpdateAdverseEvent, circumstances: Circumstances
) -> tuple[Fact, ...]:
    event = course.adverse_events.get(command.event)
    if event is None:
        raise Refused(f"'{command.event}' is no recorded adverse event", "event")
    check_together(command.grade, command.serious, command.seriousness, command.outcome)
    term = circumstances.terms.by_code.get(event.code)
    if term is not None:
        check_grade(command.grade, term)
    check_days(event.started_on, command.ended_on, command.outcome, command.at.date())
    fact = AdverseEventUpdated(
        command.event,
        command.grade,
        command.serious,
        in_order(command.seriousness),
        command.relatedness,
        _expected_anew(event, command.grade, circumstances.protocol),
        command.action_taken,
        command.outcome,
        command.ended_on,
        _follow_up(command.outcome, command.at, circumstances),
    )
    now = _updated(event, fact, command.at)
    return (fact, *_consequences(course, event.key, event.term, now, command.at, circumstances))


def consent_given_once(course: Course) -> None:
    """Safety is recorded even after consent is withdrawn, but never without any."""
    if not course.consents:
        raise Refused("no consent was ever signed; record it first")


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
        code=fact.code,
        coded_term=fact.coded_term,
        system_organ_class=fact.system_organ_class,
        learned=fact.learned,
        seriousness=fact.seriousness,
        expectedness_reason=fact.expectedness_reason,
        action_taken=fact.action_taken,
        follow_up_on=fact.follow_up_on,
        heard_at=entry.occurred_at,
    )
    return changed(course, adverse_events=with_item(course.adverse_events, event.key, event))


def event_updated(course: Course, fact: AdverseEventUpdated, entry: Entry) -> Course:
    known = course.adverse_events.get(fact.event)
    if known is None:  # while the event itself is being corrected
        return course
    event = _updated(known, fact, entry.occurred_at)
    return changed(course, adverse_events=with_item(course.adverse_events, event.key, event))


def _updated(event: AdverseEvent, fact: AdverseEventUpdated, at: datetime) -> AdverseEvent:
    return replace(
        event,
        grade=fact.grade,
        serious=fact.serious,
        seriousness=fact.seriousness,
        relatedness=fact.relatedness or event.relatedness,
        expectedness=fact.expectedness or event.expectedness,
        action_taken=fact.action_taken or event.action_taken,
        outcome=fact.outcome,
        ended_on=fact.ended_on,
        follow_up_on=fact.follow_up_on,
        heard_at=at,
    )


def _expected(command: RecordAdverseEvent, term: Term, protocol: Protocol) -> tuple[str, str]:
    """Whether it was expected, and why a person differs from the reference list, if they do."""
    listed = expectedness_of(protocol, command.term, term.name, command.grade)
    said, reason = command.expectedness, command.expectedness_reason.strip()
    if not listed and not said:
        raise Refused("the protocol has no reference list; say if it was expected", "expectedness")
    if not listed or not said or said == listed:
        return said or listed, ""
    if not reason:
        raise Refused(
            f"the reference list says '{listed}'; say why this is '{said}'", "expectedness_reason"
        )
    return said, reason


def _expected_anew(event: AdverseEvent, grade: int, protocol: Protocol) -> str:
    # A person's own judgement stands; the list's is asked again when the event got worse.
    if event.expectedness_reason or not event.code or grade == event.grade:
        return ""
    listed = expectedness_of(protocol, event.term, event.coded_term, grade)
    return listed if listed != event.expectedness else ""


def _follow_up(outcome: str, at: datetime, circumstances: Circumstances) -> date | None:
    if outcome not in OPEN_OUTCOMES:
        return None
    # A site that has set no interval is asked at once, not never.
    days = circumstances.clearance.setting("event-follow-up-days") or 0
    return at.date() + timedelta(days=days)


def _consequences(
    course: Course,
    event: str,
    term: str,
    held: AdverseEventRecorded | AdverseEvent,
    at: datetime,
    circumstances: Circumstances,
) -> tuple[Fact, ...]:
    """The alert and the clocks that follow from how the event now stands."""
    if not held.serious:
        return ()
    assessed = Assessed(True, held.seriousness, held.relatedness, held.expectedness)
    started = clocks_to_start(course, event, assessed, at, circumstances)
    known = course.adverse_events.get(event)
    if known is not None and known.serious:
        return started
    hours = circumstances.clearance.setting("serious-report-hours")
    within = f"report within {hours} h" if hours else "report at once: the site has set no deadline"
    alert = new_alert(course, "serious-adverse-event", f"Serious: {term}; {within}", event)
    return (alert, *started)


def _next_key(course: Course) -> str:
    # Beyond every number in use, so that an event being corrected can't take another's clocks.
    known = (*course.adverse_events, *(event for event, _ in course.clocks))
    return f"ae-{max((int(key.removeprefix('ae-')) for key in known), default=0) + 1}"


DECIDE: Mapping[type, Any] = {
    RecordAdverseEvent: record_event,
    UpdateAdverseEvent: update_event,
}
EVOLVE: Mapping[type, Any] = {
    AdverseEventRecorded: event_recorded,
    AdverseEventUpdated: event_updated,
}
