"""The next vital signs due in a session, by the protocol's schedule and the site's interval."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sojourn.course.state import Course, Session
from sojourn.protocols.model import Protocol
from sojourn.protocols.monitoring import ScheduledReading


@dataclass(frozen=True, slots=True)
class Due:
    """A reading due at ``at``."""

    moment: str
    label: str
    signals: tuple[str, ...]
    at: datetime

    def overdue(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return now > self.at


def next_due(
    course: Course,
    session: Session,
    protocol: Protocol,
    settings: Mapping[str, int],
    now: datetime,
) -> Due | None:
    """The reading to take next in ``session``, or None when none is due any more.

    Before the first dose it is the baseline; then whichever comes first of the
    check before a supplemental dose (while its window is not over), the next of
    the site's interval, and the reading at the end.
    """
    if course.ended or session.closed_at or not protocol.monitoring or not protocol.dosing:
        return None
    schedule: dict[str, ScheduledReading] = {
        each.moment: each for each in protocol.monitoring.schedule
    }
    found = [
        Due(each.moment, each.label, each.signals, at)
        for each, at in _open(schedule, session, protocol, settings, now)
    ]
    return min(found, key=lambda due: due.at, default=None)


def _open(
    schedule: Mapping[str, ScheduledReading],
    session: Session,
    protocol: Protocol,
    settings: Mapping[str, int],
    now: datetime,
) -> Iterator[tuple[ScheduledReading, datetime]]:
    taken = {each.moment for each in session.vitals}
    baseline = schedule.get("before-initial")
    if session.initial is None:
        if baseline and "before-initial" not in taken:
            yield baseline, session.opened_at
        return
    dosing, given = protocol.dosing, session.initial.at
    second = schedule.get("before-supplemental")
    if (
        second
        and dosing
        and dosing.supplemental
        and session.supplemental is None
        and "before-supplemental" not in taken
        and not any(each.which == "supplemental" for each in session.withheld)
        and now <= given + timedelta(minutes=dosing.supplemental.until_min)
    ):
        yield second, given + timedelta(minutes=dosing.supplemental.from_min)
    end = given + timedelta(minutes=dosing.lasting_min if dosing else 0)
    during = schedule.get("during")
    every = settings.get(during.every_setting) if during else None
    if during and every is not None:
        last = max([given, *(each.at for each in session.vitals)])
        if last + timedelta(minutes=every) < end:
            yield during, last + timedelta(minutes=every)
    last_one = schedule.get("end")
    if last_one and "end" not in taken:
        yield last_one, end
