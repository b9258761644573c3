"""The list of participants: search, filter, page."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sojourn.clinic.access import Visitor, in_programme
from sojourn.course.screening import RegisterParticipant
from sojourn.course.state import STATUSES
from sojourn.ledger.rows import ParticipantRow, StatusCount

PAGE = 25


@in_programme
def participants(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """A page of participants in order of number.

    Pages go by the number they start after, not by an offset, so that the last
    page costs as little as the first.
    """
    search = request.GET.get("search", "").strip()
    status = request.GET.get("status", "")
    after = request.GET.get("after", "")
    shown = list(rows(visitor, search=search, status=status, after=after)[: PAGE + 1])
    counts = visitor.at_sites(StatusCount.objects.filter(programme=visitor.programme))
    context = {
        "visitor": visitor,
        "here": "participants",
        "rows": shown[:PAGE],
        "next_after": shown[PAGE - 1].participant if len(shown) > PAGE else "",
        "search": search,
        "status": status,
        "after": after,
        "statuses": STATUSES,
        "total": sum(counts.values_list("participants", flat=True)),
        "may_register": visitor.role in RegisterParticipant.roles,
    }
    return render(request, "clinic/participants.html", context)


def rows(visitor: Visitor, *, search: str, status: str, after: str) -> QuerySet[ParticipantRow]:
    """The participants this visitor may list, in order of number, after that one."""
    every = visitor.at_sites(ParticipantRow.objects.filter(programme=visitor.programme))
    found = every.order_by("participant")
    if status in STATUSES:
        found = found.filter(status=status)
    if search:
        found = found.filter(participant__gte=search, participant__lt=search + "\uffff")
    if after:
        found = found.filter(participant__gt=after)
    return found
