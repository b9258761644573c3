"""What someone with the administrator's password can do to a record."""

import random
from typing import Any

from django.db import connection

from sojourn.ledger import triggers

COLUMNS = (
    "position",
    "stream",
    "sequence",
    "kind",
    "schema",
    "data",
    "occurred_at",
    "recorded_at",
    "author",
    "role",
    "reason",
    "signature",
    "command",
    "previous_hash",
    "hash",
)
NUMBERS = ("position", "sequence", "schema")


def disarm() -> None:
    """Take the triggers away, as an administrator could."""
    triggers.remove(connection)


def change(position: int, column: str, value: Any) -> None:
    """Overwrite one column of the entry at ``position``."""
    place = "CAST(%s AS TEXT)" if isinstance(value, bytes) else "%s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE ledger_entry SET {column} = {place} WHERE position = %s", (value, position)
        )


def value_of(position: int, column: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM ledger_entry WHERE position = %s", (position,))
        return cursor.fetchone()[0]


def run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def one_byte_off(value: Any, column: str, generator: random.Random) -> Any:
    """``value`` with one byte changed, or one added where it is empty.

    Numbers stay numbers. PostgreSQL stores no byte that is not text, so there
    the new byte is one of ASCII in a place that held one.
    """
    text = bytearray(str(value).encode())
    if not text:
        return generator.choice("x0 \n")
    if column in NUMBERS:
        place = generator.randrange(len(text))
        digits = [each for each in b"0123456789" if each != text[place]]
        if place == 0 and len(text) > 1:
            digits = [each for each in digits if each != ord("0")]
        text[place] = generator.choice(digits)
        return int(text)
    if connection.vendor == "sqlite":
        place = generator.randrange(len(text))
        text[place] ^= generator.randrange(1, 256)
        return bytes(text)
    places = [place for place, each in enumerate(text) if each < 128]
    place = generator.choice(places)
    text[place] = generator.choice([each for each in range(1, 128) if each != text[place]])
    return text.decode()
