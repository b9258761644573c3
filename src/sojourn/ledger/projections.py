"""Rows that lists are read from: a pure function of each course, written as a difference.

Whatever the order of events, the rows of a course depend on nothing but its
fold, so that rebuilding them from the record gives the very same rows. Counts
hold what one course adds; writing adds the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.db import connection, models

from sojourn import instruments
from sojourn.course import deviations, diary, guessing, taper, verification
from sojourn.course.assessment import score_of
from sojourn.course.schedule import Planned, plan
from sojourn.course.state import Course
from sojourn.instruments import Score, change
from sojourn.ledger import alarms, resources, safety
from sojourn.ledger.columns import day_of, iso
from sojourn.ledger.quality_rows import HoldRow, QueryRow, VerificationRow
from sojourn.ledger.readings_rows import AlarmRow
from sojourn.ledger.registry import kinds
from sojourn.ledger.rows import (
    AftercareRow,
    DeviationRow,
    DueRow,
    FollowedRow,
    ObservationRow,
    OpenAlertRow,
    OpenSessionRow,
    ParticipantRow,
    ResourceRow,
)
from sojourn.protocols.model import Protocol
from sojourn.record.entry import Entry

Rows = Mapping[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]]
TABLES: tuple[type[models.Model], ...] = (
    ParticipantRow,
    FollowedRow,
    DeviationRow,
    QueryRow,
    VerificationRow,
    HoldRow,
    DueRow,
    OpenAlertRow,
    AlarmRow,
    OpenSessionRow,
    AftercareRow,
    ObservationRow,
    ResourceRow,
    *safety.TABLES,
)

LABEL = 120  # characters of a due row's label


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows need beside the course itself.

    ``protocol`` is the version this course follows, ``in_force`` the programme's own.
    """

    programme: str
    stream: str
    protocol: Protocol
    in_force: Protocol


def rows(context: Context, course: Course, entries: Sequence[Entry]) -> Rows:
    """Every row of this course, which ``entries`` add up to, by table and key."""
    if not course.participant:
        return {}
    planned = plan(course, context.protocol)
    pending = [each for each in planned if each.standing == "planned" and each.earliest is not None]
    found = {
        **_participant(context, course, pending),
        **_followed(context, course),
        **_due(context, course, pending),
        **_deviations(context, course, planned),
        **_quality(context, course),
        **_alerts(context, course),
        **alarms.rows_of(context.stream, context.programme, context.protocol, course),
        **_sessions(context, course),
        **_aftercare(context, course),
        **_observations(context, course),
        **resources.rows(
            context.programme, context.stream, context.protocol, entries, kinds().read
        ),
        **safety.rows(
            context.programme, context.stream, context.protocol, course, context.in_force
        ),
    }
    return at_site(course.site, found)


def at_site(site: str, found: Rows) -> Rows:
    """The rows with the participant's site, in the tables that keep it."""
    return {
        (table, key): (*row, site) if _ends_in_site(table) else row
        for (table, key), row in found.items()
    }


def write(before: Rows, after: Rows) -> None:
    """Write what differs between ``before`` and ``after``, and nothing else."""
    gone = [key for key in before if key not in after]
    new = [key for key, row in after.items() if before.get(key) != row]
    with connection.cursor() as cursor:
        for table in TABLES:
            keys = [key for model, key in gone if model is table]
            if keys:
                cursor.executemany(_delete(table), keys)
            fresh = [key + after[model, key] for model, key in new if model is table]
            if fresh:
                cursor.executemany(_upsert(table), fresh)
        was, now = _status(before), _status(after)
        if was != now:
            _count(cursor, was, -1)
            _count(cursor, now, +1)
        safety.count(cursor, before, after)


def _status(rows: Rows) -> tuple[str, ...] | None:
    names = columns(ParticipantRow)[1:]
    for (table, _), row in rows.items():
        if table is ParticipantRow:
            return tuple(row[names.index(each)] for each in ("programme", "site", "status"))
    return None


@cache
def _ends_in_site(table: type[models.Model]) -> bool:
    return columns(table)[-1] == "site"


def _count(cursor: Any, status: tuple[str, ...] | None, by: int) -> None:
    if status is not None:
        cursor.execute(
            "INSERT INTO ledger_statuscount (programme, site, status, participants) "
            "VALUES (%s, %s, %s, %s) ON CONFLICT (programme, site, status) DO UPDATE "
            "SET participants = ledger_statuscount.participants + excluded.participants",
            [*status, by],
        )
        cursor.execute("DELETE FROM ledger_statuscount WHERE participants = 0")


