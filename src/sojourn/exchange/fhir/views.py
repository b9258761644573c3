"""The addresses under /fhir: thin doors to what reads and writes. Every error is told as FHIR."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from sojourn.exchange import asked
from sojourn.exchange.asked import Asked
from sojourn.exchange.fhir import (
    bodies,
    bundles,
    capability,
    creating,
    exporting,
    monitored,
    parameters,
    recorded,
    searching,
)
from sojourn.exchange.fhir.callers import Caller, caller_of
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.kept import OF_COURSES, OF_PROGRAMMES, Reader, place_of
from sojourn.exchange.fhir.outcome import Fault, outcome
from sojourn.exchange.fhir.writing import text_of
from sojourn.ledger import raising
from sojourn.ledger.append import StaleVersion
from sojourn.record.command import Refused

FHIR = "application/fhir+json"
UNREACHABLE = (
    "The record can't be reached or written just now. Nothing of what you sent was kept; "
    "send it again in a moment."
)
_VERSION = re.compile(r"\d{1,9}", re.ASCII)
View = Callable[..., HttpResponseBase]


def base() -> str:
    """The address of the interface, as others know it."""
    return f"{settings.ADDRESS}/fhir"


def spoken(*methods: str) -> Callable[[View], View]:
    """A view of the interface: errors become OperationOutcomes, other methods are refused."""

    def of(view: View) -> View:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def answer(request: HttpRequest, **words: str) -> HttpResponseBase:
            try:
                if request.method not in (*methods, "HEAD"):
                    allowed = ", ".join(methods)
                    told = f"{request.method} is not spoken here; use {allowed}"
                    raise Fault(405, told, "http.method")
                return view(request, **words)
            except Fault as fault:
                response = _answer(fault.outcome(), fault.status)
                if fault.status == 401:
                    response["WWW-Authenticate"] = 'Bearer realm="fhir"'
                if fault.status == 405:
                    response["Allow"] = ", ".join(methods)
                return response
            except Refused as refusal:
                return _answer(
                    outcome("error", "business-rule", refusal.message, refusal.field), 422
                )
            except StaleVersion as stale:
                return _answer(outcome("error", "conflict", str(stale)), 409)
            except (OperationalError, InterfaceError):
                response = _answer(outcome("error", "transient", UNREACHABLE), 503)
                response["Retry-After"] = "5"
                return response

        return answer

    return of


@spoken("GET")
def metadata(request: HttpRequest) -> HttpResponse:
    """The CapabilityStatement, for everyone."""
    return _answer(capability.statement(base()))


@spoken("GET")
def smart_configuration(request: HttpRequest) -> HttpResponse:
    """What of SMART is here, for everyone."""
    return HttpResponse(text_of(capability.smart(base())), content_type="application/json")


@spoken("GET", "POST")
def of_type(request: HttpRequest, resource: str) -> HttpResponse:
    """Search, or create."""
    caller = _caller(request)
    if request.method == "POST":
        return _created(request, caller, resource)
    query = _query(request.META.get("QUERY_STRING", ""))
    return _answer(_search(caller, resource, query, lenient=_lenient(request)))


@spoken("GET")
def one(request: HttpRequest, resource: str, identity: str) -> HttpResponse:
    """Read one resource as it stands."""
    caller = _caller(request)
    return _answer(_read(caller, resource, identity))


@spoken("GET", "POST")
def search(request: HttpRequest, resource: str) -> HttpResponse:
    """Search with the parameters in the body, so that no address tells of a participant."""
    if request.method == "GET":
        return one(request, resource=resource, identity="_search")  # type: ignore[return-value]
    caller = _caller(request)
    body = bodies.body_of(request, (bodies.FORM,))
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Fault(400, "holds what is no form; percent-encode it", code="structure") from error
    query = _query(request.META.get("QUERY_STRING", "")) + _query(text)
    _tell(request, caller, _named(dict(query)))
    return _answer(_search(caller, resource, query, lenient=_lenient(request)))


@spoken("GET")
def history(request: HttpRequest, resource: str, identity: str) -> HttpResponse:
    """Every version of one resource, newest first."""
    caller = _caller(request)
    versions = _versions(caller, resource, identity)
    entries = []
    for number, each in enumerate(reversed(versions)):
        made = {"method": "PUT" if number else "POST", "url": f"{resource}/{identity}"}
        told = {"status": "200" if number else "201"}
        url = f"{base()}/{resource}/{identity}"
        entries.append({"fullUrl": url, "resource": each, "request": made, "response": told})
    return _answer(searching.bundle("history", entries[::-1], total=len(entries)))


@spoken("GET")
def version(request: HttpRequest, resource: str, identity: str, number: str) -> HttpResponse:
    """One version, by the sequence of the entry that made it."""
    caller = _caller(request)
    for each in _versions(caller, resource, identity):
        if each["meta"]["versionId"] == number:
            return _answer(each)
    raise Fault(404, f"{resource}/{identity} has no version {number[:20]}", resource)


@spoken("POST")
def bundle(request: HttpRequest) -> HttpResponse:
    """A transaction or a batch."""
    caller = _caller(request)
    sent = bodies.parsed(bodies.body_of(request))
    if sent.get("resourceType") != "Bundle":
        raise Fault(422, "is no Bundle; send others to their own type", "resourceType")
    answer = bundles.process(caller, sent, base(), lambda url: _get(caller, url))
    raising.tick(caller.programme)
    return _answer(answer)


@spoken("GET")
def export(request: HttpRequest, of: str = "") -> HttpResponseBase:
    """Bulk export: the manifest, or the lines of one type; ``of`` patients, or of all there is."""
    caller = _caller(request)
    wanted = dict(_query(request.META.get("QUERY_STRING", "")))
    unknown = set(wanted) - {"_type", "_since", "_outputFormat", "part"}
    if unknown:
        raise Fault(400, "is not understood; known are _type and _since", min(unknown))
    reader = _reader(caller)
    if since := wanted.get("_since", ""):
        parameters.parsed(caller.programme, "Patient", [("_lastUpdated", f"gt{since}")])
    if part := wanted.get("part", ""):
        (kind,) = exporting.types_of(caller, reader, part.partition(",")[0])
        lines = exporting.lines(reader, kind, since)
        return StreamingHttpResponse(lines, content_type="application/fhir+ndjson")
    kinds = exporting.types_of(caller, reader, wanted.get("_type", ""), of_patients=bool(of))
    if "respond-async" in request.headers.get("Prefer", ""):
        begun = HttpResponse(status=202)
        begun["Content-Location"] = f"{base()}/{of}$export?{request.META.get('QUERY_STRING', '')}"
        return begun
    return HttpResponse(
        text_of(exporting.manifest(base(), kinds, since)), content_type="application/json"
    )


@spoken("GET", "POST")
def unknown(request: HttpRequest, **words: str) -> HttpResponse:
    """Whatever else is asked for under /fhir."""
    raise Fault(404, "there is nothing at this address; see /fhir/metadata")


def _caller(request: HttpRequest) -> Caller:
    """Who asks; the access log is told for whom, and about whom where it is one participant."""
    caller = caller_of(request.headers.get("Authorization", ""))
    _tell(request, caller, _participant(request))
    return caller


def _tell(request: HttpRequest, caller: Caller, about: str) -> None:
    asked.tell(request, Asked(caller.programme, about, caller.by, f"fhir:{caller.name}"))


def _named(query: Mapping[str, str]) -> str:
    """The one participant that a search names; empty for several or none."""
    found = (query.get("patient") or query.get("subject") or "").rpartition("/")[2]
    return "" if "," in found else found


def _participant(request: HttpRequest) -> str:
    words = request.resolver_match.kwargs if request.resolver_match else {}
    found = _named(request.GET.dict())
    if words.get("resource") in OF_COURSES and words.get("identity"):
        found = monitored.whose(words["identity"])
        if not found:
            with suppress(Fault):
                found, _ = place_of(words["resource"], words["identity"])
    return found


def _created(request: HttpRequest, caller: Caller, resource: str) -> HttpResponse:
    sent = bodies.parsed(bodies.body_of(request))
    if sent.get("resourceType") != resource:
        shown = str(sent.get("resourceType"))[:60]
        raise Fault(400, f"is '{shown}' and was sent to {resource}", "resourceType", "structure")
    condition = request.headers.get("If-None-Exist", "")
    made = creating.create(caller, sent, base(), condition)
    if resource == "Observation":
        raising.tick(caller.programme)
    if caller.may(resource, "r"):
        answer = _answer(_read(caller, resource, made.identity), 201 if made.new else 200)
    else:
        words = made.words or ("written" if made.new else "received before; nothing was written")
        code = "informational" if made.new else "duplicate"
        answer = _answer(outcome("information", code, words), 201 if made.new else 200)
    answer["Location"] = f"{base()}/{resource}/{made.identity}"
    return answer


def _get(caller: Caller, url: str) -> Resource:
    path, _, query = url.partition("?")
    parts = path.strip("/").split("/")
    if len(parts) == 1:
        return _search(caller, parts[0], _query(query))
    if len(parts) == 2:
        return _read(caller, parts[0], parts[1])
    raise Fault(422, f"is '{url[:60]}'; write Type/id or Type?search", "request.url")


def _read(caller: Caller, resource: str, identity: str) -> Resource:
    _known(resource)
    caller.must(resource, "r")
    reader = _reader(caller)
    if resource == "Provenance":
        return recorded.provenance_by_id(reader, identity)
    if resource in OF_COURSES:
        if resource == "Observation" and not reader.rates_only:
            found = monitored.one(reader.about, identity)
            if found is not None and reader.reaches(found.participant):
                return found.observation()
        return reader.resources([reader.row(resource, identity)])[0]
    if resource == "AuditEvent":
        return recorded.audit_by_id(reader, identity)
    for each in reader.of_programme(resource):
        if each["id"] == identity:
            return each
    raise Fault(404, f"there is no {resource}/{identity} that you may see", resource)


def _search(
    caller: Caller, resource: str, asked: list[tuple[str, str]], *, lenient: bool = False
) -> Resource:
    _known(resource)
    caller.must(resource, "s")
    reader = _reader(caller)
    if resource in OF_COURSES:
        search = parameters.parsed(caller.programme, resource, asked, lenient=lenient)
        if search.include:
            caller.must("Patient", "r")
            if resource == "ResearchSubject":
                caller.must("ResearchStudy", "r")
        return searching.page(reader, search)
    if resource in OF_PROGRAMMES:
        return searching.whole(reader, resource, asked, lenient=lenient)
    if resource == "AuditEvent":
        return recorded.audit_events(reader, asked, lenient=lenient)
    return recorded.provenances(reader, asked, lenient=lenient)


def _versions(caller: Caller, resource: str, identity: str) -> list[Resource]:
    _known(resource)
    caller.must(resource, "r")
    if resource not in OF_COURSES:
        return [_read(caller, resource, identity)]
    reader = _reader(caller)
    if resource == "Observation" and not reader.rates_only:
        found = monitored.one(reader.about, identity)
        if found is not None and reader.reaches(found.participant):
            return [found.observation()]
    return list(reader.versions(reader.row(resource, identity)))


def _known(resource: str) -> None:
    if resource not in capability.kinds():
        known = ", ".join(capability.kinds())
        raise Fault(404, f"is '{resource[:60]}'; here are: {known}", "resource", "not-supported")


def _lenient(request: HttpRequest) -> bool:
    """Whether what is not understood may be left out, as FHIR lets a client prefer."""
    prefer = re.split(r"[,;]", request.headers.get("Prefer", "").replace(" ", "").lower())
    return "handling=lenient" in prefer


def _reader(caller: Caller) -> Reader:
    return Reader(caller.programme, caller.by, base(), caller.reach)


def _query(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError as error:
        raise Fault(400, f"the query can't be read: {error}") from error


def _answer(found: Any, status: int = 200) -> HttpResponse:
    response = HttpResponse(text_of(found), status=status, content_type=FHIR)
    response["Cache-Control"] = "no-store"
    meta = found.get("meta") or {}
    if "versionId" in meta:
        response["ETag"] = f'W/"{meta["versionId"]}"'
    return response
