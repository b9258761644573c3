"""The server's own rounds: what the clock alone sets off happens though nobody looks.

A monitor that fell silent delivers nothing, and an alarm nobody acknowledged may be on
no open page. So the server itself looks, again and again. Several workers may: what one
has done, the others find done.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import DatabaseError, connection

from sojourn.ledger import programmes, raising
from sojourn.record.command import Refused

EVERY_S = 2.0
AGAIN_S = 5.0  # after a round that failed

log = logging.getLogger(__name__)


async def walk(
    every_s: float = EVERY_S,
    again_s: float = AGAIN_S,
    beside: Callable[[], object] = lambda: None,
) -> None:
    """Make one round after another until cancelled; a round that fails is told and made again.

    ``beside`` is done before each, and does not hold it up.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="rounds") as walker:
        run = asyncio.get_running_loop().run_in_executor
        while True:
            try:
                await run(walker, beside)
                await run(walker, make_round)
                await asyncio.sleep(every_s)
            except (DatabaseError, Refused):
                log.exception("a round could not be made; it is made again")
                await asyncio.sleep(again_s)


def make_round() -> int:
    """Look at every programme once; returns how many alarms were raised or escalated."""
    found = False
    try:
        raised = sum(raising.tick(key) for key in tuple(programmes.keys()))
        found = True
    finally:
        # A server's connection is not held between rounds, or a database that came back would
        # not be found. A file's is: on a full disk the first to open it again could not.
        if not found or connection.vendor != "sqlite":
            connection.close()
    return raised
