"""Whoever watches a server sees what takes long, and nothing of whom it was about."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import override_settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sojourn.clinic import tracing
from sojourn.clinic.models import Member

COLLECTED: list[bytes] = []


class Collector(BaseHTTPRequestHandler):
    """Takes what OTLP sends and keeps it."""

    def do_POST(self) -> None:
        if self.path == "/v1/traces":
            COLLECTED.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def collector():
    COLLECTED.clear()
    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def spans():
    asked = [ExportTraceServiceRequest.FromString(each) for each in COLLECTED]
    return [
        span
        for each in asked
        for resource in each.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def said(span):
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_an_answer_and_its_statements_are_traced_without_a_number_or_a_name(db, collector):
    Member.objects.create(username="ada-therapist", role="therapist")

    def page(request):
        Member.objects.get(username="ada-therapist")
        return HttpResponse("P-0042")

    with override_settings(TRACES=collector):
        answering = tracing.traced(page)
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        asked = RequestFactory().get("/demo/participants/P-0042/", headers={"traceparent": parent})
        answering(asked)
        answering.provider.shutdown()
    found = {each.name: each for each in spans()}
    whole, statement = found["GET participant"], found["SELECT"]
    assert said(whole) == {
        "http.request.method": "GET",
        "http.route": "participant",
        "http.response.status_code": 200,
    }
    assert statement.parent_span_id == whole.span_id
    assert whole.trace_id.hex() == parent.split("-")[1]
    for secret in (b"P-0042", b"ada-therapist", b"clinic_member"):
        assert not any(secret in each for each in COLLECTED)


def test_a_failure_is_marked_as_one(collector):
    with override_settings(TRACES=collector):
        answering = tracing.traced(lambda request: HttpResponse(status=503))
        answering(RequestFactory().get("/health/ready"))
        answering.provider.shutdown()
    (span,) = spans()
    assert span.status.code == 2


def test_without_a_collector_nothing_is_held_up():
    with override_settings(TRACES="http://127.0.0.1:9"):
        answering = tracing.traced(lambda request: HttpResponse("well"))
        assert answering(RequestFactory().get("/")).content == b"well"
        answering.provider.shutdown()
