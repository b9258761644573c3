"""How many requests a worker answers at once; the others wait their turn and are not refused.

Each answer has a connection of its own, and a database has a hundred for all: without an end to
them, a hundred people who come at one moment get errors instead of a short wait.
"""

from collections.abc import Callable
from threading import BoundedSemaphore

from django.http import HttpRequest, HttpResponseBase

AT_ONCE = 20
_places = BoundedSemaphore(AT_ONCE)


def in_turn(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: wait for a place. Whether the process lives is answered without one."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/health/"):
            return get_response(request)
        with _places:  # a stream gives it back when it begins
            return get_response(request)

    return answer
