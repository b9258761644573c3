"""The safety board, and the reports that go past the treating team."""

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sojourn.clinic import board, mood_picture
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.forms import CommandForm
from sojourn.clinic.offers import Offers
from sojourn.conduct.blinding import may_read_confidential, may_see_closed_session
from sojourn.conduct.confidential import AnswerConfidentialReport, ReportConfidentially
from sojourn.ledger import clock, confidential
from sojourn.record.command import Refused


@in_programme
def safety(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Open alerts, running clocks, events, moods and stopping rules at one glance, arm-blind."""
    shown = board.gather(visitor, clock.now())
    context = {
        "visitor": visitor,
        "here": "safety",
        "board": shown,
        "grades": board.GRADES,
        "counted_up_to": board.COUNTED_UP_TO,
        "moods": mood_picture.moods(shown.moods),
        "may_open": may_see_closed_session(visitor.role),
        "may_read_confidential": may_read_confidential(visitor.role),
    }
    return render(request, "clinic/safety.html", context)


@in_programme
def report(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Report in confidence; nobody on the treating team sees it."""
    form = CommandForm(
        ReportConfidentially,
        Offers({}),
        data=request.POST if request.method == "POST" else None,
        initial={"key": secrets.token_hex(16)},
    )
    if request.method == "POST" and _written(visitor, form):
        messages.success(request, "Your report has reached those who oversee the site.")
        return redirect("today", programme=visitor.programme)
    context = {"visitor": visitor, "form": form, "title": ReportConfidentially.title}
    status = 422 if request.method == "POST" else 200
    return render(request, "clinic/command.html", context, status=status)


@in_programme
def reports(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Confidential reports, for those who oversee the site, and what was done about each."""
    found = confidential.reports(visitor.programme, visitor.person)
    form = CommandForm(
        AnswerConfidentialReport,
        offers_of(visitor),
        data=request.POST if request.method == "POST" else None,
        initial={"key": secrets.token_hex(16), "report": request.GET.get("report", "")},
    )
    if request.method == "POST" and _written(visitor, form):
        messages.success(request, "Recorded what was done.")
        return redirect("confidential", programme=visitor.programme)
    context = {
        "visitor": visitor,
        "here": "safety",
        "reports": [*found.open, *(each for each in found.by_key.values() if each.answered_at)],
        "form": form if found.open else None,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "clinic/confidential.html", context, status=status)


def offers_of(visitor: Visitor) -> Offers:
    """The reports that can be acted on, for those who may read them."""
    if not may_read_confidential(visitor.role):
        return Offers({})
    found = confidential.reports(visitor.programme, visitor.person).open
    choices = tuple((each.key, f"{each.about}, {each.at:%Y-%m-%d}") for each in found)
    return Offers({"confidential-reports": choices})


def _written(visitor: Visitor, form: CommandForm) -> bool:
    """Whether the form's command is on the confidential record; if not, the form says why."""
    if not form.is_valid():
        return False
    key = str(form.cleaned_data.get("key", ""))
    try:
        confidential.execute(visitor.programme, form.to_command(), visitor.person, key=key)
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return False
    return True
