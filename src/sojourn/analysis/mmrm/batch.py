"""Thousands of trials of one design in one call, as for the power of a trial to come.

Each trial is brought to its sufficient statistics by missingness pattern, and fitted
with one unstructured covariance matrix by Fisher's scoring and Newton steps in its
entries (Jennrich & Schluchter 1986, doi 10.2307/2530695). Results are those of ``fit``.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from sojourn.analysis.mmrm.batch_contrasts import contrast_many
from sojourn.analysis.mmrm.batch_statistics import summarise_many
from sojourn.analysis.mmrm.errors import NotFittable
from sojourn.analysis.mmrm.loops import scored_many
from sojourn.analysis.mmrm.options import reported_covariance

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

WAYS = {"model": 0, "kenward-roger-linear": 1, "kenward-roger": 2}
MOST_VISITS = 12
AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Layout:
    """Which covariate stands in each column at each visit.

    ``slots`` (visits, columns) holds positions in ``covariates``, the first of which is the
    intercept, and -1 where a column is zero.
    """

    covariates: tuple[str, ...]
    columns: tuple[str, ...]
    slots: tuple[tuple[int, ...], ...]

    def difference(self, covariate: str, visit: int) -> Array:
        """The contrast of one unit more of a covariate at a visit (the last is -1)."""
        if covariate not in self.covariates[1:]:
            raise NotFittable(f"'{covariate}' is none of the covariates {self.covariates[1:]}")
        wanted = self.covariates.index(covariate)
        return np.array([float(slot == wanted) for slot in self.slots[visit]])


def by_visit(covariates: Sequence[str], crossed: Sequence[str], visits: int) -> Layout:
    """The columns of ``covariates + visit + crossed:visit``, as a formula would order them."""
    stray = set(crossed) - set(covariates)
    if stray:
        raise NotFittable(f"'{min(stray)}' is crossed with visits but is no covariate")
    names = ("Intercept", *covariates)
    later = [f"visit[T.{each + 1}]" for each in range(1, visits)]
    columns = [*names, *later, *(f"{name}:{each}" for name in crossed for each in later)]
    slots = np.full((visits, len(columns)), -1)
    slots[:, : len(names)] = np.arange(len(names))
    for block, name in enumerate(("Intercept", *crossed)):
        for each in range(1, visits):
            slots[each, len(names) + block * len(later) + each - 1] = names.index(name)
    return Layout(names, tuple(columns), tuple(map(tuple, slots.tolist())))


@dataclass(frozen=True, slots=True)
class BatchFit:
    """Results by trial; not a number, and ``converged`` false, where there was no maximum.

    ``estimate``, ``standard_error``, ``df`` and ``p_value`` (trials, contrasts);
    ``coefficients`` (trials, columns); ``sigma`` (trials, visits, visits).
    """

    estimate: Array
    standard_error: Array
    df: Array
    p_value: Array
    coefficients: Array
    sigma: Array
    log_likelihood: Array
    iterations: Indices
    converged: NDArray[np.bool_]


def fit_batch(
    responses: ArrayLike,
    covariates: ArrayLike,
    layout: Layout,
    contrasts: ArrayLike,
    *,
    df: str = "kenward-roger",
    reported: str | None = None,
    method: str = "reml",
    threads: int = 1,
) -> BatchFit:
    """Fits each trial of ``responses`` (trials, participants, visits), missing as not-a-number.

    ``covariates`` (trials or 1, participants, covariates less the intercept) must be known
    for everyone; ``contrasts`` (contrasts, columns). ``df`` is kenward-roger or satterthwaite;
    ``reported`` and ``method`` are as in ``fit``, ``reported`` one of ``WAYS``. Trials are
    spread over ``threads``; the results do not depend on it.

    Raises
    ------
    NotFittable
        For shapes that don't fit each other, a covariate that is missing, and options that
        don't go together. A trial that can't be fitted is marked, not raised.
    """
    values, known, rows = _checked(responses, covariates, layout, contrasts)
    reported = reported_covariance(method, df, reported)
    if df not in ("kenward-roger", "satterthwaite") or reported not in WAYS:
        raise NotFittable(f"df '{df}' with covariance '{reported}' is not there for a batch")
    slots = np.array(layout.slots, dtype=np.int64)
    trials, _, span = values.shape
    result = BatchFit(
        np.full((trials, len(rows)), np.nan),
        np.full((trials, len(rows)), np.nan),
        np.full((trials, len(rows)), np.nan),
        np.full((trials, len(rows)), np.nan),
        np.full((trials, slots.shape[1]), np.nan),
        np.full((trials, span, span), np.nan),
        np.full(trials, np.nan),
        np.full(trials, -1),
        np.zeros(trials, dtype=bool),
    )

    def run(start: int) -> None:
        here = slice(start, start + AT_ONCE)
        mine = known[here] if len(known) > 1 else known
        _fit_some(values[here], mine, slots, rows, WAYS[reported], method == "reml", result, here)

    starts = range(0, trials, AT_ONCE)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, starts))
    else:
        for start in starts:
            run(start)
    return result


def _checked(
    responses: ArrayLike, covariates: ArrayLike, layout: Layout, contrasts: ArrayLike
) -> tuple[Array, Array, Array]:
    values = np.ascontiguousarray(responses, dtype=float)
    given = np.asarray(covariates, dtype=float)
    rows = np.atleast_2d(np.ascontiguousarray(contrasts, dtype=float))
    if values.ndim != 3 or values.shape[2] != len(layout.slots):
        raise NotFittable(
            f"responses are {values.shape}: trials, participants, {len(layout.slots)} visits"
        )
    if values.shape[2] > MOST_VISITS:
        raise NotFittable(f"{values.shape[2]} visits; {MOST_VISITS} are the most in a batch")
    wanted = (values.shape[1], len(layout.covariates) - 1)
    if given.ndim != 3 or given.shape[1:] != wanted or given.shape[0] not in (1, len(values)):
        raise NotFittable(f"covariates are {given.shape}: {len(values)} or 1 times {wanted}")
    if not np.isfinite(given).all():
        raise NotFittable("a covariate is missing; every participant needs all of them")
    if np.isinf(values).any():
        raise NotFittable("a response is infinite; mark a missing one as not-a-number")
    if rows.shape[1] != len(layout.columns):
        raise NotFittable(f"contrasts are {rows.shape}: {len(layout.columns)} columns needed")
    ones = np.ones((*given.shape[:2], 1))
    return values, np.ascontiguousarray(np.concatenate([ones, given], axis=2)), rows


def _fit_some(
    values: Array,
    known: Array,
    layout: Indices,
    rows: Array,
    adjust: int,
    restricted: bool,
    result: BatchFit,
    here: slice,
) -> None:
    """Fits some of the trials and writes them into ``result``."""
    trials, people, span = values.shape
    width, entries = layout.shape[1], span * (span + 1) // 2
    most, variables = min(people, 2**span - 1), known.shape[2] + span
    count, kinds = np.zeros((trials, most)), np.zeros(trials, dtype=np.int64)
    size = np.zeros((trials, most), dtype=np.int64)
    visits = np.full((trials, most, span), -1)
    slots = np.full((trials, most, span, width + 1), -1)
    active = np.zeros((trials, most, span, width), dtype=np.int64)
    actives = np.zeros((trials, most, span), dtype=np.int64)
    moments = np.zeros((trials, most, variables, variables))
    shape = (size, visits, slots, active, actives, moments, kinds)
    summarise_many(
        values, known, layout, count, size, visits, slots, active, actives, moments, kinds
    )
    sigma, iterations = result.sigma[here], result.iterations[here]
    coefficients, likelihood = result.coefficients[here], np.full(trials, np.nan)
    covariance = np.empty((trials, width, width))
    bends = np.empty((trials, entries, entries))
    slopes = np.empty((trials, entries, width, width))
    precisions = np.zeros((trials, most, span, span))
    scored_many(
        count, *shape, restricted, sigma, likelihood, coefficients, covariance, bends, slopes,
        precisions, iterations,
    )  # fmt: skip
    found = np.full((trials, len(rows), 3), np.nan)
    contrast_many(
        rows, adjust, *shape, sigma, coefficients, covariance, bends, slopes, precisions,
        iterations, found,
    )  # fmt: skip
    result.log_likelihood[here] = -likelihood / 2
    result.estimate[here], result.standard_error[here] = found[..., 0], found[..., 1]
    result.df[here] = found[..., 2]
    result.p_value[here] = 2 * stats.t.sf(np.abs(found[..., 0] / found[..., 1]), found[..., 2])
    result.converged[here] = iterations >= 0
