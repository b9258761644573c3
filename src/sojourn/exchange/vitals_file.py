"""Vital signs of one session from a CSV file: all rows or none, and the same file once."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.db import transaction

from sojourn.conduct.imports import FileImported
from sojourn.course.readings import BY_KEY, Reading
from sojourn.course.state import Course
from sojourn.exchange.reading import ImportRefused, Row, Sheet, Translation, read_sheet
from sojourn.exchange.spreadsheets import ROLE, Imported
from sojourn.ledger import clock, watching
from sojourn.ledger.append import append_next
from sojourn.ledger.desk import load_course
from sojourn.ledger.monitoring import Delivery, Sender, receive

COLUMNS = (*BY_KEY, "temperature_c")


class _DryRun(Exception):
    """Takes back everything a dry run tried."""


def import_vitals(
    path: Path,
    programme: str,
    participant: str,
    translation: Translation,
    *,
    author: str,
    visit: str = "",
    dry_run: bool = False,
) -> Imported:
    """Write each reading of the file to the session it was taken in.

    One row a moment: ``time`` with its zone, and a column for each signal. The
    session is the one of ``visit``, or the one the first row falls in.

    Raises
    ------
    ImportRefused
        Naming every row at fault; nothing was written.
    sojourn.record.command.Refused
        If there is no such programme.
    """
    sheet = read_sheet(path, "vitals", translation, ("time",))
    problems: list[str] = []
    found = tuple(_readings(sheet, problems))
    if not found and not problems:
        problems.append(f"{sheet.name} has no readings; give at least one signal a column")
    if problems:
        raise ImportRefused(tuple(problems))
    written = 0
    with suppress(_DryRun), transaction.atomic():
        course = load_course(programme, participant)
        session = visit or _visit_at(course, found[0][1].at_ms)
        written = _write(sheet, programme, participant, session, found, author)
        if dry_run:
            raise _DryRun
    empty = len(sheet.rows) - len({row for row, _ in found})
    return Imported(len(sheet.rows), written, len(found) - written, empty)


def _write(
    sheet: Sheet,
    programme: str,
    participant: str,
    visit: str,
    found: tuple[tuple[int, Reading], ...],
    author: str,
) -> int:
    readings = tuple(reading for _, reading in found)
    _refuse_contradictions(watching.stream_of(programme, participant, visit), found)
    sender = Sender(f"file:{sheet.name}", author, ROLE)
    delivery = Delivery(participant, sheet.digest, readings, visit=visit)
    (receipt,) = receive(programme, [delivery], sender)
    if receipt.status == "refused":
        raise ImportRefused((receipt.message,))
    if receipt.left_out:
        raise ImportRefused(receipt.left_out)
    if receipt.written:
        append_next(
            f"imports:{programme}",
            (FileImported(sheet.name, sheet.digest, len(sheet.rows), receipt.written),),
            occurred_at=clock.now(),
            author=author,
            role=ROLE,
        )
    return receipt.written


def _visit_at(course: Course, at_ms: int) -> str:
    """The session that was going on at that moment; empty for the open one."""
    at = watching.moment(at_ms)
    for session in course.sessions.values():
        if session.opened_at <= at and (session.closed_at is None or at <= session.closed_at):
            return session.visit
    return ""


def _refuse_contradictions(stream: str, found: tuple[tuple[int, Reading], ...]) -> None:
    known = watching.rows_around(stream, [reading for _, reading in found])
    problems = [
        f"row {row}: {reading.signal} is {reading.value} and on record as "
        f"{known[reading.at_ms, reading.signal][0]}; a reading is not overwritten"
        for row, reading in found
        if known.get((reading.at_ms, reading.signal), (reading.value,))[0] != reading.value
    ]
    if problems:
        raise ImportRefused(tuple(problems))


def _readings(sheet: Sheet, problems: list[str]) -> Iterator[tuple[int, Reading]]:
    seen: dict[tuple[int, str], tuple[int, int]] = {}
    for row in sheet.rows:
        try:
            readings = tuple(_of_row(row))
        except ValueError as fault:
            problems.append(f"row {row.number}: {fault}")
            continue
        for reading in readings:
            place = (reading.at_ms, reading.signal)
            first, value = seen.setdefault(place, (row.number, reading.value))
            if value != reading.value:
                problems.append(
                    f"row {row.number}: {reading.signal} is {reading.value}, in row {first} of "
                    f"the same moment {value}; keep one"
                )
            elif first == row.number:
                yield row.number, reading


def _of_row(row: Row) -> Iterator[Reading]:
    at_ms = _moment(row.get("time"))
    for column in COLUMNS:
        text = row.get(column).strip()
        if not text:
            continue
        signal, tenths = column, column == "temperature_c"
        if tenths:
            signal = "temperature_tenths_c"
            if row.get(signal).strip():
                raise ValueError("temperature stands there twice; keep one column")
        yield Reading(at_ms, signal, _whole(column, text, 10 if tenths else 1))


def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"time '{text}'; write 2026-03-02T09:30:00+01:00") from error
    if at.tzinfo is None:
        raise ValueError(f"time '{text}' has no zone; write 2026-03-02T09:30:00+01:00")
    return round(at.timestamp() * 1000)


def _whole(column: str, text: str, scale: int) -> int:
    try:
        scaled = Decimal(text) * scale
        whole = int(scaled)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise ValueError(f"{column} '{text}' is no number") from error
    if whole != scaled:
        most = "one decimal" if scale == 10 else "no decimals"
        raise ValueError(f"{column} '{text}'; write it with {most}")
    if not -1000 <= whole <= 100_000:
        raise ValueError(f"{column} '{text}' is far from any reading; check it")
    return whole
