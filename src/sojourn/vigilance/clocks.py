"""Reporting clocks: which reports a serious event demands, and until when. Law as data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sojourn import definitions

_PATH = Path(__file__).parent / "definitions" / "clocks.yaml"
TO_SPONSOR = "site-to-sponsor"  # the one clock that is no report to an authority
# ICH E2A, II.B: each criterion on its own makes an event serious.
SERIOUSNESS = (
    ("death", "Resulted in death"),
    ("life-threatening", "Life-threatening"),
    ("hospitalisation", "Hospital stay, or a longer one"),
    ("disability", "Lasting or significant disability"),
    ("congenital-anomaly", "Congenital anomaly or birth defect"),
    ("medically-important", "Other medically important condition"),
)
# From "possible" on, a causal link can't be ruled out: ICH E2A, II.A.2.
RELATED = frozenset({"possible", "probable", "definite"})


@dataclass(frozen=True, slots=True)
class Clock:
    """One duty to report. Without ``jurisdictions`` it holds everywhere.

    Either ``days`` or ``hours_from``, the key of a site setting. ``criteria``
    are those of which one must be met; empty when any serious event counts. One that
    holds ``elsewhere`` stands for every jurisdiction that no other names.
    """

    key: str
    label: str
    recipient: str
    source: str
    url: str
    verified: bool
    jurisdictions: tuple[str, ...]
    days: int | None = None
    hours_from: str = ""
    criteria: tuple[str, ...] = ()
    related: bool = False
    unexpected: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Assessed:
    """What of an event decides which reports it demands."""

    serious: bool
    seriousness: tuple[str, ...]
    relatedness: str
    expectedness: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A clock that runs, with its deadline."""

    clock: Clock
    due_at: datetime


def duties(
    clocks: Iterable[Clock],
    jurisdictions: Iterable[str],
    assessed: Assessed,
    start: datetime,
    settings: Mapping[str, int],
) -> tuple[Duty, ...]:
    """Every report that ``assessed`` demands, with its deadline counted from ``start``.

    Where the site has set no hours the report is due at once.
    """
    clocks, held = tuple(clocks), frozenset(jurisdictions)
    undescribed = held.difference(*(each.jurisdictions for each in clocks))
    return tuple(
        Duty(each, start + _within(each, settings))
        for each in clocks
        if _holds(each, held, undescribed) and _demands(each, assessed)
    )


@cache
def load_shipped() -> tuple[Clock, ...]:
    """The shipped clocks in the order they are written.

    Raises
    ------
    DefinitionError
        Naming the clock, the field and the mend.
    """
    adapter = definitions.strict(tuple[Clock, ...], __name__)
    data = definitions.read(_PATH).get("clocks", ())
    loaded: tuple[Clock, ...] = definitions.checked(adapter, data, _PATH, __name__)
    if all(each.key != TO_SPONSOR for each in loaded):
        raise definitions.DefinitionError(f"{_PATH.name}: '{TO_SPONSOR}' is missing; add it")
    known = {key for key, _ in SERIOUSNESS}
    for each in loaded:
        if (each.days is None) == (not each.hours_from):
            raise definitions.DefinitionError(
                f"{_PATH.name}: {each.key} needs days or hours_from, and not both"
            )
        for criterion in each.criteria:
            if criterion not in known:
                raise definitions.DefinitionError(
                    f"{_PATH.name}: {each.key} names '{criterion}'; known: {', '.join(known)}"
                )
    return loaded


def _holds(clock: Clock, held: frozenset[str], undescribed: frozenset[str]) -> bool:
    if clock.elsewhere:
        return bool(undescribed)
    return not clock.jurisdictions or bool(held.intersection(clock.jurisdictions))


def _demands(clock: Clock, assessed: Assessed) -> bool:
    return (
        assessed.serious
        and (not clock.related or assessed.relatedness in RELATED)
        and (not clock.unexpected or assessed.expectedness == "unexpected")
        and (not clock.criteria or bool(set(clock.criteria).intersection(assessed.seriousness)))
    )


def _within(clock: Clock, settings: Mapping[str, int]) -> timedelta:
    if clock.days is not None:
        return timedelta(days=clock.days)
    return timedelta(hours=settings.get(clock.hours_from, 0))
