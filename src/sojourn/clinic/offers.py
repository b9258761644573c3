"""What a form can offer: the choices that make sense for this course today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sojourn import instruments
from sojourn.clinic import quality
from sojourn.clinic.access import Visitor
from sojourn.conduct import blinding
from sojourn.conduct.programme import Programme
from sojourn.course import (
    AFTER_THE_END,
    COMMANDS,
    clearing,
    consent,
    deviations,
    diary,
    guessing,
    reporting,
    safety,
)
from sojourn.course.assessment import may_rate
from sojourn.course.checklist import unsigned
from sojourn.course.eligibility import ANSWERS
from sojourn.course.schedule import Planned
from sojourn.course.state import Course, ReportingClock
from sojourn.ledger import clock, programmes
from sojourn.protocols.model import Phase, Protocol

Choices = tuple[tuple[str, str], ...]
# Commands that are given on a page of their own, by the name of its address.
PAGE_OF = {
    "diary.send-link": "diary-of",
    "diary.revoke-access": "diary-of",
    "identity.record": "identity",
    "identity.erase": "identity",
    "safety.reveal-allocation": "unblinding",
}
# Asked for on pages of their own: registering, rating, and the taps of the session room.
HIDDEN_FROM_MENU = frozenset(
    {
        "screening.register",
        "assessment.record",
        "dosing.sign-checklist",
        "dosing.sign-discharge",
        "dosing.note-observation",
        "dosing.write-note",
        "dosing.leave-room",
        "dosing.enter-room",
    }
)


@dataclass(frozen=True, slots=True)
class Offers:
    """Choices by the name a command asks for them (``Ask.choices_from``)."""

    choices: Mapping[str, Choices]

    def get(self, name: str) -> Choices:
        return self.choices.get(name, ())

    def with_choices(self, name: str, choices: Choices) -> "Offers":
        return Offers({**self.choices, name: choices})

    def with_choice(self, name: str, key: str, label: str) -> "Offers":
        return self.with_choices(name, ((key, label),))

    def with_all_visits(self, protocol: Protocol) -> "Offers":
        """Settled visits too: a correction is about something that took place."""
        by_phase = {
            f"{phase}-visits": tuple(
                (each.key, each.label) for each in protocol.visits if each.phase == phase
            )
            for phase in ("screening", "preparation", "integration", "aftercare")
        }
        check = protocol.blinding_check
        occasions = tuple((each.key, each.label) for each in check.occasions) if check else ()
        return Offers({**self.choices, **by_phase, "guess-occasions": occasions})


def offers(visitor: Visitor, course: Course, schedule: tuple[Planned, ...]) -> Offers:
    """Every choice a form about this course may need; ``schedule`` is the course's plan."""
    protocol, programme = visitor.standing.protocol, visitor.standing.programme
    planned = tuple(each for each in schedule if each.standing == "planned")
    return Offers(
        {
            **_gate(course, protocol, programme),
            **_open_visits(visitor, course, planned),
            **_room(course, protocol, planned),
            **_safety(visitor, course),
            **_deviations(course, protocol),
            **_guesses(visitor, course, protocol),
            "amended-versions": _amended(visitor, protocol),
            **quality.choices(visitor, course),
            "diary-entries": _diary_entries(course, protocol),
            "withdrawal-reasons": protocol.withdrawal_reasons,
        }
    )


def _gate(course: Course, protocol: Protocol, programme: Programme) -> Mapping[str, Choices]:
    """What screening, consent and medicines can name."""
    return {
        "consent-versions": tuple(
            (each.version, f"{each.version}, approved {each.approved_on}")
            for each in reversed(programme.consent_versions)
        ),
        "criteria": tuple(
            (each.key, each.label) for each in protocol.criteria if each.answered_by_hand
        ),
        "overridable-criteria": tuple(
            (each.key, each.label) for each in protocol.criteria if each.override_by
        ),
        "recorded-characteristics": tuple(
            (key, each.value) for key, each in course.characteristics.items()
        ),
        "treatment-kinds": tuple((each.key, each.label) for each in protocol.prior_treatments),
        "criterion-answers": ANSWERS,
        "medications": tuple((name, name) for name in course.medications),
        "practitioners": tuple(
            dict.fromkeys(
                (each.practitioner, f"{each.practitioner} ({each.profession})")
                for each in programme.credentials
            )
        ),
    }


def _open_visits(
    visitor: Visitor, course: Course, planned: tuple[Planned, ...]
) -> Mapping[str, Choices]:
    """Visits that can be held or missed, by phase."""
    after = _after_session(course, planned)
    return {
        "screening-visits": _visits(planned, "screening"),
        "preparation-visits": _visits(planned, "preparation"),
        "dosing-visits": _visits(planned, "dosing"),
        "integration-visits": _visits(after, "integration"),
        "aftercare-visits": _visits(after, "aftercare"),
        "open-visits": tuple(
            (each.visit.key, each.visit.label)
            for each in planned
            if blinding.may_see_visit(visitor.role, each.visit.rated_by)
        ),
    }


