"""What screening finds of a virtual person: answers that satisfy the protocol, or fail one rule."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.random import Generator

from sojourn.design.calibration import AssumedCharacteristic
from sojourn.protocols.eligibility import Characteristic, Condition, Criterion
from sojourn.protocols.model import Protocol

MARGIN = 10  # how far beyond a limit someone who fails by it lies
Answers = dict[str, str]


def found_at_screening(
    rng: Generator,
    protocol: Protocol,
    assumed: tuple[AssumedCharacteristic, ...],
    limits: Mapping[str, int],
    *,
    failed: str = "",
) -> tuple[tuple[str, str], ...]:
    """An answer to every characteristic; every rule is satisfied but the one called ``failed``.

    Numbers are drawn around ``assumed``; ``limits`` are the site's own.
    """
    drawn = {each.key: each for each in assumed}
    answers = {each.key: _drawn(rng, each, drawn) for each in protocol.characteristics}
    asked = {each.key: each for each in protocol.characteristics}
    rules = [each for each in protocol.criteria if each.met_when]
    for criterion in sorted(rules, key=lambda each: each.key == failed):
        met = (criterion.kind == "inclusion") != (criterion.key == failed)
        if met:
            _satisfy(answers, asked, criterion, limits)
        else:
            _violate(answers, asked, criterion, limits)
    return tuple(sorted(answers.items()))


def _drawn(
    rng: Generator, asked: Characteristic, drawn: Mapping[str, AssumedCharacteristic]
) -> str:
    spread = drawn.get(asked.key)
    if not asked.is_number:
        return asked.options[-1][0] if not asked.choices else asked.options[0][0]
    lowest, highest = asked.lowest or 0, asked.highest or 0
    value = rng.normal(spread.mean, spread.sd) if spread else lowest
    return str(int(np.clip(round(value), lowest, highest)))


def _satisfy(
    answers: Answers,
    asked: Mapping[str, Characteristic],
    criterion: Criterion,
    limits: Mapping[str, int],
) -> None:
    for condition in next(_settable(criterion, asked), ()):
        if condition.characteristic in asked and not _holds(answers, condition, limits):
            answers[condition.characteristic] = _making(condition, limits)


def _violate(
    answers: Answers,
    asked: Mapping[str, Characteristic],
    criterion: Criterion,
    limits: Mapping[str, int],
) -> None:
    for block in criterion.met_when:
        if not all(_holds(answers, each, limits) for each in block):
            continue
        breakable = next(each for each in block if each.characteristic in asked)
        answers[breakable.characteristic] = _breaking(
            asked[breakable.characteristic], breakable, limits
        )


def _settable(
    criterion: Criterion, asked: Mapping[str, Characteristic]
) -> Iterator[tuple[Condition, ...]]:
    """Blocks that answers alone can make hold, those known from registration last."""
    yield from sorted(
        criterion.met_when,
        key=lambda block: any(each.characteristic not in asked for each in block),
    )


def _holds(answers: Answers, condition: Condition, limits: Mapping[str, int]) -> bool:
    value = answers.get(condition.characteristic)
    if value is None:  # age and sex are as they are; here they are taken to hold
        return True
    if condition.answers:
        return value in condition.answers
    number, limit = int(value), limits.get(condition.above_setting)
    return (
        (condition.at_least is None or number >= condition.at_least)
        and (condition.at_most is None or number <= condition.at_most)
        and (limit is None or number > limit)
    )


def _making(condition: Condition, limits: Mapping[str, int]) -> str:
    if condition.answers:
        return condition.answers[0]
    limit = limits.get(condition.above_setting)
    beyond = limit + MARGIN if limit is not None else condition.at_least
    return str(beyond if beyond is not None else condition.at_most)


def _breaking(asked: Characteristic, condition: Condition, limits: Mapping[str, int]) -> str:
    if condition.answers:
        return next(key for key, _ in asked.options if key not in condition.answers)
    limit = limits.get(condition.above_setting)
    if limit is not None:
        return str(limit - MARGIN)
    below = None if condition.at_least is None else condition.at_least - 1
    return str(below if below is not None else (condition.at_most or 0) + 1)
