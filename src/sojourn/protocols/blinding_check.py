"""When blinded people are asked which arm they believe it is, and who is asked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sojourn.protocols.eligibility import Key, Text

Guesser = Literal["participant", "therapist", "independent-rater"]
Day = Annotated[int, Field(ge=0, le=365, strict=True)]


@dataclass(frozen=True, slots=True)
class Occasion:
    """Asked from ``from_day`` to ``until_day`` after ``visit`` took place, both included."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    label: Text
    visit: Key
    asks: tuple[Guesser, ...]
    from_day: Day
    until_day: Day


@dataclass(frozen=True, slots=True)
class BlindingCheck:
    """The occasions on which guesses of the arm are asked for."""

    occasions: tuple[Occasion, ...]
    source: Text
    verified: bool

    def occasion(self, key: str) -> Occasion | None:
        """The occasion called ``key``, or None when there is no such."""
        return next((each for each in self.occasions if each.key == key), None)


def faults(
    check: BlindingCheck, visits: Iterable[tuple[str, str]], *, blinded: bool
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What contradicts itself or the protocol: (place, message). ``visits`` are keys and raters."""
    if not blinded:
        yield (), "is only for a blinded randomised protocol; remove it"
    rated_by = dict(visits)
    seen: set[str] = set()
    for number, each in enumerate(check.occasions):
        place = ("occasions", number)
        if each.key in seen:
            yield (*place, "key"), f"is '{each.key}' twice; rename one"
        seen.add(each.key)
        if each.visit not in rated_by:
            yield (*place, "visit"), f"is '{each.visit}'; no visit is called that"
        elif "independent-rater" in each.asks and rated_by[each.visit] != "independent-rater":
            yield (
                (*place, "asks"),
                f"names the independent rater, who does not rate '{each.visit}'; name one they do",
            )
        if not each.asks:
            yield (*place, "asks"), "is empty; name who is asked"
        if each.from_day > each.until_day:
            yield (
                (*place, "from_day"),
                f"is {each.from_day}; it must not be after until_day {each.until_day}",
            )
