"""What stands before and behind the API: the token, problems for every error, and ETags."""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from sojourn.clinic.api.problems import CONTENT_TYPE, Problem
from sojourn.clinic.api.tokens import Bearer, bearer_of
from sojourn.clinic.authority import EVERYONE, authority

PREFIX = "/api/v1/"
DEVICES = "/api/v1/vitals/"  # an interface of its own, for devices
Answering = Callable[[HttpRequest], HttpResponseBase]
_TAG = re.compile(r'"(\d{1,9})(?:-[0-9a-f]+)?"', re.ASCII)


def is_api(path: str) -> bool:
    """Whether this address is one of the API's."""
    return path.startswith(PREFIX) and not path.startswith(DEVICES)


def telling(get_response: Answering) -> Answering:
    """Middleware: every error of the API is a problem; what a caller has already is not resent."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not is_api(request.path) or not isinstance(response, HttpResponse):
            return response
        if response.status_code >= 400 and response["Content-Type"] != CONTENT_TYPE:
            told = Problem(response.status_code).answer()
            for name in ("Allow", "Retry-After"):
                if name in response:
                    told[name] = response[name]
            return told
        if request.method == "GET" and response.status_code == 200:
            return _tagged(request, response)
        return response

    return answer


class ByToken:
    """Middleware: on the API a member is known by their token alone, whatever cookies say."""

    def __init__(self, get_response: Answering) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request.path):
            bearer = bearer_of(request.headers.get("Authorization", ""))
            request.bearer = bearer  # type: ignore[attr-defined]
            request.user = bearer.member if bearer else AnonymousUser()
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Ask for a token wherever the table of authority does not let everyone in."""
        if not is_api(request.path) or bearer(request):
            return None
        page = request.resolver_match.view_name if request.resolver_match else ""
        if authority().group(page, str(request.method)) == EVERYONE:
            return None
        return Problem(401).answer()


def bearer(request: HttpRequest) -> Bearer | None:
    """Whose token came with the request."""
    found: Bearer | None = getattr(request, "bearer", None)
    return found


def shows_version(request: HttpRequest, version: int | None) -> None:
    """Put the version of what is shown into the answer's ETag, for a later If-Match."""
    request.version_shown = version  # type: ignore[attr-defined]


def version_matched(text: str | None) -> int | None:
    """The version that If-Match names; None when there is none to hold to.

    Raises
    ------
    Problem
        412 when it is no ETag of a course or programme.
    """
    if text is None or text.strip() == "*":
        return None
    found = _TAG.fullmatch(text.strip())
    if found is None:
        raise Problem(412, f"'{text[:60]}' is no ETag with a version; read the course again")
    return int(found[1])


def _tagged(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    # What a day makes due changes with no entry: the tag follows what is shown, too.
    shown = getattr(request, "version_shown", None)
    digest = sha256(response.content).hexdigest()[:16]
    tag = f'"{digest}"' if shown is None else f'"{shown}-{digest}"'
    asked = request.headers.get("If-None-Match", "")
    if any(each.strip().removeprefix("W/") in (tag, "*") for each in asked.split(",")):
        response = HttpResponse(status=304)
        del response["Content-Type"]
    response["ETag"] = tag
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Authorization"
    return response
