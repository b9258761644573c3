"""What people read when the server can't do its work; nothing was half-written."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.defaults import permission_denied

from sojourn.clinic.api.door import is_api
from sojourn.clinic.api.problems import Problem

AGAIN_S = 5
UNREACHABLE = (
    "The record can't be reached or written just now. Nothing of what you sent was kept; "
    "send it again in a moment."
)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to whoever may not: in words for a person, as a problem for a program."""
    if is_api(request.path):
        return Problem(403, str(exception)).answer()
    return permission_denied(request, exception)


def failing(request: HttpRequest) -> HttpResponse:
    """The answer to whatever a page did not foresee: 503 while the record can't be reached."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return render(None, "500.html", status=500)
    answer: HttpResponse
    if "json" in request.headers.get("Accept", ""):
        answer = JsonResponse({"refused": UNREACHABLE}, status=503)
    else:
        # Without the request: who is asking stands in the record that can't be reached.
        answer = render(None, "503.html", status=503)
    answer["Retry-After"] = str(AGAIN_S)
    return answer
