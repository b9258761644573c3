"""Who may be treated: the protocol's rules, judged from what is on record.

Three answers are possible: met, not met, unknown. Unknown stands in the way as
much as a 'no': what was not asked is not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from sojourn.course import assessment
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, Override
from sojourn.protocols.eligibility import Characteristic, Condition, Criterion

Verdict = Literal["met", "not-met", "unknown"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One criterion as it stands: the verdict, its grounds, and what is missing."""

    criterion: Criterion
    verdict: Verdict
    grounds: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    override: Override | None = None

    @property
    def satisfied(self) -> bool:
        wanted = "met" if self.criterion.kind == "inclusion" else "not-met"
        return self.verdict == wanted or self.override is not None

    def in_words(self) -> str:
        """The criterion, and what stands in its way."""
        why = "; ".join(self.grounds) if self.verdict != "unknown" else ""
        lacks = f"not known: {', '.join(self.missing)}" if self.missing else why
        return f"{self.criterion.label} ({lacks})" if lacks else self.criterion.label


def judge(course: Course, circumstances: Circumstances) -> tuple[Judgement, ...]:
    """Every criterion of the protocol, judged from the record, in the protocol's order."""
    return tuple(
        _with_override(_judged(course, each, circumstances), course)
        for each in circumstances.protocol.criteria
    )


def unsatisfied(
    course: Course, circumstances: Circumstances, *, later_visits: bool
) -> tuple[Judgement, ...]:
    """Criteria that still stand in the way.

    ``later_visits`` also asks for those a rating at a later visit must show.
    """
    return tuple(
        each
        for each in judge(course, circumstances)
        if not each.satisfied and (later_visits or not each.criterion.instrument)
    )


def _with_override(judgement: Judgement, course: Course) -> Judgement:
    made = course.overrides.get(judgement.criterion.key)
    # What was weighed then is not what stands there now: the decision must be made again.
    if made is None or made.grounds != "; ".join(judgement.grounds):
        return judgement
    return replace(judgement, override=made)


def _judged(course: Course, criterion: Criterion, circumstances: Circumstances) -> Judgement:
    if criterion.instrument and criterion.at_least is not None:
        return _rated(course, criterion, criterion.at_least, circumstances)
    if criterion.answered_by_hand:
        answer = course.criteria.get(criterion.key)
        if answer not in ("met", "not-met"):
            return Judgement(criterion, "unknown", (), (criterion.label,))
        return Judgement(criterion, "met" if answer == "met" else "not-met", ("as assessed",))
    known = _Known(course, circumstances)
    blocks = [[known.holds(each) for each in block] for block in criterion.met_when]
    verdicts = [_all(each.verdict for each in block) for block in blocks]
    if any(each is True for each in verdicts):
        decisive = next(b for b, v in zip(blocks, verdicts, strict=True) if v is True)
        return Judgement(criterion, "met", tuple(each.words for each in decisive))
    if all(each is False for each in verdicts):
        words = (each.words for block in blocks for each in block if each.verdict is False)
        return Judgement(criterion, "not-met", tuple(dict.fromkeys(words)))
    open_blocks = (b for b, v in zip(blocks, verdicts, strict=True) if v is None)
    lacking = (each.missing for block in open_blocks for each in block if each.verdict is None)
    return Judgement(criterion, "unknown", (), tuple(dict.fromkeys(lacking)))


def _rated(
    course: Course, criterion: Criterion, at_least: int, circumstances: Circumstances
) -> Judgement:
    score = assessment.score_at(course, criterion.at_visit, criterion.instrument, circumstances)
    if score is None or score.total is None:
        return Judgement(
            criterion, "unknown", (), (f"{criterion.instrument} at {criterion.at_visit}",)
        )
    words = (f"{criterion.instrument} {score.total}",)
    return Judgement(criterion, "met" if score.total >= at_least else "not-met", words)


@dataclass(frozen=True, slots=True)
class _Held:
    """Whether one condition holds, in words; ``missing`` names what would settle it."""

    verdict: bool | None
    words: str
    missing: str = ""


class _Known:
    """What is on record about this person, for conditions to be held against."""

    def __init__(self, course: Course, circumstances: Circumstances) -> None:
        self._course = course
        self._clearance = circumstances.clearance
        self._asked = {each.key: each for each in circumstances.protocol.characteristics}
        self._today: date = circumstances.now.date()

    def holds(self, condition: Condition) -> _Held:
        if condition.characteristic == "age-years":
            return self._age(condition)
        if condition.characteristic == "sex":
            sex = self._course.sex or "unknown"
            return _Held(sex in condition.answers, f"sex {sex}", "sex")
        asked = self._asked[condition.characteristic]
        answer = self._course.characteristics.get(asked.key)
        if answer is None:
            return _Held(None, "", asked.label)
        if not asked.is_number:
            said = dict(asked.options).get(answer.value, answer.value)
            return _Held(answer.value in condition.answers, f"{asked.label}: {said}")
        return self._number(asked, int(answer.value), condition)

    def _number(self, asked: Characteristic, value: int, condition: Condition) -> _Held:
        words = f"{asked.label}: {value} {asked.unit}".strip()
        limit = None
        if condition.above_setting:
            limit = self._clearance.setting(condition.above_setting)
            if limit is None:
                return _Held(None, words, f"the site's limit for {asked.label}")
            words += f" (limit {limit})"
        held = (
            (condition.at_least is None or value >= condition.at_least)
            and (condition.at_most is None or value <= condition.at_most)
            and (limit is None or value > limit)
        )
        return _Held(held, words)

    def _age(self, condition: Condition) -> _Held:
        if self._course.birth_year is None:
            return _Held(None, "", "year of birth")
        oldest = self._today.year - self._course.birth_year
        low, high = condition.at_least, condition.at_most
        youngest = oldest - 1  # the birthday may still be to come this year
        sure = (low is None or youngest >= low) and (high is None or oldest <= high)
        never = (low is not None and oldest < low) or (high is not None and youngest > high)
        if sure or never:
            return _Held(sure, f"born {self._course.birth_year}")
        return _Held(None, "", "whether the birthday has passed; record the age in years")


def _all(parts: Iterable[bool | None]) -> bool | None:
    known = tuple(parts)
    if any(part is False for part in known):
        return False
    return None if any(part is None for part in known) else True
