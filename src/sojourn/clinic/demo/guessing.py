"""Guesses of the arm: the participants' shares are published, those of all others assumed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from sojourn import instruments
from sojourn.clinic.demo.steps import COORDINATOR, RATER, THERAPIST, THERAPIST_2, Ask, Step
from sojourn.course.assessment import score_of
from sojourn.course.guessing import UNKNOWN, RecordOwnGuess, RecordParticipantsGuess, pending
from sojourn.course.state import Course
from sojourn.design.model import shipped_model
from sojourn.design.virtual import VirtualParticipant
from sojourn.ledger.desk import Person
from sojourn.protocols.blinding_check import Guesser
from sojourn.protocols.model import Protocol

# What participants believed at the end is as stated for MAPP2; all numbers here are assumed.
NOT_KNOWN_YET = 0.3  # after an earlier session
RATER_UNKNOWN = 0.6  # a rater sees neither sessions nor the team
FELL_BY = 15  # points from baseline that make a rater think of the active arm
REASONS = (("effects", 0.6), ("benefit", 0.25), ("told", 0.02), ("other", 0.13))
ASKED_BY: dict[Guesser, tuple[tuple[int, Person], ...]] = {
    "participant": ((12 * 60 + 30, COORDINATOR),),
    "therapist": ((17 * 60, THERAPIST), (17 * 60 + 5, THERAPIST_2)),
    "independent-rater": ((11 * 60 + 50, RATER),),
}


@dataclass(frozen=True, slots=True)
class _Answer:
    guess: str  # empty for a rater, who judges by what the ratings say
    sure: int
    reason: str


def guesses(person: VirtualParticipant, arm: str, protocol: Protocol) -> Iterator[Step]:
    """Steps that ask everyone on every occasion of the protocol; who has left is not asked."""
    check = protocol.blinding_check
    rng = np.random.default_rng([*map(ord, person.participant)])
    believed = {by.name: _believed(rng, arm) for by in (COORDINATOR, THERAPIST, THERAPIST_2)}
    for occasion in check.occasions if check else ():
        day = person.on(occasion.visit) + timedelta(days=occasion.from_day)
        last = occasion.visit == protocol.outcome.visit
        for guesser in occasion.asks:
            for minute, by in ASKED_BY[guesser]:
                known = last or rng.random() >= NOT_KNOWN_YET
                guess = believed.get(by.name, "") if known else UNKNOWN
                if guesser == "independent-rater":
                    guess = UNKNOWN if rng.random() < RATER_UNKNOWN else ""
                answer = _Answer(guess, int(rng.beta(4, 2) * 20) * 5, _reason(rng))
                yield Step(day, minute, by, _ask(protocol, occasion.key, guesser, by, answer))


def _believed(rng: np.random.Generator, arm: str) -> str:
    shares = next(each.guesses for each in shipped_model("mapp2").arms if each.key == arm)
    drawn, reached = rng.random(), 0.0
    for guess, share in shares.items():
        reached += share
        if drawn < reached:
            return guess
    return UNKNOWN


def _reason(rng: np.random.Generator) -> str:
    shares = [share for _, share in REASONS]
    return REASONS[int(rng.choice(len(REASONS), p=shares))][0]


def _ask(protocol: Protocol, occasion: str, guesser: Guesser, by: Person, said: _Answer) -> Ask:
    mine = (occasion, guesser, "" if guesser == "participant" else by.name)
    command = RecordParticipantsGuess if guesser == "participant" else RecordOwnGuess

    def asked(course: Course, at: datetime) -> Any:
        if mine not in {each.key for each in pending(course, protocol)}:
            return None
        if said.guess == UNKNOWN:
            return command(at, occasion, UNKNOWN)
        if said.guess:
            return command(at, occasion, said.guess, said.sure, said.reason)
        return command(at, occasion, _by_ratings(course, protocol), said.sure, "benefit")

    return asked


def _by_ratings(course: Course, protocol: Protocol) -> str:
    """The arm a rater would think of: the active one where the total fell far since baseline."""
    instrument = instruments.load_shipped()[protocol.outcome.instrument]
    rated = [each for each in course.assessments.values() if each.instrument == instrument.key]
    totals = [
        score_of(each, instrument).total or 0 for each in sorted(rated, key=lambda each: each.at)
    ]
    role = "experimental" if totals[0] - totals[-1] >= FELL_BY else "comparator"
    return next(each.key for each in protocol.arms if each.role == role)
