"""The one text an entry is hashed as, and its SHA-256.

The text is the fourteen columns of an entry in a fixed order, one on each
line. A column that held a line break could pass for two columns, so none may:
the writer refuses it, and a reader counts the line breaks before it believes.
"""

import re
from datetime import UTC, datetime
from hashlib import sha256

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
)
SEPARATOR = "\n"
SEPARATORS = len(COLUMNS) - 1
BEFORE_THE_FIRST = "0" * 64  # the previous hash of a stream's first entry

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def hash_of(
    position: int,
    stream: str,
    sequence: int,
    kind: str,
    schema: int,
    data: str,
    occurred_at: str,
    recorded_at: str,
    author: str,
    role: str,
    reason: str,
    signature: str,
    command: str,
    previous_hash: str,
) -> str:
    """The SHA-256 of an entry's columns, as 64 lowercase hexadecimal digits.

    Raises
    ------
    ValueError
        If a column holds a line break, so that the columns could be read in two ways.
    """
    text = (
        f"{position}\n{stream}\n{sequence}\n{kind}\n{schema}\n{data}\n{occurred_at}\n"
        f"{recorded_at}\n{author}\n{role}\n{reason}\n{signature}\n{command}\n{previous_hash}"
    ).encode()
    if text.count(b"\n") != SEPARATORS:
        raise ValueError(f"entry {position}: a column holds a line break; write it on one line")
    return sha256(text).hexdigest()


def refuse_control_characters(**columns: str) -> None:
    """Refuse text that could not be kept on one line and read back the same everywhere.

    Raises
    ------
    ValueError
        Naming the column, the character and the mend.
    """
    for name, text in columns.items():
        found = _CONTROL.search(text)
        if found:
            raise ValueError(
                f"{name} holds the control character U+{ord(found[0]):04X} "
                f"at place {found.start() + 1}; write it as one line of plain text"
            )


def time_text(moment: datetime) -> str:
    """``moment`` as the record stores it: ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, in UTC.

    Raises
    ------
    ValueError
        If the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; the record needs one")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def time_of(text: str) -> datetime:
    """The moment that ``time_text`` wrote, aware and in UTC."""
    return datetime.fromisoformat(text)
