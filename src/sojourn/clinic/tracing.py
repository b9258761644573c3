"""Traces for a site's own watch: how long an answer took, and how much of it the database.

Nothing is traced unless SOJOURN_TRACES names a collector that speaks OTLP over HTTP, and the
libraries of requirements/traces.txt are installed. Spans carry the name of a page or of a table's
statement, never an address, a person or a value.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from sojourn.clinic.measuring import Answering, page_of

SERVICE = "sojourn"
Executing = Callable[[str, Any, bool, dict[str, Any]], Any]


def provider(address: str) -> TracerProvider:
    """What collects spans and sends them to ``address`` in the background."""
    made = TracerProvider(resource=Resource({"service.name": SERVICE}), shutdown_on_exit=True)
    exporter = OTLPSpanExporter(endpoint=f"{address.rstrip('/')}/v1/traces", timeout=2)
    made.add_span_processor(BatchSpanProcessor(exporter))
    return made


def traced(get_response: Answering) -> Answering:
    """Middleware: one span for each answer, and in it one for each statement of the database."""
    spans = provider(settings.TRACES)
    tracer = spans.get_tracer(SERVICE)

    def answer(request: HttpRequest) -> HttpResponseBase:
        with tracer.start_as_current_span(
            request.method or "", context=_asked_by(request), kind=SpanKind.SERVER
        ) as span:
            with connection.execute_wrapper(Statements(tracer)):
                response = get_response(request)
            page = page_of(request)
            span.update_name(f"{request.method} {page}")
            span.set_attribute("http.request.method", request.method or "")
            span.set_attribute("http.route", page)
            span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= 500:
                span.set_status(Status(StatusCode.ERROR))
        return response

    answer.provider = spans  # type: ignore[attr-defined]  # who tests it waits for what was sent
    return answer


class Statements:
    """A span for each statement, by its first word; what it asked for is not told."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer

    def __call__(
        self, execute: Executing, sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        word = sql.split(None, 1)[0].upper()
        with self.tracer.start_as_current_span(
            word, kind=SpanKind.CLIENT, record_exception=False
        ) as span:
            span.set_attribute("db.system.name", connection.vendor)
            span.set_attribute("db.operation.name", word)
            return execute(sql, params, many, context)


def _asked_by(request: HttpRequest) -> Context:
    """The trace a proxy began, where it sends one."""
    return extract({"traceparent": request.headers.get("traceparent", "")})
