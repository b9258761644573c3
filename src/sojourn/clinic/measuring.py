"""How long pages take and how often they fail, for a site's own watch over its server.

Pages are counted by the name of their address, never by who was looked at or by whom.
"""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from prometheus_client import Counter, Histogram

WITHIN_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SECONDS = Histogram(
    "sojourn_page_seconds", "From request to answer, by page", ["page"], buckets=WITHIN_S
)
ANSWERS = Counter("sojourn_answers", "Answers by page and status", ["page", "status"])

Answering = Callable[[HttpRequest], HttpResponseBase]


def measured(get_response: Answering) -> Answering:
    """Middleware: count each answer and how long it took."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        begun = time.perf_counter()
        response = get_response(request)
        page = page_of(request)
        SECONDS.labels(page).observe(time.perf_counter() - begun)
        ANSWERS.labels(page, response.status_code).inc()
        return response

    return answer


def page_of(request: HttpRequest) -> str:
    """The name of the page that was asked for, whatever its address held."""
    match = request.resolver_match
    if match is None:  # an outer layer answered before a page was looked for
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return "none"
    return match.view_name or "unnamed"
