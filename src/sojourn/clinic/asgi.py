"""The door through which a web server calls Sojourn."""

import asyncio
import os
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sojourn.clinic.settings")
# Static files are small; that each is read whole is no news to whoever serves the pages.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")
pages = get_asgi_application()
# Only now: what the rooms import needs Django to stand.
from sojourn.clinic.body_limits import Message, Receive, Send, bounded  # noqa: E402

_bounded = bounded(pages)  # type: ignore[arg-type]


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Serve a page, or open and close with the server."""
    if scope["type"] != "lifespan":
        await _bounded(scope, receive, send)
        return
    from sojourn.clinic import access_log
    from sojourn.ledger import rounds

    await receive()
    _end_streams_on_signal()
    walking = asyncio.create_task(rounds.walk(beside=_beside))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    walking.cancel()
    with suppress(asyncio.CancelledError):
        await walking
    await asyncio.to_thread(access_log.write_waiting)
    await send({"type": "lifespan.shutdown.complete"})


def _beside() -> None:
    """What each round of the server does for the pages."""
    from sojourn.clinic import access_log, limits

    access_log.write_waiting()
    limits.forget_past()


def _end_streams_on_signal() -> None:
    """A server waits for open answers before it stops; let those that never end, end."""
    from sojourn.ledger.news import news

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _and_then(signal.getsignal(number), loop, news.close))


def _and_then(
    before: Any, loop: asyncio.AbstractEventLoop, close: Callable[[], None]
) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(close)
        if callable(before):
            before(number, frame)

    return handle
