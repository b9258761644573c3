"""Whether small studies tell another story: funnel asymmetry and studies that may be missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from sojourn.evidence.effects import Effect
from sojourn.evidence.heterogeneity import Array, Method, cochran_q
from sojourn.evidence.pooling import Pooled, pool


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """A test of funnel asymmetry; ``limit`` is the effect at a standard error of nil."""

    statistic: float
    p: float
    studies: int
    degrees: int | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class TrimAndFill:
    """The estimate after mirroring ``missing`` studies on ``side``."""

    missing: int
    side: Literal["left", "right"]
    pooled: Pooled


class NoTest(ValueError):
    """Standard errors are all alike, or the line fits exactly: nothing is left to test with."""


def egger(effects: Sequence[Effect]) -> Asymmetry:
    """Effects regressed on their standard errors, weighted by precision; t with k - 2 degrees.

    Source: Egger 1997, doi 10.1136/bmj.315.7109.629. Below ten studies it has little power.

    Raises
    ------
    NoTest
        When standard errors do not differ or the line fits exactly.
    """
    y, error = _arrays(effects, at_least=3)
    if np.allclose(error, error[0]):
        raise NoTest("all standard errors are alike; asymmetry can't be tested")
    design, degrees = np.column_stack([np.ones_like(error), error]), len(y) - 2
    weighted = design / error[:, None] ** 2
    covariance = np.linalg.inv(design.T @ weighted)
    limit, slope = covariance @ weighted.T @ y
    dispersion = cochran_q(y, error**2, design) / degrees
    if dispersion < 1e-12:
        raise NoTest("the line fits exactly; asymmetry can't be tested")
    statistic = float(slope / np.sqrt(covariance[1, 1] * dispersion))
    p = float(2 * stats.t.sf(abs(statistic), degrees))
    return Asymmetry(statistic, p, len(y), degrees, float(limit))


def rank_correlation(effects: Sequence[Effect]) -> Asymmetry:
    """Kendall's tau between standardised effects and variances.

    Source: Begg & Mazumdar 1994, doi 10.2307/2533446.
    """
    y, error = _arrays(effects, at_least=3)
    weights = error**-2
    centred = y - weights @ y / weights.sum()
    standardised = centred / np.sqrt(error**2 - 1 / weights.sum())
    ties = len({*error}) < len(y) or len({*standardised}) < len(y)
    found = stats.kendalltau(standardised, error**2, method="asymptotic" if ties else "exact")
    return Asymmetry(float(found.statistic), float(found.pvalue), len(y))


def trim_and_fill(
    effects: Sequence[Effect], *, method: Method = "REML", hartung_knapp: bool = False
) -> TrimAndFill:
    """How many studies the funnel lacks by the L0 estimator, and the estimate with them.

    The side that lacks studies is the one Egger's slope points away from. Source: Duval &
    Tweedie 2000, doi 10.1111/j.0006-341X.2000.00455.x.
    """
    y, _ = _arrays(effects, at_least=3)
    side: Literal["left", "right"] = "left" if egger(effects).statistic > 0 else "right"
    sign = 1.0 if side == "left" else -1.0
    order = np.argsort(sign * y, kind="stable")
    ranked, measured = (sign * y)[order], [effects[i] for i in order]
    missing, centre = _missing(ranked, measured, sign, method)
    mirrored = [
        replace(measured[-i], study=f"mirrored {i}", estimate=sign * (2 * centre - ranked[-i]))
        for i in range(1, missing + 1)
    ]
    return TrimAndFill(
        missing, side, pool([*effects, *mirrored], method=method, hartung_knapp=hartung_knapp)
    )


def _missing(
    ranked: Array, measured: Sequence[Effect], sign: float, method: Method
) -> tuple[int, float]:
    k, missing, previous = len(ranked), 0, -1
    centre = 0.0
    for _ in range(100):
        if missing == previous:
            break
        previous = missing
        kept = pool(measured[: k - missing], method=method, hartung_knapp=False)
        centre = sign * kept.estimate
        # What lies on the centre is on neither side, whatever the last digit says.
        deviations = np.where(np.isclose(ranked, centre, atol=1e-9), 0.0, ranked - centre)
        signed_ranks = np.sign(deviations) * stats.rankdata(np.abs(deviations), method="ordinal")
        above = signed_ranks[signed_ranks > 0].sum()
        lacking = (4 * above - k * (k + 1)) / (2 * k - 1)
        # Half rounds to even here, as where the published examples were computed.
        missing = min(max(0, round(float(lacking))), k - 2)
    return missing, centre


def _arrays(effects: Sequence[Effect], *, at_least: int) -> tuple[Array, Array]:
    if len(effects) < at_least:
        raise ValueError(f"{len(effects)} studies; this needs {at_least} or more")
    y = np.array([each.estimate for each in effects])
    return y, np.array([each.standard_error for each in effects])
