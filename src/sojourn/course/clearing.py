"""Whether a dose may be given now: every condition in one place, and each named.

The conditions are the therapy's invariants: an open, authorised programme; two
credentialed practitioners; consent; eligibility; medicines; the checklist;
vitals; no open alert; and never more, sooner or larger than the protocol allows.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sojourn.course import assessment, checklist, consent, judging, medication, next_dose
from sojourn.course.circumstances import Circumstances, Clearance
from sojourn.course.state import Course, Session, Vitals
from sojourn.protocols.model import Dosing

QTC_LIMIT = "qtc-ms-session-max"
MINUTE = "%Y-%m-%d at %H:%M"
LIMITS = (
    ("systolic-mmhg-max", "systolic_mmhg", "systolic", "mmHg"),
    ("diastolic-mmhg-max", "diastolic_mmhg", "diastolic", "mmHg"),
    ("pulse-bpm-max", "pulse_bpm", "pulse", "/min"),
    ("temperature-tenths-c-max", "temperature_tenths_c", "temperature", "tenths of °C"),
)


def hindrances(
    course: Course, session: Session, which: str, at: datetime, circumstances: Circumstances
) -> tuple[str, ...]:
    """Every reason why this dose may not be given at that moment; empty when it may."""
    return (
        *_programme(session, circumstances),
        *_person(course, session, at, circumstances),
        *_room(course, session, at, circumstances),
        *_plan(course, session, which, at, circumstances),
    )


def before_opening(
    course: Course, visit: str, number: int, at: datetime, circumstances: Circumstances
) -> tuple[str, ...]:
    """What would withhold the first dose if the session opened now with everyone who may be in it.

    Vital signs are taken in the session, so they are left out.
    """
    team = tuple(sorted(circumstances.clearance.practitioners))
    session = Session(visit, number, at, team, team)
    return (
        *_programme(session, circumstances),
        *_person(course, session, at, circumstances),
        *_unsigned(course, session, at, circumstances),
        *_plan(course, session, "initial", at, circumstances),
    )


def levels(dosing: Dosing, session: Session, which: str, course: Course) -> tuple[int, ...]:
    """Levels the protocol allows for this dose of this session, in the unit of the label.

    Where doses follow body weight (whole kilograms, as last recorded) there are none before
    the person was weighed.
    """
    plan = next((each for each in dosing.sessions if each.number == session.number), None)
    if plan is None:
        return ()
    if which == "initial":
        if not plan.initial_mg_per_kg:
            return plan.initial
        weighed = course.characteristics.get(dosing.weight)
        return tuple(each * int(weighed.value) for each in plan.initial) if weighed else ()
    if dosing.supplemental is None or session.initial is None:
        return ()
    level = session.initial.level_mg * dosing.supplemental.percent_of_initial // 100
    most = dosing.session_total_max
    return (level,) if most is None or session.initial.level_mg + level <= most else ()


def beyond_limits(vitals: Vitals, clearance: Clearance) -> tuple[str, ...]:
    """Readings beyond the limits the site has set; a limit nobody set is one too many."""
    crossed = []
    for key, name, label, unit in LIMITS:
        limit, value = clearance.setting(key), getattr(vitals, name)
        if limit is None:
            crossed.append(f"the site has set no limit for {label}")
        elif value > limit:
            crossed.append(f"{label} {value} {unit} is above the site's limit {limit}")
    if vitals.qtc_ms is not None:
        crossed += _qtc(vitals.qtc_ms, clearance)
    lowest = clearance.setting("spo2-percent-min")
    if vitals.spo2_percent is not None:
        if lowest is None:
            crossed.append("the site has set no limit for oxygen saturation")
        elif vitals.spo2_percent < lowest:
            crossed.append(
                f"oxygen saturation {vitals.spo2_percent} % is below the site's limit {lowest}"
            )
    return tuple(crossed)


def _qtc(value: int, clearance: Clearance) -> list[str]:
    limit = clearance.setting(QTC_LIMIT)
    if limit is None:
        return ["the site has set no limit for QTc in a session"]
    return [f"QTc {value} ms is above the site's limit {limit}"] if value > limit else []


def vital_signs(session: Session, at: datetime, clearance: Clearance) -> Iterator[str]:
    """What the last vital signs say against going on: too old, or beyond the site's limits."""
    minutes = clearance.setting("vitals-fresh-min")
    if minutes is None:
        yield "the site has not set how old vital signs may be"
        return
    fresh = [
        each
        for each in session.vitals
        if timedelta(0) <= at - each.at <= timedelta(minutes=minutes)
    ]
    if not fresh:
        yield f"no vital signs were taken in the last {minutes} minutes"
    else:
        # Of two readings in one minute the one written last counts.
        fresh.sort(key=lambda each: each.at)
        yield from beyond_limits(fresh[-1], clearance)
        # An ECG is taken less often than a pressure: the last one counts while it is fresh.
        measured = [each.qtc_ms for each in fresh if each.qtc_ms is not None]
        if clearance.setting(QTC_LIMIT) is not None and not measured:
            yield f"no QTc was measured in the last {minutes} minutes"
        elif measured and fresh[-1].qtc_ms is None:
            yield from _qtc(measured[-1], clearance)


