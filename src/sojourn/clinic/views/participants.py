"""The list of participants: search, filter, page."""

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
    every = visitor.at_sites(ParticipantRow.objects.filter(programme=visitor.programme))
    rows = every.order_by("participant")
    if status in STATUSES:
        rows = rows.filter(status=status)
    if search:
        rows = rows.filter(participant__gte=search, participant__lt=search + "\uffff")
    if after:
        rows = rows.filter(participant__gt=after)
    shown = list(rows[: PAGE + 1])
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
