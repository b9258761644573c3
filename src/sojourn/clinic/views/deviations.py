"""Protocol deviations of a programme: filtered, paged, and as a file for the study report."""

from datetime import date

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.comma_separated import lines
from sojourn.course.deviations import CATEGORIES, CLASSES, ClassifyDeviation
from sojourn.ledger import clock
from sojourn.ledger.rows import DeviationRow

Rows = QuerySet[DeviationRow]
PAGE = 50
UNCLASSIFIED = "none"
COLUMNS = (
    "participant",
    "since_on",
    "category",
    "visit",
    "label",
    "classification",
    "comment",
    "deviation",
)
HEADINGS = (
    "participant",
    "since",
    "kind",
    "visit",
    "deviation",
    "classification",
    "explanation",
    "key",
)


@in_programme
def deviations(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """A page of deviations, the newest first; arm-blind, and not for raters."""
    asked = {name: request.GET.get(name, "").strip() for name in ("kind", "grade", "search")}
    rows = rows_of(visitor, **asked).order_by("-since_on", "stream", "deviation")
    shown = list(after_row(rows, request.GET.get("after", ""))[: PAGE + 1])
    labels: dict[str, str] = dict(CATEGORIES)
    context = {
        "visitor": visitor,
        "here": "safety",
        "rows": [(row, labels.get(row.category, row.category)) for row in shown[:PAGE]],
        "kinds": CATEGORIES,
        "grades": ((UNCLASSIFIED, "Not classified"), *((key, key.title()) for key, _ in CLASSES)),
        "asked": asked,
        "after": request.GET.get("after", ""),
        "next_after": place_of(shown[PAGE - 1]) if len(shown) > PAGE else "",
        "may_classify": visitor.role in ClassifyDeviation.roles,
    }
    return render(request, "clinic/deviations.html", context)


@in_programme
def deviations_file(request: HttpRequest, visitor: Visitor) -> StreamingHttpResponse:
    """The same list as CSV, whole."""
    asked = {name: request.GET.get(name, "").strip() for name in ("kind", "grade", "search")}
    rows = rows_of(visitor, **asked).order_by("participant", "since_on", "deviation")
    headers = {"Content-Disposition": f'attachment; filename="deviations-{visitor.programme}.csv"'}
    return StreamingHttpResponse(
        lines(HEADINGS, rows.values_list(*COLUMNS).iterator()),
        content_type="text/csv",
        headers=headers,
    )


def rows_of(visitor: Visitor, *, kind: str, grade: str, search: str) -> Rows:
    """The deviations known by today."""
    today = timezone.localdate(clock.now())
    every = DeviationRow.objects.filter(programme=visitor.programme, since_on__lte=today)
    rows = visitor.at_sites(every)
    if kind in [key for key, _ in CATEGORIES]:
        rows = rows.filter(category=kind)
    if grade == UNCLASSIFIED:
        rows = rows.filter(classification="")
    elif grade in dict(CLASSES):
        rows = rows.filter(classification=grade)
    if search:
        rows = rows.filter(participant__gte=search, participant__lt=search + "\uffff")
    return rows


def place_of(row: DeviationRow) -> str:
    """Where a page goes on that ended with this row."""
    return f"{row.since_on}|{row.stream}|{row.deviation}"


def after_row(rows: Rows, after: str) -> Rows:
    """The rows that come after the one a page ended with."""
    day, _, rest = after.partition("|")
    stream, _, key = rest.partition("|")
    on = _day(day)
    if on is None:
        return rows
    same_day = Q(since_on=on) & (Q(stream__gt=stream) | Q(stream=stream, deviation__gt=key))
    return rows.filter(Q(since_on__lt=on) | same_day)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
