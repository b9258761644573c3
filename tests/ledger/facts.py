"""Facts of no clinic, so that the record is tested as a record."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from sojourn.ledger.append import append
from sojourn.record.entry import Entry
from sojourn.record.kinds import Kinds

MORNING = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PulseTaken:
    kind: ClassVar[str] = "test.pulse-taken"
    schema: ClassVar[int] = 1
    per_minute: int


@dataclass(frozen=True, slots=True)
class NoteWritten:
    kind: ClassVar[str] = "test.note-written"
    schema: ClassVar[int] = 1
    text: str


KINDS = Kinds((PulseTaken, NoteWritten))


def write(
    stream: str,
    *facts: PulseTaken | NoteWritten,
    expected: int,
    minutes: int = 0,
    command: str = "",
    reason: str = "",
) -> tuple[Entry, ...]:
    """Append ``facts`` as a therapist, ``minutes`` after the morning began."""
    return append(
        stream,
        facts or (PulseTaken(60 + minutes % 60),),
        expected=expected,
        occurred_at=MORNING + timedelta(minutes=minutes),
        recorded_at=MORNING + timedelta(minutes=minutes),
        author="Ada Lund",
        role="therapist",
        command=command,
        reason=reason,
    )


def fill(entries: int, streams: int = 5) -> None:
    """A record of ``entries`` entries that takes its ``streams`` in turn."""
    for number in range(entries):
        place, turn = number % streams, number // streams
        fact = PulseTaken(60 + number % 60) if number % 2 else NoteWritten(f"note {number}, møde")
        write(f"course:{place}", fact, expected=turn, minutes=number, command=f"key-{number}")
