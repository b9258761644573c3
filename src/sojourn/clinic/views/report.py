"""The latest report: by arm for the unblinded statistician, blinded for others on the team."""

import json

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from sojourn import reporting
from sojourn.clinic.access import Visitor, course_readers_only, in_programme
from sojourn.conduct.blinding import may_see_closed_session
from sojourn.ledger import opening

CONTENT = {"html": (reporting.PAGE, "text/html"), "pdf": (reporting.PAPER, "application/pdf")}


@in_programme
def report(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What reports lie ready for this role, and how one is made."""
    course_readers_only(visitor)
    kinds = ["blinded", *(["opened"] if may_see_closed_session(visitor.role) else [])]
    ready = [(kind, _about(visitor, kind)) for kind in kinds]
    context = {"visitor": visitor, "here": "outcomes", "ready": ready}
    return render(request, "clinic/report.html", context)


@require_POST
@in_programme
def report_file(request: HttpRequest, visitor: Visitor, kind: str, form: str) -> HttpResponse:
    """One file of the latest report; one by arm is an opening of the allocation, with a purpose."""
    course_readers_only(visitor)
    if kind not in ("blinded", "opened") or form not in CONTENT:
        raise Http404("there is no such report")
    if kind == "opened" and not may_see_closed_session(visitor.role):
        raise PermissionDenied("The report by arm is for the unblinded statistician.")
    name, content_type = CONTENT[form]
    path = reporting.shelf(visitor.programme, blinded=kind == "blinded") / name
    if not path.is_file():
        raise Http404("no report has been made yet")
    randomisation = visitor.standing.protocol.randomisation
    if kind == "opened" and randomisation is not None and randomisation.blinded:
        purpose = request.POST.get("purpose", "").strip()
        if len(purpose) < 8:
            messages.error(request, "Say in a few words what the report is opened for.")
            return redirect("report", programme=visitor.programme)
        opening.record(visitor.programme, purpose, visitor.person)
    headers = {"Content-Disposition": f'attachment; filename="{visitor.programme}-{kind}.{form}"'}
    return HttpResponse(path.read_bytes(), content_type=content_type, headers=headers)


def _about(visitor: Visitor, kind: str) -> dict[str, object] | None:
    """The cut of the report on the shelf; None where there is none."""
    folder = reporting.shelf(visitor.programme, blinded=kind == "blinded")
    try:
        numbers = json.loads((folder / reporting.NUMBERS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {
        "as_of": numbers["as_of"][:16].replace("T", " "),
        "size": numbers["size"],
        "root": numbers["root"],
        "figures": len(numbers["figures"]),
    }
