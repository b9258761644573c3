"""Diaries of those who had a session lately: most evenings something, told from home."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from sojourn.clinic.demo.steps import THERAPIST, Ask, Step
from sojourn.course import diary as diaries
from sojourn.course.diary_access import OpenDiary, SendLink
from sojourn.course.state import Course
from sojourn.design.aftermath import Contact
from sojourn.design.virtual import PotentialOutcome, VirtualParticipant
from sojourn.diary.keys import PARTICIPANT
from sojourn.protocols.diary import Diary
from sojourn.protocols.model import Protocol

LATELY_DAYS = 12
LINK = timedelta(minutes=30)
EVENING = 19 * 60  # minute of the day
FILLED_SHARE = 0.85  # of evenings; no publication gives it
EFFECT_SHARE = 0.12  # of evenings with each effect; no publication gives it


def diary(
    person: VirtualParticipant, outcome: PotentialOutcome, protocol: Protocol, today: date
) -> Iterator[Step]:
    """A link at the end of each late session, then an entry on most evenings with a contact."""
    plan = protocol.diary
    if plan is None:
        return
    for visit in protocol.dosing_visits():
        session_on = person.on(visit.key)
        if not timedelta() <= today - session_on <= timedelta(days=LATELY_DAYS):
            continue
        yield Step(session_on, 18 * 60, THERAPIST, _link(visit.key))
        yield Step(session_on, 18 * 60 + 20, PARTICIPANT, _opened(visit.key))
        for contact in outcome.contacts:
            planned = protocol.visit(contact.visit)
            on = person.on(contact.visit)
            if planned and planned.session == visit.session and _tells(person, contact, on, today):
                yield Step(on, EVENING, PARTICIPANT, _filled(person, plan, contact, on))
                yield Step(on + timedelta(days=1), 16 * 60, THERAPIST, _looked_at(plan))


def _tells(person: VirtualParticipant, contact: Contact, on: date, today: date) -> bool:
    alarm = person.scene is not None and person.scene.key == "open-alert"
    if contact.mood is None or (alarm and on >= today - timedelta(days=1)):
        return False  # nobody was reached, or something more pressing is going on
    return bool(_chance(person, on).random() < FILLED_SHARE)


def _chance(person: VirtualParticipant, on: date) -> np.random.Generator:
    return np.random.default_rng(
        [person.birth_year, person.enrolled_on.toordinal(), on.toordinal()]
    )


def _link(visit: str) -> Ask:
    def asked(course: Course, at: datetime) -> Any:
        return SendLink(at, at + LINK) if _had(course, visit) else None

    return asked


def _opened(visit: str) -> Ask:
    return lambda course, at: OpenDiary(at) if _had(course, visit) else None


def _had(course: Course, visit: str) -> bool:
    session = course.sessions.get(visit)
    return session is not None and session.initial is not None and not course.ended


def _filled(person: VirtualParticipant, plan: Diary, contact: Contact, on: date) -> Ask:
    rng = _chance(person, on)
    rng.random()  # the first draw decided whether anything is told
    mood = min(10, max(3, (contact.mood or 0) + int(rng.integers(-1, 2))))
    answers = [
        ("mood", str(mood)),
        ("sleep-hours", str(contact.sleep_hours)),
        ("anxiety", str(int(rng.integers(0, 11 - mood)))),
        ("suicidal-thoughts", "no"),
    ]
    answers += [("effects", each.key) for each in plan.effects if rng.random() < EFFECT_SHARE]

    def asked(course: Course, at: datetime) -> Any:
        open_now = course.diary_access.open and not course.ended
        return diaries.MakeEntry(at, at.date(), tuple(answers)) if open_now else None

    return asked


def _looked_at(plan: Diary) -> Ask:
    def asked(course: Course, at: datetime) -> Any:
        waiting = [each for each in diaries.to_review(course, plan) if each.at < at]
        if not waiting:
            return None
        return diaries.ReviewEffects(at, waiting[0].key, "no-event", "Mild, gone by the morning.")

    return asked
