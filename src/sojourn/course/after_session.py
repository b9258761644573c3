"""One person in the days after a session: who has reached them, and what stands out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

from sojourn.course import diary as diaries
from sojourn.course import event_rules, watching
from sojourn.course.circumstances import Circumstances
from sojourn.course.diary_state import DiaryEntry
from sojourn.course.medication import stopped_antidepressants
from sojourn.course.schedule import plan
from sojourn.course.state import Alert, Contact, ContactAttempt, Course, Session

State = Literal["reached", "not reached", "overdue", "due", "to come", "not needed"]


@dataclass(frozen=True, slots=True)
class Call:
    """One planned contact, by its day after the session."""

    visit: str
    label: str
    on: date | None
    state: State
    attempts: tuple[ContactAttempt, ...]


@dataclass(frozen=True, slots=True)
class AfterSession:
    """What the team sees of one person; ``moods`` since the baseline days before the session."""

    participant: str
    status: str
    session: Session
    day: int  # days since the session, 0 on its day
    calls: tuple[Call, ...]
    last_contact: Contact | None
    last_entry: DiaryEntry | None
    moods: tuple[tuple[datetime, int], ...]
    baseline: int | None
    alerts: tuple[Alert, ...]
    flags: tuple[str, ...]

    @property
    def next_attempt(self) -> datetime | None:
        """When the next try is planned for a contact nobody was reached at."""
        open_calls = (each for each in self.calls if each.state in ("due", "overdue"))
        planned = [each.attempts[-1].next_at for each in open_calls if each.attempts]
        return min((each for each in planned if each), default=None)

    @property
    def urgency(self) -> tuple[int, int, int]:
        """Whom to look at first, as a sort key."""
        overdue = sum(each.state == "overdue" for each in self.calls)
        due = sum(each.state == "due" for each in self.calls)
        return (-len(self.alerts), -overdue, -due)


def seen(
    course: Course, circumstances: Circumstances, today: date, zone: tzinfo
) -> AfterSession | None:
    """The person as they stand on that day; None before any session has ended.

    ``zone`` is where the participant is.
    """
    session = course.last_session
    if session is None:
        return None
    asked = circumstances.protocol.diary
    moods = watching.moods(course, asked.mood) if asked else ()
    return AfterSession(
        participant=course.participant,
        status=course.status,
        session=session,
        day=(today - session.opened_at.date()).days,
        calls=tuple(_calls(course, session, circumstances, today)),
        last_contact=max(course.contacts.values(), key=lambda each: each.at, default=None),
        last_entry=max(course.diary, key=lambda each: each.at, default=None),
        moods=moods,
        baseline=watching.baseline(course, asked) if asked else None,
        alerts=course.open_alerts,
        flags=tuple(_flags(course, circumstances, today, zone)),
    )


def _calls(
    course: Course, session: Session, circumstances: Circumstances, today: date
) -> Iterator[Call]:
    for each in plan(course, circumstances.protocol):
        if each.visit.phase != "aftercare" or each.visit.session != session.number:
            continue
        states: dict[str, State] = {"done": "reached", "missed": "not reached"}
        due: dict[str | None, State] = {"overdue": "overdue", "due": "due", "upcoming": "to come"}
        state = states.get(each.standing) or due.get(each.due(today), "not needed")
        attempts = course.contact_attempts.get(each.visit.key, ())
        yield Call(each.visit.key, each.visit.label, each.target, state, attempts)


def _flags(
    course: Course, circumstances: Circumstances, today: date, zone: tzinfo
) -> Iterator[str]:
    for each in stopped_antidepressants(course, circumstances.formulary):
        yield f"{each.name} was ended for the course: watched more closely"
    asked = circumstances.protocol.diary
    if asked is None:
        return
    yield from (
        f"The site has set no limit: {label}"
        for label in watching.unset(asked, circumstances.clearance)
    )
    if not course.diary_access.open:
        yield "No access to the diary"
    elif course.diary_access.opened_at is None:
        yield "The diary was never opened"
    gap = watching.gap(course, asked, today, zone)
    if gap:
        yield f"No diary since {gap.since:%-d %b}"
    waiting = diaries.to_review(course, asked)
    for label in dict.fromkeys(each for entry in waiting for each in diaries.effects(entry, asked)):
        if event_rules.special_interest(circumstances.protocol, label):
            yield f"Of special interest, to review: {label}"
    if waiting:
        yield f"Effects to review: {len(waiting)}"
    clocks = [each.clock_off_min for each in course.diary if each.clock_off_min]
    if clocks:
        yield f"The clock of a device was {abs(clocks[-1])} min off"
