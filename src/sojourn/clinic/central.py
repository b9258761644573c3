"""A programme's data as the central statistical checks need them: by site, without any arm."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import numpy as np

from sojourn import course as courses
from sojourn.analysis.central import Finding, Moments, Readings, examine, last_digits
from sojourn.analysis.similarity import UNANSWERED, Answers, Pair, pairs
from sojourn.course.state import Course
from sojourn.ledger.desk import stream_of
from sojourn.ledger.read import last_of, read_stream, streams
from sojourn.ledger.registry import kinds
from sojourn.protocols.model import Protocol

SEED = 20_260_101  # the same deals of people to sites on every visit of the page
MONDAY = date(2000, 1, 3)
VITALS = (
    ("systolic_mmhg", "Systolic, mmHg"),
    ("diastolic_mmhg", "Diastolic, mmHg"),
    ("pulse_bpm", "Pulse, per minute"),
    ("temperature_tenths_c", "Temperature, tenths of a degree"),
)
BEFORE = "before-initial"  # vital signs that no dose of the session has moved
PAIRS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """Every finding, how last digits fall by variable and site, and pairs of records alike."""

    findings: tuple[Finding, ...]
    digits: dict[str, dict[str, tuple[int, ...]]]
    alike: tuple[tuple[str, str, Pair], ...]  # instrument and visit in words
    participants: int
    sites: int


def examined(programme: str, protocol: Protocol) -> Examined:
    """The checks of everything recorded so far; computed once for each state of the record."""
    last = last_of((stream_of(programme, ""),))
    return _examined(programme, last[0] if last else 0, protocol)


@lru_cache(maxsize=4)
def _examined(programme: str, position: int, protocol: Protocol) -> Examined:
    people = tuple(
        courses.fold(read_stream(stream), kinds().read)
        for stream in streams(stream_of(programme, ""))
    )
    every = tuple(_readings(people))
    untreated = _readings(people, moment=BEFORE)
    answers = tuple(_answers(people, protocol))
    findings = examine(every, untreated, answers, _moments(people), np.random.default_rng(SEED))
    return Examined(
        findings,
        {each.variable: _digits(each) for each in every},
        tuple(_alike(answers, protocol)),
        len(people),
        len({each.site for each in people}),
    )


def _readings(people: Iterable[Course], moment: str = "") -> Iterator[Readings]:
    taken = [
        (course, vitals)
        for course in people
        for session in course.sessions.values()
        for vitals in session.vitals
        if moment in ("", vitals.moment)
    ]
    if not taken:
        return
    names, sites = [c.participant for c, _ in taken], [c.site for c, _ in taken]
    for name, label in VITALS:
        yield Readings(label, np.array([getattr(v, name) for _, v in taken]), names, sites)


def _answers(people: Iterable[Course], protocol: Protocol) -> Iterator[Answers]:
    order = {visit.key: number for number, visit in enumerate(protocol.visits)}
    found: dict[tuple[str, int], list[tuple[Course, int, tuple[int, ...]]]] = {}
    for course in people:
        for each in course.assessments.values():
            if each.answers and each.visit in order:
                given = tuple(UNANSWERED if a is None else a for a in each.answers)
                kept = found.setdefault((each.instrument, len(given)), [])
                kept.append((course, order[each.visit], given))
    for (instrument, _), rows in sorted(found.items()):
        yield Answers(
            instrument,
            np.array([given for _, _, given in rows]),
            [course.participant for course, _, _ in rows],
            [course.site for course, _, _ in rows],
            np.array([visit for _, visit, _ in rows]),
        )


def _moments(people: Iterable[Course]) -> Moments | None:
    # Several instruments filled in one after another are one meeting.
    first: dict[tuple[str, date, str], tuple[datetime, str]] = {}
    for course in people:
        for each in course.assessments.values():
            key = (course.participant, each.at.date(), each.author)
            if key not in first or each.at < first[key][0]:
                first[key] = (each.at, course.site)
    if not first:
        return None
    return Moments(
        np.array([_minutes(at) for at, _ in first.values()]),
        [participant for participant, _, _ in first],
        [site for _, site in first.values()],
        [author for _, _, author in first],
    )


def _minutes(at: datetime) -> int:
    return (at.date() - MONDAY).days * 24 * 60 + at.hour * 60 + at.minute


def _digits(readings: Readings) -> dict[str, tuple[int, ...]]:
    sites, counts = last_digits(readings)
    return {site: tuple(map(int, row)) for site, row in zip(sites, counts, strict=True)}


def _alike(answers: Iterable[Answers], protocol: Protocol) -> Iterator[tuple[str, str, Pair]]:
    found = [(each.instrument, pair) for each in answers for pair in pairs(each)]
    found.sort(key=lambda one: -one[1].share)
    for instrument, pair in found[:PAIRS]:
        yield instrument, protocol.visits[pair.visit].label, pair
