"""Long reading from a copy of the database that follows it, so that no page waits for it.

A site with PostgreSQL names such a copy in ``SOJOURN_REPLICA``. What is computed is the same:
a cut ends at a position, and the copy is asked only once it has got there.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, connections

from sojourn.record.command import Refused

NAME = "replica"
PATIENCE_S, PAUSE_S = 30.0, 0.1


@contextmanager
def reading(upto: int, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Let what this thread reads inside come from the copy, where the site has one.

    Nothing can be written inside. In a transaction the record itself goes on being read.

    Raises
    ------
    Refused
        If after ``patience_s`` seconds the copy is not reached or has not got to entry ``upto``.
    """
    if NAME not in connections.settings or connection.in_atomic_block:
        yield
        return
    record = connections["default"]
    connections["default"] = connections[NAME]
    try:
        _wait_for(upto, time.monotonic() + patience_s)
        yield
    finally:
        connections["default"] = record


def _wait_for(upto: int, until: float) -> None:
    while True:
        try:
            reached = _reached()
            lack = f"stands at entry {reached} and entry {upto} is asked for: see why it lags"
        except OperationalError as error:
            reached, lack = -1, f"can't be reached ({str(error).strip()}): see that it runs"
        if reached >= upto:
            return
        if time.monotonic() > until:
            raise Refused(
                f"the copy that is read from (SOJOURN_REPLICA) {lack}, or unset SOJOURN_REPLICA"
            )
        time.sleep(PAUSE_S)


def _reached() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT position FROM ledger_head")
        row = cursor.fetchone()
    return row[0] if row else 0
