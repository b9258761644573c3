"""From registration to randomisation, or to the reason why not."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np

from sojourn.clinic.demo.steps import (
    COORDINATOR,
    PRACTITIONERS,
    PRESCRIBER,
    RATER,
    THERAPIST,
    Ask,
    Step,
    answered,
    by_visit,
    in_order,
)
from sojourn.course import (
    consent,
    eligibility,
    history,
    medication,
    preparation,
    screening,
    taper,
    visits,
)
from sojourn.design.calibration import load_shipped
from sojourn.design.screened import found_at_screening
from sojourn.design.virtual import VirtualParticipant
from sojourn.protocols.model import Protocol, Visit

CONSENT_VERSION = "1.0 (demonstration)"
# Limits are every site's own to set: these are demonstration values and no advice.
DEMONSTRATION_LIMITS = {
    "systolic-mmhg-max": 170,
    "diastolic-mmhg-max": 110,
    "pulse-bpm-max": 125,
    "temperature-tenths-c-max": 388,
    "vitals-fresh-min": 30,
    "vitals-every-min": 30,
    "systolic-mmhg-emergency": 190,
    "diastolic-mmhg-emergency": 120,
    "pulse-bpm-emergency": 150,
    "temperature-tenths-c-emergency": 390,
    "temperature-rise-tenths-c": 10,
    "systolic-mmhg-min": 85,
    "pulse-bpm-min": 45,
    "spo2-percent-min": 90,
    "readings-missing-s": 60,
    "readings-unchanging-s": 600,
    "qtc-ms-max-male": 450,
    "qtc-ms-max-female": 460,
    "serious-report-hours": 24,
    "unblinding-alone-from-hour": 22,
    "unblinding-alone-until-hour": 6,
    "event-follow-up-days": 7,
    "stop-related-serious": 2,
    "stop-deaths": 1,
    "stop-suicide-attempts": 1,
    "stop-cardiac-serious": 2,
    "diary-mood-lowest": 2,
    "diary-mood-drop": 4,
    "diary-missed-days": 2,
}
TRIED_SHARE = 0.4  # of each kind of earlier treatment; no publication gives it
STOPPED_AFTER_DAYS = 6  # after screening, once the prescriber has spoken of it


def before_randomisation(person: VirtualParticipant, protocol: Protocol) -> tuple[Step, ...]:
    """From registration to the third preparation, or to the reason why not."""
    steps = [*_enrolment(person), *_screening(person, protocol)]
    if not person.failed_criterion:
        steps += _preparation(person, protocol)
    return in_order(steps)


def randomisation(person: VirtualParticipant, protocol: Protocol) -> Step:
    """The moment the arm is drawn: after the last preparation and the baseline rating."""
    plan = protocol.randomisation
    needed = [protocol.outcome.baseline_visit]
    if plan is not None and plan.after_visit:
        needed.append(plan.after_visit)
    day = max(person.on(key) for key in needed)
    return Step(day, 17 * 60, COORDINATOR, lambda course, at: screening.Randomise(at))


def _enrolment(person: VirtualParticipant) -> Iterator[Step]:
    day = person.enrolled_on
    yield Step(
        day,
        9 * 60,
        COORDINATOR,
        lambda course, at: screening.RegisterParticipant(
            at, person.participant, person.site, person.birth_year, person.sex
        ),
    )
    yield Step(
        day,
        9 * 60 + 40,
        PRESCRIBER,
        lambda course, at: consent.SignConsent(
            at,
            CONSENT_VERSION,
            PRESCRIBER.name,
            "English",
            "shown",
            "present",
            ("participant", "investigator"),
        ),
    )
    taken = person.medicine
    if taken is None:
        return
    since = day - timedelta(days=420)
    yield Step(
        day,
        10 * 60,
        COORDINATOR,
        lambda course, at: medication.RecordMedication(at, taken.name, taken.taken_for, since),
    )
    yield from _taper(taken.name, person.on("screening"))


def _taper(medicine: str, planned: date) -> Iterator[Step]:
    half, stopped = planned + timedelta(days=1), planned + timedelta(days=STOPPED_AFTER_DAYS)
    asked = stopped + timedelta(days=1)
    yield Step(
        planned,
        12 * 60,
        PRESCRIBER,
        lambda course, at: taper.PlanTaper(
            at,
            medicine,
            f"{half} half the daily dose\n{stopped} stop",
            f"{asked}",
            "Wished for after weighing it together; no earlier trouble on stopping.",
        ),
    )
    yield Step(
        stopped,
        12 * 60,
        PRESCRIBER,
        lambda course, at: medication.StopMedication(at, medicine, at.date()),
    )
    yield Step(
        asked,
        12 * 60,
        COORDINATOR,
        lambda course, at: taper.CheckMood(at, 6, False, "Sleeps lightly."),
    )


def _screening(person: VirtualParticipant, protocol: Protocol) -> Iterator[Step]:
    stages = [visit for visit in protocol.visits if visit.phase == "screening"]
    answers = by_visit(person.before)
    for number, visit in enumerate(stages):
        day = person.on(visit.key)
        yield Step(day, 10 * 60, PRESCRIBER, _hold_screening(visit.key))
        yield from answered(day, 10 * 60 + 20, PRESCRIBER, visit, answers)
        if number == 0:
            yield Step(day, 11 * 60 + 30, PRESCRIBER, _found(person, protocol))
            yield from _tried_before(person, protocol, day)
            if person.failed_criterion:
                label = _label(protocol, person.failed_criterion)
                yield Step(day, 12 * 60, PRESCRIBER, _fail(label))
                return
    yield Step(
        person.on(stages[-1].key),
        11 * 60,
        PRESCRIBER,
        lambda course, at: screening.ConfirmEligibility(
            at, "Criteria reviewed one by one; medicines tapered and washed out where needed."
        ),
    )


def _preparation(person: VirtualParticipant, protocol: Protocol) -> Iterator[Step]:
    answers = by_visit(person.before)
    for visit in protocol.visits:
        if visit.phase == "preparation":
            day = person.on(visit.key)
            yield from answered(day, 14 * 60, THERAPIST, visit, answers)
            yield Step(day, 14 * 60 + 10, THERAPIST, _prepare(visit))
        elif visit.key == protocol.outcome.baseline_visit:
            yield from answered(person.on(visit.key), 11 * 60, RATER, visit, answers)


def _hold_screening(visit: str) -> Ask:
    return lambda course, at: visits.HoldScreeningVisit(at, visit)


def _found(person: VirtualParticipant, protocol: Protocol) -> Ask:
    rng = np.random.default_rng([person.birth_year, person.enrolled_on.toordinal()])
    answers = found_at_screening(
        rng,
        protocol,
        load_shipped("mapp2").assumed.characteristics,
        DEMONSTRATION_LIMITS,
        failed=person.failed_criterion,
    )
    return lambda course, at: eligibility.RecordCharacteristics(
        at, answers, "Interview, examination, ECG and laboratory results."
    )


def _tried_before(person: VirtualParticipant, protocol: Protocol, day: date) -> Iterator[Step]:
    rng = np.random.default_rng([person.birth_year, day.toordinal()])
    for number, kind in enumerate(protocol.prior_treatments):
        if rng.random() > TRIED_SHARE:
            continue
        amount = int(rng.integers(2, 16))
        adequate = kind.adequate_sessions or kind.adequate_weeks or 0
        asked = (
            kind.key,
            kind.label,
            str(rng.choice(["none", "partial", "unknown"])),
            amount < adequate,
            "yes" if kind.form == "medicine" else "not-applicable",
            None if kind.adequate_sessions else amount,
            amount if kind.adequate_sessions else None,
        )
        yield Step(day, 11 * 60 + 40 + number, COORDINATOR, _tried(asked))


def _tried(asked: tuple[Any, ...]) -> Ask:
    return lambda course, at: history.RecordPriorTreatment(at, *asked)


def _label(protocol: Protocol, key: str) -> str:
    return next(each.label for each in protocol.criteria if each.key == key)


def _fail(label: str) -> Ask:
    return lambda course, at: screening.FailScreening(at, f"Eligibility: {label}")


def _prepare(visit: Visit) -> Ask:
    return lambda course, at: preparation.HoldPreparation(
        at, visit.key, PRACTITIONERS, visit.minutes or 90, "Hopes, fears, and what support helps."
    )
