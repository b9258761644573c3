"""The API put together: its addresses, who may, how what is sent is read, how faults are told."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder
from ninja.security import HttpBearer

from sojourn.clinic.api import door, participants, programmes, quality, safety, stock
from sojourn.clinic.api.places import add_commands
from sojourn.clinic.api.problems import CONTENT_TYPE, Problem, ProblemOut, Wrong, wrong
from sojourn.clinic.api.tokens import Bearer
from sojourn.exchange import bodies
from sojourn.record.command import Refused

OF_ALL = (400, 401, 403, 404, 422, 500, 503)
OF_COMMANDS = (409, 412, 413, 415, 428)
DESCRIPTION = """Every command and list of the pages, for programs of the staff's own. A personal
token acts as its member and may never more than they may. See docs/api.md."""


class PersonalToken(HttpBearer):
    """'Authorization: Bearer TOKEN', as made on the member's own page, within its scopes."""

    def __init__(self, area: str) -> None:
        super().__init__()
        self.area = area

    def __call__(self, request: HttpRequest) -> Bearer:
        """The bearer the door let in, if its scopes reach here."""
        found, verb = door.bearer(request), "read" if request.method == "GET" else "write"
        if found is None:
            raise Problem(401)
        if not found.may(self.area, verb):
            raise Problem(
                403, f"this token has no scope for it; it would need '{self.area}:{verb}'", "scope"
            )
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Bearer | None:
        """Never asked: the door has looked at the token already."""
        return door.bearer(request)


class Suspicious(Parser):
    """Reads JSON as whatever comes from outside is read here."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The object in the body; what can't be taken is told by ``_unreadable``."""
        try:
            return bodies.parsed(bodies.body_of(request))
        except bodies.Unreadable as unreadable:
            request.unreadable = unreadable  # type: ignore[attr-defined]
            raise


class _Encoder(NinjaJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Exact(JSONRenderer):
    """Writes moments to the microsecond: as of such a moment the entry is there."""

    encoder_class = _Encoder


class Interface(NinjaAPI):
    """An interface whose errors are problems, in its documentation too."""

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Every fault with its place; what was sent there is told too."""
        faults = []
        for context in error_contexts:
            source, named = (
                context.model.__ninja_param_source__,
                context.model.__ninja_flatten_map_reverse__,
            )
            for fault in context.pydantic_validation_error.errors(include_url=False):
                place = fault["loc"]
                place = place[1:] if source == "body" else named.get(place, place)
                faults.append({**fault, "loc": (source, *place)})
        return ValidationError(faults)

    def get_openapi_schema(self, **words: Any) -> OpenAPISchema:
        """The documentation, made once."""
        if not hasattr(self, "_documented"):
            self._documented = _with_problems(super().get_openapi_schema(**words))
        return self._documented


def made() -> Interface:
    """The interface with every list and command."""
    api = Interface(
        title="Sojourn",
        version="1",
        description=DESCRIPTION,
        docs_url=None,  # its page would load scripts from another host
        openapi_url="/openapi.json",
        urls_namespace="api",
        parser=Suspicious(),
        renderer=Exact(),
    )
    routers = {
        "participants": participants.router,
        "programme": programmes.router,
        "safety": safety.router,
        "quality": quality.router,
        "stock": stock.router,
    }
    add_commands(routers)
    for area, router in routers.items():
        api.add_router("", router, auth=PersonalToken(area))
    api.add_router("", programmes.day_router, auth=PersonalToken("participants"))
    for fault, told in _TOLD.items():
        api.add_exception_handler(fault, told)
    return api


def addresses() -> tuple[list[URLResolver | URLPattern], str, str]:
    """The interface's addresses, which ask for a token and not for a signed-in person."""
    patterns, app, namespace = made().urls
    for each in patterns:
        if isinstance(each, URLPattern):
            each.callback = login_not_required(each.callback)
    return patterns, app, namespace


def _with_problems(documented: OpenAPISchema) -> OpenAPISchema:
    """Every error an address may answer; ninja would make a model of each for each address."""
    schema = ProblemOut.model_json_schema(ref_template=REF_TEMPLATE)
    documented["components"]["schemas"] |= {**schema.pop("$defs"), "ProblemOut": schema}
    content = {CONTENT_TYPE: {"schema": {"$ref": REF_TEMPLATE.format(model="ProblemOut")}}}
    for methods in documented["paths"].values():
        for method, operation in methods.items():
            for each in operation["parameters"]:
                if each["in"] == "header":  # what is left out has no value
                    each["schema"].pop("default", None)
            for status in (*OF_ALL, *(OF_COMMANDS if method == "post" else ())):
                operation["responses"][status] = {
                    "description": HTTPStatus(status).phrase,
                    "content": content,
                }
    return documented


def _problem(request: HttpRequest, fault: Problem) -> HttpResponse:
    return fault.answer()


def _refused(request: HttpRequest, fault: Refused) -> HttpResponse:
    return Problem(422, fault.message).answer()


def _missing(request: HttpRequest, fault: Http404) -> HttpResponse:
    return Problem(404, str(fault)).answer()


def _denied(request: HttpRequest, fault: PermissionDenied) -> HttpResponse:
    return Problem(403, str(fault)).answer()


def _unreadable(request: HttpRequest, fault: HttpError) -> HttpResponse:
    found: bodies.Unreadable | None = getattr(request, "unreadable", None)
    if found is None:
        return Problem(fault.status_code, str(fault)).answer()
    named = found.header or "The body"
    return Problem(found.status, f"{named} {found.text}").answer()


def _too_long(request: HttpRequest, fault: RequestDataTooBig) -> HttpResponse:
    return Problem(413).answer()


def _broken_off(request: HttpRequest, fault: UnreadablePostError) -> HttpResponse:
    return Problem(400, "the body broke off; send it again").answer()


def _invalid(request: HttpRequest, fault: ValidationError) -> HttpResponse:
    places = [each["loc"] for each in fault.errors]
    if any(place[0] == "path" for place in places):
        return Problem(404).answer()
    return Problem(422, "", "invalid", tuple(map(_wrong, fault.errors))).answer()


def _wrong(error: dict[str, Any]) -> Wrong:
    place, value = error["loc"][1:], error.get("input")
    mend = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        mend = "is not asked for here; leave it out"
    if error["type"] == "missing":
        mend, value = "is missing; give it", None
    return wrong(".".join(map(str, place)), value, mend)


_TOLD: dict[type[Exception], Any] = {
    Problem: _problem,
    Refused: _refused,
    Http404: _missing,
    PermissionDenied: _denied,
    HttpError: _unreadable,
    RequestDataTooBig: _too_long,
    UnreadablePostError: _broken_off,
    ValidationError: _invalid,
}
