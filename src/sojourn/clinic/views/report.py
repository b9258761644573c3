"""The latest report: by arm for the unblinded statistician, blinded for others on the team."""

import json
from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from sojourn import reporting
from sojourn.clinic import report_runs
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.report_runs import Kind
from sojourn.conduct.blinding import may_see_closed_session
from sojourn.ledger import opening

CONTENT = {
    "html": (reporting.PAGE, "text/html"),
    "pdf": (reporting.PAPER, "application/pdf"),
    "json": (reporting.REGISTRY, "application/json"),
}
TITLES = {
    "opened": "By arm",
    "blinded": "Blinded: all participants together",
    "single": "One arm, described",
}


@require_GET
@in_programme
def report(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What reports lie ready for this role; any of them can be made anew."""
    kinds: list[Kind] = ["blinded"]
    if _compares(visitor) and may_see_closed_session(visitor.role):
        kinds.append("opened")
    cards = [_card(visitor, kind) for kind in kinds]
    context = {"visitor": visitor, "here": "outcomes", "cards": cards}
    return render(request, "clinic/report.html", context)


@require_GET
@in_programme
def report_run(request: HttpRequest, visitor: Visitor, kind: str) -> HttpResponse:
    """Only the card of one kind, as a page that waits asks for it."""
    context = {"visitor": visitor, "card": _card(visitor, _allowed(visitor, kind))}
    return render(request, "clinic/_report_card.html", context)


@require_POST
@in_programme
def make_report(request: HttpRequest, visitor: Visitor, kind: str) -> HttpResponse:
    """Begin making a report; one by arm opens the allocation, with a purpose."""
    allowed = _allowed(visitor, kind)
    purpose = request.POST.get("purpose", "").strip()
    if allowed == "opened" and _is_sealed(visitor) and not opening.says_why(purpose):
        messages.error(request, "Say in a few words what the report is opened for.")
    else:
        wish = reporting.Wish(visitor.programme, blinded=allowed == "blinded", purpose=purpose)
        report_runs.start(wish, visitor.person)
    return redirect("report", programme=visitor.programme)


@require_POST
@in_programme
def report_file(request: HttpRequest, visitor: Visitor, kind: str, form: str) -> HttpResponse:
    """One file of the latest report; one by arm is an opening of the allocation, with a purpose."""
    allowed = _allowed(visitor, kind)
    if form not in CONTENT:
        raise Http404("there is no such report")
    name, content_type = CONTENT[form]
    path = reporting.shelf(visitor.programme, blinded=allowed == "blinded") / name
    if not path.is_file():
        raise Http404("no such report has been made yet")
    if allowed == "opened" and _is_sealed(visitor):
        purpose = request.POST.get("purpose", "").strip()
        if not opening.says_why(purpose):
            messages.error(request, "Say in a few words what the report is opened for.")
            return redirect("report", programme=visitor.programme)
        opening.record(visitor.programme, purpose, visitor.person)
    title = kind if _compares(visitor) else "report"
    headers = {"Content-Disposition": f'attachment; filename="{visitor.programme}-{title}.{form}"'}
    return HttpResponse(path.read_bytes(), content_type=content_type, headers=headers)


def _allowed(visitor: Visitor, kind: str) -> Kind:
    """``kind`` if there is such a report and the visitor's role may have it."""
    if kind not in ("blinded", "opened") or (kind == "opened" and not _compares(visitor)):
        raise Http404("there is no such report")
    if kind == "opened" and not may_see_closed_session(visitor.role):
        raise PermissionDenied("The report by arm is for the unblinded statistician.")
    return cast(Kind, kind)


def _compares(visitor: Visitor) -> bool:
    return visitor.standing.protocol.randomisation is not None


def _is_sealed(visitor: Visitor) -> bool:
    randomisation = visitor.standing.protocol.randomisation
    return randomisation is not None and randomisation.blinded


def _card(visitor: Visitor, kind: Kind) -> dict[str, object]:
    run = report_runs.run_of(visitor.programme, kind)
    return {
        "kind": kind,
        "title": TITLES[kind if _compares(visitor) else "single"],
        "about": _about(visitor, kind),
        "run": run,
        "percent": 100 * run.done // run.of if run and run.of else 0,
        "asks_purpose": kind == "opened" and _is_sealed(visitor),
    }


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
        "registry": (folder / reporting.REGISTRY).is_file(),
    }
