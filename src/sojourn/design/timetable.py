"""When a virtual participant's visits fall: near each target, never outside its window."""

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.random import Generator

from sojourn.protocols.model import Protocol, Visit

ENROLMENT = "enrolment"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where someone stands today: ``visit`` falls ``days_ago`` days before today.

    ``skipped`` visits are forgotten by everyone, so that they become overdue.
    """

    key: str
    visit: str
    days_ago: int
    skipped: tuple[str, ...] = ()


# Whom the demonstration shows mid-course. Times of people who finished are drawn.
MID_COURSE = (
    Scene("session-in-progress", "dosing-2", 0),
    Scene("open-alert", "dosing-2", 4),
    Scene("overdue", "dosing-1", 24, ("integration-1-3",)),
    Scene("contact-due", "dosing-1", 2),
    Scene("contact-due", "dosing-3", 5),
    Scene("rating-due", "dosing-1", 20),
    Scene("integration-due", "integration-2-2", 0),
    Scene("before-first-session", "dosing-1", -1),
    Scene("before-third-session", "dosing-3", -2),
    Scene("outcome-due", "week-18", 0),
    Scene("between", "dosing-3", 31),
    Scene("between", "dosing-3", 43),
)
NOT_YET_RANDOMISED = (
    Scene("in-screening", ENROLMENT, 1),
    Scene("in-screening", ENROLMENT, 3),
    Scene("in-taper", "screening", 16),
    Scene("in-preparation", "preparation-1", 0),
    Scene("in-preparation", "preparation-2", 0),
)


def draw_days(rng: Generator, protocol: Protocol, *, washout_days: int) -> Mapping[str, int]:
    """Day of each visit, counted from enrolment.

    The last screening visit waits for ``washout_days`` after the visit before it.

    Raises
    ------
    ValueError
        If a visit is anchored to one that comes later in the protocol.
    """
    days = {ENROLMENT: 0}
    for visit in protocol.visits:
        if visit.anchor not in days:
            raise ValueError(f"visit '{visit.key}' is anchored to '{visit.anchor}', which is later")
        least = washout_days if visit.phase == "screening" and visit.anchor != ENROLMENT else 0
        days[visit.key] = days[visit.anchor] + _offset(rng, visit, least)
    return days


def _offset(rng: Generator, visit: Visit, least: int) -> int:
    window = visit.window
    leeway = 7 if visit.phase in ("screening", "followup") else 2
    drawn = window.target + int(rng.integers(-leeway, leeway + 1))
    low = max(window.earliest, min(1, window.target), least)
    return min(max(drawn, low), window.latest)
