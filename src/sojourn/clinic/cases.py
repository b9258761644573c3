"""From a course to the case that is reported: by number, and blinded where the programme is."""

from datetime import datetime

from sojourn.clinic.access import Visitor
from sojourn.course.state import AdverseEvent, Course, ReportingClock
from sojourn.ledger import terminology
from sojourn.vigilance.case import (
    BLINDED,
    CaseReport,
    Concomitant,
    Given,
    Reaction,
    Study,
    Subject,
)
from sojourn.vigilance.clocks import TO_SPONSOR


def case_of(visitor: Visitor, course: Course, event: AdverseEvent, now: datetime) -> CaseReport:
    """The case as it stands. The arm is no part of it while the programme is blinded."""
    standing = visitor.about(course).standing
    protocol, programme = standing.protocol, standing.programme
    blinded = protocol.randomisation is not None and protocol.randomisation.blinded
    substance = protocol.dosing.substance if protocol.dosing else ""
    held = programme.authorisation(now.date(), course.site)
    clocks = clocks_of(course, event)
    told = [each for each in clocks if each.key != TO_SPONSOR]
    latest = programme.authorisations[-1] if programme.authorisations else None
    ground = held or latest
    return CaseReport(
        Study(
            title=programme.title,
            protocol=f"{protocol.key} {protocol.version}",
            authorisation=ground.reference if ground else "",
            country=ground.jurisdiction if ground else "",
            site=course.site,
            indication=protocol.indication,
            substance=BLINDED if blinded else substance,
        ),
        Subject(course.participant, course.sex, course.birth_year),
        _reaction(event),
        _given(course, blinded),
        _concomitant(course, event),
        event.narrative,
        min((each.started_at for each in clocks), default=event.recorded_at),
        event.heard_at or event.recorded_at,
        now,
        tuple(each.reference for each in told if each.reference),
        expedited=bool(told),
    )


def clocks_of(course: Course, event: AdverseEvent) -> tuple[ReportingClock, ...]:
    """Every reporting clock of this event, the most urgent first."""
    found = [each for (owner, _), each in course.clocks.items() if owner == event.key]
    return tuple(sorted(found, key=lambda each: (each.stopped_at is not None, each.due_at)))


def _reaction(event: AdverseEvent) -> Reaction:
    term = terminology.in_use().by_code.get(event.code)
    return Reaction(
        key=event.key,
        written=event.term,
        term=event.coded_term,
        code=event.code,
        dictionary=term.dictionary if term else "",
        grade=event.grade,
        seriousness=event.seriousness,
        relatedness=event.relatedness,
        expectedness=event.expectedness,
        action_taken=event.action_taken,
        outcome=event.outcome,
        started_on=event.started_on,
        ended_on=event.ended_on,
    )


def _given(course: Course, blinded: bool) -> tuple[Given, ...]:
    given = []
    for session in sorted(course.sessions.values(), key=lambda each: each.number):
        doses = session.doses
        if doses:
            # The label's level is the same under both arms; beside "blinded" it would mislead.
            total = None if blinded else sum(each.level_mg for each in doses)
            given.append(Given(doses[0].at.date(), total, doses[0].unit))
    return tuple(given)


def _concomitant(course: Course, event: AdverseEvent) -> tuple[Concomitant, ...]:
    return tuple(
        Concomitant(each.name, each.dose, each.indication, each.started_on, each.stopped_on)
        for each in course.medications.values()
        if each.started_on is None or each.started_on <= event.started_on
    )
