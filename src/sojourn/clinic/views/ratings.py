"""Ratings by a pool: a rater's own tasks, which say neither whom nor when; who has which."""

import secrets
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sojourn import instruments
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.forms import CommandForm
from sojourn.clinic.offers import Offers
from sojourn.conduct.rater_pool import DONE, RATER, Task
from sojourn.course.assessment import RecordAssessment
from sojourn.course.safety import RaiseConcern
from sojourn.ledger import clock, desk, programmes
from sojourn.ledger import ratings as pool
from sojourn.record.command import Refused

NOT_NOW = "It can't be recorded. Tell the coordinator, and give the number of this assessment."
SHOWN = 100


@in_programme
def ratings(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """A rater's own open tasks in the order of their numbers; for who arranges them, all."""
    if request.method == "POST":
        return _arrange(request, visitor)
    found = pool.load(visitor.programme)
    context: dict[str, Any] = {"visitor": visitor, "here": "ratings"}
    if visitor.role == RATER:
        mine = [each.task for each in found.open if each.rater == visitor.person.name]
        return render(request, "clinic/ratings.html", {**context, "mine": sorted(mine)})
    due = set(pool.due(visitor.programme, clock.now().date()))
    # Also those that only an earlier version of the protocol had.
    schedule = programmes.whole_schedule(visitor.standing)
    labels = {each.key: each.label for each in schedule.visits}
    names = {key: each.name for key, each in instruments.load_shipped().items()}
    context |= {
        "pool": visitor.standing.programme.rater_pool,
        "missing": len(due - set(found.held())),
        "open": [
            (
                each,
                labels[each.wanted.visit],
                names[each.wanted.instrument],
                each.wanted in due,
            )
            for each in found.open[:SHOWN]
        ],
        "more": max(0, len(found.open) - SHOWN),
        "done": sum(each.standing == DONE for each in found.tasks.values()),
    }
    return render(request, "clinic/ratings_arranged.html", context)


@in_programme
def rating(request: HttpRequest, visitor: Visitor, task: str) -> HttpResponse:
    """One task: the form of its instrument, and nothing of the course it belongs to."""
    held = _held(visitor, task)
    instrument = instruments.load_shipped()[held.wanted.instrument]
    form = CommandForm(
        RecordAssessment,
        Offers({}),
        data=request.POST if request.method == "POST" else None,
        initial={"key": secrets.token_hex(16)},
        instrument=instrument,
    )
    for name in ("visit", "instrument"):
        del form.fields[name]
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and _rated(visitor, held, form):
            messages.success(request, f"Recorded: assessment {task}.")
            return redirect("ratings", programme=visitor.programme)
    context = {"visitor": visitor, "here": "ratings", "task": task, "form": form}
    return render(
        request, "clinic/rating.html", {**context, "title": instrument.name}, status=status
    )


@in_programme
def concern(request: HttpRequest, visitor: Visitor, task: str) -> HttpResponse:
    """What worries a rater reaches the team at once; the rater need not know whom it is about."""
    held = _held(visitor, task)
    form = CommandForm(
        RaiseConcern,
        Offers({}),
        data=request.POST if request.method == "POST" else None,
        initial={"key": secrets.token_hex(16)},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and _raised(visitor, held, form):
            messages.success(request, "Your concern has reached the team.")
            return redirect("rating", programme=visitor.programme, task=task)
    context = {"visitor": visitor, "here": "ratings", "task": task, "form": form}
    return render(
        request, "clinic/rating.html", {**context, "title": RaiseConcern.title}, status=status
    )


def _held(visitor: Visitor, task: str) -> Task:
    try:
        return pool.task_of(visitor.programme, task, visitor.person)
    except Refused as refusal:
        raise Http404(refusal.message) from refusal


def _rated(visitor: Visitor, held: Task, form: CommandForm) -> bool:
    """Whether the rating is on the record; if not, the form says what the rater can mend."""
    wanted = held.wanted
    command = replace(form.to_command(), visit=wanted.visit, instrument=wanted.instrument)
    key = str(form.cleaned_data.get("key", ""))
    try:
        pool.record(visitor.programme, held.task, command, visitor.person, key=key)
    except Refused as refusal:
        # Other refusals speak of visits and days, which the rater is not to know.
        theirs = refusal.field in ("answers", "total")
        form.refuse(refusal.field if theirs else "", refusal.message if theirs else NOT_NOW)
        return False
    return True


def _raised(visitor: Visitor, held: Task, form: CommandForm) -> bool:
    key = str(form.cleaned_data.get("key", ""))
    who = held.wanted.participant
    try:
        desk.execute(visitor.programme, who, form.to_command(), visitor.person, key=key)
    except Refused:
        form.refuse("", NOT_NOW)
        return False
    return True


def _arrange(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    task = request.POST.get("task", "")
    try:
        if task:
            reason = request.POST.get("reason", "")
            pool.take_back(visitor.programme, task, reason, visitor.person)
            messages.success(request, f"Assessment {task} was taken back.")
        else:
            made = pool.allocate_due(visitor.programme, visitor.person)
            messages.success(request, f"Given to raters: {len(made)}.")
    except Refused as refusal:
        messages.error(request, f"Nothing was changed: {refusal.message}.")
    return redirect("ratings", programme=visitor.programme)
