"""Data quality of a programme: queries, what is verified against source, what is locked."""

from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from sojourn.clinic import comma_separated
from sojourn.clinic.access import Visitor, in_programme
from sojourn.conduct import blinding
from sojourn.course.verification import CRITICAL, KINDS
from sojourn.ledger import clock
from sojourn.ledger.quality_rows import HoldRow, QueryRow, VerificationRow
from sojourn.ledger.rows import ParticipantRow

PAGE = 100
STANDINGS = (
    ("waiting", "Not closed"),
    ("overdue", "Overdue"),
    ("open", "Open"),
    ("answered", "Answered"),
    ("closed", "Closed"),
)
COLUMNS = (
    "participant", "query", "standing", "entry", "about", "visit", "question", "opened_by",
    "opened_on", "due_on", "last_said", "last_by", "last_on",
)  # fmt: skip
Rows = QuerySet[QueryRow]


@in_programme
def queries(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Queries this visitor may see, those due first."""
    asked = _asked(request)
    rows = rows_of(visitor, **asked)
    found = list(rows[: PAGE + 1])
    context = {
        "visitor": visitor,
        "here": "quality",
        "asked": asked,
        "standings": STANDINGS,
        "rows": found[:PAGE],
        "more": len(found) > PAGE,
        "today": timezone.localdate(clock.now()),
    }
    return render(request, "clinic/queries.html", context)


@in_programme
def queries_file(request: HttpRequest, visitor: Visitor) -> StreamingHttpResponse:
    """The same queries as comma-separated text."""
    rows = rows_of(visitor, **_asked(request)).values_list(*_columns(visitor)).iterator()
    headers = {"Content-Disposition": f'attachment; filename="queries-{visitor.programme}.csv"'}
    return StreamingHttpResponse(
        comma_separated.lines(_columns(visitor), rows), content_type="text/csv", headers=headers
    )


@in_programme
def monitoring(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """How much is verified against source, by kind and by participant, and what is locked."""
    return render(request, "clinic/monitoring.html", monitored(visitor))


def monitored(visitor: Visitor) -> dict[str, Any]:
    """What is verified, waiting and held, by kind and by participant."""
    mine = {"programme": visitor.programme}
    sums = {"done": Sum("verified"), "of": Sum("entries")}
    verified = visitor.at_sites(VerificationRow.objects.filter(**mine))
    by_kind = verified.values_list("kind").annotate(**sums)
    by_person = verified.values_list("participant").annotate(**sums)
    done = {participant: (seen, of) for participant, seen, of in by_person}
    held = visitor.at_sites(HoldRow.objects.filter(**mine))
    holds = {each.participant: each for each in held}
    waiting: dict[str, int] = {}
    unsettled = visitor.at_sites(QueryRow.objects.filter(**mine)).exclude(standing="closed")
    for participant in unsettled.values_list("participant", flat=True):
        waiting[participant] = waiting.get(participant, 0) + 1
    people = visitor.at_sites(ParticipantRow.objects.filter(**mine)).order_by("participant")
    return {
        "visitor": visitor,
        "here": "quality",
        "plan": visitor.standing.programme.monitoring_plan,
        "lock": visitor.standing.programme.database_lock,
        "kinds": sorted(
            ((KINDS.get(kind, kind), kind in CRITICAL, seen, of) for kind, seen, of in by_kind),
            key=lambda row: (not row[1], row[0]),
        ),
        "people": [
            (
                each,
                done.get(each.participant),
                waiting.get(each.participant, 0),
                holds.get(each.participant),
            )
            for each in people
        ],
        "locked": sum(each.state == "locked" for each in holds.values()),
    }


def _asked(request: HttpRequest) -> dict[str, str]:
    return {
        "standing": request.GET.get("standing", "waiting").strip(),
        "search": request.GET.get("search", "").strip(),
    }


def _columns(visitor: Visitor) -> tuple[str, ...]:
    # A rater learns from no number how much others have written.
    return COLUMNS if visitor.sees_course else tuple(e for e in COLUMNS if e != "entry")


def rows_of(visitor: Visitor, *, standing: str, search: str) -> Rows:
    """The queries this visitor may see, those due first."""
    rows = visitor.at_sites(QueryRow.objects.filter(programme=visitor.programme))
    if not visitor.sees_course:
        visits = visitor.standing.protocol.visits
        hidden = [v.key for v in visits if not blinding.may_see_visit(visitor.role, v.rated_by)]
        rows = rows.filter(about__in=blinding.RATER_SEES).exclude(visit__in=hidden)
    if standing == "overdue":
        rows = rows.filter(standing="open", due_on__lt=timezone.localdate(clock.now()))
    elif standing == "waiting":
        rows = rows.filter(~Q(standing="closed"))
    elif standing in dict(STANDINGS):
        rows = rows.filter(standing=standing)
    if search:
        rows = rows.filter(participant__gte=search, participant__lt=search + "\uffff")
    return rows.order_by("due_on", "participant", "query")
