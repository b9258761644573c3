"""Writers wait in line. PostgreSQL queues them at the head row; SQLite only lets them try again.

A writer that finds SQLite locked sleeps and tries anew, ever longer, and can be
passed by many others. So writers of an embedded record first take a lock the
operating system hands on at once.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction


@contextmanager
def in_turn() -> Iterator[None]:
    """A transaction that begins when this writer's turn has come; joins one that is under way."""
    name = str(connection.settings_dict["NAME"])
    # Whoever holds the record's own lock must not wait for this one.
    if connection.vendor != "sqlite" or connection.in_atomic_block or "memory" in name:
        with transaction.atomic():
            yield
        return
    with Path(f"{name}.turn").open("wb") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        with transaction.atomic():
            yield
