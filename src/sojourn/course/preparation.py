"""Preparation: trust, consent in depth, and what a session day will be like."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Fact


@dataclass(frozen=True, slots=True)
class HoldPreparation:
    name: ClassVar[str] = "preparation.hold"
    title: ClassVar[str] = "Record a preparation session"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber")

    at: Annotated[datetime, Ask("Began at")]
    visit: Annotated[str, Ask("Session", choices_from="preparation-visits")]
    practitioners: Annotated[
        tuple[str, ...], Ask("Therapists present", choices_from="practitioners")
    ]
    minutes: Annotated[int, Ask("Lasted", unit="min", at_least=5, at_most=300)]
    themes: Annotated[str, Ask("Themes", lines=3, optional=True)] = ""


def hold(
    course: Course, command: HoldPreparation, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances, treatment=True)
    visit = visits.find(circumstances, command.visit, "preparation")
    if not course.eligible_at:
        raise Refused("confirm eligibility before preparation begins", "visit")
    return (
        visits.hold(
            course, visit, command.practitioners, command.minutes, command.themes, circumstances
        ),
    )


DECIDE: Mapping[type, Any] = {HoldPreparation: hold}
EVOLVE: Mapping[type, Any] = {}
