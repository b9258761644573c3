"""Sessions, aftercare, integration, ratings and the end, as one potential outcome has them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sojourn.clinic.demo import dispensing, session_room
from sojourn.clinic.demo.dispensing import Kits
from sojourn.clinic.demo.steps import (
    COORDINATOR,
    PRACTITIONERS,
    PRESCRIBER,
    RATER,
    THERAPIST,
    THERAPIST_2,
    AnswersAt,
    Ask,
    Step,
    answered,
    by_visit,
    in_order,
)
from sojourn.course import (
    adverse_events,
    aftercare,
    checklist,
    clearing,
    dosing,
    followup,
    integration,
    visits,
)
from sojourn.course.state import Course
from sojourn.design.aftermath import LOST, Contact, Event
from sojourn.design.measured import Reading
from sojourn.design.virtual import PotentialOutcome, VirtualParticipant
from sojourn.protocols.model import Protocol, Visit
from sojourn.vigilance import terms

DOSE_MINUTE = 9 * 60 + 30  # of the day, in every session
SUPPLEMENTAL_AFTER_MIN = 97
DAYS_UNTIL_LOST = 45


def after_randomisation(
    person: VirtualParticipant, outcome: PotentialOutcome, protocol: Protocol, kits: Kits
) -> tuple[Step, ...]:
    """Sessions, aftercare, integration, ratings and the end, as ``outcome`` has them."""
    answers = by_visit(outcome.answers)
    steps: list[Step] = []
    for visit in protocol.visits:
        if visit.phase == "dosing":
            readings = [each for each in outcome.readings if each.session == visit.session]
            steps += _session(person, visit, protocol, readings, answers, kits[visit.key])
        elif visit.phase == "aftercare":
            contact = next(each for each in outcome.contacts if each.visit == visit.key)
            steps += _contact(person, visit, contact, answers)
        elif visit.phase == "integration":
            steps.append(_integration(person, visit))
        elif visit.phase in ("assessment", "followup"):
            steps += _rating(person, visit, answers)
    for event in outcome.events:
        steps += _event(person, event)
    return in_order(_until_leaving(person, outcome, steps))


def _session(
    person: VirtualParticipant,
    visit: Visit,
    protocol: Protocol,
    readings: list[Reading],
    answers: AnswersAt,
    kit: str,
) -> Iterator[Step]:
    day = person.on(visit.key)
    moments = {
        "before-initial": DOSE_MINUTE - 10,
        "before-supplemental": DOSE_MINUTE + SUPPLEMENTAL_AFTER_MIN - 4,
        "during": DOSE_MINUTE + 180,
        "end": DOSE_MINUTE + 485,
    }
    if person.scene and person.scene.key == "session-in-progress":
        yield from session_room.before(visit, protocol, day, DOSE_MINUTE)
        yield from session_room.during(day, DOSE_MINUTE, readings)
    yield from dispensing.around(person, visit, day, DOSE_MINUTE, kit)
    yield Step(day, DOSE_MINUTE - 30, THERAPIST, _open(visit, protocol))
    yield from answered(day, DOSE_MINUTE - 25, THERAPIST, visit, answers)
    for reading in readings:
        yield Step(day, moments[reading.moment], THERAPIST_2, _vitals(reading))
    yield Step(day, DOSE_MINUTE, PRESCRIBER, _initial(person, visit, protocol, kit))
    yield Step(day, DOSE_MINUTE + SUPPLEMENTAL_AFTER_MIN, PRESCRIBER, _supplemental(protocol, kit))
    yield Step(day, DOSE_MINUTE + 495, THERAPIST, _close)


def _contact(
    person: VirtualParticipant,
    visit: Visit,
    contact: Contact,
    answers: AnswersAt,
) -> Iterator[Step]:
    day, mood = person.on(visit.key), contact.mood
    if mood is None:
        yield Step(
            day,
            20 * 60,
            COORDINATOR,
            lambda course, at: visits.MissVisit(at, visit.key, "Not reached; called twice."),
        )
        return
    yield Step(
        day,
        18 * 60,
        THERAPIST,
        lambda course, at: aftercare.RecordContact(
            at, visit.key, mood, contact.sleep_hours, contact.concern
        ),
    )
    yield from answered(day, 18 * 60 + 10, THERAPIST, visit, answers)


def _integration(person: VirtualParticipant, visit: Visit) -> Step:
    return Step(
        person.on(visit.key),
        14 * 60,
        THERAPIST,
        lambda course, at: integration.HoldIntegration(
            at, visit.key, PRACTITIONERS, visit.minutes or 90, "What stayed with them, and why."
        ),
    )


def _rating(person: VirtualParticipant, visit: Visit, answers: AnswersAt) -> Iterator[Step]:
    day = person.on(visit.key)
    given = [key for key in visit.assessments if (visit.key, key) in answers]
    if given:
        yield from answered(day, 11 * 60, RATER, visit, answers)
    elif visit.phase == "followup":
        yield Step(
            day,
            16 * 60,
            RATER,
            lambda course, at: visits.MissVisit(at, visit.key, "Did not come; invited twice."),
        )
    if visit.phase == "followup":
        yield Step(day, 16 * 60 + 30, COORDINATOR, lambda course, at: followup.CompleteCourse(at))


def _event(person: VirtualParticipant, event: Event) -> Iterator[Step]:
    visit = f"dosing-{event.session}"
    day = person.on(visit)
    over = day + timedelta(days=event.days)

    def recorded(course: Course, at: datetime) -> Any:
        session = course.sessions.get(visit)
        if session is None or session.initial is None:
            return None  # nothing was given that day
        return adverse_events.RecordAdverseEvent(
            at,
            event.term,
            event.grade,
            False,
            event.relatedness,
            "",
            "recovering" if event.days else "recovered",
            event.valence,
            day,
            None if event.days else day,
            code=terms.suggest(terms.shipped(), event.term)[0].code,
            learned="prompted",
            action_taken="none",
        )

    def followed(course: Course, at: datetime) -> Any:
        for each in course.adverse_events.values():
            if each.term == event.term and each.started_on == day:
                return adverse_events.UpdateAdverseEvent(
                    at, each.key, event.grade, False, "recovered", over
                )
        return None

    yield Step(day, 18 * 60, THERAPIST, recorded)
    if event.days:
        yield Step(over, 18 * 60 + 20, THERAPIST, followed)


def _until_leaving(
    person: VirtualParticipant, outcome: PotentialOutcome, steps: list[Step]
) -> list[Step]:
    leaving = outcome.leaving
    if leaving is None:
        return steps
    day = person.on(leaving.visit) + timedelta(days=leaving.days)
    kept = [step for step in steps if step.day < day]
    if leaving.reason == LOST:
        last = max(step.day for step in kept)
        end = Step(
            day + timedelta(days=DAYS_UNTIL_LOST),
            12 * 60,
            COORDINATOR,
            lambda course, at: followup.DeclareLost(at, last, 5),
        )
    else:
        end = Step(
            day,
            16 * 60,
            COORDINATOR,
            lambda course, at: followup.WithdrawParticipant(at, leaving.reason),
        )
    return [*kept, end]


def _open(visit: Visit, protocol: Protocol) -> Ask:
    def asked(course: Course, at: datetime) -> Any:
        dosing_plan = protocol.dosing
        left = checklist.unsigned(course, visit.key, at.date(), dosing_plan) if dosing_plan else ()
        return dosing.OpenSession(at, visit.key, PRACTITIONERS, tuple(item.key for item in left))

    return asked


def _vitals(reading: Reading) -> Ask:
    def asked(course: Course, at: datetime) -> Any:
        session = course.open_session
        if session is None or (session.initial is None and reading.moment != "before-initial"):
            return None  # the dose was withheld and the session ended
        return dosing.RecordVitals(
            at,
            reading.moment,
            reading.systolic_mmhg,
            reading.diastolic_mmhg,
            reading.pulse_bpm,
            reading.temperature_tenths_c,
        )

    return asked


def _initial(person: VirtualParticipant, visit: Visit, protocol: Protocol, kit: str) -> Ask:
    plans = protocol.dosing.sessions if protocol.dosing else ()
    levels = next(each.initial for each in plans if each.number == visit.session)
    level = levels[-1] if person.raised_level else levels[0]
    return lambda course, at: dosing.GiveDose(
        at, "initial", level, THERAPIST.name, kit, THERAPIST_2.name
    )


def _supplemental(protocol: Protocol, kit: str) -> Ask:
    def asked(course: Course, at: datetime) -> Any:
        session = course.open_session
        if protocol.dosing is None or session is None:
            return None
        levels = clearing.levels(protocol.dosing, session, "supplemental", course)
        if not levels:
            return None
        if any(each.visit == session.visit for each in course.alerts.values()):
            return dosing.WithholdDose(at, "supplemental", "Vital signs beyond the site's limits.")
        return dosing.GiveDose(at, "supplemental", levels[0], THERAPIST.name, kit, THERAPIST_2.name)

    return asked


def _close(course: Course, at: datetime) -> Any:
    session = course.open_session
    if session is None:
        return None
    if session.initial is None:
        return dosing.CloseSession(at, "escorted-home", "No dose was given; they talked instead.")
    return dosing.CloseSession(at, "overnight-stay")
