"""Whether the blind held: guesses of the arm, their indices, and what expectancy alone could do.

An index says how people guessed, not why: who gets better may guess rightly because of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many in each of two arms guessed that they had the active treatment or the other,
    or said they did not know. Who was not asked is in none of these."""

    active_active: int
    active_reference: int
    active_unknown: int
    reference_active: int
    reference_reference: int
    reference_unknown: int

    @property
    def table(self) -> Array:
        """(arms, answers): rows active and reference; columns active, reference, not known."""
        return np.array(
            [
                [self.active_active, self.active_reference, self.active_unknown],
                [self.reference_active, self.reference_reference, self.reference_unknown],
            ],
            dtype=float,
        )


@dataclass(frozen=True, slots=True)
class Index:
    """A blinding index of ``people`` with its two-sided interval, kept to the index's range."""

    name: str
    arm: str
    estimate: float
    standard_error: float
    low: float
    high: float
    people: int


def counted(
    answers: Iterable[tuple[str, str]], active: str, reference: str, unknown: str = "unknown"
) -> Guesses:
    """The guesses of (arm, guess) pairs; ``unknown`` is how not knowing is written.

    Raises
    ------
    ValueError
        If an arm is neither of the two, or a guess neither of them nor unknown: who was not
        asked is left out before.
    """
    cells = np.zeros((2, 3), dtype=int)
    arms, answer = (active, reference), (active, reference, unknown)
    for arm, guess in answers:
        if arm not in arms:
            raise ValueError(f"arm '{arm}' is neither '{active}' nor '{reference}'")
        if guess not in answer:
            raise ValueError(f"guess '{guess}' is none of {answer}; leave out who was not asked")
        cells[arms.index(arm), answer.index(guess)] += 1
    return Guesses(*map(int, cells.ravel()))


def james(guesses: Guesses, confidence: float = 0.95) -> Index:
    """One index for both arms: 1 where nobody knows, 0.5 random guessing, 0 all unblinded.

    An upper limit under 0.5 speaks for a broken blind. The standard error is by the delta
    method on the multinomial counts.

    Raises
    ------
    ValueError
        If an arm was not asked, or the guesses leave chance agreement undefined.

    Source: James et al. 1996, Stat Med 15:1421-1434,
    doi 10.1002/(SICI)1097-0258(19960715)15:13<1421::AID-SIM266>3.0.CO;2-H.
    """
    table = _asked(guesses)
    people = table.sum()
    share = table / people
    if not share[:, :2].any():
        return Index("James", "", 1.0, 0.0, 1.0, 1.0, int(people))
    said = share[:, :2]
    told = float(said.sum())
    wrong = np.array([[0.0, 1.0], [1.0, 0.0]])
    by_arm, by_guess = said.sum(axis=1), said.sum(axis=0)
    observed = float((wrong * said).sum())
    chance = float(by_arm @ wrong @ by_guess)
    if chance == 0:
        raise ValueError("everyone who guessed was in one arm and right; the index is not defined")
    # The index is ((2 - told) + told * (observed * told - chance) / chance) / 2.
    estimate = 1 - told + told**2 * observed / chance / 2
    by_cell = wrong @ by_guess
    by_answer = by_arm @ wrong
    slope = np.zeros_like(share)
    slope[:, :2] = (
        -1
        + told * observed / chance
        + told**2 * wrong / chance / 2
        - told**2 * observed / chance**2 / 2 * (by_cell[:, None] + by_answer)
    )
    mean = float((share * slope).sum())
    error = float(np.sqrt(max(float((share * slope**2).sum()) - mean**2, 0.0) / people))
    return _index("James", "", float(estimate), error, int(people), 0.0, confidence)


def bang(guesses: Guesses, arms: tuple[str, str], confidence: float = 0.95) -> tuple[Index, Index]:
    """One index for each arm: 1 all right, 0 random guessing, -1 all wrong.

    ``arms`` names the active and the reference arm.

    Source: Bang, Ni & Davis 2004, doi 10.1016/j.cct.2003.10.016.
    """
    table = _asked(guesses)
    scores = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]])
    made = [
        _scored(row, score, arm, confidence)
        for row, score, arm in zip(table, scores, arms, strict=True)
    ]
    return made[0], made[1]


def bang_by_certainty(
    counts: Sequence[int], certainty: Sequence[float], arm: str, confidence: float = 0.95
) -> Index:
    """Bang's index of one arm whose answers say how certain they are.

    ``counts`` of each answer and its ``certainty``: from 1 (surely right) over 0 (not known)
    to -1 (surely wrong); Bang 2004 weighs "somewhat" by a half.

    Raises
    ------
    ValueError
        For a certainty outside -1 to 1, unequal lengths, or an arm nobody answered in.
    """
    if len(counts) != len(certainty) or not sum(counts):
        raise ValueError(f"{len(counts)} counts and {len(certainty)} certainties, {sum(counts)} in")
    if any(abs(each) > 1 for each in certainty):
        raise ValueError(f"certainties {list(certainty)}: they run from -1 to 1")
    return _scored(np.array(counts, dtype=float), np.array(certainty), arm, confidence)


def _scored(row: Array, score: Array, arm: str, confidence: float) -> Index:
    people = row.sum()
    share = row / people
    estimate = float(share @ score)
    error = float(np.sqrt(max(float(share @ score**2) - estimate**2, 0.0) / people))
    return _index("Bang", arm, estimate, error, int(people), -1.0, confidence)


def _asked(guesses: Guesses) -> Array:
    table = guesses.table
    if (table < 0).any():
        raise ValueError(f"a count is negative in {guesses}")
    if not table.sum(axis=1).all():
        raise ValueError("nobody of an arm was asked; there is no index")
    return table


def _index(
    name: str, arm: str, estimate: float, error: float, people: int, lowest: float,
    confidence: float,
) -> Index:  # fmt: skip
    half = float(stats.norm.ppf((1 + confidence) / 2)) * error
    return Index(
        name, arm, estimate, error, max(estimate - half, lowest), min(estimate + half, 1.0), people
    )
