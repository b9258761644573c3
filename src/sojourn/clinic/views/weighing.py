"""The pros and cons on one plain page, for someone who is asked to consent."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sojourn.clinic import weighing


@require_safe
@login_not_required
def pros_and_cons(request: HttpRequest) -> HttpResponse:
    """Benefits, harms, what is not known, alternatives: every figure from the register."""
    return render(request, "clinic/pros_and_cons.html", {"parts": weighing.balance()})
