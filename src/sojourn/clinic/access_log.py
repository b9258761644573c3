"""Who opened what of whom: a line for each page of a participant and each file that was given out.

The line is written when the answer is ready and before it is sent. It waits for no disk: what the
operating system has outlives the process. Where another writer holds the record for longer than a
moment, lines wait in this process and follow with the next round or the shutdown.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponseBase

from sojourn.clinic import reaching
from sojourn.clinic.authority import authority
from sojourn.clinic.hurried import hurried
from sojourn.exchange import asked
from sojourn.ledger import clock
from sojourn.ledger.desk import stream_of
from sojourn.record.command import Refused

MOST_WAITING = 10_000
AS_A_WHOLE = ""  # in place of a participant: a file or an answer about many
Answering = Callable[[HttpRequest], HttpResponseBase]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """One answer about a participant, or about many.

    ``by_way_of`` is 'role', 'emergency', 'request' (for access in an emergency), 'refused', or the
    program that asked; ``status`` is the answer's, so that what was refused is told apart.
    """

    at: datetime
    programme: str
    participant: str
    member: str
    role: str
    page: str
    method: str
    by_way_of: str
    status: int


_waiting: deque[Opened] = deque()
_one_round = Lock()
_INSERT = (
    "INSERT INTO clinic_accessline "
    "(at, programme, participant, member, role, page, method, by_way_of, status, site) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, "
    "COALESCE((SELECT site FROM ledger_participantrow WHERE stream = %s), ''))"
)


def kept(get_response: Answering) -> Answering:
    """Middleware: keep a line for what was opened."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        opened = _opened(request, response.status_code)
        if opened is not None:
            keep(opened)
        return response

    return answer


def keep(opened: Opened) -> None:
    """Write a line; where that can't be done at once, it waits for the next round."""
    if not _waiting:
        try:
            _write([opened])
        except (DatabaseError, InterfaceError):
            log.warning("lines of the access log wait for the database")
        else:
            return
    # While lines wait, no answer is held up by trying again.
    _waiting.append(opened)
    if len(_waiting) > MOST_WAITING:
        with _one_round:
            # What can't be kept in the record goes to the server's own log and is told there.
            log.error("opened, and not kept in the record: %s", _waiting.popleft())


def write_waiting() -> int:
    """Write what waits, oldest first; returns how many lines still wait."""
    with _one_round:
        lines = list(_waiting)
        if lines:
            try:
                _write(lines)
            except (DatabaseError, InterfaceError):
                log.warning("%d lines of the access log wait for the database", len(_waiting))
            else:
                for _ in lines:
                    _waiting.popleft()
        return len(_waiting)


def _write(lines: list[Opened]) -> None:
    with hurried(), connection.cursor() as cursor:
        cursor.executemany(_INSERT, [_row(each) for each in lines])


def _opened(request: HttpRequest, status: int) -> Opened | None:
    match = request.resolver_match
    if match is None or status == 404:
        return None
    page, words = match.view_name, match.kwargs
    if by_program := asked.told(request):
        programme, participant, way = (
            by_program.programme,
            by_program.participant,
            by_program.program,
        )
        member, role = by_program.by.name, by_program.by.role
    elif request.user.is_authenticated and _is_kept(page, words):
        programme, participant = words["programme"], words.get("participant", AS_A_WHOLE)
        member, way = request.user.get_username(), request.__dict__.get("_opened_by", "role")
        try:
            role = reaching.place_of(request, programme).reach.role
        except Refused:
            return None
    else:
        return None
    method = str(request.method)
    return Opened(
        clock.now(), programme, participant[:32], member, role, page, method, way[:64], status
    )


def _is_kept(page: str, words: dict[str, str]) -> bool:
    table = authority()
    if page in table.not_logged or "programme" not in words:
        return False
    return "participant" in words or page in table.logged


def _row(each: Opened) -> tuple[Any, ...]:
    at = connection.ops.adapt_datetimefield_value(each.at)
    return at, *astuple(each)[1:], stream_of(each.programme, each.participant)
