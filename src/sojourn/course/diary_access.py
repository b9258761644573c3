"""Access to the diary: given, opened, wished for and ended. No address is kept here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, diary
from sojourn.course.circumstances import Circumstances
from sojourn.course.diary_state import DiaryAccess, DiaryWishes
from sojourn.course.state import Course, changed
from sojourn.protocols.diary import in_quiet
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

HOURS = tuple((str(hour), f"{hour:02}:00") for hour in range(24))


@dataclass(frozen=True, slots=True)
class SendLink:
    """A link to the diary goes out; ``until`` is when it stops opening anything."""

    name: ClassVar[str] = "diary.send-link"
    title: ClassVar[str] = "Send a diary link"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "coordinator")

    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class OpenDiary:
    """The participant used their link on a device."""

    name: ClassVar[str] = "diary.open"
    title: ClassVar[str] = "Open the diary"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("participant",)

    at: datetime


@dataclass(frozen=True, slots=True)
class RevokeAccess:
    name: ClassVar[str] = "diary.revoke-access"
    title: ClassVar[str] = "End access to the diary"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber", "coordinator")

    at: datetime
    reason: Annotated[str, Ask("Why")]


@dataclass(frozen=True, slots=True)
class WishReminders:
    name: ClassVar[str] = "diary.wish-reminders"
    title: ClassVar[str] = "Reminders as the participant wishes"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("participant", "therapist", "coordinator")

    at: Annotated[datetime, Ask("Wished at")]
    reminders: Annotated[bool, Ask("Reminders by e-mail")]
    remind_at: Annotated[str, Ask("Remind from", choices=HOURS)]
    quiet_from: Annotated[str, Ask("Quiet from", choices=HOURS)]
    quiet_until: Annotated[str, Ask("Quiet until", choices=HOURS)]


@dataclass(frozen=True, slots=True)
class LinkSent:
    kind: ClassVar[str] = "diary.link-sent"
    schema: ClassVar[int] = 1
    until: datetime


@dataclass(frozen=True, slots=True)
class DiaryOpened:
    kind: ClassVar[str] = "diary.opened"
    schema: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class AccessRevoked:
    kind: ClassVar[str] = "diary.access-revoked"
    schema: ClassVar[int] = 1
    reason: str


@dataclass(frozen=True, slots=True)
class RemindersWished:
    kind: ClassVar[str] = "diary.reminders-wished"
    schema: ClassVar[int] = 1
    reminders: bool
    remind_at: int
    quiet_from: int
    quiet_until: int


def send(course: Course, command: SendLink, circumstances: Circumstances) -> tuple[Fact, ...]:
    diary.of(circumstances)
    consent.require(course, circumstances)
    return (LinkSent(command.until),)


def open_diary(
    course: Course, command: OpenDiary, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if not course.diary_access.open:
        raise Refused("the diary is not open; ask your team for a link")
    return (DiaryOpened(),)


def revoke(course: Course, command: RevokeAccess, circumstances: Circumstances) -> tuple[Fact, ...]:
    if not course.diary_access.open:
        raise Refused("nobody has access to this diary; there is nothing to end")
    return (AccessRevoked(command.reason.strip()),)


def wish(course: Course, command: WishReminders, circumstances: Circumstances) -> tuple[Fact, ...]:
    diary.of(circumstances)
    hours = [int(each) for each in (command.remind_at, command.quiet_from, command.quiet_until)]
    if in_quiet(*hours):
        raise Refused(f"{hours[0]:02}:00 lies in the quiet hours; choose another", "remind_at")
    return (RemindersWished(command.reminders, *hours),)


def sent(course: Course, fact: LinkSent, entry: Entry) -> Course:
    given = course.diary_access.given_at if course.diary_access.open else None
    access = replace(course.diary_access, given_at=given or entry.occurred_at, revoked_at=None)
    return changed(course, diary_access=access)


def opened(course: Course, fact: DiaryOpened, entry: Entry) -> Course:
    return changed(course, diary_access=replace(course.diary_access, opened_at=entry.occurred_at))


def revoked(course: Course, fact: AccessRevoked, entry: Entry) -> Course:
    access: DiaryAccess = replace(course.diary_access, revoked_at=entry.occurred_at)
    return changed(course, diary_access=access)


def wished(course: Course, fact: RemindersWished, entry: Entry) -> Course:
    wishes = DiaryWishes(fact.reminders, fact.remind_at, fact.quiet_from, fact.quiet_until)
    return changed(course, diary_wishes=wishes)


DECIDE: Mapping[type, Any] = {
    SendLink: send,
    OpenDiary: open_diary,
    RevokeAccess: revoke,
    WishReminders: wish,
}
EVOLVE: Mapping[type, Any] = {
    LinkSent: sent,
    DiaryOpened: opened,
    AccessRevoked: revoked,
    RemindersWished: wished,
}
