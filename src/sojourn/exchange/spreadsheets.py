"""Spreadsheets brought onto the record through the very commands staff use.

All rows or none; the same file twice writes nothing the second time; a value
that differs from what is recorded is refused, for it is a correction.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from sojourn import instruments
from sojourn.conduct.imports import FileImported
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import RecordConsentElsewhere
from sojourn.course.followup import CompleteCourse, WithdrawParticipant
from sojourn.course.screening import (
    ConfirmEligibility,
    RecordAllocation,
    RegisterParticipant,
)
from sojourn.course.state import Course
from sojourn.exchange.reading import ITEM, ImportRefused, Row, Sheet, Translation, read_sheet
from sojourn.ledger import clock
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import Desk, Person, at_desk
from sojourn.record.command import Refused

Progress = Callable[[int, int], None]
ROLE = "import"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, or would write: rows read, written, known before, left empty."""

    rows: int
    written: int
    known: int
    empty: int


class _DryRun(Exception):
    """Takes back everything a dry run tried."""


def import_participants(
    path: Path,
    programme: str,
    translation: Translation,
    *,
    author: str,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Register each participant of the file, with consent and, in open trials, the arm.

    Raises
    ------
    ImportRefused
        Naming every row at fault; nothing was written.
    """
    sheet = read_sheet(path, "participants", translation, ("participant", "registered_on"))
    return _run(sheet, programme, _one_participant, author, dry_run, progress)


def import_assessments(
    path: Path,
    programme: str,
    translation: Translation,
    *,
    author: str,
    dry_run: bool = False,
    close_courses: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Record each assessment of the file.

    ``close_courses`` ends each course at its last assessment: completed where the
    protocol's outcome visit was rated, withdrawn where it was not.

    Raises
    ------
    ImportRefused
        Naming every row at fault; nothing was written.
    """
    needed = ("participant", "visit", "instrument")
    sheet = read_sheet(path, "assessments", translation, needed)
    if close_courses:
        return _run(sheet, programme, _assessments_and_end, author, dry_run, progress)
    return _run(sheet, programme, _assessments, author, dry_run, progress)


Counts = tuple[int, int, int]  # written, known before, empty


def _run(
    sheet: Sheet,
    programme: str,
    handle: Callable[[Desk, str, list[Row], list[str]], Counts],
    author: str,
    dry_run: bool,
    progress: Progress | None,
) -> Imported:
    people: dict[str, list[Row]] = {}
    for row in sheet.rows:
        people.setdefault(row.get("participant"), []).append(row)
    problems: list[str] = []
    totals = [0, 0, 0]
    by = Person(author, ROLE)
    with suppress(_DryRun), transaction.atomic():
        for done, (participant, rows) in enumerate(people.items(), 1):
            with at_desk(programme, participant, by) as desk:
                counts = handle(desk, participant, rows, problems)
            totals = [total + count for total, count in zip(totals, counts, strict=True)]
            if progress:
                progress(done, len(people))
        if problems:
            raise ImportRefused(tuple(problems))
        if totals[0]:
            _note(sheet, programme, totals[0], by)
        if dry_run:
            raise _DryRun
    return Imported(len(sheet.rows), *totals)


def _note(sheet: Sheet, programme: str, written: int, by: Person) -> None:
    append_next(
        f"imports:{programme}",
        (FileImported(sheet.name, sheet.digest, len(sheet.rows), written),),
        occurred_at=clock.now(),
        author=by.name,
        role=by.role,
    )


def _one_participant(desk: Desk, participant: str, rows: list[Row], problems: list[str]) -> Counts:
    names = ("site", "birth_year", "sex", "registered_on", "arm", "consent_version")
    first = rows[0]
    for row in rows[1:]:
        for name in names:
            if row.get(name) != first.get(name):
                problems.append(
                    f"row {row.number}: {name} of {participant} is '{row.get(name)}', "
                    f"in row {first.number} '{first.get(name)}'; make them agree"
                )
    with _naming(first, problems):
        if desk.course.participant:
            return _known_participant(desk.course, first)
        for command in _registration(desk, first):
            desk.execute(command)
        return 1, 0, 0
    return 0, 0, 0


def _known_participant(course: Course, row: Row) -> Counts:
    arm, registered = row.get("arm"), _date(row, "registered_on")
    recorded = {"site": course.site, "sex": course.sex, "birth_year": str(course.birth_year or "")}
    for name, value in recorded.items():
        if row.get(name) and row.get(name) != value:
            raise Refused(
                f"{name} of {course.participant} is recorded as '{value or 'not known'}', not "
                f"'{row.get(name)}'; correct the entry instead",
                name,
            )
    if course.registered_at and course.registered_at.date() != registered:
        raise Refused(
            f"{course.participant} is registered on {course.registered_at.date()}, not "
            f"{registered}; correct the entry instead",
            "registered_on",
        )
    if arm and course.arm != arm:
        raise Refused(f"{course.participant} is recorded in arm '{course.arm}'", "arm")
    return 0, 1, 0


def _noon(day: date) -> datetime:
    # A spreadsheet gives the day alone; noon keeps it that day wherever the site is.
    return datetime.combine(day, time(12), clock.zone())


def _registration(desk: Desk, row: Row) -> Iterator[Any]:
    at = _noon(_date(row, "registered_on"))
    year = _whole(row, "birth_year") if row.get("birth_year") else None
    sex = row.get("sex") or "unknown"
    site = row.get("site") or "site-1"
    yield RegisterParticipant(at, row.get("participant"), site, year, sex)
    standing = desk.standing
    approved, _ = standing.programme.consents(at.date())
    yield RecordConsentElsewhere(
        at, row.get("consent_version") or (approved[-1] if approved else "")
    )
    if not standing.protocol.criteria:
        yield ConfirmEligibility(at, "As recorded in the imported file")
    if row.get("arm"):
        yield RecordAllocation(at, row.get("arm"))


def _assessments(desk: Desk, participant: str, rows: list[Row], problems: list[str]) -> Counts:
    written = known = empty = 0
    seen: dict[tuple[str, str], tuple[Any, ...]] = {}
    for row in rows:
        with _naming(row, problems):
            command = _assessment(desk, participant, row)
            if command is None:
                empty += 1
                continue
            place = (command.visit, command.instrument)
            content = (command.at.date(), command.answers, command.total)
            if place in seen and seen[place] == content:
                continue  # one value repeated on every line of a person, such as a baseline
            seen[place] = content
            recorded = desk.course.assessments.get(place)
            if recorded is None:
                desk.execute(command)
                written += 1
            elif (recorded.at.date(), recorded.answers, recorded.total) == content:
                known += 1
            else:
                raise Refused(
                    f"{command.instrument} at {command.visit} is recorded as "
                    f"{recorded.total if recorded.total is not None else recorded.answers} on "
                    f"{recorded.at.date()}; correct that entry instead"
                )
    return written, known, empty


def _assessments_and_end(
    desk: Desk, participant: str, rows: list[Row], problems: list[str]
) -> Counts:
    written, known, empty = _assessments(desk, participant, rows, problems)
    course = desk.course
    if course.ended or not course.assessments or problems:
        return written, known, empty
    last = max(each.at for each in course.assessments.values())
    outcome = desk.standing.protocol.outcome
    if (outcome.visit, outcome.instrument) in course.assessments:
        desk.execute(CompleteCourse(last, "Outcome visit rated; closed by import"))
    else:
        reasons = [key for key, _ in desk.standing.protocol.withdrawal_reasons]
        note = "No rating at the outcome visit; closed by import, reason not in the file"
        reason = "left-trial" if "left-trial" in reasons else "other"
        desk.execute(WithdrawParticipant(last, reason, note))
    return written + 1, known, empty


def _assessment(desk: Desk, participant: str, row: Row) -> RecordAssessment | None:
    if not desk.course.participant or desk.course.registered_at is None:
        raise Refused(f"participant '{participant}' is not registered; import participants first")
    instrument = instruments.load_shipped().get(row.get("instrument"))
    if instrument is None:
        known = ", ".join(instruments.load_shipped())
        raise Refused(f"instrument '{row.get('instrument')}' is not one of: {known}", "instrument")
    answers = tuple(
        _whole(row, f"{ITEM}{item.number}") if row.get(f"{ITEM}{item.number}") else None
        for item in instrument.items
    )
    answers = answers if any(answer is not None for answer in answers) else ()
    total = _whole(row, "total") if row.get("total") else None
    if not answers and total is None:
        return None
    if row.get("date"):
        on = _date(row, "date")
    elif row.get("day"):
        on = desk.course.registered_at.date() + timedelta(days=_whole(row, "day"))
    else:
        raise Refused("give a date, or a day counted from registration", "date")
    at = _noon(on)
    return RecordAssessment(
        at, row.get("visit"), instrument.key, answers, None if answers else total
    )


@contextmanager
def _naming(row: Row, problems: list[str]) -> Iterator[None]:
    """Turns a refusal into a problem that names its row."""
    try:
        yield
    except Refused as refusal:
        where = f"{refusal.field}: " if refusal.field else ""
        problems.append(f"row {row.number}: {where}{refusal.message}")


def _date(row: Row, name: str) -> date:
    try:
        return date.fromisoformat(row.get(name))
    except ValueError as error:
        message = f"'{row.get(name)}' is no date; write it as 2026-11-24"
        raise Refused(message, name) from error


def _whole(row: Row, name: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]+", row.get(name)):
        raise Refused(f"'{row.get(name)}' is no whole number", name)
    return int(row.get(name))
