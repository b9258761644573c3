"""Scores: totals, clusters, the diagnostic rule, and what changed since baseline.

Missing is neither zero nor 'no': a rule that would need a missing answer says
None, unless the answers given settle it whatever the missing one would be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sojourn.instruments.model import Alert, Instrument, Threshold

Answers = Sequence[int | None]


class AnswerError(ValueError):
    """An answer outside its range; ``field`` names the item."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Score:
    """What answers add up to. Totals are points; None means it can't be known.

    ``missing`` holds every unanswered item that a total or an alert needs.
    ``unsettled`` are alerts not crossed by the answers given that an unanswered
    item could still cross.
    """

    instrument: str
    total: int | None
    subscales: tuple[tuple[str, int | None], ...] = ()
    diagnosis: bool | None = None
    dissociative: bool | None = None
    band: str | None = None
    prorated: bool = False
    missing: tuple[int, ...] = ()
    alerts: tuple[Alert, ...] = ()
    unsettled: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Three outcomes, each with its own denominator: None is in none of them.

    ``points`` is later minus baseline, so that improvement is negative.
    """

    points: int | None
    response: bool | None
    loss_of_diagnosis: bool | None
    remission: bool | None


def check_answers(instrument: Instrument, answers: Answers) -> None:
    """Refuse a wrong number of answers, one that is no whole number, or one out of range.

    Raises
    ------
    AnswerError
        Naming the item, its value and the range.
    """
    if len(answers) != len(instrument.items):
        raise AnswerError(
            "answers", f"{len(answers)} given; {instrument.name} has {len(instrument.items)} items"
        )
    for item, answer in zip(instrument.items, answers, strict=True):
        if answer is None:
            continue
        if type(answer) is not int:
            raise AnswerError(f"item {item.number}", f"{answer!r} is not a whole number")
        if not item.lowest <= answer <= item.highest:
            raise AnswerError(
                f"item {item.number}",
                f"{answer} is outside {item.lowest} to {item.highest} ({item.label})",
            )


def score(instrument: Instrument, answers: Answers) -> Score:
    """The score of ``answers``, given in item order with None for unanswered.

    Raises
    ------
    AnswerError
        If an answer is out of range or the number of answers is wrong.
    """
    check_answers(instrument, answers)
    needed = sorted({*instrument.scored, *(n for each in instrument.alerts for n in each.items)})
    missing = tuple(number for number in needed if answers[number - 1] is None)
    diagnosis = _all(_met(each, answers) for each in instrument.diagnosis)
    points = _points(instrument, answers)
    scored = [points[number - 1] for number in instrument.scored]
    total = _total(scored, instrument.missing.most)
    return Score(
        instrument=instrument.key,
        total=total,
        subscales=tuple(
            (each.key, _total([points[number - 1] for number in each.items], 0))
            for each in instrument.subscales
        ),
        diagnosis=diagnosis if instrument.diagnosis else None,
        dissociative=_subtype(instrument, diagnosis, answers),
        band=_band(instrument, total),
        prorated=total is not None and None in scored,
        missing=missing,
        alerts=tuple(each for each in instrument.alerts if _crossed(each, answers)),
        unsettled=tuple(each for each in instrument.alerts if _open(each, answers)),
    )


def score_total(instrument: Instrument, total: int) -> Score:
    """The score when only the total is kept.

    Raises
    ------
    AnswerError
        If this instrument needs its answers, or the total is out of range.
    """
    if not instrument.total_only_allowed:
        raise AnswerError("total", f"{instrument.name} needs its answers, not a total alone")
    lowest, highest = instrument.lowest_total, instrument.highest_total
    if not lowest <= total <= highest:
        raise AnswerError("total", f"{total} is outside {lowest} to {highest}")
    # A total says nothing of the questions an alert hangs on.
    unasked = sorted({number for each in instrument.alerts for number in each.items})
    return Score(instrument.key, total, band=_band(instrument, total), missing=tuple(unasked))


def change(instrument: Instrument, baseline: Score, later: Score) -> Change:
    """What happened between two scores of one instrument.

    Loss of diagnosis is asked only of those who had one at baseline. Remission
    needs the total at or below its cut and, where the definition says so, the
    diagnosis lost.

    Raises
    ------
    ValueError
        If a score is of another instrument.
    """
    for each in (baseline, later):
        if each.instrument != instrument.key:
            raise ValueError(f"a score of {each.instrument} is not one of {instrument.key}")
    rules = instrument.outcomes
    points = None
    if baseline.total is not None and later.total is not None:
        points = later.total - baseline.total
    lost = None
    if baseline.diagnosis and later.diagnosis is not None:
        lost = not later.diagnosis
    response = remission = None
    if rules is not None:
        response = _response(rules.response_points, rules.response_percent, baseline, points)
        if rules.remission_total is not None and later.total is not None:
            low = later.total <= rules.remission_total
            remission = low
            if rules.remission_needs_loss_of_diagnosis:
                remission = _all((low, lost))
    return Change(points, response, lost, remission)


def _response(
    by_points: int | None, by_percent: int | None, baseline: Score, points: int | None
) -> bool | None:
    if points is None or baseline.total is None:
        return None
    if by_points is not None:
        return points <= -by_points
    if by_percent is not None and baseline.total > 0:
        return -points * 100 >= by_percent * baseline.total
    return None


def _points(instrument: Instrument, answers: Answers) -> list[int | None]:
    """What each answer counts: itself, or its distance from the other end."""
    return [
        item.lowest + item.highest - answer
        if answer is not None and item.number in instrument.reversed
        else answer
        for item, answer in zip(instrument.items, answers, strict=True)
    ]


def _total(answers: Sequence[int | None], most_missing: int) -> int | None:
    known = [answer for answer in answers if answer is not None]
    gaps = len(answers) - len(known)
    if not known or gaps > most_missing:
        return None
    if not gaps:
        return sum(known)
    # Half up in whole numbers: a float would round 2.5 to 2.
    return (2 * sum(known) * len(answers) + len(known)) // (2 * len(known))


def _met(rule: Threshold, answers: Answers) -> bool | None:
    given = [answers[number - 1] for number in rule.items]
    reached = sum(answer is not None and answer >= rule.at_least for answer in given)
    if reached >= rule.count:
        return True
    open_ones = sum(answer is None for answer in given)
    return None if reached + open_ones >= rule.count else False


def _all(parts: Iterable[bool | None]) -> bool | None:
    known = tuple(parts)
    if any(part is False for part in known):
        return False
    return None if any(part is None for part in known) else True


def _subtype(instrument: Instrument, diagnosis: bool | None, answers: Answers) -> bool | None:
    # A subtype is one of a diagnosis: without one there is nothing to ask.
    if instrument.dissociation is None or diagnosis is False:
        return None
    return _all((diagnosis, _met(instrument.dissociation, answers)))


def _crossed(alert: Alert, answers: Answers) -> bool:
    given = (answers[number - 1] for number in alert.items)
    return any(answer is not None and answer >= alert.at_least for answer in given)


def _open(alert: Alert, answers: Answers) -> bool:
    return not _crossed(alert, answers) and any(
        answers[number - 1] is None for number in alert.items
    )


def _band(instrument: Instrument, total: int | None) -> str | None:
    if total is None:
        return None
    return next((b.label for b in instrument.bands if b.lowest <= total <= b.highest), None)
