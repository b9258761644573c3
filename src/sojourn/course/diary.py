"""The participant's diary: what they tell from home, and what staff make of it.

An entry is kept as it was told; a wrong one is followed by another. Thoughts of
suicide raise an alert whatever else stands in the way of keeping the entry.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, ClassVar

from sojourn.course import safety, watching
from sojourn.course.circumstances import Circumstances
from sojourn.course.diary_state import DiaryEntry
from sojourn.course.state import Course, changed
from sojourn.protocols.diary import Diary, DiaryQuestion
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

CLOCK_TOLERANCE_MIN = 5
JUDGEMENTS = (
    ("adverse-event", "An adverse event; recorded as one"),
    ("known", "Part of an event already recorded"),
    ("no-event", "No adverse event"),
)


@dataclass(frozen=True, slots=True)
class MakeEntry:
    """``day`` is the date where the participant is. ``answers`` are pairs of question and answer.

    ``clock_off_min`` says how many minutes the phone's clock was ahead; ``at`` is mended by it.
    """

    name: ClassVar[str] = "diary.make-entry"
    title: ClassVar[str] = "Diary"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("participant",)

    at: datetime
    day: date
    answers: tuple[tuple[str, str], ...]
    clock_off_min: int = 0


@dataclass(frozen=True, slots=True)
class ReviewEffects:
    name: ClassVar[str] = "diary.review-effects"
    title: ClassVar[str] = "Review effects told in the diary"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = safety.CLINICAL

    at: Annotated[datetime, Ask("Reviewed at")]
    entry: Annotated[str, Ask("Diary entry", choices_from="diary-entries")]
    judgement: Annotated[
        str,
        Ask(
            "What it is",
            help="Record an adverse event first, pleasant ones and cravings too.",
            choices=JUDGEMENTS,
        ),
    ]
    note: Annotated[str, Ask("Note", lines=2, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class NoteMissedDiary:
    """Given by the round of reminders; raises an alert once for each stretch of silence.

    ``today`` and ``offset_min`` (minutes east of UTC) are where the participant is.
    """

    name: ClassVar[str] = "diary.note-missed"
    title: ClassVar[str] = "Note that a diary stays empty"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("system",)

    at: datetime
    today: date
    offset_min: int


@dataclass(frozen=True, slots=True)
class EntryMade:
    kind: ClassVar[str] = "diary.entry-made"
    schema: ClassVar[int] = 1
    entry: str
    day: date
    answers: tuple[tuple[str, str], ...]
    clock_off_min: int


@dataclass(frozen=True, slots=True)
class EffectsReviewed:
    kind: ClassVar[str] = "diary.effects-reviewed"
    schema: ClassVar[int] = 1
    entry: str
    judgement: str
    note: str


def make(course: Course, command: MakeEntry, circumstances: Circumstances) -> tuple[Fact, ...]:
    diary = of(circumstances)
    if abs((command.day - command.at.date()).days) > 1:
        raise Refused(f"{command.day} is not the day of {command.at:%Y-%m-%d %H:%M}", "day")
    # A slip elsewhere on the page must not hold back a call for help.
    needed = _in_need(diary, command.answers)
    answers = tuple((_readable if needed else _checked)(diary, command.answers))
    if not answers:
        raise Refused("nothing was answered; answer at least one question")
    entry = DiaryEntry(
        f"diary-{len(course.diary) + 1}", command.day, command.at, answers, command.clock_off_min
    )
    alerts = tuple(_alerts(course, entry, diary, circumstances))
    if not _may_be_kept(course):
        if alerts:
            return alerts
        raise Refused("nothing more is recorded about you, as you wished")
    return (EntryMade(entry.key, entry.day, answers, entry.clock_off_min), *alerts)


def review(
    course: Course, command: ReviewEffects, circumstances: Circumstances
) -> tuple[Fact, ...]:
    entry = next((each for each in course.diary if each.key == command.entry), None)
    if entry is None:
        raise Refused(f"there is no diary entry '{command.entry}'", "entry")
    if entry.reviewed:
        raise Refused(f"the entry of {entry.day} was reviewed: {entry.reviewed}", "entry")
    return (EffectsReviewed(entry.key, command.judgement, command.note.strip()),)


def note_missed(
    course: Course, command: NoteMissedDiary, circumstances: Circumstances
) -> tuple[Fact, ...]:
    diary = of(circumstances)
    there = timezone(timedelta(minutes=command.offset_min))
    found = watching.gap(course, diary, command.today, there)
    closer = watching.watched_closely(course, circumstances)
    for rule in diary.rules:
        limit = watching.limit_of(rule, circumstances.clearance, closer=closer)
        if not rule.missed_setting or found is None or limit is None or found.days < limit:
            continue
        place = f"diary-since-{found.since}"
        if any((each.rule, each.visit) == (rule.key, place) for each in course.alerts.values()):
            return ()
        label = f"{rule.label} since {found.since}: {found.days} days"
        return (safety.new_alert(course, rule.key, label, place),)
    return ()


def of(circumstances: Circumstances) -> Diary:
    """The protocol's diary, refused where it plans none."""
    diary = circumstances.protocol.diary
    if diary is None:
        raise Refused(f"protocol {circumstances.protocol.key} plans no diary")
    return diary


