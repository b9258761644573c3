"""Severity over time: totals by visit under each arm, as published means and spreads say.

A person's baseline is the same under every arm. Later totals follow gamma
distributions (they pile up near zero, as published remission does), linked by a
Gaussian copula: to baseline so that the spread of change is the published one,
and to each other by an assumed correlation.
"""

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri

from sojourn.design.calibration import ArmCalibration, Calibration

Totals = NDArray[np.int_]
Scores = NDArray[np.float64]
HIGHEST = 80


def baseline_totals(scores: Scores, calibration: Calibration, least: int) -> Totals:
    """Baseline totals from ``least`` upwards, with the mean and spread pooled over the arms."""
    sizes = np.array([arm.randomised for arm in calibration.arms], dtype=float)
    means = np.array([arm.baseline.mean for arm in calibration.arms])
    spreads = np.array([arm.baseline.sd for arm in calibration.arms])
    mean = float(np.average(means, weights=sizes)) - least
    variance = float(np.average(spreads**2 + (means - mean - least) ** 2, weights=sizes))
    return _totals(scores, mean, variance**0.5, least)


def later_totals(
    rng: Generator, scores: Scores, arm: ArmCalibration, between: float
) -> Mapping[str, Totals]:
    """Totals at each published visit under ``arm``, by visit key; the last is the outcome's.

    ``between`` is the assumed correlation of neighbouring visits.
    """
    visits = arm.course
    links = _correlations(arm, between)
    # What a visit has beyond baseline is an autoregressive series of its own.
    own = rng.standard_normal((len(visits), len(scores)))
    series = [own[0]]
    for draw in own[1:]:
        series.append(between * series[-1] + np.sqrt(1 - between**2) * draw)
    return {
        visit.visit: _totals(
            evenly(link * scores + np.sqrt(1 - link**2) * rest), visit.mean, visit.sd, 0
        )
        for visit, link, rest in zip(visits, links, series, strict=True)
    }


def evenly(draws: Scores) -> Scores:
    """The same order as ``draws``, at evenly spaced normal quantiles.

    A cohort of a hundred then has the published mean and spread, not one near it.
    """
    ranks = np.argsort(np.argsort(draws, kind="stable"), kind="stable")
    scores: Scores = ndtri((ranks + 0.5) / len(draws))
    return scores


def _correlations(arm: ArmCalibration, between: float) -> tuple[float, ...]:
    """Of each visit with baseline: at the outcome as published, before it closer."""
    first, last = arm.baseline.sd, arm.course[-1].sd
    at_outcome = (first**2 + last**2 - arm.change.sd**2) / (2 * first * last)
    at_outcome = float(np.clip(at_outcome, -0.95, 0.95))
    steps = len(arm.course) - 1
    return tuple(
        at_outcome + (between - at_outcome) * (steps - step) / (steps + 1)
        for step in range(steps + 1)
    )


def _totals(scores: Scores, mean: float, sd: float, least: int) -> Totals:
    shape = (mean / sd) ** 2
    drawn = gammaincinv(shape, ndtr(scores)) * (sd**2 / mean)
    totals: Totals = np.clip(np.rint(drawn).astype(int) + least, least, HIGHEST)
    return totals
