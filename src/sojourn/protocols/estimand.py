"""The estimand of a protocol: the five attributes of ICH E9(R1), its intercurrent events as data.

Source: ICH E9(R1) 2019, section A.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sojourn.protocols.eligibility import Text

# What a record tells of by itself: no further dose, a medicine of an excluded class, death, and
# that someone has seen the arm in an emergency.
IntercurrentKind = Literal["treatment-stopped", "excluded-medicine", "death", "unblinded"]
Strategy = Literal[
    "treatment-policy", "hypothetical", "composite", "while-on-treatment", "principal-stratum"
]
MEND = (
    "write {event: treatment-stopped, strategy: hypothetical, text: ...}, so that the report "
    "can tell which ratings count"
)
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class IntercurrentEvent:
    """What may happen after treatment began, and what then becomes of the ratings.

    ``event`` and ``strategy`` are None in texts stored before they were asked for, which have
    the sentence alone.
    """

    text: Text
    event: IntercurrentKind | None = None
    strategy: Strategy | None = None


@dataclass(frozen=True, slots=True)
class Estimand:
    """The five attributes. ``failure`` is the change, in points, a composite event stands for."""

    treatment: Text
    population: Text
    variable: Text
    intercurrent_events: tuple[IntercurrentEvent, ...]
    summary: Text
    failure: int | None = None


def spelled_out(outcome: Any) -> Any:
    """``outcome`` as read, with events that are sentences alone as mappings."""
    estimand = outcome.get("estimand") if isinstance(outcome, dict) else None
    given = estimand.get("intercurrent_events") if isinstance(estimand, dict) else None
    if not isinstance(estimand, dict) or not isinstance(given, tuple):
        return outcome
    events = tuple({"text": each} if isinstance(each, str) else each for each in given)
    return {**outcome, "estimand": {**estimand, "intercurrent_events": events}}


def faults(estimand: Estimand, *, dosed: bool, stored: bool) -> Iterator[tuple[Place, str]]:
    """What is wrong with it; a ``stored`` text may have its events in words alone."""
    seen: set[str] = set()
    for number, each in enumerate(estimand.intercurrent_events):
        where = ("intercurrent_events", number)
        if each.event is None or each.strategy is None:
            if not stored or each.event is not None or each.strategy is not None:
                yield where, f"has no event or no strategy; {MEND}"
            continue
        if each.event in seen:
            yield (*where, "event"), f"is '{each.event}', named before; keep one strategy for it"
        seen.add(each.event)
        if each.event == "excluded-medicine" and not dosed:
            yield (*where, "event"), f"is '{each.event}'; nothing is dosed, so none is excluded"
    composite = any(each.strategy == "composite" for each in estimand.intercurrent_events)
    if composite != (estimand.failure is not None):
        yield ("failure",), "goes with a composite event, and one needs it: a change in points"
