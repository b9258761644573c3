"""When each planned visit may take place, seen from what has happened so far."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sojourn.course.state import Course
from sojourn.protocols.model import Protocol, Visit

Standing = Literal["done", "missed", "planned", "not-needed"]
Due = Literal["upcoming", "due", "overdue"]


@dataclass(frozen=True, slots=True)
class Planned:
    """One visit of the protocol with its window, in dates.

    Dates are None while the anchor has no date of its own yet.
    """

    visit: Visit
    standing: Standing
    earliest: date | None
    target: date | None
    latest: date | None
    on: date | None = None

    @property
    def outside_window(self) -> bool:
        """Whether the visit took place before or after its window: a protocol deviation."""
        if self.on is None or self.earliest is None or self.latest is None:
            return False
        return self.standing == "done" and not self.earliest <= self.on <= self.latest

    def due(self, today: date) -> Due | None:
        """How a visit still to be held stands on that day; None when it is settled."""
        if self.standing != "planned" or self.earliest is None or self.latest is None:
            return None
        if today > self.latest:
            return "overdue"
        return "due" if today >= self.earliest else "upcoming"


def plan(course: Course, protocol: Protocol) -> tuple[Planned, ...]:
    """Every visit of the protocol with its window and standing, in protocol order.

    A window counts from the day its anchor took place. While the anchor is
    still to come, or was missed, it counts from the anchor's own target.
    """
    if course.registered_at is None:
        return ()
    days: dict[str, date] = {"enrolment": course.registered_at.date()}
    return tuple(_in_order(course, protocol, days))


def _in_order(course: Course, protocol: Protocol, days: dict[str, date]) -> Iterator[Planned]:
    sessions = {visit.session: visit.key for visit in protocol.dosing_visits()}
    for visit in _anchors_first(protocol):
        done = course.visits.get(visit.key)
        earliest, target, latest = _window(visit, days.get(visit.anchor))
        on = done.at.date() if done else None
        reference = on if done and done.held else target
        if reference is not None:
            days[visit.key] = reference
        standing = _standing(course, visit, sessions.get(visit.session))
        yield Planned(visit, standing, earliest, target, latest, on)


def _window(visit: Visit, anchor: date | None) -> tuple[date | None, date | None, date | None]:
    if anchor is None:
        return None, None, None
    window = visit.window
    earliest, target, latest = (
        anchor + timedelta(days=days) for days in (window.earliest, window.target, window.latest)
    )
    return earliest, target, latest


def _standing(course: Course, visit: Visit, session_visit: str | None) -> Standing:
    done = course.visits.get(visit.key)
    if done is not None:
        return "done" if done.held else "missed"
    if course.ended is not None:
        return "not-needed"
    if visit.session is not None and session_visit != visit.key:
        session = course.visits.get(session_visit or "")
        # Without a session day there is nothing to integrate or to watch over.
        if session is not None and not session.held:
            return "not-needed"
    return "planned"


def _anchors_first(protocol: Protocol) -> Iterator[Visit]:
    known = {"enrolment"}
    waiting = list(protocol.visits)
    while waiting:
        later = []
        for visit in waiting:
            if visit.anchor in known:
                known.add(visit.key)
                yield visit
            else:
                later.append(visit)
        if len(later) == len(waiting):
            raise ValueError(f"visits with no way back to enrolment: {[v.key for v in later]}")
        waiting = later
