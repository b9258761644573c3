"""Guesses of the arm: what a blinded person believes, how surely, and what made them think so.

Asked on the occasions the pack names, so that how well the blind held can be told. A guess
is itself confidential. Certainty is a number from 0 to 100 and not a word, because the
analysis weighs a guess by it (Bang, Ni & Davis 2004, doi 10.1016/j.cct.2003.10.016).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sojourn.course.state import Course, Guess, with_item
from sojourn.record.entry import Entry

UNKNOWN = "unknown"
PARTICIPANT = "participant"
REASONS = (
    ("effects", "Effects felt or seen"),
    ("benefit", "Getting better, or not"),
    ("told", "Someone said or showed it"),
    ("other", "Something else"),
)


@dataclass(frozen=True, slots=True)
class GuessRecorded:
    """``guesser`` is 'participant', 'therapist' or 'independent-rater'; ``account`` is theirs,
    empty for the participant, whose words the author wrote down.

    ``guess`` is the key of an arm or 'unknown', which has no certainty and no reason.
    """

    kind: ClassVar[str] = "blinding.guess-recorded"
    schema: ClassVar[int] = 1
    occasion: str
    visit: str
    guesser: str
    account: str
    guess: str
    certainty_percent: int | None
    reason: str


def recorded(course: Course, fact: GuessRecorded, entry: Entry) -> Course:
    guess = Guess(
        fact.occasion,
        fact.visit,
        fact.guesser,
        fact.account,
        fact.guess,
        fact.certainty_percent,
        fact.reason,
        entry.occurred_at,
        entry.author,
        entry.sequence,
    )
    key = (fact.occasion, fact.guesser, fact.account)
    return replace(course, guesses=with_item(course.guesses, key, guess))


DECIDE: Mapping[type, Any] = {}
EVOLVE: Mapping[type, Any] = {GuessRecorded: recorded}
