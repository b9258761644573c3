"""The effect among those who guessed alike, and how much of it expectancy alone could make.

The model of expectancy is stated, not found in the data: whoever believes they had
the active treatment scores ``shift`` points better than whoever believes they had the
other, who does not know lies halfway, and the arms differ in nothing but what they
believe. The difference that arises is then ``shift`` times the difference in mean belief.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from sojourn.analysis.blinding import Guesses
from sojourn.analysis.least_squares import least_squares
from sojourn.analysis.mmrm.contrasts import Estimate

Array = NDArray[np.float64]

BELIEF = np.array([1.0, 0.0, 0.5])
CAUTION = (
    "People guess after they were treated, and improvement itself makes them guess; a "
    "comparison among those who guessed alike is not one of randomised groups."
)


@dataclass(frozen=True, slots=True)
class ByGuess:
    """The active arm less the reference among those who guessed ``guess``.

    ``difference`` is None where an arm has nobody or too few to judge their spread.
    """

    guess: str
    active: int
    reference: int
    active_mean: float | None
    reference_mean: float | None
    difference: Estimate | None


@dataclass(frozen=True, slots=True)
class EffectByGuess:
    """The effect in each group of guesses, and over all with guesses held equal."""

    groups: tuple[ByGuess, ...]
    unadjusted: Estimate
    adjusted: Estimate | None
    caution: str = CAUTION


@dataclass(frozen=True, slots=True)
class Biased:
    """The difference that arises from expectancy alone, if believing changes scores by ``shift``.

    ``share`` is the part of the observed effect it would be, None where that is zero.
    """

    shift: float
    bias: float
    low: float
    high: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Expectancy:
    """The sensitivity curve. ``belief_difference`` is between the arms, from -1 to 1;
    ``explains_all`` the shift at which expectancy alone makes the whole observed effect,
    None where it never would."""

    belief_difference: float
    standard_error: float
    curve: tuple[Biased, ...]
    explains_all: float | None


@dataclass(frozen=True, slots=True)
class Simulated:
    """Trials without a true effect: mean difference, its spread, the share that was significant."""

    trials: int
    mean: float
    sd: float
    significant: float


def effect_by_guess(
    scores: ArrayLike, active: ArrayLike, guesses: Sequence[str], confidence: float = 0.95
) -> EffectByGuess:
    """Compares ``scores`` (people, none missing) of the arms within and across guesses.

    ``active`` (people) is 1 in the active arm, 0 in the other.

    Raises
    ------
    ValueError
        For unequal lengths, missing scores, or an arm without people.
    """
    y, arm = np.asarray(scores, dtype=float), np.asarray(active, dtype=float)
    if any(each is None for each in guesses):
        raise ValueError("a guess is missing; leave out who was not asked")
    labels = np.array([str(each) for each in guesses])
    if not len(y) == len(arm) == len(labels) or not np.isin(arm, (0, 1)).all():
        raise ValueError(f"{len(y)} scores, {len(arm)} arms (0 or 1), {len(labels)} guesses")
    columns = ["Intercept", "active"]
    design = np.column_stack([np.ones_like(arm), arm])
    whole = least_squares(y, design, columns).coefficient("active", confidence=confidence)
    levels = sorted(set(labels))
    groups = tuple(_group(y, arm, labels == each, each, confidence) for each in levels)
    dummies = (labels[:, None] == np.array(levels[1:])).astype(float)
    wide = np.column_stack([design, dummies])
    adjusted = None
    if np.linalg.matrix_rank(wide) == wide.shape[1] < len(y):
        names = [*columns, *(f"guess {each}" for each in levels[1:])]
        adjusted = least_squares(y, wide, names).coefficient("active", confidence=confidence)
    return EffectByGuess(groups, whole, adjusted)


def expectancy(
    guesses: Guesses, shifts: Sequence[float], observed: float, confidence: float = 0.95
) -> Expectancy:
    """The bias for each of ``shifts`` (points, in the direction of the ``observed`` effect).

    The intervals are of the guesses' sampling alone; the shift is taken as given.

    Raises
    ------
    ValueError
        If an arm was not asked.
    """
    table = guesses.table
    if not table.sum(axis=1).all():
        raise ValueError("nobody of an arm was asked what they believe")
    share = table / table.sum(axis=1, keepdims=True)
    belief = share @ BELIEF
    gap = float(belief[0] - belief[1])
    variance = (share @ BELIEF**2 - belief**2) / table.sum(axis=1)
    error = float(np.sqrt(variance.sum()))
    half = float(stats.norm.ppf((1 + confidence) / 2)) * error
    curve = tuple(
        Biased(
            float(shift),
            shift * gap,
            min(shift * (gap - half), shift * (gap + half)),
            max(shift * (gap - half), shift * (gap + half)),
            shift * gap / observed if observed else None,
        )
        for shift in shifts
    )
    alone = observed / gap if gap else None
    return Expectancy(gap, error, curve, alone)


def simulated(
    guesses: Guesses,
    shift: float,
    sd: float,
    generator: np.random.Generator,
    *,
    trials: int = 10_000,
    alpha: float = 0.05,
) -> Simulated:
    """Trials of this size in which arms differ only in guesses drawn as observed.

    Scores are normal with ``sd`` around the mean that each one's belief sets; each trial is
    tested by Student's t test. ``significant`` is how often expectancy passes for an effect.

    Raises
    ------
    ValueError
        If an arm has fewer than two people, or the sd is not positive.
    """
    table = guesses.table
    sizes = table.sum(axis=1).astype(int)
    if sizes.min() < 2 or sd <= 0:
        raise ValueError(f"arms of {sizes.tolist()} and an sd of {sd}: two people, above zero")
    means, squares = np.empty((trials, 2)), np.empty((trials, 2))
    for arm, size in enumerate(sizes):
        belief = generator.choice(BELIEF, size=(trials, size), p=table[arm] / size)
        scores = shift * belief + sd * generator.standard_normal((trials, size))
        means[:, arm] = scores.mean(axis=1)
        squares[:, arm] = ((scores - means[:, arm, None]) ** 2).sum(axis=1)
    difference = means[:, 0] - means[:, 1]
    df = int(sizes.sum()) - 2
    error = np.sqrt(squares.sum(axis=1) / df * (1 / sizes).sum())
    p_values = 2 * stats.t.sf(np.abs(difference / error), df)
    return Simulated(
        trials,
        float(difference.mean()),
        float(difference.std(ddof=1)),
        float((p_values < alpha).mean()),
    )


def _group(
    y: Array, arm: Array, inside: NDArray[np.bool_], guess: str, confidence: float
) -> ByGuess:
    active, reference = y[inside & (arm == 1)], y[inside & (arm == 0)]
    difference = None
    if len(active) and len(reference) and len(active) + len(reference) > 2:
        design = np.column_stack([np.ones(int(inside.sum())), arm[inside]])
        if np.ptp(active) > 0 or np.ptp(reference) > 0:
            line = least_squares(y[inside], design, ["Intercept", "active"])
            difference = line.coefficient("active", confidence=confidence)
    return ByGuess(
        guess,
        len(active),
        len(reference),
        float(active.mean()) if len(active) else None,
        float(reference.mean()) if len(reference) else None,
        difference,
    )
