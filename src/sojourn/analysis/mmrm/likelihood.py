"""Twice the negative log-likelihood from sufficient statistics, and its derivatives.

Derivatives are by the entries of each group's covariance matrix, which no structure
knows; a structure's parameters follow by the chain rule. With W the precision of a
pattern, r the residuals, F the covariance of the coefficients and A = W (sum r r' + sum
x F x') W, the derivative by the entry E is tr(E (n W - A)), and the second derivative
tr(E W D (2 A - n W)) - 2 g' F h - tr(P F Q F), with g = X'WEWr and P = X'WEWX (h, Q
from D). Without restriction (ML) the terms in F that stem from log|X'WX| are left out.

Source: Harville 1977, doi 10.1080/01621459.1977.10480998; Lindstrom & Bates 1988, doi
10.1080/01621459.1988.10478693. The loops are compiled because one fit is thousands of
operations on matrices too small for anything else to be quick.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.loops import EXACT, evaluated
from sojourn.analysis.mmrm.patterns import Patterns

Array = NDArray[np.float64]


class Evaluation(NamedTuple):
    """``value`` is not finite where a covariance is not positive definite.

    ``first`` (entries) and ``second`` (entries, entries) run over the lower triangles of
    the groups' matrices, row by row; ``slopes`` (entries, columns, columns) holds P;
    ``precisions`` (patterns, places, places) W.
    """

    value: float
    coefficients: Array
    covariance: Array
    first: Array
    second: Array
    slopes: Array
    precisions: Array


def evaluate(sigma: Array, patterns: Patterns, *, restricted: bool) -> Evaluation:
    """At ``sigma`` (groups, visits, visits)."""
    count = sigma.shape[0] * sigma.shape[1] * (sigma.shape[1] + 1) // 2
    made = evaluated(
        sigma, patterns.group, patterns.count, patterns.size, patterns.visits, patterns.slots,
        patterns.active, patterns.actives, patterns.moments, restricted, EXACT,
        np.empty((count, count)),
    )  # fmt: skip
    return Evaluation(*made)
