"""Integration: making sense of a session in the weeks after it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Fact


@dataclass(frozen=True, slots=True)
class HoldIntegration:
    name: ClassVar[str] = "integration.hold"
    title: ClassVar[str] = "Record an integration session"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber")

    at: Annotated[datetime, Ask("Began at")]
    visit: Annotated[str, Ask("Session", choices_from="integration-visits")]
    practitioners: Annotated[
        tuple[str, ...], Ask("Therapists present", choices_from="practitioners")
    ]
    minutes: Annotated[int, Ask("Lasted", unit="min", at_least=5, at_most=300)]
    themes: Annotated[str, Ask("Themes", lines=3, optional=True)] = ""
    homework: Annotated[
        str, Ask("To try until next time", help="As agreed together.", lines=2, optional=True)
    ] = ""
    goals: Annotated[str, Ask("Goals in their own words", lines=2, optional=True)] = ""


def hold(
    course: Course, command: HoldIntegration, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    visit = visits.find(circumstances, command.visit, "integration")
    opened = course.session(visit.session)
    if opened is None or opened.closed_at is None:
        raise Refused(
            f"dosing session {visit.session} has not ended; integration follows it", "visit"
        )
    held = visits.hold(
        course, visit, command.practitioners, command.minutes, command.themes, circumstances
    )
    return (replace(held, homework=command.homework, goals=command.goals, session=opened.number),)


DECIDE: Mapping[type, Any] = {HoldIntegration: hold}
EVOLVE: Mapping[type, Any] = {}
