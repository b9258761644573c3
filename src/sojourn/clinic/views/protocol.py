"""The protocol as people read it: schedule of activities, doses, and what differs from another."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from sojourn import instruments, protocols
from sojourn.clinic.access import Visitor, in_programme
from sojourn.protocols import activities, comparing
from sojourn.protocols.model import Protocol


@in_programme
def protocol(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The programme's own protocol, beside a shipped pack where one is asked for."""
    own = visitor.standing.protocol
    shipped = protocols.shipped()
    against = request.GET.get("against", own.key if own.key in shipped else "")
    if against and against not in shipped:
        raise Http404(f"'{against}' is no pack that comes with Sojourn.")
    other = protocols.load_shipped(against) if against else None
    context = {
        **_words(own),
        "visitor": visitor,
        "here": "programme",
        "packs": shipped,
        "against": against,
        "other": other,
        "differences": comparing.differences(other, own) if other else (),
    }
    return render(request, "clinic/protocol.html", context)


def page(shown: Protocol) -> str:
    """A page of its own, to print or send, for a protocol that no programme follows."""
    return render_to_string("clinic/protocol_alone.html", _words(shown))


def _words(shown: Protocol) -> dict[str, Any]:
    names = {key: each.name for key, each in instruments.load_shipped().items()}
    dosing = shown.dosing
    return {
        "protocol": shown,
        "schedule": activities.schedule(shown, names),
        "doses": activities.doses(shown),
        "dose_sources": activities.cited(shown, dosing.source) if dosing else (),
        "washout_verified": dosing.washout.verified if dosing else True,
    }
