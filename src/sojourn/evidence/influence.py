"""What each study does to the pooled estimate: leave one out, outliers, leverage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sojourn.evidence.effects import Effect
from sojourn.evidence.heterogeneity import Method
from sojourn.evidence.pooling import Pooled, pool


@dataclass(frozen=True, slots=True)
class Influence:
    """One study's diagnostics, after Viechtbauer & Cheung 2010, doi 10.1002/jrsm.11.

    ``residual`` is the externally standardised residual, ``cook`` Cook's distance,
    ``covariance_ratio`` below 1 where leaving the study out makes the estimate more precise.
    """

    study: str
    residual: float
    dffits: float
    cook: float
    covariance_ratio: float
    hat: float
    without: Pooled


def leave_one_out(
    effects: Sequence[Effect], *, method: Method = "REML", hartung_knapp: bool = True
) -> tuple[tuple[str, Pooled], ...]:
    """The pooled estimate without each study in turn; two studies are the least."""
    if len(effects) < 2:
        raise ValueError(f"{len(effects)} study; leaving one out needs two or more")
    return tuple(
        (
            left.study,
            pool(
                [each for each in effects if each is not left],
                method=method,
                hartung_knapp=hartung_knapp,
            ),
        )
        for left in effects
    )


def influence(effects: Sequence[Effect], *, method: Method = "REML") -> tuple[Influence, ...]:
    """Diagnostics of each study under the normal (not Hartung-Knapp) model."""
    whole = pool(effects, method=method, hartung_knapp=False)
    left_out = leave_one_out(effects, method=method, hartung_knapp=False)
    return tuple(
        _influence(effect, whole, hat, without)
        for effect, hat, (_, without) in zip(effects, whole.weights, left_out, strict=True)
    )


def _influence(effect: Effect, whole: Pooled, hat: float, without: Pooled) -> Influence:
    shift = whole.estimate - without.estimate
    spread = effect.variance + without.tau2
    return Influence(
        study=effect.study,
        residual=(effect.estimate - without.estimate)
        / math.sqrt(spread + without.standard_error**2),
        dffits=shift / math.sqrt(hat * spread),
        cook=shift**2 / whole.standard_error**2,
        covariance_ratio=without.standard_error**2 / whole.standard_error**2,
        hat=hat,
        without=without,
    )
