"""What the participant's own diary holds in a course: entries, access and wishes."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class DiaryEntry:
    """One filling of the diary. ``answers`` are pairs of question and answer, in order."""

    key: str
    day: date  # where the participant was
    at: datetime
    answers: tuple[tuple[str, str], ...]
    clock_off_min: int  # how far the phone's clock was ahead; 0 within tolerance
    reviewed: str = ""  # what staff made of its effects; empty until they looked

    def answer(self, question: str) -> str:
        """The first answer to ``question``; empty when it was left open."""
        return next((value for key, value in self.answers if key == question), "")

    def number(self, question: str) -> int | None:
        """The answer as a whole number; None when it was left open."""
        given = self.answer(question)
        return int(given) if given else None

    def every(self, question: str) -> tuple[str, ...]:
        """All answers to a question that takes several."""
        return tuple(value for key, value in self.answers if key == question)


@dataclass(frozen=True, slots=True)
class DiaryAccess:
    """Whether the participant has been given the diary."""

    given_at: datetime | None = None
    opened_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.given_at is not None and self.revoked_at is None


@dataclass(frozen=True, slots=True)
class DiaryWishes:
    """When the participant wishes to be reminded; hours of their own day."""

    reminders: bool
    remind_at: int
    quiet_from: int
    quiet_until: int
