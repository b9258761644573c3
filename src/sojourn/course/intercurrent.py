"""Intercurrent events: what the record shows to have happened to someone after treatment began."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sojourn.course.state import Course
from sojourn.medicines import Formulary
from sojourn.protocols.estimand import IntercurrentKind
from sojourn.protocols.model import Protocol


@dataclass(frozen=True, slots=True)
class Intercurrent:
    """One event on its day. ``kinds`` of entries tell it; ``about`` is the medicine, event or
    visit they speak of, empty where it is the course as a whole."""

    event: IntercurrentKind
    on: date
    kinds: tuple[str, ...]
    about: str = ""


def intercurrent(
    course: Course, protocol: Protocol, formulary: Formulary
) -> Iterator[Intercurrent]:
    """At most one of each kind: the first day on which it held.

    Treatment has stopped where sessions were still to come and a withdrawal, a loss, a decision
    against the next dose, or a session that ended without a dose was followed by no dose.
    """
    stopped = min(_stops(course, protocol), key=lambda each: each.on, default=None)
    if stopped is not None:
        yield stopped
    excluded = min(_excluded(course, protocol, formulary), key=lambda each: each.on, default=None)
    if excluded is not None:
        yield excluded
    shown = min((e.shown_at for e in course.unblindings.values() if e.shown_at), default=None)
    if shown is not None:
        yield Intercurrent("unblinded", shown.date(), ("safety.participant-unblinded",))
    for each in course.adverse_events.values():
        if each.outcome == "fatal":
            kinds = ("safety.adverse-event-recorded", "safety.adverse-event-updated")
            yield Intercurrent("death", each.ended_on or each.started_on, kinds, each.key)
            return


def _stops(course: Course, protocol: Protocol) -> Iterator[Intercurrent]:
    doses = [each.initial.at.date() for each in course.sessions.values() if each.initial]
    planned = len(protocol.dosing.sessions) if protocol.dosing else None
    if planned is None or len(doses) < planned:
        last = max(doses, default=date.min)
        yield from (each for each in _endings(course, protocol) if each.on >= last)


def _endings(course: Course, protocol: Protocol) -> Iterator[Intercurrent]:
    """What ends treatment unless a dose follows."""
    consent = course.consents[-1] if course.consents else None
    if consent and consent.withdrawn_at:
        yield Intercurrent("treatment-stopped", consent.withdrawn_at.date(), ("consent.withdrawn",))
    if course.ended in ("withdrawn", "lost") and course.ended_at:
        kind = f"followup.{course.ended}"
        yield Intercurrent("treatment-stopped", course.ended_at.date(), (kind,))
    for each in course.next_dose.values():
        if each.decision == "stop":
            yield Intercurrent("treatment-stopped", each.at.date(), ("dosing.next-dose-decided",))
    if course.ended or protocol.outcome.visit in course.visits:
        for session in course.sessions.values():
            if session.initial is None and session.closed_at:
                kinds = ("dosing.dose-withheld", "dosing.session-closed")
                day = session.opened_at.date()
                yield Intercurrent("treatment-stopped", day, kinds, session.visit)


def _excluded(course: Course, protocol: Protocol, formulary: Formulary) -> Iterator[Intercurrent]:
    since = course.randomised_at or course.eligible_at
    if protocol.dosing is None or since is None:
        return
    excluded = set(protocol.dosing.excluded_classes)
    for each in course.medications.values():
        agents = [agent for agent in map(formulary.find, each.substances) if agent]
        classes = {found.key for agent in agents for found in agent.classes}
        if each.started_on and each.started_on > since.date() and classes & excluded:
            yield Intercurrent(
                "excluded-medicine", each.started_on, ("medication.recorded",), each.key
            )