def _programme(session: Session, circumstances: Circumstances) -> Iterator[str]:
    clearance = circumstances.clearance
    if not clearance.programme_open:
        yield "the programme is not open"
    if not clearance.authorisation:
        yield clearance.unauthorised or "no legal authorisation is in force on this day"
    dosing = circumstances.protocol.dosing
    needed = dosing.practitioners_present if dosing else 2
    fit = [each for each in session.present if each in clearance.practitioners]
    if len(fit) < needed:
        why = dict(clearance.unfit)
        lacking = "; ".join(
            f"{each}: {', '.join(why.get(each, ('no credential is on record',)))}"
            for each in session.present
            if each not in fit
        )
        told = f" ({lacking})" if lacking else ""
        yield f"{len(fit)} of {needed} practitioners who may be in a session are present{told}"
    if not clearance.licensed.intersection(fit):
        yield "nobody present holds a licence that is valid on this day"


def _person(
    course: Course, session: Session, at: datetime, circumstances: Circumstances
) -> Iterator[str]:
    protocol = circumstances.protocol
    if course.ended:
        yield f"the course has ended: {course.ended}"
    lacking = consent.hindrance(course, circumstances, treatment=True, at=at)
    if lacking:
        yield lacking
    elif course.consents[-1].signed_at > at:
        yield f"no consent was in force then: signed on {course.consents[-1].signed_at:{MINUTE}}"
    if not course.eligible_at:
        yield "eligibility is not confirmed"
    elif course.eligible_at > at:
        yield f"eligibility was confirmed only on {course.eligible_at:{MINUTE}}"
    yield from _alerts(course, at)
    for judgement in judging.unsatisfied(course, circumstances, later_visits=True):
        yield f"criterion not satisfied: {judgement.in_words()}"
    if protocol.randomisation and course.randomised_at is None:
        yield "the participant is not randomised"
    elif course.randomised_at and course.randomised_at > at:
        yield f"the participant was randomised only on {course.randomised_at:{MINUTE}}"
    for finding in medication.hindrances(course, circumstances, at.date()):
        yield finding.message
    yield from _assessed(course, session, at, circumstances)


def _alerts(course: Course, at: datetime) -> Iterator[str]:
    """Alerts open now, and those open at that moment though settled since."""
    for alert in course.alerts.values():
        if alert.resolved_at is None:
            yield f"an alert is open: {alert.label}"
        elif alert.raised_at <= at < alert.resolved_at:
            yield f"an alert was open then: {alert.label}"


