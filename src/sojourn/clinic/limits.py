"""How often may be asked, and how long a sign-in lasts: a file, counted over all workers.

A count is one statement on one row. It waits for no disk and for no other writer: where the
database can't be written, the process counts for itself until it can.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from sojourn import definitions
from sojourn.clinic.hurried import hurried
from sojourn.conduct.reach import ROLE_KEYS
from sojourn.ledger import clock

SHIPPED = Path(__file__).with_name("limits.yaml")
_COUNT = (
    "INSERT INTO clinic_requestcount (counted, window_ends, times) VALUES (%s, %s, 1) "
    "ON CONFLICT (counted) DO UPDATE SET "
    "times = CASE WHEN clinic_requestcount.window_ends = excluded.window_ends "
    "THEN clinic_requestcount.times + 1 ELSE 1 END, window_ends = excluded.window_ends "
    "RETURNING times"
)
FORGETS_EVERY_S = 60
_forgets_at = [0]
_alone: dict[str, tuple[int, int]] = {}  # counts of this process, while the database can't be asked


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many requests of these pages in ``seconds``; 0 is no limit."""

    key: str
    pages: frozenset[str]
    methods: frozenset[str]  # empty: every method
    per_asker: int
    per_address: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The file, as it is used."""

    signed_in_hours: Mapping[str, int]
    requests: Mapping[str, Limit]
    by_page: Mapping[str, Limit]


class TooMany(Exception):
    """More than a limit allows; ``seconds`` until its window ends."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many requests; try again in {seconds} seconds")
        self.seconds = seconds


@cache
def limits(path: Path) -> Limits:
    """The limits in that file.

    Raises
    ------
    sojourn.definitions.DefinitionError
        If a field is not known, a number is none, or a role has no hours.
    """
    data = definitions.read(path)
    hours = data.get("signed in") or {}
    if missing := ROLE_KEYS ^ set(hours):
        raise definitions.DefinitionError(
            f"{path.name}: signed in: give each role its hours; look at {sorted(missing)}"
        )
    wrong = {each: value for each, value in hours.items() if not _whole(value, 1, 24)}
    if wrong:
        raise definitions.DefinitionError(
            f"{path.name}: signed in: {wrong}: hours are whole numbers from 1 to 24"
        )
    found = {
        key: _limit(path.name, key, each) for key, each in (data.get("requests") or {}).items()
    }
    by_page = {page: each for each in found.values() for page in each.pages}
    return Limits(hours, found, by_page)


def in_use() -> Limits:
    """The site's own limits, or those that are shipped."""
    return limits(Path(settings.LIMITS) if settings.LIMITS else SHIPPED)


class Limited:
    """Middleware: a page asked for too often is not run; 429 says when to come back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Count, and refuse what is too much."""
        match = request.resolver_match
        limit = in_use().by_page.get(match.view_name if match else "")
        if limit is None or (limit.methods and request.method not in limit.methods):
            return None
        try:
            _count_both(request, limit)
        except TooMany as too_many:
            return refusal(request, too_many)
        return None


def refusal(request: HttpRequest, too_many: TooMany) -> HttpResponse:
    """What a page, a device or another program is told."""
    words = f"Too many requests. Try again in {too_many.seconds} seconds."
    if request.path.startswith("/fhir"):
        issue = {"severity": "error", "code": "throttled", "diagnostics": words}
        answer: HttpResponse = JsonResponse(
            {"resourceType": "OperationOutcome", "issue": [issue]},
            status=429,
            content_type="application/fhir+json",
        )
    elif request.path.startswith("/api/"):
        problem = {"type": "about:blank", "title": "Too Many Requests", "status": 429}
        answer = JsonResponse(
            {**problem, "detail": words}, status=429, content_type="application/problem+json"
        )
    else:
        answer = render(request, "429.html", {"seconds": too_many.seconds}, status=429)
    answer["Retry-After"] = str(too_many.seconds)
    answer["Cache-Control"] = "no-store"
    return answer


def forget_past() -> int:
    """Delete counts whose window has ended, once in a while; returns how many."""
    now = math.floor(clock.now().timestamp())
    if now < _forgets_at[0]:
        return 0
    _forgets_at[0] = now + FORGETS_EVERY_S
    with suppress(DatabaseError, InterfaceError), hurried(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM clinic_requestcount WHERE window_ends < %s", [now])
        return int(cursor.rowcount)
    return 0


def _count_both(request: HttpRequest, limit: Limit) -> None:
    if limit.per_address:
        hit(limit, "address", str(request.META.get("REMOTE_ADDR", "")), limit.per_address)
    if limit.per_asker and (asker := _asker(request)):
        hit(limit, "asker", asker, limit.per_asker)


def _asker(request: HttpRequest) -> str:
    if token := request.headers.get("Authorization", ""):
        return token
    return f"member {request.user.pk}" if request.user.is_authenticated else ""


def hit(limit: Limit, per: str, whom: str, most: int) -> None:
    """Count one request of ``whom``.

    Raises
    ------
    TooMany
        If it is more than ``most`` in this window.
    """
    now = clock.now().timestamp()
    ends = (math.floor(now) // limit.seconds + 1) * limit.seconds
    # Neither an address nor a token is kept as it is.
    counted = hashlib.sha256(f"{limit.key}\n{per}\n{whom}".encode()).hexdigest()
    if _times(counted, ends) > most:
        raise TooMany(max(1, math.ceil(ends - now)))


def _times(counted: str, ends: int) -> int:
    try:
        with hurried(), connection.cursor() as cursor:
            cursor.execute(_COUNT, [counted, ends])
            times = int(cursor.fetchone()[0])
    except (DatabaseError, InterfaceError):
        window, before = _alone.get(counted, (ends, 0))
        times = before + 1 if window == ends else 1
        _alone[counted] = (ends, times)
        if len(_alone) > 10_000:
            _alone.pop(next(iter(_alone)))
    return times


def _limit(file: str, key: str, data: Mapping[str, Any]) -> Limit:
    known = {"pages", "methods", "per asker", "per address", "seconds"}
    if unknown := set(data) - known:
        raise definitions.DefinitionError(
            f"{file}: requests.{key}: {sorted(unknown)} is not known; use {sorted(known)}"
        )
    numbers = [data.get("per asker", 0), data.get("per address", 0), data.get("seconds")]
    if (
        not all(_whole(each, 0, 10**9) for each in numbers)
        or not numbers[2]
        or not any(numbers[:2])
    ):
        raise definitions.DefinitionError(
            f"{file}: requests.{key}: give 'seconds' and 'per asker' or 'per address' as numbers"
        )
    methods = frozenset(data.get("methods", ()))
    return Limit(key, frozenset(data["pages"]), methods, *numbers)


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