def _participant(context: Context, course: Course, pending: list[Planned]) -> Rows:
    upcoming = min(pending, key=lambda each: each.target or date.max, default=None)
    row = (
        context.programme,
        course.participant,
        course.site,
        course.status,
        course.arm,
        course.sex,
        course.birth_year,
        day_of(course.registered_at),
        day_of(course.eligible_at),
        day_of(course.randomised_at),
        course.randomisation_number,
        sum(1 for each in course.sessions.values() if each.initial),
        day_of(course.ended_at),
        course.ended_reason if course.ended == "withdrawn" else "",
        upcoming.visit.label if upcoming else "",
        iso(upcoming.target) if upcoming else None,
    )
    return {(ParticipantRow, (context.stream,)): row}


def _followed(context: Context, course: Course) -> Rows:
    if course.moves:
        move = course.moves[-1]
        row = (context.programme, course.participant, move.digest, day_of(move.since), True)
        return {(FollowedRow, (context.stream,)): row}
    if not course.enrolled_under:
        return {}
    since = day_of(course.registered_at)
    row = (context.programme, course.participant, course.enrolled_under, since, False)
    return {(FollowedRow, (context.stream,)): row}


def _due(context: Context, course: Course, pending: list[Planned]) -> Rows:
    return {
        **_mood_checks(context, course),
        **_diary_effects(context, course),
        **_guesses(context, course),
        **{
            (DueRow, (context.stream, each.visit.key)): (
                context.programme,
                course.participant,
                _label(course, each),
                each.visit.phase,
                each.visit.rated_by,
                iso(each.earliest),
                iso(each.target),
                iso(each.latest),
            )
            for each in pending
        },
    }


def _label(course: Course, each: Planned) -> str:
    tried = len(course.contact_attempts.get(each.visit.key, ()))
    if not tried:
        return each.visit.label
    return f"{each.visit.label}, tried {tried} time{'s' if tried > 1 else ''}"


def _diary_effects(context: Context, course: Course) -> Rows:
    asked = context.protocol.diary
    waiting = diary.to_review(course, asked) if asked else ()
    if asked is None or not waiting:
        return {}
    told = dict.fromkeys(each for entry in waiting for each in diary.effects(entry, asked))
    since = min(entry.day for entry in waiting)
    row = (
        context.programme,
        course.participant,
        _short(f"Review diary effects: {', '.join(told)}"),
        "aftercare",
        "staff",
        iso(since),
        iso(since),
        iso(since + timedelta(days=asked.review_days)),
    )
    return {(DueRow, (context.stream, "diary-effects")): row}


def _guesses(context: Context, course: Course) -> Rows:
    """One row for everyone who writes down guesses of an occasion; it tells who, never what."""
    waiting: dict[tuple[str, str], list[guessing.Asked]] = {}
    for each in guessing.pending(course, context.protocol):
        waiting.setdefault((each.occasion.key, each.guesser), []).append(each)
    return {
        (DueRow, (context.stream, f"guess-{occasion}-{guesser}")): (
            context.programme,
            course.participant,
            _short(_who_guesses(asked)),
            guessing.PHASE,
            guessing.WRITTEN_BY[asked[0].guesser][0],
            iso(asked[0].first),
            iso(asked[0].first),
            iso(asked[0].last),
        )
        for (occasion, guesser), asked in waiting.items()
    }


def _deviations(context: Context, course: Course, planned: tuple[Planned, ...]) -> Rows:
    made = course.classified
    return {
        (DeviationRow, (context.stream, each.key)): (
            context.programme,
            course.participant,
            each.category,
            each.visit,
            each.label,
            iso(each.since),
            made[each.key].classification if each.key in made else "",
            made[each.key].comment if each.key in made else "",
        )
        for each in deviations.found(course, context.protocol, planned)
    }


