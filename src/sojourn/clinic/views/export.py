"""The latest export for download: blinded, and by arm for the statistician."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from sojourn.clinic.access import Visitor, in_programme
from sojourn.conduct.blinding import may_see_closed_session
from sojourn.exchange.cdisc import shelf
from sojourn.ledger import opening


@in_programme
def exports(request: HttpRequest, visitor: Visitor) -> HttpResponseBase:
    """What exports lie ready for this role, and how one is made."""
    kinds = ["blinded", *(["opened"] if may_see_closed_session(visitor.role) else [])]
    ready = [(each, shelf.about(visitor.programme, blinded=each == "blinded")) for each in kinds]
    context = {"visitor": visitor, "here": "outcomes", "ready": ready}
    return render(request, "clinic/exports.html", context)


@require_POST
@in_programme
def export_file(request: HttpRequest, visitor: Visitor, kind: str) -> HttpResponseBase:
    """The latest export; one by arm is an opening of the allocation, with a purpose."""
    blinded = kind == "blinded"
    if kind not in ("blinded", "opened"):
        raise Http404("there is no such export")
    if not blinded and not may_see_closed_session(visitor.role):
        raise PermissionDenied("The export by arm is for the unblinded statistician.")
    if shelf.about(visitor.programme, blinded=blinded) is None:
        raise Http404("no export has been made yet")
    randomisation = visitor.standing.protocol.randomisation
    if not blinded and randomisation is not None and randomisation.blinded:
        purpose = request.POST.get("purpose", "").strip()
        if not opening.says_why(purpose):
            messages.error(request, "Say in a few words what the export is opened for.")
            return redirect("exports", programme=visitor.programme)
        opening.record(visitor.programme, purpose, visitor.person)
    path = shelf.folder(visitor.programme, blinded=blinded) / shelf.PACKED
    name = f"{visitor.programme}-{kind}.zip"
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)