def _deviations(course: Course, protocol: Protocol) -> Mapping[str, Choices]:
    today = clock.now().date()
    return {
        "deviations": tuple(
            (each.key, each.label) for each in deviations.known(course, protocol, today)
        ),
        "all-dosing-visits": tuple((each.key, each.label) for each in protocol.dosing_visits()),
    }


def _safety(visitor: Visitor, course: Course) -> Mapping[str, Choices]:
    """Alerts, adverse events and reports that someone can act on."""
    return {
        "alerts-to-act-on": tuple(
            (each.key, each.label)
            for each in course.open_alerts
            if safety.may_act(each, visitor.role)
        ),
        "alerts": tuple((each.key, each.label) for each in course.open_alerts),
        "unblinding-requests": tuple(
            (each.key, f"{each.by}, {each.at:%Y-%m-%d %H:%M}: {each.reason}")
            for each in course.unblindings.values()
            if not each.alone and not each.answer
        ),
        "adverse-events": tuple(
            (each.key, f"{each.term} ({each.started_on})")
            for each in course.adverse_events.values()
        ),
        "running-clocks": tuple(
            (f"{each.event}{reporting.BETWEEN}{each.key}", _report(course, each))
            for each in course.clocks.values()
            if each.stopped_at is None
        ),
    }


def assessments_due(
    visitor: Visitor, course: Course, schedule: tuple[Planned, ...], day: date
) -> tuple[tuple[str, str, str], ...]:
    """(visit, instrument, label) of what this role may rate by that day, soonest first."""
    shipped = instruments.load_shipped()
    due = []
    for each in schedule:
        if not may_rate(visitor.role, each.visit):
            continue
        if each.earliest is None or each.earliest > day or each.standing in _SETTLED:
            continue
        for key in each.visit.assessments:
            if (each.visit.key, key) not in course.assessments and key in shipped:
                due.append(
                    (each.target, each.visit.key, key, f"{shipped[key].name}, {each.visit.label}")
                )
    due.sort(key=lambda item: (str(item[0]), item[1]))
    return tuple((visit, instrument, label) for _, visit, instrument, label in due)


def guesses_due(visitor: Visitor, course: Course, day: date) -> tuple[guessing.Asked, ...]:
    """Guesses of the arm that this person writes down and that are asked for by that day."""
    protocol = visitor.standing.protocol
    to_give = guessing.to_give(course, protocol, visitor.role, visitor.person.name)
    due = tuple(each for each in to_give if each.first <= day)
    return () if due and programmes.opened_at(visitor.programme) else due


def _amended(visitor: Visitor, protocol: Protocol) -> Choices:
    """The version of the protocol that this course could be moved to."""
    amended = programmes.amended(programmes.load(visitor.programme).programme)
    if amended is None or amended.protocol.digest == protocol.digest:
        return ()
    return (
        (
            amended.protocol.version,
            f"{amended.protocol.version}, in force since {amended.since:%Y-%m-%d}",
        ),
    )


def _guesses(visitor: Visitor, course: Course, protocol: Protocol) -> Mapping[str, Choices]:
    to_give = guesses_due(visitor, course, clock.now().date())
    arms = tuple((each.key, each.label) for each in protocol.arms)
    return {
        "guess-occasions": tuple((each.occasion.key, each.occasion.label) for each in to_give),
        "guesses": (*arms, (guessing.UNKNOWN, "Don't know")),
    }


def commands_for(
    visitor: Visitor, course: Course, offered: Offers, hidden: frozenset[str] = HIDDEN_FROM_MENU
) -> tuple[Any, ...]:
    """The commands this role may give about this course, with something left to choose."""
    sensible = _sensible(course, offered)
    return tuple(
        command
        for command in COMMANDS.values()
        if visitor.role in command.roles
        and command.name not in hidden
        and command.name not in PAGE_OF
        and (not course.ended or command in AFTER_THE_END)
        and quality.enters(course, command)
        and sensible.get(command.name, True)
    )


