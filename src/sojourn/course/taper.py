"""Tapering a medicine under its prescriber, and asking for mood while it happens.

Sojourn keeps the plan and reminds of its days; the prescriber makes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, medication, safety
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, MoodCheck, Taper, changed, with_item
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

LONGEST = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class PlanTaper:
    name: ClassVar[str] = "medication.plan-taper"
    title: ClassVar[str] = "Plan the taper of a medication"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber",)

    at: Annotated[datetime, Ask("Planned at")]
    medicine: Annotated[str, Ask("Medicine", choices_from="medications")]
    steps: Annotated[
        str, Ask("Steps", lines=5, help="A line each: 2026-03-02 half the daily dose. Last: stop.")
    ]
    mood_checks: Annotated[
        str, Ask("Days on which mood is asked for", lines=3, help="A line each: 2026-03-09.")
    ]
    rationale: Annotated[str, Ask("Why this taper is acceptable for this person", lines=3)]


@dataclass(frozen=True, slots=True)
class CheckMood:
    name: ClassVar[str] = "medication.check-mood"
    title: ClassVar[str] = "Record a mood check"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = medication.CLINICAL

    at: Annotated[datetime, Ask("Asked at")]
    mood: Annotated[int, Ask("Mood", help="0 worst, 10 best", at_least=0, at_most=10)]
    suicidal_thoughts: Annotated[bool, Ask("Thoughts of suicide")]
    symptoms: Annotated[str, Ask("Symptoms of withdrawal", lines=2, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class TaperPlanned:
    kind: ClassVar[str] = "medication.taper-planned"
    schema: ClassVar[int] = 1
    medicine: str
    steps: tuple[tuple[date, str], ...]
    mood_checks: tuple[date, ...]
    rationale: str


@dataclass(frozen=True, slots=True)
class MoodChecked:
    kind: ClassVar[str] = "medication.mood-checked"
    schema: ClassVar[int] = 1
    mood: int
    suicidal_thoughts: bool
    symptoms: str


def plan(course: Course, command: PlanTaper, circumstances: Circumstances) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    held = medication.find(course, command.medicine)
    steps = tuple(_step(line) for line in _lines(command.steps))
    checks = tuple(_day(line, "mood_checks") for line in _lines(command.mood_checks))
    if not steps:
        raise Refused("give at least the day it ends", "steps")
    for earlier, later in pairwise(day for day, _ in steps):
        if later <= earlier:
            raise Refused(f"{later} does not follow {earlier}; order the steps by day", "steps")
    _check_years(command.at.date(), "steps", *(day for day, _ in steps))
    _check_years(command.at.date(), "mood_checks", *checks)
    if not checks:
        raise Refused("name at least one day on which mood is asked for", "mood_checks")
    return (TaperPlanned(held.key, steps, tuple(sorted(set(checks))), command.rationale),)


def check_mood(
    course: Course, command: CheckMood, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    fact = MoodChecked(command.mood, command.suicidal_thoughts, command.symptoms)
    if not command.suicidal_thoughts:
        return (fact,)
    label = f"thoughts of suicide at a mood check (mood {command.mood} of 10)"
    return (fact, safety.new_alert(course, "suicidality-taper", label, ""))


def mood_checks_due(course: Course, on: date) -> tuple[date, ...]:
    """Planned days up to ``on`` on or after which nobody has asked, oldest first."""
    asked = [each.at.date() for each in course.mood_checks]
    planned = {day for taper in course.tapers.values() for day in taper.mood_checks}
    return tuple(sorted(day for day in planned if day <= on and not any(a >= day for a in asked)))


def planned(course: Course, fact: TaperPlanned, entry: Entry) -> Course:
    taper = Taper(fact.medicine, fact.steps, fact.mood_checks, fact.rationale, entry.occurred_at)
    return changed(course, tapers=with_item(course.tapers, fact.medicine, taper))


def mood_checked(course: Course, fact: MoodChecked, entry: Entry) -> Course:
    check = MoodCheck(entry.occurred_at, fact.mood, fact.suicidal_thoughts, fact.symptoms)
    return changed(course, mood_checks=(*course.mood_checks, check))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _step(line: str) -> tuple[date, str]:
    day, _, what = line.partition(" ")
    if not what.strip():
        raise Refused(f"'{line}' says no dose; write the day, then the dose or 'stop'", "steps")
    return _day(day, "steps"), what.strip()


def _check_years(today: date, field: str, *days: date) -> None:
    for day in days:
        if abs(day - today) > LONGEST:
            raise Refused(f"{day} lies more than two years away; check the year", field)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"'{text}' is no day; write it as 2026-03-02", field) from error


DECIDE: Mapping[type, Any] = {PlanTaper: plan, CheckMood: check_mood}
EVOLVE: Mapping[type, Any] = {TaperPlanned: planned, MoodChecked: mood_checked}
