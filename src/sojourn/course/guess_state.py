"""What a course holds of guesses of the arm; shown to nobody but who wrote it down."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Guess:
    """What one person believed about the arm on one occasion."""

    occasion: str
    visit: str
    guesser: str  # 'participant', 'therapist' or 'independent-rater'
    account: str  # of the therapist or rater; empty for the participant
    guess: str  # key of an arm, or 'unknown'
    certainty_percent: int | None  # 0 to 100; None where the arm was not guessed
    reason: str
    at: datetime
    author: str
    sequence: int