def _assessed(
    course: Course, session: Session, at: datetime, circumstances: Circumstances
) -> Iterator[str]:
    """What is planned for the day and can raise an alert must be answered, today and in full."""
    planned = circumstances.protocol.visit(session.visit)
    for key in planned.assessments if planned else ():
        instrument = circumstances.instruments.get(key)
        if instrument is None or not instrument.alerts:
            continue
        rated = course.assessments.get((session.visit, key))
        if rated is None or rated.at.date() != at.date():
            yield f"{instrument.name} ({instrument.measures}) was not assessed today"
            continue
        if rated.at > at:
            yield f"{instrument.name} ({instrument.measures}) was not assessed before the dose"
            continue
        missing = assessment.score_of(rated, instrument).missing
        if missing:
            items = ", ".join(map(str, missing))
            yield f"{instrument.name} is not complete: item {items} unanswered; ask and correct it"


def _unsigned(
    course: Course, session: Session, at: datetime, circumstances: Circumstances
) -> Iterator[str]:
    dosing = circumstances.protocol.dosing
    for item in checklist.unsigned(course, session.visit, at.date(), dosing) if dosing else ():
        yield f"checklist not signed today: {item.label}"


def _room(
    course: Course, session: Session, at: datetime, circumstances: Circumstances
) -> Iterator[str]:
    yield from _unsigned(course, session, at, circumstances)
    yield from vital_signs(session, at, circumstances.clearance)
    asked = {each.key for each in circumstances.protocol.site_settings}
    if QTC_LIMIT in asked and circumstances.clearance.setting(QTC_LIMIT) is None:
        yield "the site has set no limit for QTc in a session"


def _plan(
    course: Course, session: Session, which: str, at: datetime, circumstances: Circumstances
) -> Iterator[str]:
    dosing = circumstances.protocol.dosing
    if dosing is None:
        return
    earlier = [
        each for each in course.sessions.values() if each.initial and each.visit != session.visit
    ]
    if len(earlier) >= len(dosing.sessions):
        yield f"all {len(dosing.sessions)} sessions of the protocol have been given"
    for each in earlier:
        days = (at.date() - each.initial.at.date()).days if each.initial else 0
        if days < dosing.least_days_between:
            yield f"{days} days since {each.visit}; at least {dosing.least_days_between} must pass"
    if at.date() != session.opened_at.date():
        yield "the checklist is of another day"
    yield from next_dose.hindrances(course, session.number, dosing)
    yield from _too_much(course, session, which, dosing, circumstances.clearance)
    if which == "supplemental":
        yield from _supplemental(session, at, dosing)


def _too_much(
    course: Course, session: Session, which: str, dosing: Dosing, clearance: Clearance
) -> Iterator[str]:
    """A dose by body weight beyond what the site gives at most in a session."""
    if not dosing.session_total_max_setting:
        return
    most = clearance.setting(dosing.session_total_max_setting)
    allowed = levels(dosing, session, which, course)
    if most is None:
        yield "the site has not set the most that is given in a session"
    elif not allowed:
        yield "body weight is not recorded"
    elif max(allowed) > most:
        yield f"{max(allowed)} {dosing.unit} is above the {most} the site gives in a session"


def _supplemental(session: Session, at: datetime, dosing: Dosing) -> Iterator[str]:
    window = dosing.supplemental
    if window is None or session.initial is None:
        yield "the protocol has no supplemental dose here"
        return
    minutes = int((at - session.initial.at).total_seconds() // 60)
    exact = at - session.initial.at
    if not (timedelta(minutes=window.from_min) <= exact <= timedelta(minutes=window.until_min)):
        yield (
            f"{minutes} min after the initial dose; the window is "
            f"{window.from_min} to {window.until_min} min"
        )
    if not any(
        each.moment == "before-supplemental" and session.initial.at <= each.at <= at
        for each in session.vitals
    ):
        yield "vital signs before the supplemental dose are missing"
