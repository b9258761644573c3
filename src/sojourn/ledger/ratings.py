"""Ratings by a pool of raters on the record: one stream of tasks for each programme."""

from datetime import date
from typing import Any

from django.contrib.auth import get_user_model

from sojourn.conduct import rater_pool
from sojourn.conduct.rater_pool import (
    ARRANGERS,
    RATER,
    TAKEN_BACK,
    RatingDone,
    Ratings,
    Task,
    Wanted,
)
from sojourn.course import guessing
from sojourn.ledger import clock, desk, programmes, seal
from sojourn.ledger.append import append, take_turn
from sojourn.ledger.desk import Person
from sojourn.ledger.read import read_stream
from sojourn.ledger.rows import DueRow
from sojourn.ledger.turns import in_turn
from sojourn.record.command import Refused
from sojourn.record.entry import Fact

RATINGS = "ratings:"


def load(programme: str) -> Ratings:
    """Every task of the programme."""
    return rater_pool.fold(read_stream(RATINGS + programme))


def due(programme: str, on: date) -> tuple[Wanted, ...]:
    """Ratings by independent raters whose window has begun, held by somebody or not."""
    standing = programmes.load(programme)
    rows = DueRow.objects.filter(programme=programme, rated_by=RATER, earliest_on__lte=on)
    begun = {(row.participant, row.visit) for row in rows.exclude(phase=guessing.PHASE)}
    # A visit is no longer due once one of its ratings is there; another may be given back then.
    back = [each.wanted for each in load(programme).tasks.values() if each.standing == TAKEN_BACK]
    begun |= {(each.participant, each.visit) for each in back}
    found: list[Wanted] = []
    for participant, visit in sorted(begun):
        course = desk.load_course(programme, participant)
        done = course.visits.get(visit)
        planned = programmes.followed(standing, course).protocol.visit(visit)
        # Missed, or left out by the version they were moved to.
        if planned is None or (done is not None and not done.held):
            continue
        found += [
            Wanted(participant, visit, instrument)
            for instrument in planned.assessments
            if (visit, instrument) not in course.assessments
        ]
    return tuple(found)


def allocate_due(programme: str, by: Person) -> tuple[str, ...]:
    """Give each rating that is due and nobody has to a rater of the pool; returns pseudonyms.

    Raises
    ------
    Refused
        If the role does not arrange ratings, or the pool can't rate.
    """
    _arranges(by)
    with in_turn():
        take_turn()
        standing, ratings = programmes.load(programme), load(programme)
        pool = standing.programme.rater_pool
        _refuse_strangers(pool)
        wanted = due(programme, clock.now().date())
        made = rater_pool.allocate(
            ratings,
            wanted,
            pool,
            standing.protocol,
            lambda text: int(seal.keyed_hash(f"rating in {programme}", text), 16),
        )
        _write(programme, ratings, made, by)
    return tuple(each.task for each in made)


def take_back(programme: str, task: str, reason: str, by: Person) -> None:
    """Take an open task from its rater; it is due again and goes to somebody else if need be."""
    _arranges(by)
    with in_turn():
        take_turn()
        ratings = load(programme)
        _write(programme, ratings, (rater_pool.take_back(ratings, task, reason),), by)


def task_of(programme: str, task: str, by: Person) -> Task:
    """An open task of this rater.

    Raises
    ------
    Refused
        If there is none: not theirs, done, or no task at all, which are not told apart.
    """
    held = load(programme).tasks.get(task)
    if held is None or held.rater != by.name or held.standing != "open":
        raise Refused(f"you have no open task '{task}'")
    return held


def record(programme: str, task: str, command: Any, by: Person, *, key: str = "") -> None:
    """Write what the rater found and that the task is done, both or neither."""
    with in_turn():
        take_turn()
        ratings = load(programme)
        held = task_of(programme, task, by)
        desk.execute(programme, held.wanted.participant, command, by, key=key)
        _write(programme, ratings, (RatingDone(task),), by)


def _arranges(by: Person) -> None:
    if by.role not in ARRANGERS:
        raise Refused(f"ratings are arranged by {', '.join(ARRANGERS)}, not by a {by.role}")


def _refuse_strangers(pool: tuple[str, ...]) -> None:
    known = set(
        get_user_model()
        .objects.filter(username__in=pool, role=RATER, is_active=True)
        .values_list("username", flat=True)
    )
    if strangers := [each for each in pool if each not in known]:
        raise Refused(
            f"{', '.join(strangers)} can't sign in here as independent rater; mend the pool",
            "raters",
        )


def _write(programme: str, ratings: Ratings, facts: tuple[Fact, ...], by: Person) -> None:
    append(
        RATINGS + programme,
        facts,
        expected=ratings.version,
        occurred_at=clock.now(),
        author=by.name,
        role=by.role,
    )