def to_review(course: Course, diary: Diary) -> tuple[DiaryEntry, ...]:
    """Entries with effects that nobody has looked at yet, oldest first."""
    return tuple(each for each in course.diary if not each.reviewed and effects(each, diary))


def effects(entry: DiaryEntry, diary: Diary) -> tuple[str, ...]:
    """Labels of the effects told in ``entry``."""
    keys = [each.key for each in diary.questions if each.kind == "effects"]
    told = [value for key in keys for value in entry.every(key)]
    known = (diary.effect(each) for each in told)
    return tuple(each.label for each in known if each)


def made(course: Course, fact: EntryMade, entry: Entry) -> Course:
    told = DiaryEntry(fact.entry, fact.day, entry.occurred_at, fact.answers, fact.clock_off_min)
    return changed(course, diary=(*course.diary, told))


def reviewed(course: Course, fact: EffectsReviewed, entry: Entry) -> Course:
    seen = tuple(
        replace(each, reviewed=fact.judgement) if each.key == fact.entry else each
        for each in course.diary
    )
    return changed(course, diary=seen)


def _may_be_kept(course: Course) -> bool:
    # A consent form replaced meanwhile must not lose what tells how someone is at home.
    last = course.consents[-1] if course.consents else None
    return last is not None and not (last.withdrawn_at and last.scope == "all")


def _alerts(
    course: Course, entry: DiaryEntry, diary: Diary, circumstances: Circumstances
) -> Iterator[Fact]:
    open_rules = {each.rule for each in course.open_alerts}
    number = 0
    for each in watching.findings(course, entry, diary, circumstances):
        # Thoughts of suicide are told anew each time; a trend already open is not told twice.
        if each.rule.crisis or each.rule.key not in open_rules:
            yield safety.new_alert(course, each.rule.key, each.label, entry.key, after=number)
            number += 1


def _in_need(diary: Diary, answers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The answers that mean that help is needed at once."""
    urgent = {(each.question, key) for each in diary.rules if each.crisis for key in each.one_of}
    return tuple(each for each in answers if each in urgent)


def _readable(diary: Diary, answers: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """What can be read of ``answers``, whatever else is wrong with them."""
    urgent = dict(_in_need(diary, answers))
    for question in diary.questions:
        mine = tuple(each for each in answers if each[0] == question.key)
        if question.key in urgent:
            mine = ((question.key, urgent[question.key]),)
        earlier = ((question.only_after[0], question.only_after[1]),) if question.only_after else ()
        try:
            kept = _checked(diary, mine + earlier)
            yield from (each for each in kept if each[0] == question.key)
        except Refused:
            continue


def _checked(diary: Diary, answers: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """The answers in the order of the questions, each refused when its question can't take it."""
    known = {each.key for each in diary.questions}
    for key, _ in answers:
        if key not in known:
            raise Refused(f"the diary asks no '{key}'; open the page again", key)
    for question in diary.questions:
        given = [value for key, value in answers if key == question.key and value.strip()]
        if question.only_after and question.only_after not in answers:
            continue
        if len(given) > 1 and question.kind != "effects":
            raise Refused(f"'{question.label}' takes one answer", question.key)
        for value in dict.fromkeys(given):
            yield question.key, _value(diary, question, value)


def _value(diary: Diary, question: DiaryQuestion, value: str) -> str:
    if question.kind == "line":
        words = " ".join(value.split())
        if len(words) > question.longest:
            raise Refused(f"at most {question.longest} characters", question.key)
        return words
    if question.kind in ("choice", "effects"):
        offered = dict(question.choices) or {each.key: each.label for each in diary.effects}
        if value not in offered:
            raise Refused(f"'{value}' is none of the answers", question.key)
        return value
    low, high = question.lowest or 0, question.highest or 0
    if not (value.isascii() and value.isdigit()) or not low <= int(value) <= high:
        raise Refused(f"'{value}' is not a whole number from {low} to {high}", question.key)
    return str(int(value))


DECIDE: Mapping[type, Any] = {
    MakeEntry: make,
    ReviewEffects: review,
    NoteMissedDiary: note_missed,
}
EVOLVE: Mapping[type, Any] = {EntryMade: made, EffectsReviewed: reviewed}