def _sensible(course: Course, offered: Offers) -> Mapping[str, bool]:
    """Whether each command has something to act on; those not named always have."""
    in_session = course.open_session is not None
    return {
        **quality.sensible(course, offered.choices),
        "consent.withdraw": bool(course.consents) and course.consents[-1].scope != "all",
        "consent.record-safety-contact": consent.from_all(course),
        "screening.assess-criteria": not course.eligible_at and bool(offered.get("criteria")),
        "screening.override-criterion": bool(offered.get("overridable-criteria")),
        "screening.record-prior-treatment": bool(offered.get("treatment-kinds")),
        "screening.confirm-eligibility": not course.eligible_at,
        "screening.fail": not course.eligible_at,
        "screening.randomise": bool(course.eligible_at) and not course.randomised_at,
        "protocol.move": not in_session and bool(offered.get("amended-versions")),
        "screening.hold-visit": bool(offered.get("screening-visits")),
        "preparation.hold": bool(course.eligible_at) and bool(offered.get("preparation-visits")),
        "dosing.open-session": bool(course.eligible_at)
        and bool(offered.get("dosing-visits"))
        and not in_session,
        "dosing.record-vitals": in_session,
        "dosing.give-dose": in_session,
        "dosing.withhold-dose": in_session,
        "dosing.close-session": in_session,
        "dosing.decide-next-dose": bool(course.sessions)
        and not in_session
        and bool(offered.get("dosing-visits")),
        "dosing.check-morning": bool(offered.get("overnight-sessions")),
        "blinding.record-own-guess": bool(offered.get("guess-occasions")),
        "blinding.record-participants-guess": bool(offered.get("guess-occasions")),
        "integration.hold": bool(offered.get("integration-visits")),
        "aftercare.record-contact": bool(offered.get("aftercare-visits")),
        "aftercare.record-attempt": bool(offered.get("aftercare-visits")),
        "diary.review-effects": bool(offered.get("diary-entries")),
        "diary.wish-reminders": course.diary_access.open,
        "medication.stop": bool(course.medications),
        "medication.clear": bool(course.medications),
        "medication.plan-taper": bool(course.medications),
        "medication.check-mood": bool(course.tapers),
        "safety.update-adverse-event": bool(course.adverse_events),
        "safety.write-narrative": bool(course.adverse_events),
        "safety.record-report-sent": bool(offered.get("running-clocks")),
        "safety.waive-report": bool(offered.get("running-clocks")),
        "safety.request-unblinding": course.randomised_at is not None and not course.arm,
        "safety.answer-unblinding": bool(offered.get("unblinding-requests")),
        "safety.resolve-alert": bool(offered.get("alerts-to-act-on")),
        "deviation.record-dose": bool(course.randomised_at or course.sessions)
        and bool(offered.get("all-dosing-visits")),
        "deviation.classify": bool(offered.get("deviations")),
        "followup.complete": bool(course.eligible_at),
        "followup.withdraw": bool(course.eligible_at),
        "followup.declare-lost": bool(course.eligible_at),
    }


def _room(
    course: Course, protocol: Protocol, planned: tuple[Planned, ...]
) -> Mapping[str, Choices]:
    """What the commands of a dosing day and of the morning after can name."""
    dosing, session = protocol.dosing, course.open_session
    if dosing is None:
        return {}
    coming = [each.visit for each in planned if each.visit.phase == "dosing"]
    today = clock.now().date()
    levels = clearing.levels(dosing, session, session.next_dose, course) if session else ()
    return {
        "checklist": tuple((item.key, item.label) for item in dosing.checklist),
        "levels": tuple((str(level), f"{level} {dosing.unit}") for level in levels),
        "checklist-visits": tuple((each.key, each.label) for each in coming),
        "unsigned-checklist": tuple(
            (item.key, item.label)
            for item in (
                unsigned(course, coming[0].key, today, dosing) if coming else dosing.checklist
            )
        ),
        "observations": tuple(
            (each.key, each.label) for each in (dosing.room.observations if dosing.room else ())
        ),
        "discharge": tuple((each.key, each.label) for each in dosing.discharge),
        "session-practitioners": tuple(
            (each, each) for each in (session.present if session else ())
        ),
        "overnight-sessions": tuple(
            (each.visit, f"Session {each.number}, closed {each.closed_at:%Y-%m-%d}")
            for each in course.sessions.values()
            if each.closed_at and each.homeward == "overnight-stay" and each.morning is None
        ),
    }


def _report(course: Course, clock: ReportingClock) -> str:
    event = course.adverse_events.get(clock.event)
    return f"{event.term if event else clock.event}: {clock.label}, to {clock.recipient}"


_SETTLED = ("missed", "not-needed")


def _after_session(course: Course, planned: tuple[Planned, ...]) -> tuple[Planned, ...]:
    ended = {each.number for each in course.sessions.values() if each.closed_at}
    return tuple(each for each in planned if each.visit.session in ended)


def _diary_entries(course: Course, protocol: Protocol) -> Choices:
    plan = protocol.diary
    if plan is None:
        return ()
    return tuple(
        (each.key, f"{each.day}: {', '.join(diary.effects(each, plan))}")
        for each in diary.to_review(course, plan)
    )


def _visits(planned: tuple[Planned, ...], phase: Phase) -> Choices:
    return tuple(
        (each.visit.key, each.visit.label) for each in planned if each.visit.phase == phase
    )
