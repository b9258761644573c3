"""Today: who is being dosed, what is due, what is overdue, which alerts are open."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from sojourn.clinic import board, grounds, reaching
from sojourn.clinic.access import Visitor, in_programme
from sojourn.conduct.blinding import may_read_confidential
from sojourn.course import guessing
from sojourn.course.state import STATUSES
from sojourn.ledger import clock, programmes
from sojourn.ledger.rows import ConfidentialRow, DueRow, OpenAlertRow, OpenSessionRow, StatusCount

SHOWN = 12


def home(request: HttpRequest) -> HttpResponse:
    """The one programme, or the choice of programmes."""
    keys = tuple(programmes.keys())
    if len(keys) == 1:
        return redirect("today", programme=keys[0])
    places = [(key, reaching.place_of(request, key)) for key in keys]
    standings = [(key, place.standing.programme) for key, place in places if place.reach.role]
    return render(request, "clinic/home.html", {"programmes": standings})


@in_programme
def today(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The day at a glance."""
    if not visitor.sees_visits:
        return redirect("ratings", programme=visitor.programme)
    return render(request, "clinic/today.html", at_a_glance(visitor))


def at_a_glance(visitor: Visitor) -> dict[str, Any]:
    """What is due, late, open and going on, as far as this visitor may see it."""
    day = timezone.localdate(clock.now())
    due = visitor.at_sites(DueRow.objects.filter(programme=visitor.programme))
    if not visitor.sees_course:
        due = due.filter(rated_by="independent-rater")
    due = due.exclude(_guesses_of_others(visitor))
    overdue = due.filter(latest_on__lt=day).order_by("latest_on")
    open_now = due.filter(latest_on__gte=day, earliest_on__lte=day).order_by("latest_on")
    coming = due.filter(
        target_on__gt=day, target_on__lte=day + timedelta(days=7), earliest_on__gt=day
    ).order_by("target_on")
    context: dict[str, Any] = {
        "visitor": visitor,
        "here": "today",
        "day": day,
        "overdue": overdue[:SHOWN],
        "overdue_count": board.counted(overdue),
        "due": open_now[:SHOWN],
        "due_count": board.counted(open_now),
        "coming": coming[:SHOWN],
        "counted_up_to": board.COUNTED_UP_TO,
        "statuses": _statuses(visitor),
    }
    if visitor.role == "sponsor":
        standing = visitor.standing
        context["endings"] = grounds.endings(standing.programme, day)
        context["owed"] = grounds.owed(standing.programme, standing.protocol, day)
    if visitor.sees_course:
        mine = {"programme": visitor.programme}
        sessions = visitor.at_sites(OpenSessionRow.objects.filter(**mine))
        alerts = visitor.at_sites(OpenAlertRow.objects.filter(**mine))
        context["late_reports"] = board.overdue_reports(visitor, clock.now())
        if may_read_confidential(visitor.role) and visitor.everywhere:
            reports = ConfidentialRow.objects.filter(programme=visitor.programme)
            context["confidential"] = board.counted(reports)
        context["diversions"] = board.diversions(visitor)
        context["sessions"] = sessions.order_by("opened_at")[:SHOWN]
        context["alerts"] = alerts.order_by("raised_at")[:SHOWN]
        context["alert_count"] = board.counted(alerts)
    return context


def _guesses_of_others(visitor: Visitor) -> Q:
    """Guesses that someone else writes down, or that nobody may give any more."""
    guesses = Q(phase=guessing.PHASE)
    if visitor.standing.protocol.blinding_check and programmes.opened_at(visitor.programme):
        return guesses
    mine = [roles[0] for roles in guessing.WRITTEN_BY.values() if visitor.role in roles]
    return guesses & ~Q(rated_by__in=mine)


def _statuses(visitor: Visitor) -> dict[str, int]:
    rows = visitor.at_sites(StatusCount.objects.filter(programme=visitor.programme))
    counts = dict(rows.values_list("status").annotate(Sum("participants")))
    return {status: counts.get(status, 0) for status in STATUSES}
