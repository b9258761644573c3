"""Writes beside the record that hold no reader up."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

WAIT_MS = 250  # how long an answer may be held up by another writer


@contextmanager
def hurried() -> Iterator[None]:
    """A write that asks for no flush of the disk and waits for another writer a moment only.

    What the operating system was given outlives the process; a power cut may take the last of it.
    """
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SET synchronous_commit TO off")
        else:
            cursor.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
            cursor.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor != "sqlite":
                cursor.execute("SET synchronous_commit TO on")
            else:
                timeout = connection.settings_dict["OPTIONS"].get("timeout", 5)
                cursor.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")
                cursor.execute("PRAGMA synchronous = FULL")