def _quality(context: Context, course: Course) -> Rows:
    place = (context.programme, course.participant)
    found: dict[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]] = {}
    for query in course.queries.values():
        found[QueryRow, (context.stream, query.key)] = (
            *place,
            query.standing,
            query.entry,
            query.about,
            query.visit,
            query.question,
            query.opened.by,
            day_of(query.opened.at),
            iso(query.due_on),
            query.last.text,
            query.last.by,
            day_of(query.last.at),
        )
    for kind, (verified, entries) in verification.progress(course).items():
        found[VerificationRow, (context.stream, kind)] = (*place, entries, verified)
    if course.hold:
        held = course.hold
        found[HoldRow, (context.stream,)] = (*place, held.state, day_of(held.at), held.by)
    return found


def _who_guesses(asked: list[guessing.Asked]) -> str:
    when = asked[0].occasion.label.lower()
    if asked[0].guesser == guessing.PARTICIPANT:
        return f"Ask the participant which arm they believe it is, {when}"
    return f"Guess of the arm {when}: {', '.join(each.account for each in asked)}"


def _short(label: str) -> str:
    return label if len(label) <= LABEL else label[: LABEL - 1] + "…"


def _mood_checks(context: Context, course: Course) -> Rows:
    days = () if course.ended else taper.mood_checks_due(course, date.max)
    return {
        (DueRow, (context.stream, f"mood-check-{day}")): (
            context.programme,
            course.participant,
            "Mood check during the taper",
            "screening",
            "staff",
            iso(day),
            iso(day),
            iso(day + timedelta(days=1)),
        )
        for day in days
    }


def _alerts(context: Context, course: Course) -> Rows:
    return {
        (OpenAlertRow, (context.stream, alert.key)): (
            context.programme,
            course.participant,
            alert.rule,
            alert.label,
            iso(alert.raised_at),
        )
        for alert in course.open_alerts
    }


def _sessions(context: Context, course: Course) -> Rows:
    session = course.open_session
    if session is None:
        return {}
    row = (
        context.programme,
        course.participant,
        session.number,
        iso(session.opened_at),
        iso(session.initial.at) if session.initial else None,
        iso(session.supplemental.at) if session.supplemental else None,
    )
    return {(OpenSessionRow, (context.stream, session.visit)): row}


def _aftercare(context: Context, course: Course) -> Rows:
    session = course.last_session
    if session is None:
        return {}
    row = (context.programme, course.participant, session.number, day_of(session.opened_at))
    return {(AftercareRow, (context.stream,)): row}


def _observations(context: Context, course: Course) -> Rows:
    definitions = instruments.load_shipped()
    start = course.registered_at.date() if course.registered_at else date.min
    baselines: dict[str, Score] = {}
    result: dict[tuple[type[models.Model], tuple[Any, ...]], tuple[Any, ...]] = {}
    for assessment in sorted(course.assessments.values(), key=lambda each: each.at):
        definition = definitions.get(assessment.instrument)
        if definition is None:
            continue
        score = score_of(assessment, definition)
        if assessment.visit == context.protocol.outcome.baseline_visit:
            baselines[assessment.instrument] = score
        baseline = baselines.get(assessment.instrument)
        against = change(definition, baseline, score) if baseline else None
        later = assessment.visit != context.protocol.outcome.baseline_visit
        key = (context.stream, assessment.visit, assessment.instrument)
        result[ObservationRow, key] = (
            context.programme,
            course.participant,
            course.arm,
            (assessment.at.date() - start).days,
            score.total,
            score.diagnosis,
            against.points if against else None,
            against.response if against and later else None,
            against.loss_of_diagnosis if against and later else None,
            against.remission if against and later else None,
        )
    return result


def columns(table: type[models.Model]) -> list[str]:
    """Column names of a projected table, its key first."""
    return [field.column for field in table._meta.concrete_fields if field.column]


def key_width(table: type[models.Model]) -> int:
    """How many of the first columns make up the key."""
    key = table._meta.pk
    return len(key) if isinstance(key, models.CompositePrimaryKey) else 1


@cache
def _delete(table: type[models.Model]) -> str:
    where = " AND ".join(f"{name} = %s" for name in columns(table)[: key_width(table)])
    return f"DELETE FROM {table._meta.db_table} WHERE {where}"


@cache
def _upsert(table: type[models.Model]) -> str:
    names, width = columns(table), key_width(table)
    marks = ", ".join(["%s"] * len(names))
    changed = ", ".join(f"{name} = excluded.{name}" for name in names[width:])
    return (
        f"INSERT INTO {table._meta.db_table} ({', '.join(names)}) VALUES ({marks}) "
        f"ON CONFLICT ({', '.join(names[:width])}) DO UPDATE SET {changed}"
    )
