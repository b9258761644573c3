"""The access log: who opened what of whom, for those who oversee the site."""

from datetime import datetime, time

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from sojourn.clinic import comma_separated
from sojourn.clinic.access import ROLE_LABELS, Visitor, in_programme
from sojourn.clinic.models import AccessLine

PAGE = 50
COLUMNS = ("at", "participant", "site", "member", "role", "page", "method", "by_way_of", "status")
Lines = QuerySet[AccessLine]


@in_programme
def access_log(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """A page of the log, newest first; it goes on from a line, so that each costs the same."""
    asked = _asked(request)
    lines = _lines(visitor, asked).order_by("-id")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal() and len(before) < 19:
        lines = lines.filter(id__lt=int(before))
    found = list(lines[: PAGE + 1])
    context = {
        "visitor": visitor,
        "here": "quality",
        "lines": [(each, ROLE_LABELS.get(each.role, each.role)) for each in found[:PAGE]],
        "next_before": found[PAGE - 1].id if len(found) > PAGE else "",
        "asked": asked,
    }
    return render(request, "clinic/access_log.html", context)


@in_programme
def file(request: HttpRequest, visitor: Visitor) -> StreamingHttpResponse:
    """The same lines as comma-separated text, oldest first."""
    lines = _lines(visitor, _asked(request)).order_by("id")
    headers = {"Content-Disposition": f'attachment; filename="access-{visitor.programme}.csv"'}
    rows = lines.values_list(*COLUMNS).iterator()
    return StreamingHttpResponse(
        comma_separated.lines(COLUMNS, rows), content_type="text/csv", headers=headers
    )


def lines_of(programme: str, *, participant: str = "", member: str = "", since: str = "") -> Lines:
    """The lines of a programme, by an index whichever is asked for."""
    lines = AccessLine.objects.filter(programme=programme)
    if participant:
        lines = lines.filter(participant=participant)
    if member:
        lines = lines.filter(member=member)
    if since and (day := day_of(since)):
        lines = lines.filter(at__gte=day)
    return lines


def _lines(visitor: Visitor, asked: dict[str, str]) -> Lines:
    lines = lines_of(visitor.programme, **asked)
    sites = visitor.reach.sites
    # What was opened as a whole holds their participants too.
    return lines if sites is None else lines.filter(Q(site__in=[*sorted(sites), ""]))


def _asked(request: HttpRequest) -> dict[str, str]:
    return {
        name: request.GET.get(name, "").strip()[:150] for name in ("participant", "member", "since")
    }


def day_of(text: str) -> datetime | None:
    """The first moment of that day; None where it is none."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    # A day before the first that can be made aware is no day of this log.
    if day is None or day.year < 1900:
        return None
    return timezone.make_aware(datetime.combine(day, time()))
