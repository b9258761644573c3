"""DM and SV: who took part, and which visits took place."""

from collections.abc import Iterator

from sojourn.exchange.cdisc.rows import Line
from sojourn.exchange.cdisc.standard import word
from sojourn.exchange.cdisc.study import Subject, fact

STEPS = (
    "screening.participant-registered",
    "consent.signed",
    "screening.failed",
    "screening.eligibility-confirmed",
    "screening.randomised",
    "screening.allocation-recorded",
    "dosing.dose-given",
    "followup.completed",
    "followup.withdrawn",
    "followup.lost",
)
SETTLES = (
    "visit.held",
    "visit.missed",
    "assessment.recorded",
    "dosing.session-opened",
    "aftercare.contact-recorded",
)


def demographics(subject: Subject) -> Iterator[Line]:
    """The one row of DM. Race is not asked, and the day of birth is not in the record."""
    course = subject.course
    registered, born = course.registered_at, course.birth_year
    death = next((e for e in course.adverse_events.values() if e.outcome == "fatal"), None)
    dosed = bool(subject.doses)
    arm, reason = subject.arm, _no_arm(subject)
    known = registered is not None and born is not None
    yield Line(
        {
            "SUBJID": course.participant,
            "RFSTDTC": subject.reference,
            "RFENDTC": subject.doses[-1] if dosed else None,
            "RFXSTDTC": subject.doses[0] if dosed else None,
            "RFXENDTC": subject.doses[-1] if dosed else None,
            "RFICDTC": course.consents[0].signed_at if course.consents else None,
            "RFPENDTC": course.ended_at,
            "DTHDTC": death.ended_on if death else None,
            "DTHFL": "Y" if death else None,
            "SITEID": course.site,
            "AGE": registered.year - born if known and registered and born else None,
            "AGEU": "YEARS" if known else None,
            "SEX": word("sex", course.sex) or "U",
            "ARMCD": arm.code if arm else None,
            "ARM": arm.label if arm else None,
            "ACTARMCD": arm.code if arm and dosed else None,
            "ACTARM": arm.label if arm and dosed else None,
            "ARMNRS": reason,
            "COUNTRY": subject.study.country(course.site),
        },
        (
            *(place for kind in STEPS for e in subject.facts(kind) for place in subject.told.at(e)),
            *subject.arm_entries,
        ),
        registered,
    )


def _no_arm(subject: Subject) -> str | None:
    if subject.arm is None:
        return "SCREEN FAILURE" if subject.course.ended == "screen-failed" else "NOT ASSIGNED"
    undosed = subject.study.protocol.dosing is not None and not subject.doses
    return "ASSIGNED, NOT TREATED" if undosed else None


def visits(subject: Subject) -> Iterator[Line]:
    """Planned visits that took place, or were recorded as missed."""
    course = subject.course
    where: dict[str, list[int]] = {}
    for kind in SETTLES:
        for entry in subject.facts(kind):
            where.setdefault(fact(entry).visit, []).extend(subject.told.at(entry))
    for each in subject.plan:
        done = course.visits.get(each.visit.key)
        if done is None:
            continue
        session = course.sessions.get(each.visit.key)
        end = session.closed_at if session else done.at
        yield Line(
            {
                **subject.study.visit(each.visit.key),
                "SVPRESP": "Y",
                "SVOCCUR": "Y" if done.held else "N",
                "SVREASOC": None if done.held else done.reason,
                "SVSTDTC": done.at if done.held else None,
                "SVENDTC": end if done.held else None,
            },
            tuple(where.get(each.visit.key, ())),
            done.at,
        )
