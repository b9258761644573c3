"""Whom to call back: what a diary, or its silence, says against the site's own limits.

The rules are the pack's, the limits the site's. A limit nobody set is named as
missing and never replaced by one of ours. An antidepressant ended for the course
moves each limit by what its rule says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sojourn.course.circumstances import Circumstances, Clearance
from sojourn.course.diary_state import DiaryEntry
from sojourn.course.medication import stopped_antidepressants
from sojourn.course.state import Course, Session
from sojourn.protocols.diary import Diary, DiaryRule


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was crossed, in words a clinician reads."""

    rule: DiaryRule
    label: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Days on which a diary was asked for and none came, the last of them yesterday or before."""

    since: date
    days: int
    session: Session


def moods(course: Course, mood: str) -> tuple[tuple[datetime, int], ...]:
    """Every mood told in the diary, at contacts and at checks (0 worst, 10 best), oldest first."""
    told = [(each.at, each.mood) for each in course.mood_checks]
    told += [(each.at, each.mood) for each in course.contacts.values()]
    told += [
        (each.at, number) for each in course.diary if (number := each.number(mood)) is not None
    ]
    return tuple(sorted(told))


def baseline(course: Course, diary: Diary) -> int | None:
    """The person's own mood: the lower median of what was told in the days before the session.

    Where nothing was told then, the first mood told since the session. None while
    there is neither.
    """
    session = course.last_session
    if session is None:
        return None
    start = session.opened_at - timedelta(days=diary.baseline_days)
    told = moods(course, diary.mood)
    before = sorted(mood for at, mood in told if start <= at <= session.opened_at)
    if before:
        return before[(len(before) - 1) // 2]
    return next((mood for at, mood in told if at > session.opened_at), None)


def findings(
    course: Course, entry: DiaryEntry, diary: Diary, circumstances: Circumstances
) -> Iterator[Finding]:
    """What in ``entry`` needs someone; ``course`` is as it stands before it."""
    closer = watched_closely(course, circumstances)
    for rule in diary.rules:
        answer = entry.answer(rule.question) if rule.question else ""
        if rule.one_of and answer in rule.one_of:
            yield Finding(rule, f"{rule.label}{_strength(entry, rule, diary)}")
        elif rule.crisis and not answer:
            yield Finding(rule, f"{rule.label}: the question was left open; ask")
        value = entry.number(rule.question) if answer and not rule.one_of else None
        if value is None:
            continue
        limit = limit_of(rule, circumstances.clearance, closer=closer)
        if limit is None:
            continue
        if rule.at_most_setting and value <= limit:
            yield Finding(rule, f"{rule.label}: {value}, the limit is {limit}{_why(closer, rule)}")
        elif rule.drop_setting:
            own = baseline(course, diary)
            if own is not None and own - value >= limit:
                words = f"{rule.label}: from {own} to {value}, the limit is {limit} points"
                yield Finding(rule, words + _why(closer, rule))


def limit_of(rule: DiaryRule, clearance: Clearance, *, closer: bool) -> int | None:
    """The site's limit for this rule, moved where the person is watched more closely."""
    [key] = rule.settings or ("",)
    limit = clearance.setting(key)
    if limit is None:
        return None
    if not closer:
        return limit
    return limit + rule.tightened_by if rule.at_most_setting else max(1, limit - rule.tightened_by)


def unset(diary: Diary, clearance: Clearance) -> tuple[str, ...]:
    """Labels of rules that can't be judged because the site has set no limit."""
    return tuple(
        each.label
        for each in diary.rules
        if any(clearance.setting(key) is None for key in each.settings)
    )


def watched_closely(course: Course, circumstances: Circumstances) -> bool:
    """Whether an antidepressant was ended for this course."""
    return bool(stopped_antidepressants(course, circumstances.formulary))


def gap(course: Course, diary: Diary, today: date, zone: tzinfo) -> Gap | None:
    """The days up to yesterday on which the diary stayed empty; None when there are none.

    Only days after a session on which the participant had the diary are counted, up to
    the last day it is asked for.
    """
    session = course.last_session
    given = course.diary_access.given_at
    if session is None or given is None or not course.diary_access.open or course.ended:
        return None
    held = session.opened_at.astimezone(zone).date()
    first = max(held, given.astimezone(zone).date())
    filled = [each.day for each in course.diary if each.day >= first]
    since = max(filled) + timedelta(days=1) if filled else first
    last = min(today - timedelta(days=1), held + timedelta(days=diary.until_day))
    days = (last - since).days + 1
    return Gap(since, days, session) if days > 0 else None


def _strength(entry: DiaryEntry, rule: DiaryRule, diary: Diary) -> str:
    follow = next(
        (each for each in diary.questions if (each.only_after or ("",))[0] == rule.question), None
    )
    words = dict(follow.choices).get(entry.answer(follow.key), "") if follow else ""
    return f": {words.lower()}" if words else ""


def _why(closer: bool, rule: DiaryRule) -> str:
    return " (an antidepressant was ended for the course)" if closer and rule.tightened_by else ""
