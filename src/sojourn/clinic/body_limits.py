"""What is sent here is bounded before any page reads it: Django keeps a body of any length."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sojourn.clinic.api.door import is_api
from sojourn.clinic.api.problems import CONTENT_TYPE, Problem
from sojourn.exchange import bodies
from sojourn.exchange.fhir import bundle_files
from sojourn.exchange.fhir.outcome import outcome

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

MOST = bundle_files.MOST_BYTES + 100_000  # the largest file, and the form around it


def bounded(pages: Application) -> Application:
    """``pages``, which never see more of a body than is taken here; more is answered with 413."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        most = _most(scope["path"])
        if _announced(scope) > most:
            await _refuse(scope["path"], most, send)
            return
        taken, begun = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= most else {"type": "http.disconnect"}

        async def told(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        await pages(scope, counted, told)
        if taken > most and not begun:
            await _refuse(scope["path"], most, send)

    return answer


def _most(path: str) -> int:
    return bodies.MOST_BYTES if _is_fhir(path) or is_api(path) else MOST


def _is_fhir(path: str) -> bool:
    return path == "/fhir" or path.startswith("/fhir/")


def _announced(scope: Message) -> int:
    """The length that the request gives itself; 0 where it gives none that can be read."""
    given = dict(scope["headers"]).get(b"content-length", b"")
    return int(given[:20]) if given.isdigit() else 0


async def _refuse(path: str, most: int, send: Send) -> None:
    words = f"the body is more than {most} bytes; send less at a time"
    body, kind = words.encode(), "text/plain; charset=utf-8"
    if _is_fhir(path):
        body = json.dumps(outcome("error", "too-long", words)).encode()
        kind = "application/fhir+json"
    elif is_api(path):
        body, kind = Problem(413, words).answer().content, CONTENT_TYPE
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # what is still to come is not read
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
