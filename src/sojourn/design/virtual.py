"""Virtual participants: people who never lived, drawn to resemble a published trial.

Each carries one potential outcome per arm (Rubin 1974, J Educ Psychol 66:688-701):
what would happen under that arm. Which of them happens is decided by the real
randomisation when the course is run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator

from sojourn.design import severity, timetable
from sojourn.design.aftermath import Contact, Event, Leaving, aftermaths, contacts
from sojourn.design.calibration import Assumed, AssumedMedicine, Calibration
from sojourn.design.measured import Answers, Reading, before, later, readings
from sojourn.design.timetable import Scene
from sojourn.protocols.model import Protocol

SITES = ("site-01", "site-02", "site-03")
DAYS_SINCE_FIRST = 1000  # how long ago the first of the finished enrolled
DAYS_SINCE_LAST = 560  # and the last: long enough for a year of follow-up
IN_FOLLOW_UP = 8
SCREEN_FAILURES = (
    "cardiovascular",
    "substance-use",
    "psychosis",
    "personality-disorder",
    "ptsd-six-months",
    "medical-risk",
)


@dataclass(frozen=True, slots=True)
class PotentialOutcome:
    """Everything that would happen to a person under one arm."""

    arm: str
    answers: tuple[Answers, ...]
    readings: tuple[Reading, ...]
    events: tuple[Event, ...]
    contacts: tuple[Contact, ...]
    leaving: Leaving | None


@dataclass(frozen=True, slots=True)
class VirtualParticipant:
    """One person. ``days`` counts from enrolment; ``outcomes`` has one item per arm.

    ``failed_criterion`` is set for someone who turns out not to be eligible.
    """

    participant: str
    site: str
    sex: str
    birth_year: int
    enrolled_on: date
    days: Mapping[str, int]
    medicine: AssumedMedicine | None
    before: tuple[Answers, ...]  # answers up to randomisation, the same under every arm
    outcomes: tuple[PotentialOutcome, ...]
    raised_level: bool
    scene: Scene | None = None
    failed_criterion: str = ""

    def on(self, visit: str) -> date:
        """The day of ``visit``."""
        return self.enrolled_on + timedelta(days=self.days[visit])

    def under(self, arm: str) -> PotentialOutcome:
        """What happens under ``arm``."""
        return next(outcome for outcome in self.outcomes if outcome.arm == arm)


def cohort(
    protocol: Protocol,
    calibration: Calibration,
    *,
    seed: int,
    today: date,
    participants: int | None = None,
) -> tuple[VirtualParticipant, ...]:
    """A cohort in order of enrolment: ``participants`` to randomise, and those beside them.

    Most have finished, a few are in each scene of ``timetable.MID_COURSE`` as of
    ``today``; people who fail screening and people not yet randomised come on
    top, as many as the publication's flow has. The same seed and day give the
    same people.

    Raises
    ------
    sojourn.design.calibration.CalibrationError
        If the calibration lacks an arm of the protocol.
    """
    randomised = calibration.flow.randomised if participants is None else participants
    scenes = timetable.MID_COURSE[: max(0, randomised // 4)]
    beside = round(randomised * (calibration.flow.enrolled / calibration.flow.randomised - 1))
    waiting = timetable.NOT_YET_RANDOMISED[:beside]
    people = randomised + len(waiting)
    rng = np.random.default_rng(seed)
    drawn = [
        *_drawn(rng, protocol, calibration, people, today, (*scenes, *waiting)),
        *_failures(rng, protocol, calibration, beside - len(waiting), today),
    ]
    drawn.sort(key=lambda each: each.enrolled_on)
    width = max(3, len(str(len(drawn))))
    return tuple(
        replace(
            each,
            participant=f"D-{number:0{width}d}",
            site=SITES[int(site)],
        )
        for (number, each), site in zip(
            enumerate(drawn, start=1), rng.integers(0, len(SITES), len(drawn)), strict=True
        )
    )


def _drawn(
    rng: Generator,
    protocol: Protocol,
    calibration: Calibration,
    people: int,
    today: date,
    scenes: tuple[Scene, ...],
) -> Iterator[VirtualParticipant]:
    least = _least_at_baseline(protocol)
    scores = severity.evenly(rng.standard_normal(people))
    totals = severity.baseline_totals(scores, calibration, least)
    # The finished come first: leaving is drawn among them, so that its share is kept.
    finished = people - len(scenes)
    places: list[Scene | None] = [None] * finished + list(scenes)
    first = [before(rng, protocol, int(total)) for total in totals]
    under = [
        _under(rng, protocol, calibration, arm.key, scores, totals, finished)
        for arm in protocol.arms
    ]
    medicines = _medicines(rng, calibration.assumed, places)
    women = _women(rng, calibration, people)
    ages = _ages(rng, calibration, people)
    for person in range(people):
        medicine = medicines[person]
        washout = medicine.washout_days + 8 if medicine else 0
        days = timetable.draw_days(rng, protocol, washout_days=washout)
        enrolled = _enrolled(rng, days, places[person], person, finished, today)
        yield VirtualParticipant(
            participant="",
            site="",
            sex="female" if women[person] else "male",
            birth_year=enrolled.year - ages[person],
            enrolled_on=enrolled,
            days=days,
            medicine=medicine,
            before=first[person],
            outcomes=tuple(outcomes[person] for outcomes in under),
            raised_level=bool(rng.random() < calibration.assumed.raised_to_higher_level),
            scene=places[person],
        )


def _enrolled(
    rng: Generator,
    days: Mapping[str, int],
    scene: Scene | None,
    person: int,
    finished: int,
    today: date,
) -> date:
    if scene is not None:
        return today - timedelta(days=days[scene.visit] + scene.days_ago)
    if person >= finished - min(IN_FOLLOW_UP, finished // 8):
        return today - timedelta(days=int(rng.integers(260, 420)))
    return today - timedelta(days=int(rng.integers(DAYS_SINCE_LAST, DAYS_SINCE_FIRST)))


def _under(
    rng: Generator,
    protocol: Protocol,
    calibration: Calibration,
    arm_key: str,
    scores: severity.Scores,
    totals: severity.Totals,
    finished: int,
) -> list[PotentialOutcome]:
    arm, assumed = calibration.arm(arm_key), calibration.assumed
    totals_later = severity.later_totals(rng, scores, arm, assumed.correlation_between_visits)
    sessions = [visit.session or 0 for visit in protocol.dosing_visits()]
    after = aftermaths(rng, protocol, arm, len(scores), finished)
    result = []
    for person, (events, leaving) in enumerate(after):
        course = {visit: int(values[person]) for visit, values in totals_later.items()}
        result.append(
            PotentialOutcome(
                arm=arm_key,
                answers=tuple(later(rng, protocol, calibration, int(totals[person]), course)),
                readings=tuple(readings(rng, assumed.resting_vitals, arm.peak_vitals, sessions)),
                events=events,
                contacts=tuple(contacts(rng, protocol, always=person >= finished)),
                leaving=leaving,
            )
        )
    return result


def _medicines(
    rng: Generator, assumed: Assumed, places: list[Scene | None]
) -> list[AssumedMedicine | None]:
    result: list[AssumedMedicine | None] = []
    shares = np.cumsum([each.share for each in assumed.medicines])
    for place in places:
        index = int(np.searchsorted(shares, rng.random()))
        if place is not None and place.key == "in-taper":
            index = 0
        result.append(assumed.medicines[index] if index < len(shares) else None)
    return result


def _women(rng: Generator, calibration: Calibration, people: int) -> list[bool]:
    share = sum(arm.female for arm in calibration.arms) / calibration.flow.randomised
    women = rng.permutation(people) < round(share * people)
    return [bool(each) for each in women]


def _ages(rng: Generator, calibration: Calibration, people: int) -> list[int]:
    spreads = [arm.age_years for arm in calibration.arms]
    mean = sum(each.mean for each in spreads) / len(spreads)
    sd = sum(each.sd for each in spreads) / len(spreads)
    scores = severity.evenly(rng.standard_normal(people))
    return [int(np.clip(round(mean + sd * score), 19, 75)) for score in scores]


def _failures(
    rng: Generator, protocol: Protocol, calibration: Calibration, people: int, today: date
) -> Iterator[VirtualParticipant]:
    known = [each.key for each in protocol.criteria if not each.instrument]
    reasons = [key for key in SCREEN_FAILURES if key in known] or known
    women, ages = _women(rng, calibration, people), _ages(rng, calibration, people)
    for person in range(people):
        days = timetable.draw_days(rng, protocol, washout_days=0)
        enrolled = today - timedelta(days=int(rng.integers(90, DAYS_SINCE_FIRST)))
        yield VirtualParticipant(
            participant="",
            site="",
            sex="female" if women[person] else "male",
            birth_year=enrolled.year - ages[person],
            enrolled_on=enrolled,
            days=days,
            medicine=None,
            before=before(rng, protocol, int(rng.integers(20, 45))),
            outcomes=(),
            raised_level=False,
            failed_criterion=reasons[person % len(reasons)],
        )


def _least_at_baseline(protocol: Protocol) -> int:
    outcome = protocol.outcome
    return max(
        (
            each.at_least or 0
            for each in protocol.criteria
            if each.instrument == outcome.instrument and each.at_visit == outcome.baseline_visit
        ),
        default=0,
    )
