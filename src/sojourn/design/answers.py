"""Answers to single items that add up to a total drawn beforehand.

The items of CAPS-5 and PCL-5 stand in the order of DSM-5: B 1-5, C 6-7, D 8-14,
E 15-20. Where a diagnosis is wanted, the fewest items the rule asks for come
first and the rest of the points fall anywhere.
"""

from collections.abc import Sequence

from numpy.random import Generator

CLUSTERS = ((range(5), 1), (range(5, 7), 1), (range(7, 14), 2), (range(14, 20), 2))
SYMPTOMS = 20
LEAST_WITH_DIAGNOSIS = 12  # six items at 2 points
RARER = (7, 15)  # memory gaps and risky behaviour are endorsed least
THOUGHTS_OF_DEATH = 8  # item 9 of PHQ-9


def spread(rng: Generator, total: int, items: int, highest: int) -> list[int]:
    """``total`` points over ``items`` answers of 0 to ``highest``, at random."""
    return _fill(rng, [0] * items, total, highest, (1.0,) * items)


def caps5(
    rng: Generator, total: int, *, diagnosis: bool, improved: int | None = None
) -> tuple[int, ...]:
    """Thirty CAPS-5 answers whose first twenty add up to ``total`` (0 to 80).

    With ``diagnosis`` criteria B to G are met, without it G is not. ``improved``
    is the overall improvement (item 28), 0 where there is nothing to compare.

    Raises
    ------
    ValueError
        If a diagnosis is wanted at fewer points than its rule needs.
    """
    symptoms = _symptoms(rng, total, diagnosis)
    months = 6 + min(714, int(rng.gamma(1.3, 150)))
    burden = min(4, 2 + total // 25) if diagnosis else min(1, total // 8)
    distress = [max(0, burden - int(rng.random() < 0.4)) for _ in range(3)]
    if diagnosis:
        distress[int(rng.integers(3))] = max(2, burden)
    outside = int(diagnosis and rng.random() < 0.23) * 2
    course = (int(rng.integers(0, 7)), months, *distress, 0, min(4, total // 16))
    return (*symptoms, *course, improved or 0, outside, outside)


def pcl5(rng: Generator, total: int) -> tuple[int, ...]:
    """Twenty PCL-5 answers that add up to ``total`` (0 to 80)."""
    return tuple(_fill(rng, [0] * SYMPTOMS, total, 4, _weights(rng)))


def phq9(rng: Generator, total: int, *, thoughts_of_death: bool) -> tuple[int, ...]:
    """Nine PHQ-9 answers; the total is ``total`` (0 to 24), and 1 more with such thoughts."""
    others = spread(rng, min(total, 24), 8, 3)
    return (*others, int(thoughts_of_death))


def cssrs(level: int) -> tuple[int, ...]:
    """Eleven C-SSRS answers with ideation up to ``level`` (0 none to 5 plan and intent)."""
    return tuple(int(item < level) for item in range(5)) + (0,) * 6


def _symptoms(rng: Generator, total: int, diagnosis: bool) -> list[int]:
    answers = [0] * SYMPTOMS
    if diagnosis:
        if total < LEAST_WITH_DIAGNOSIS:
            raise ValueError(f"a diagnosis needs {LEAST_WITH_DIAGNOSIS} points, not {total}")
        for items, count in CLUSTERS:
            likely = [item for item in items if item not in RARER]
            for item in rng.permutation(likely)[:count]:
                answers[item] = 2
    return _fill(rng, answers, total - sum(answers), 4, _weights(rng))


def _weights(rng: Generator) -> Sequence[float]:
    # People differ in which symptoms trouble them: a few weigh much more than the rest.
    drawn = rng.gamma(2.0, 1.0, SYMPTOMS)
    return [float(each) * (0.4 if item in RARER else 1.0) for item, each in enumerate(drawn)]


def _fill(
    rng: Generator, answers: list[int], points: int, highest: int, weights: Sequence[float]
) -> list[int]:
    """``answers`` with ``points`` more, each to an item not yet full, by weight.

    Raises
    ------
    ValueError
        If the points do not fit.
    """
    room = sum(highest - answer for answer in answers)
    if not 0 <= points <= room:
        raise ValueError(f"{points} points do not fit into {len(answers)} items of {highest}")
    # Each free point draws an exponential waiting time; the first ones are taken.
    slots = [
        (draw / weights[item], item)
        for item, answer in enumerate(answers)
        for draw in rng.exponential(1.0, highest - answer)
    ]
    for _, item in sorted(slots)[:points]:
        answers[item] += 1
    return answers
