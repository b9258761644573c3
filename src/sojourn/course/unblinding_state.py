"""What a course holds of emergency unblinding; never the arm."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Unblinding:
    """One request, its answer, and when the arm was shown to the one who asked."""

    key: str
    reason: str
    by: str
    at: datetime
    alone: bool
    answer: str = ""  # 'confirmed' or 'declined'; empty while nobody has answered
    answered_by: str = ""
    answered_at: datetime | None = None
    comment: str = ""
    shown_at: datetime | None = None
    raters: tuple[str, ...] = ()  # who had rated them until then

    @property
    def may_be_shown(self) -> bool:
        return (self.alone or self.answer == "confirmed") and self.shown_at is None

    @property
    def open(self) -> bool:
        """Whether something is still to happen with it."""
        return self.shown_at is None and self.answer != "declined"
