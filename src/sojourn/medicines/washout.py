"""How long a medicine matters after its last dose, and what that means on a given day.

Findings are written for prescribers, who decide. Nothing here tells a
participant to stop a medicine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sojourn.medicines.model import Agent, Formulary

SETTLING_DAYS = 7  # after five half-lives, before baseline; see the source of each class


@dataclass(frozen=True, slots=True)
class Taken:
    """A medicine someone takes or took. ``stopped_on`` is the day of the last dose."""

    name: str
    started_on: date | None = None
    stopped_on: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a medicine means for a dose on one day."""

    medicine: str
    weight: Literal["hard-stop", "caution", "unknown"]
    message: str
    clear_on: date | None
    source: str
    verified: bool


def washout_ends(agent: Agent, stopped_on: date) -> date | None:
    """First day on which a dose may be given after the last dose of ``agent``.

    The stated convention where there is one; else five half-lives and a week to
    settle. None when neither is known, so that a prescriber decides.
    """
    if agent.washout_days is not None:
        return stopped_on + timedelta(days=agent.washout_days)
    if agent.half_life_h is not None:
        days = -(-5 * agent.half_life_h // 24)
        return stopped_on + timedelta(days=days + SETTLING_DAYS)
    return None


def findings(formulary: Formulary, medicines: Iterable[Taken], on: date) -> tuple[Finding, ...]:
    """What each medicine means for a dose on that day, in the order given.

    'hard-stop' covers a class never given beside the study drug and any class to
    be tapered whose washout has not passed. An unlisted drug is 'unknown'.
    """
    result = []
    for taken in medicines:
        if taken.started_on is not None and taken.started_on > on:
            continue
        agent = formulary.find(taken.name)
        finding = _unknown(taken) if agent is None else _finding(agent, taken, on)
        if finding is not None:
            result.append(finding)
    return tuple(result)


def _finding(agent: Agent, taken: Taken, on: date) -> Finding | None:
    rule = agent.medicine_class
    running = taken.stopped_on is None or taken.stopped_on >= on
    clear_on = None if taken.stopped_on is None else washout_ends(agent, taken.stopped_on)
    if rule.weight == "caution":
        if not running:
            return None
        message = f"{taken.name} ({rule.label}): {rule.reason}; for the prescriber to weigh"
        return Finding(taken.name, "caution", message, None, rule.source, rule.verified)
    if running:
        message = f"{taken.name} ({rule.label}) is being taken; {rule.rule}"
    elif clear_on is None:
        message = f"{taken.name} ({rule.label}): its washout is not known; a prescriber decides"
        return Finding(taken.name, "unknown", message, None, rule.source, rule.verified)
    elif on < clear_on:
        message = f"washout of {taken.name} ({rule.label}) ends on {clear_on}"
    else:
        return None
    return Finding(taken.name, "hard-stop", message, clear_on, rule.source, rule.verified)


def _unknown(taken: Taken) -> Finding:
    message = f"{taken.name} is not listed; a prescriber decides"
    return Finding(taken.name, "unknown", message, None, "no rule on file", False)
