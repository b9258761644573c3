"""Serious events: what happened in words, the clocks that run, and the reports that were sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, ReportingClock, changed, with_item
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact
from sojourn.vigilance import clocks
from sojourn.vigilance.clocks import Assessed

REPORTERS = ("therapist", "prescriber", "coordinator", "sponsor", "monitor")
BETWEEN = ":"  # stands between event and clock in a form's choice


@dataclass(frozen=True, slots=True)
class WriteNarrative:
    name: ClassVar[str] = "safety.write-narrative"
    title: ClassVar[str] = "Write the narrative of an event"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber", "coordinator", "sponsor")

    at: Annotated[datetime, Ask("Written at")]
    event: Annotated[str, Ask("Event", choices_from="adverse-events")]
    text: Annotated[
        str,
        Ask(
            "Narrative",
            help="No name, no initials. What happened, was done, and followed.",
            lines=10,
        ),
    ]


@dataclass(frozen=True, slots=True)
class RecordReportSent:
    name: ClassVar[str] = "safety.record-report-sent"
    title: ClassVar[str] = "Record that a report was sent"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = REPORTERS

    at: Annotated[datetime, Ask("Sent at")]
    clock: Annotated[str, Ask("Which report", choices_from="running-clocks")]
    sent_to: Annotated[str, Ask("Sent to")]
    reference: Annotated[str, Ask("Reference", help="Number of the report or receipt.")]


@dataclass(frozen=True, slots=True)
class WaiveReport:
    name: ClassVar[str] = "safety.waive-report"
    title: ClassVar[str] = "Decide that no report is due"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "sponsor", "monitor")

    at: Annotated[datetime, Ask("Decided at")]
    clock: Annotated[str, Ask("Which report", choices_from="running-clocks")]
    reason: Annotated[str, Ask("Why none is due", lines=2)]


@dataclass(frozen=True, slots=True)
class NarrativeWritten:
    kind: ClassVar[str] = "safety.narrative-written"
    schema: ClassVar[int] = 1
    event: str
    text: str


@dataclass(frozen=True, slots=True)
class ReportingClockStarted:
    """What was due by when, as the law and the site's limits stood on that day."""

    kind: ClassVar[str] = "safety.reporting-clock-started"
    schema: ClassVar[int] = 1
    event: str
    clock: str
    label: str
    recipient: str
    started_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ReportSent:
    kind: ClassVar[str] = "safety.report-sent"
    schema: ClassVar[int] = 1
    event: str
    clock: str
    sent_to: str
    reference: str


@dataclass(frozen=True, slots=True)
class ReportWaived:
    kind: ClassVar[str] = "safety.report-waived"
    schema: ClassVar[int] = 1
    event: str
    clock: str
    reason: str


def clocks_to_start(
    course: Course, event: str, assessed: Assessed, at: datetime, circumstances: Circumstances
) -> tuple[ReportingClockStarted, ...]:
    """A fact for each report the event now demands and did not before."""
    clearance = circumstances.clearance
    return tuple(
        ReportingClockStarted(
            event, duty.clock.key, duty.clock.label, duty.clock.recipient, at, duty.due_at
        )
        for duty in clocks.duties(
            clocks.load_shipped(),
            clearance.jurisdictions,
            assessed,
            at,
            dict(clearance.settings),
        )
        if (event, duty.clock.key) not in course.clocks
    )


def write(
    course: Course, command: WriteNarrative, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if command.event not in course.adverse_events:
        raise Refused(f"'{command.event}' is no recorded adverse event", "event")
    if len(command.text.split()) < 5:
        raise Refused("tell what happened in a few sentences", "text")
    return (NarrativeWritten(command.event, command.text.strip()),)


def send(
    course: Course, command: RecordReportSent, circumstances: Circumstances
) -> tuple[Fact, ...]:
    clock = _running(course, command.clock)
    if command.at < clock.started_at:
        raise Refused(f"the event became known at {clock.started_at:%Y-%m-%d %H:%M}", "at")
    if not command.reference.strip():
        raise Refused("give the number or receipt it can be found by", "reference")
    return (ReportSent(clock.event, clock.key, command.sent_to.strip(), command.reference.strip()),)


def waive(course: Course, command: WaiveReport, circumstances: Circumstances) -> tuple[Fact, ...]:
    clock = _running(course, command.clock)
    if len(command.reason.strip()) < 8:
        raise Refused("say in a few words why no report is due", "reason")
    return (ReportWaived(clock.event, clock.key, command.reason.strip()),)


def written(course: Course, fact: NarrativeWritten, entry: Entry) -> Course:
    event = course.adverse_events.get(fact.event)
    if event is None:  # while the event itself is being corrected
        return course
    told = replace(event, narrative=fact.text)
    return changed(course, adverse_events=with_item(course.adverse_events, event.key, told))


def started(course: Course, fact: ReportingClockStarted, entry: Entry) -> Course:
    key = (fact.event, fact.clock)
    known = course.clocks.get(key)
    if known is not None:
        # A correction may start it once more; the earlier deadline stands.
        first = min(known.started_at, fact.started_at), min(known.due_at, fact.due_at)
        clock = replace(known, started_at=first[0], due_at=first[1])
    else:
        clock = ReportingClock(
            fact.event, fact.clock, fact.label, fact.recipient, fact.started_at, fact.due_at
        )
    return changed(course, clocks=with_item(course.clocks, key, clock))


def sent(course: Course, fact: ReportSent, entry: Entry) -> Course:
    return _stopped(
        course,
        fact.event,
        fact.clock,
        entry.occurred_at,
        sent_to=fact.sent_to,
        reference=fact.reference,
    )


def waived(course: Course, fact: ReportWaived, entry: Entry) -> Course:
    return _stopped(course, fact.event, fact.clock, entry.occurred_at, waived=fact.reason)


def _stopped(course: Course, event: str, clock: str, at: datetime, **how: str) -> Course:
    stopped = replace(course.clocks[event, clock], stopped_at=at, **how)  # type: ignore[arg-type]
    return changed(course, clocks=with_item(course.clocks, (event, clock), stopped))


def _running(course: Course, chosen: str) -> ReportingClock:
    event, _, key = chosen.partition(BETWEEN)
    clock = course.clocks.get((event, key))
    if clock is None:
        raise Refused(f"no reporting clock '{chosen}' was started", "clock")
    if clock.stopped_at:
        raise Refused(f"it was settled at {clock.stopped_at:%Y-%m-%d %H:%M}", "clock")
    return clock


DECIDE: Mapping[type, Any] = {WriteNarrative: write, RecordReportSent: send, WaiveReport: waive}
EVOLVE: Mapping[type, Any] = {
    NarrativeWritten: written,
    ReportingClockStarted: started,
    ReportSent: sent,
    ReportWaived: waived,
}
