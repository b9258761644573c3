"""Which reminders are due now: a pure answer, asked by a clock as often as it likes.

The hour is the participant's own. A reminder has a key, so that it goes out once
however often the round is made; a day that has passed is not made up for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.diary_state import DiaryWishes
from sojourn.course.state import Course, changed
from sojourn.protocols.diary import Diary, in_quiet
from sojourn.record.command import Nature
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class RecordReminder:
    name: ClassVar[str] = "diary.record-reminder"
    title: ClassVar[str] = "Record that a reminder went out"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("system",)

    at: datetime
    reminder: str


@dataclass(frozen=True, slots=True)
class ReminderSent:
    kind: ClassVar[str] = "diary.reminder-sent"
    schema: ClassVar[int] = 1
    reminder: str


def due(course: Course, diary: Diary, zone: tzinfo, now: datetime) -> str:
    """Key of the reminder due at ``now`` (aware) where the participant is; empty when none is.

    Days run from each session to the diary's last day. Nothing is due in quiet hours,
    after today's entry, without access, without the wish, or once the course has ended.
    """
    session = course.last_session
    wishes = wishes_of(course, diary)
    if session is None or course.ended or not course.diary_access.open or not wishes.reminders:
        return ""
    here = now.astimezone(zone)
    held = session.opened_at.astimezone(zone).date()
    number = (here.date() - held).days
    key = f"diary-{session.number}-{number}"
    if not 0 <= number <= diary.until_day or key in course.reminders:
        return ""
    if here.hour < wishes.remind_at or in_quiet(here.hour, wishes.quiet_from, wishes.quiet_until):
        return ""
    return "" if any(each.day == here.date() for each in course.diary) else key


def wishes_of(course: Course, diary: Diary) -> DiaryWishes:
    """What the participant wishes, else what the protocol has."""
    usual = DiaryWishes(True, diary.remind_at, diary.quiet_from, diary.quiet_until)
    return course.diary_wishes or usual


def record(
    course: Course, command: RecordReminder, circumstances: Circumstances
) -> tuple[Fact, ...]:
    return () if command.reminder in course.reminders else (ReminderSent(command.reminder),)


def recorded(course: Course, fact: ReminderSent, entry: Entry) -> Course:
    return changed(course, reminders=course.reminders | {fact.reminder})


DECIDE: Mapping[type, Any] = {RecordReminder: record}
EVOLVE: Mapping[type, Any] = {ReminderSent: recorded}
