"""How long a medicine matters after its last dose, and what that means on a given day.

Findings are written for prescribers, who decide. Nothing here tells a
participant to stop a medicine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from sojourn.medicines.model import Agent, Formulary, MedicineClass


@dataclass(frozen=True, slots=True)
class WashoutRule:
    """The protocol's rule: so many half-lives, then days to settle where a class needs them."""

    half_lives: int
    settling_days: int
    excluded_classes: frozenset[str] = frozenset()
    study_drug: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A medicine someone takes or took, and the substances it holds.

    ``substances`` is empty when nobody knows what it is. ``stopped_on`` is the day
    of the last dose; ``ended`` says that it is over though the day is not known.
    """

    name: str
    substances: tuple[str, ...]
    started_on: date | None = None
    stopped_on: date | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a medicine means for a dose on one day. ``clear_on`` is the first day free of it."""

    medicine: str
    weight: Literal["hard-stop", "caution", "unknown"]
    message: str
    clear_on: date | None
    medicine_class: MedicineClass | None = None


def washout_ends(agent: Agent, stopped_on: date, rule: WashoutRule) -> date | None:
    """First day on which a dose may be given after the last dose of ``agent``.

    The later of the protocol's half-lives (with days to settle, where the class
    needs them) and the convention of the medicine. None when neither is known, so
    that a prescriber decides.
    """
    days = [agent.least_days] if agent.least_days is not None else []
    if agent.half_life_h is not None:
        settling = rule.settling_days if any(each.settles for each in agent.classes) else 0
        days.append(-(-rule.half_lives * agent.half_life_h // 24) + settling)
    return stopped_on + timedelta(days=max(days)) if days else None


def findings(
    formulary: Formulary, medicines: Iterable[Taken], on: date, rule: WashoutRule
) -> tuple[Finding, ...]:
    """What each medicine means for a dose on that day, in the order given.

    'hard-stop' covers a class never given beside the study drug, one the protocol
    excludes, and one to be tapered whose washout has not passed. What has no rule
    is 'unknown'.
    """
    result: list[Finding] = []
    for taken in medicines:
        if taken.started_on is not None and taken.started_on > on:
            continue
        if not taken.substances:
            result.append(_unknown(taken, "is not a medicine known here"))
        for substance in taken.substances:
            agent = formulary.find(substance)
            if agent is not None:
                result.extend(_findings(formulary, agent, taken, on, rule))
            else:
                result.append(_unknown(taken, "has no rule on file"))
    return tuple(result)


def _findings(
    formulary: Formulary, agent: Agent, taken: Taken, on: date, rule: WashoutRule
) -> Iterable[Finding]:
    running = taken.stopped_on is None or taken.stopped_on >= on
    clear_on = None if taken.stopped_on is None else washout_ends(agent, taken.stopped_on, rule)
    if clear_on is not None and not running and on >= clear_on:
        return
    called = _called(agent, taken)
    for written in agent.classes:
        each = formulary.rule(written, rule.study_drug) or _not_on_file(written, rule)
        if each is None:
            yield _unknown(taken, f"({written.label}) has no rule on file beside this study drug")
            continue
        blocking = each.weight != "caution" or each.key in rule.excluded_classes
        what = f"{called} ({each.label})"
        if not blocking:
            state = "is being taken" if running else "may still act"
            message = f"{what} {state}: {each.consequence}; for the prescriber to weigh"
            if running or clear_on is not None:
                yield Finding(taken.name, "caution", message, clear_on, each)
        elif running and taken.ended:
            message = f"{what} ended on a day not known; record the latest day it can have been"
            yield Finding(taken.name, "hard-stop", message, None, each)
        elif running:
            message = f"{what} is being taken: {each.consequence}; {each.advice}"
            yield Finding(taken.name, "hard-stop", message, clear_on, each)
        elif clear_on is None:
            message = f"{what}: its washout is not known; a prescriber decides"
            yield Finding(taken.name, "unknown", message, None, each)
        else:
            yield Finding(
                taken.name, "hard-stop", f"washout of {what} ends on {clear_on}", clear_on, each
            )


def _not_on_file(written: MedicineClass, rule: WashoutRule) -> MedicineClass | None:
    """The class with the protocol's word alone, where that excludes it."""
    if written.key not in rule.excluded_classes:
        return None
    return replace(
        written,
        weight="taper",
        consequence="the protocol excludes it",
        advice="a prescriber decides how it is ended",
    )


def _called(agent: Agent, taken: Taken) -> str:
    return taken.name if taken.name.casefold() == agent.name else f"{taken.name}: {agent.name}"


def _unknown(taken: Taken, what: str) -> Finding:
    return Finding(taken.name, "unknown", f"{taken.name} {what}; a prescriber decides", None)
