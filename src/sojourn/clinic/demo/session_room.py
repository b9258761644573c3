"""The session in progress as its two therapists have written it down so far."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sojourn.clinic.demo.steps import THERAPIST, THERAPIST_2, Ask, Step
from sojourn.course import checklist, dosing, room
from sojourn.course.state import Course
from sojourn.design.measured import Reading
from sojourn.protocols.model import Protocol, Visit

SIGNED_BEFORE_DOSE_MIN = (40, 36)
# Minutes after the dose, who, what, its value.
TAPS = (
    (4, THERAPIST, "eyeshades", "on"),
    (5, THERAPIST_2, "music", "on"),
    (6, THERAPIST, "position", "beside-head"),
    (6, THERAPIST_2, "position", "beside-feet"),
    (12, THERAPIST_2, "distress", "3"),
    (41, THERAPIST, "jaw-clenching", "on"),
    (48, THERAPIST_2, "nausea", "on"),
    (52, THERAPIST, "fear", ""),
    (53, THERAPIST, "distress", "7"),
    (58, THERAPIST_2, "touch", ""),
    (66, THERAPIST, "tears", ""),
    (70, THERAPIST_2, "nausea", "off"),
    (74, THERAPIST, "water", ""),
    (79, THERAPIST_2, "tears", ""),
    (88, THERAPIST, "distress", "4"),
)
NOTES = ((55, "Asks whether it is all right to be afraid. Breath slows again after a while."),
         (81, "Long silence, then speaks of the garden of the grandmother."))  # fmt: skip


def before(visit: Visit, protocol: Protocol, day: date, dose_minute: int) -> Iterator[Step]:
    """Half of the checklist signed by each of the two."""
    items = [item.key for item in (protocol.dosing.checklist if protocol.dosing else ())]
    halves = ((THERAPIST, tuple(items[::2])), (THERAPIST_2, tuple(items[1::2])))
    for minutes, (who, half) in zip(SIGNED_BEFORE_DOSE_MIN, halves, strict=True):
        yield Step(day, dose_minute - minutes, who, _sign(visit, half))


def during(day: date, dose_minute: int, readings: list[Reading]) -> Iterator[Step]:
    """Taps, notes and the vital signs of the first hour and a half."""
    for minutes, who, key, value in TAPS:
        about = who.name if key == "position" else ""
        yield Step(day, dose_minute + minutes, who, _in_session(_tap(key, value, about)))
    for minutes, text in NOTES:
        yield Step(day, dose_minute + minutes, THERAPIST, _in_session(_note(text)))
    first = next((each for each in readings if each.moment == "before-initial"), None)
    later = next((each for each in readings if each.moment == "before-supplemental"), None)
    if first and later:
        for minutes in (30, 60):
            yield Step(
                day,
                dose_minute + minutes,
                THERAPIST_2,
                _in_session(_between(first, later, minutes)),
            )


def _sign(visit: Visit, items: tuple[str, ...]) -> Ask:
    return lambda course, at: checklist.SignChecklist(at, visit.key, items)


def _in_session(ask: Ask) -> Ask:
    def asked(course: Course, at: datetime) -> Any:
        session = course.open_session
        return ask(course, at) if session and session.initial else None

    return asked


def _tap(key: str, value: str, about: str) -> Ask:
    return lambda course, at: room.NoteObservation(at, key, value, about)


def _note(text: str) -> Ask:
    return lambda course, at: room.WriteNote(at, text)


def _between(first: Reading, later: Reading, minutes: int) -> Ask:
    def part(name: str) -> int:
        start, end = getattr(first, name), getattr(later, name)
        return int(start + (end - start) * minutes // 90)

    names = ("systolic_mmhg", "diastolic_mmhg", "pulse_bpm", "temperature_tenths_c")
    values = [part(name) for name in names]
    return lambda course, at: dosing.RecordVitals(at, "during", *values)
