"""What one line of the record holds once it is written."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


class Fact(Protocol):
    """Something that happened, named as a clinician would say it.

    ``kind`` is the stored name. It is ours, never a class path, and never
    changes once an entry carries it. ``schema`` counts the shapes it has had.
    """

    kind: ClassVar[str]
    schema: ClassVar[int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact with its place in the record. Times are aware and in UTC."""

    stream: str
    sequence: int  # 1 for the first entry of the stream
    fact: Fact
    occurred_at: datetime
    recorded_at: datetime
    author: str
    role: str
    reason: str = ""
    signature: str = ""  # the meaning of the signature; empty when unsigned
    position: int = 0  # place in the whole record; 0 before it is written
    command: str = ""  # key of the command that asked for it, so a retry writes nothing
    hash: str = ""  # SHA-256 over everything above and the stream's previous hash
