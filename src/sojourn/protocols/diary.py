"""The days after a session as data: what the diary asks, and what makes someone call back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sojourn.protocols.eligibility import Key, Text

Hour = Annotated[int, Field(ge=0, le=23)]
Day = Annotated[int, Field(ge=0, le=60)]


@dataclass(frozen=True, slots=True)
class DiaryQuestion:
    """One question of the diary, with our own short labels.

    ``scale`` and ``number`` run from ``lowest`` to ``highest``, ``choice`` is one of
    ``choices``, ``effects`` any of the diary's effects, ``line`` a few words.
    ``only_after`` names the question and the answer that bring this one up.
    """

    key: Key
    label: Text
    kind: Literal["scale", "number", "choice", "effects", "line"]
    lowest: int | None = None
    highest: int | None = None
    low_label: str = ""
    high_label: str = ""
    unit: str = ""
    choices: tuple[tuple[Key, Text], ...] = ()
    only_after: tuple[Key, Key] | None = None
    longest: int = 200  # characters of a line
    help: str = ""
    source: str = ""
    verified: bool = False

    @property
    def values(self) -> tuple[int, ...]:
        """Every whole number it can be answered with; none when it is no number."""
        if self.lowest is None or self.highest is None:
            return ()
        return tuple(range(self.lowest, self.highest + 1))


@dataclass(frozen=True, slots=True)
class DiaryEffect:
    """Something a participant may notice; pleasant ones too."""

    key: Key
    label: Text
    valence: Literal["unpleasant", "neutral", "pleasant"]


@dataclass(frozen=True, slots=True)
class DiaryRule:
    """What in a diary raises an alert.

    One of: an answer (``one_of``), a value at or below the site's limit
    (``at_most_setting``), a fall from the person's own baseline by the site's
    number of points (``drop_setting``), or so many days without an entry
    (``missed_setting``). ``tightened_by`` moves the limit when an antidepressant
    was ended for the course. ``crisis`` shows the crisis lines at once.
    """

    key: Key
    label: Text
    question: str = ""
    one_of: tuple[Key, ...] = ()
    at_most_setting: str = ""
    drop_setting: str = ""
    missed_setting: str = ""
    tightened_by: Annotated[int, Field(ge=0, le=10)] = 0
    crisis: bool = False
    source: str = ""
    verified: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """The site settings it needs."""
        named = (self.at_most_setting, self.drop_setting, self.missed_setting)
        return tuple(each for each in named if each)


@dataclass(frozen=True, slots=True)
class Diary:
    """The participant's own pages. Days are counted from each session; hours are theirs."""

    until_day: Day  # asked for from the day of the session to this day
    mood: Key  # the question that trends and sparklines follow
    baseline_days: Day  # before the session, in which mood counts as the person's own baseline
    remind_at: Hour
    quiet_from: Hour
    quiet_until: Hour
    review_days: Day  # within which staff look at a reported effect
    questions: tuple[DiaryQuestion, ...]
    effects: tuple[DiaryEffect, ...]
    rules: tuple[DiaryRule, ...]
    source: Text
    verified: bool

    def question(self, key: str) -> DiaryQuestion | None:
        return next((each for each in self.questions if each.key == key), None)

    @property
    def crisis_questions(self) -> frozenset[str]:
        """Questions whose answer can mean that help is needed at once."""
        return frozenset(each.question for each in self.rules if each.crisis)

    def effect(self, key: str) -> DiaryEffect | None:
        return next((each for each in self.effects if each.key == key), None)

    def quiet(self, hour: int) -> bool:
        """Whether nobody is disturbed in that hour of the day, as the pack has it."""
        return in_quiet(hour, self.quiet_from, self.quiet_until)


@dataclass(frozen=True, slots=True)
class Aftercare:
    """Calls after a session: how often to try before someone is looked for."""

    attempts: Annotated[int, Field(ge=1, le=20)]  # not reached so often: the emergency step
    emergency_step: Text
    source: Text
    verified: bool


def in_quiet(hour: int, start: int, end: int) -> bool:
    """Whether ``hour`` lies in quiet hours from ``start`` to ``end``, over midnight where need be.

    Equal hours mean that none is quiet.
    """
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end


def faults(diary: Diary, settings: frozenset[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every contradiction in a diary, as the field at fault and the mend."""
    keys = [each.key for each in diary.questions]
    for name, found in (
        ("questions", keys),
        ("effects", [each.key for each in diary.effects]),
        ("rules", [each.key for each in diary.rules]),
    ):
        for key in sorted({each for each in found if found.count(each) > 1}):
            yield (name,), f"has two entries called '{key}'; rename one"
    for number, question in enumerate(diary.questions):
        yield from _question(diary, question, ("questions", number))
    mood = diary.question(diary.mood)
    if mood is None or mood.kind != "scale":
        yield ("mood",), f"is '{diary.mood}'; name a question of kind scale"
    if diary.quiet(diary.remind_at):
        yield ("remind_at",), f"is {diary.remind_at}, in the quiet hours; choose another hour"
    for number, rule in enumerate(diary.rules):
        yield from _rule(diary, rule, ("rules", number), settings)
    if not any(each.crisis for each in diary.rules):
        yield ("rules",), "have none with crisis: true; name the answer that needs help at once"


def _question(
    diary: Diary, question: DiaryQuestion, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    numeric = question.kind in ("scale", "number")
    low, high = question.lowest, question.highest
    if numeric and (low is None or high is None or low >= high):
        yield (*place, "lowest"), "needs lowest below highest"
    if (question.kind == "choice") != bool(question.choices):
        yield (*place, "choices"), "belong to kind choice, and only there"
    if question.only_after:
        before, answer = question.only_after
        earlier = diary.question(before)
        if earlier is None or answer not in dict(earlier.choices):
            yield (*place, "only_after"), f"is {before}: {answer}; no question answers so"


def _rule(
    diary: Diary, rule: DiaryRule, place: tuple[str | int, ...], settings: frozenset[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    ways = bool(rule.one_of) + len(rule.settings)
    if ways != 1:
        yield place, "needs exactly one of one_of, at_most_setting, drop_setting, missed_setting"
    for each in rule.settings:
        if each not in settings:
            yield place, f"needs the site setting '{each}'; add it to site_settings"
    question = diary.question(rule.question)
    if question is None and not rule.missed_setting:
        yield (*place, "question"), f"is '{rule.question}'; no question has that key"
    elif question and rule.one_of and not set(rule.one_of) <= set(dict(question.choices)):
        yield (*place, "one_of"), f"is {list(rule.one_of)}; '{question.key}' has other answers"
    elif question and (rule.at_most_setting or rule.drop_setting) and question.lowest is None:
        yield (*place, "question"), f"is '{rule.question}', which is no number"
    if rule.crisis and not rule.one_of:
        yield (*place, "crisis"), "goes with one_of: the phone shows it without the site's limits"
