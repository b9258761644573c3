"""What sessions leave behind: adverse events, the days after, and who leaves the programme."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from sojourn.design.calibration import ArmCalibration
from sojourn.protocols.model import Protocol

LOST = "lost"
REASONS = ("choice", "burden", "lack-of-benefit", "adverse-event", "prohibited-treatment")
MILD, MODERATE, SEVERE = 1, 2, 3
NO_CONCERN, WATCH = "none", "watch"


@dataclass(frozen=True, slots=True)
class Event:
    """An adverse event that begins on the day of a session and lasts ``days`` days more."""

    term: str
    session: int
    grade: int
    days: int
    relatedness: str
    valence: str


@dataclass(frozen=True, slots=True)
class Contact:
    """What someone says on a day after a session; None when they could not be reached."""

    visit: str
    mood: int | None  # 0 worst, 10 best
    sleep_hours: int
    concern: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """Someone leaves ``days`` days after ``visit``; ``reason`` is 'lost' when they vanish."""

    visit: str
    days: int
    reason: str


def aftermaths(
    rng: Generator, protocol: Protocol, arm: ArmCalibration, people: int, finished: int
) -> list[tuple[tuple[Event, ...], Leaving | None]]:
    """Events and leaving of each of ``people`` under ``arm``.

    The shares with each event and with a severe one are the published ones among
    all; the share leaving, among the ``finished`` who come first. The very first
    is lost under every arm, so that every cohort has one.
    """
    sessions = [visit.session or 0 for visit in protocol.dosing_visits()]
    events: list[list[Event]] = [[] for _ in range(people)]
    for each in arm.events:
        for person in rng.permutation(people)[: round(each.share * people)]:
            events[person].append(_event(rng, each.term, sessions))
    _make_some_severe(rng, events, round(arm.severe_events.share * people))
    leaving: list[Leaving | None] = [None] * people
    if finished:
        count = max(1, round(arm.leaving * finished))
        reasons = [key for key, _ in protocol.withdrawal_reasons if key in REASONS]
        others = 1 + rng.permutation(finished - 1)[: count - 1]
        for person in others:
            leaving[person] = _leaving(rng, sessions, str(rng.choice(reasons)))
        leaving[0] = _leaving(rng, sessions, LOST)
    return [(tuple(each), leaves) for each, leaves in zip(events, leaving, strict=True)]


def contacts(rng: Generator, protocol: Protocol, *, always: bool = False) -> Iterator[Contact]:
    """What is said on each day after each session; few can't be reached, none when ``always``.

    Mood is low on days 2 to 4: the dip after a session that aftercare watches for.
    """
    usual = rng.normal(6.5, 1.0)
    for visit in protocol.visits:
        if visit.phase != "aftercare":
            continue
        day = visit.window.target
        dip = rng.gamma(2.0, 0.9) if 2 <= day <= 4 else 0.0
        mood = int(np.clip(round(usual - dip + rng.normal(0, 0.8)), 1, 10))
        sleep = int(np.clip(round(rng.normal(6.6, 1.1)), 2, 10))
        reached = bool(rng.random() > 0.025) or always
        yield Contact(
            visit.key, mood if reached else None, sleep, WATCH if mood <= 2 else NO_CONCERN
        )


def _event(rng: Generator, term: str, sessions: list[int]) -> Event:
    draw = rng.random()
    return Event(
        term=term,
        session=int(rng.choice(sessions)),
        grade=MILD if draw < 0.7 else MODERATE,
        days=int(rng.choice([0, 0, 1, 2, 3])),
        relatedness=str(rng.choice(["possible", "probable", "definite"])),
        valence="unpleasant" if rng.random() < 0.8 else "neutral",
    )


def _make_some_severe(rng: Generator, events: list[list[Event]], count: int) -> None:
    having = [person for person, each in enumerate(events) if each]
    for person in rng.permutation(having)[:count]:
        first = events[person][0]
        events[person][0] = replace(
            first, grade=SEVERE, days=max(1, first.days), valence="unpleasant"
        )


def _leaving(rng: Generator, sessions: list[int], reason: str) -> Leaving:
    session = int(rng.choice(sessions[:-1] or sessions))
    return Leaving(f"dosing-{session}", int(rng.integers(8, 19)), reason)
