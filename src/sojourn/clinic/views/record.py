"""The record itself: how long it is, its latest checkpoint, and whether it holds."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from sojourn.clinic.access import Visitor, in_programme
from sojourn.ledger import checkpoint as checkpoints
from sojourn.ledger import clock, leases
from sojourn.ledger.models import Checkpoint, Head
from sojourn.ledger.verify import verify

# Beyond this a page would keep its reader waiting; the command line shows progress.
MOST_ENTRIES_ON_A_PAGE = 200_000


@in_programme
def record(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The length of the record and its checkpoints."""
    return render(request, "clinic/record.html", _context(visitor))


@require_POST
@in_programme
def verify_record(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Verify every entry now and show what was found."""
    context = _context(visitor)
    if context["entries"] <= MOST_ENTRIES_ON_A_PAGE:
        context["report"] = verify()
    else:
        messages.info(request, "The record is long: run `sojourn verify`, which shows progress.")
    return render(request, "clinic/record.html", context)


@require_POST
@in_programme
def make_checkpoint(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Make a checkpoint to print, sign and lodge elsewhere."""
    made = checkpoints.make_checkpoint(visitor.person.name)
    messages.success(request, f"Checkpoint over {made.size} entries: lodge its root elsewhere.")
    return redirect("record", programme=visitor.programme)


@in_programme
def checkpoint_file(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The latest checkpoint as a file."""
    latest = checkpoints.latest()
    text = checkpoints.lodged(latest).as_text() if latest else "{}\n"
    headers = {"Content-Disposition": 'attachment; filename="checkpoint.json"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


def _context(visitor: Visitor) -> dict[str, Any]:
    head = Head.objects.first()
    return {
        "visitor": visitor,
        "here": "record",
        "entries": head.position if head else 0,
        "latest": checkpoints.latest(),
        "checkpoints": Checkpoint.objects.order_by("-size")[:10],
        "leases": leases.standing(visitor.programme),
        "today": clock.now().date(),
    }
