"""What is measured of a virtual participant: answers to instruments, and vital signs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sojourn.design import answers, severity
from sojourn.design.calibration import Calibration, Spread, VitalSpreads
from sojourn.protocols.model import Protocol

MOMENTS = ("before-initial", "before-supplemental", "during", "end")


@dataclass(frozen=True, slots=True)
class Answers:
    """One instrument's answers in item order at one visit."""

    visit: str
    instrument: str
    answers: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Vital signs at one moment of one session."""

    session: int
    moment: str
    systolic_mmhg: int
    diastolic_mmhg: int
    pulse_bpm: int
    temperature_tenths_c: int


def before(rng: Generator, protocol: Protocol, total: int) -> tuple[Answers, ...]:
    """Answers up to the first session, of someone whose CAPS-5 at baseline is ``total``."""
    found = []
    for visit in protocol.visits:
        if visit.session is not None or visit.key == protocol.outcome.visit:
            break
        for instrument in visit.assessments:
            if instrument == "caps-5":
                given = answers.caps5(rng, total, diagnosis=True)
            else:
                given = _self_rated(rng, instrument, total)
            found.append(Answers(visit.key, instrument, given))
    return tuple(found)


def later(
    rng: Generator,
    protocol: Protocol,
    calibration: Calibration,
    baseline: int,
    course: dict[str, int],
) -> Iterator[Answers]:
    """Answers from the first session on, when CAPS-5 takes the totals of ``course`` by visit."""
    assumed, last = calibration.assumed, baseline
    for visit in protocol.visits:
        if visit.phase not in ("dosing", "aftercare", "assessment", "followup"):
            continue
        if visit.key == protocol.outcome.baseline_visit:
            continue
        if visit.phase == "followup":
            # Nobody published a year of MAPP2: the outcome is carried on with noise.
            last = int(np.clip(round(last + rng.normal(0, 5)), 0, severity.HIGHEST))
            if rng.random() < 0.1:
                continue  # a year later some do not come
        last = course.get(visit.key, last)
        for instrument in visit.assessments:
            if instrument == "caps-5":
                met = last >= answers.LEAST_WITH_DIAGNOSIS and bool(
                    last + rng.normal(0, assumed.diagnosis_spread) >= assumed.diagnosis_total
                )
                better = int(np.clip((baseline - last) // 8, 0, 5))
                given = answers.caps5(rng, last, diagnosis=met, improved=better)
            else:
                given = _self_rated(rng, instrument, last)
            yield Answers(visit.key, instrument, given)


def _self_rated(rng: Generator, instrument: str, severity_now: int) -> tuple[int, ...]:
    """Answers that go with a CAPS-5 total; how they go together is assumed."""
    if instrument == "pcl-5":
        total = int(np.clip(round(severity_now * 1.1 + 4 + rng.normal(0, 6)), 0, 80))
        return answers.pcl5(rng, total)
    if instrument == "phq-9":
        total = int(np.clip(round(severity_now * 0.38 + rng.normal(0, 3)), 0, 24))
        return answers.phq9(rng, total, thoughts_of_death=bool(rng.random() < total / 110))
    if instrument == "c-ssrs":
        level = int(rng.random() < severity_now / 250) * int(rng.integers(1, 3))
        return answers.cssrs(level)
    raise ValueError(f"nobody has said how '{instrument}' is answered; add it to design/measured")


def readings(
    rng: Generator, resting: VitalSpreads, peak: VitalSpreads, sessions: list[int]
) -> Iterator[Reading]:
    """Vital signs at each moment of each session, from ``resting`` to ``peak`` and back."""
    person = rng.standard_normal(4) * 0.7
    for session in sessions:
        for moment in MOMENTS:
            # Effects stand near their peak after 90 minutes and are mostly gone after eight hours.
            share = {"before-supplemental": 0.75, "during": 1.0, "end": 0.25}.get(moment, 0.0)
            draws = person + rng.standard_normal(4) * 0.7
            values = [
                round(
                    low.mean * (1 - share)
                    + high.mean * share
                    + draw * (low.sd * (1 - share) + high.sd * share)
                )
                for low, high, draw in zip(_four(resting), _four(peak), draws, strict=True)
            ]
            systolic, diastolic, pulse, temperature = values
            yield Reading(
                session, moment, systolic, min(diastolic, systolic - 15), pulse, temperature
            )


def _four(vitals: VitalSpreads) -> tuple[Spread, ...]:
    return (
        vitals.systolic_mmhg,
        vitals.diastolic_mmhg,
        vitals.pulse_bpm,
        vitals.temperature_tenths_c,
    )
