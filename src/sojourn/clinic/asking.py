"""The form of a command about a course: what it offers and what it begins with."""

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.http import Http404
from django.utils.datastructures import MultiValueDict

from sojourn import instruments
from sojourn.clinic import quality
from sojourn.clinic.access import Visitor
from sojourn.clinic.forms import CommandForm
from sojourn.clinic.offers import Choices, offers
from sojourn.course import correction
from sojourn.course.adverse_events import UpdateAdverseEvent
from sojourn.course.assessment import RecordAssessment
from sojourn.course.dose_against_rule import RecordDoseAgainstRule
from sojourn.course.schedule import plan
from sojourn.course.state import Course
from sojourn.course.verification import VerifySource
from sojourn.instruments import Instrument
from sojourn.ledger import desk
from sojourn.ledger.read import read_stream
from sojourn.ledger.registry import kinds

OURS = ("at", "key", "version")  # fields no address fills in
NOTHING: Mapping[str, str] = MappingProxyType({})


def course_of(visitor: Visitor, participant: str) -> Course:
    """The course of a participant of the visitor's programme; 404 when there is none."""
    course = desk.load_course(visitor.programme, participant)
    if not course.participant:
        raise Http404(f"No participant {participant} in this programme.")
    return course


def instrument_of(kind: type[Any], key: str) -> Instrument | None:
    """The instrument that is rated, where the command records a rating."""
    return instruments.load_shipped().get(key) if kind is RecordAssessment else None


def form_of(
    visitor: Visitor,
    kind: type[Any],
    course: Course,
    *,
    data: MultiValueDict[str, Any] | None = None,
    instrument: Instrument | None = None,
    asked_for: Mapping[str, str] = NOTHING,
    initial: Mapping[str, Any] = NOTHING,
    correcting: bool = False,
) -> CommandForm:
    """The form of ``kind`` about ``course``, filled with ``data`` when there is any.

    ``asked_for`` is what its address says; ``initial`` what an entry that is corrected held.
    """
    protocol = visitor.standing.protocol
    offered = offers(visitor, course, plan(course, protocol))
    if instrument is not None:
        offered = offered.with_choice("instruments", instrument.key, instrument.name)
        offered = offered.with_choices(
            "assessed-visits",
            tuple(
                (each.key, each.label)
                for each in protocol.visits
                if instrument.key in each.assessments
            ),
        )
    to_verify = _to_verify(visitor, kind, course, asked_for)
    offered = offered.with_choices("unverified-entries", to_verify)
    if correcting:
        offered = offered.with_all_visits(protocol)
    start = {
        # A rater takes no decisions, and learns from no form how much others have written.
        "version": course.version if visitor.sees_course else None,
        "key": secrets.token_hex(16),
        # When it happened is asked for and not offered: now would read as leave to give it.
        **({"at": None} if kind is RecordDoseAgainstRule else {}),
        # Whoever asks for a whole visit has looked at all of it; else each entry is chosen.
        **({"entries": [key for key, _ in to_verify]} if asked_for.get("visit") else {}),
        **_as_it_stands(kind, course, asked_for.get("event", "")),
        **{name: value for name, value in asked_for.items() if name not in OURS},
        **initial,
    }
    return CommandForm(
        kind,
        offered,
        data=data,
        initial=start,
        instrument=instrument,
        protocol=protocol,
        correcting=correcting,
    )


def _to_verify(
    visitor: Visitor, kind: type[Any], course: Course, asked_for: Mapping[str, str]
) -> Choices:
    if kind is not VerifySource:
        return ()
    entries = read_stream(desk.stream_of(visitor.programme, course.participant))
    as_they_read = correction.effective(entries, kinds().read)
    return quality.to_verify(visitor, as_they_read, course, asked_for)


def _as_it_stands(kind: type[Any], course: Course, event: str) -> dict[str, Any]:
    """What was last said of the event that is followed up, so that a change is one answer."""
    known = course.adverse_events.get(event)
    if kind is not UpdateAdverseEvent or known is None:
        return {}
    return {
        "grade": known.grade,
        "serious": "yes" if known.serious else "no",
        "seriousness": known.seriousness,
        "outcome": known.outcome,
        "ended_on": known.ended_on,
    }
