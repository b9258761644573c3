"""Virtual trials analysed as the real one will be, in constant memory and any order.

What a trial gives is added up in whole numbers (points in units of 2^-32), so that how trials
are divided among chunks, threads or machines can't change a result in its last digit.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sojourn.analysis.mmrm import BatchFit, Layout, by_visit, fit_batch
from sojourn.design.drawing import Drawn, Prepared, draw
from sojourn.design.plan import (
    Plan,
    blinded_sizes,
    largest,
    promising_sizes,
    size_at,
    weighted,
)
from sojourn.design.tally import Tally, counted, summed

Array = NDArray[np.float64]
CHUNK = 200
Work = Callable[[tuple[int, int]], Tally]
Spread = Callable[[Work, Iterable[tuple[int, int]]], Iterable[Tally]]


@dataclass(slots=True)
class _Course:
    """Where each trial of a chunk stands; what it concluded when it stopped."""

    going: NDArray[np.bool_]
    people: NDArray[np.int64]
    look: NDArray[np.int64]
    rejected: NDArray[np.bool_]
    futile: NDArray[np.bool_]
    found: Array  # estimate, standard error, degrees of freedom


def characteristics(
    prepared: Prepared,
    plan: Plan,
    *,
    spread: Spread = map,
    chunk: int = CHUNK,
    each: Callable[[Tally], bool] = lambda _: True,
) -> Tally:
    """The tally of all trials of a plan.

    ``spread`` maps work over chunks (``map``, an executor's, a cluster's); ``each`` hears of
    the tally so far and ends the run by answering false.
    """
    total = Tally()
    for tally in spread(partial(chunk_of_trials, prepared, plan), chunks(plan.trials, chunk)):
        total = total + tally
        if not each(total):
            break
    return total


def chunks(trials: int, size: int) -> Iterator[tuple[int, int]]:
    """First index of each chunk, and the index after its last."""
    for start in range(0, trials, size):
        yield start, min(start + size, trials)


def chunk_of_trials(prepared: Prepared, plan: Plan, between: tuple[int, int]) -> Tally:
    """Draws, analyses and counts the trials of those indices."""
    indices = range(*between)
    drawn = draw(prepared, largest(plan), indices, plan.seed)
    course = _followed(prepared, plan, drawn)
    estimate, error, df = course.found.T
    half = error * stats.t.isf(plan.level / 2, df)
    off = estimate - prepared.truth
    shown = np.arange(drawn.totals.shape[1]) < course.people[:, None]
    return Tally(
        trials=len(indices),
        fitted=int(np.isfinite(estimate).sum()),
        rejected=int(course.rejected.sum()),
        futile=int(course.futile.sum()),
        covered=int((np.abs(off) <= half).sum()),
        error=summed(off),
        error_squared=summed(off**2),
        width=summed(2 * half),
        width_squared=summed((2 * half) ** 2),
        people=int(course.people.sum()),
        people_squared=int((course.people**2).sum()),
        stopped=tuple(np.bincount(course.look, minlength=len(plan.information)).tolist()),
        outcomes=_outcomes(prepared, drawn, shown),
    )


def _followed(prepared: Prepared, plan: Plan, drawn: Drawn) -> _Course:
    """Each trial through its looks, stopped where it stops."""
    trials = len(drawn.baseline)
    course = _Course(
        np.ones(trials, dtype=bool), np.full(trials, plan.people), np.zeros(trials, dtype=np.int64),
        np.zeros(trials, dtype=bool), np.zeros(trials, dtype=bool), np.full((trials, 3), np.nan),
    )  # fmt: skip
    last = len(plan.information) - 1
    final = course.people.copy()
    before = np.zeros((2, trials))
    for look in range(last + 1):
        size = size_at(plan, look, final)
        blindly = look == plan.look_again and _again_blindly(plan)
        if blindly:
            final = _blindly(plan, drawn, int(size[0]))
            if not plan.boundaries:
                continue
        fit = _fitted(prepared, drawn, size, course.going)
        where = np.flatnonzero(course.going)
        found, z = _found(fit)
        now = np.stack([z, found[:, 1] ** -2.0])
        if look == plan.look_again:
            # A look too early to be analysed weighs nothing later.
            before[:, where] = np.nan_to_num(now)
            if not blindly:
                final[where] = promising_sizes(plan, np.nan_to_num(z))
        elif plan.weighted and look > (plan.look_again or 0):
            z = weighted(plan, look, before[:, where], now)
        if plan.boundaries or look == last:
            _stop(course, plan, look, (where, size, found, z))
        if not course.going.any():
            break
    return course


def _stop(
    course: _Course,
    plan: Plan,
    look: int,
    seen: tuple[NDArray[np.int64], NDArray[np.int64], Array, Array],
) -> None:
    """Write down what the trials that end at this look have found."""
    where, size, found, z = seen
    last = look == len(plan.information) - 1
    above, below = _ends(plan, look, z)
    stop = above | below | last
    done = where[stop]
    course.found[done], course.look[done] = found[stop], look
    course.people[done] = size[done]
    course.rejected[done] = above[stop]
    course.futile[done] = (below & (not last))[stop]
    course.going[done] = False


def _again_blindly(plan: Plan) -> bool:
    return plan.reestimation is not None and plan.reestimation.rule == "blinded-variance"


def _ends(plan: Plan, look: int, z: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each trial crosses for efficacy, and whether for futility; unfitted does neither."""
    if plan.boundaries is None:
        # A fixed trial is tested on two sides, as it will be.
        critical = stats.norm.isf(plan.level / 2)
        crossed = z >= critical if plan.reestimation else np.abs(z) >= critical
        return crossed, np.zeros(len(z), dtype=bool)
    return z >= plan.boundaries.efficacy[look], z < plan.boundaries.futility[look]


def _found(fit: BatchFit) -> tuple[Array, Array]:
    """Estimate, standard error, degrees of freedom; and z, positive where totals fall more."""
    found = np.stack([fit.estimate[:, 0], fit.standard_error[:, 0], fit.df[:, 0]], axis=1)
    t = -found[:, 0] / found[:, 1]
    z = np.sign(t) * stats.norm.isf(stats.t.sf(np.abs(t), found[:, 2]))
    return found, z


def _fitted(
    prepared: Prepared, drawn: Drawn, size: NDArray[np.int64], going: NDArray[np.bool_]
) -> BatchFit:
    """The repeated-measures model of the trials still going, on their first participants."""
    room = int(size[going].max())
    totals, baseline = drawn.totals[going, :room], drawn.baseline[going, :room]
    change = totals - baseline[..., None]
    change[np.arange(room) >= size[going, None]] = np.nan
    layout, terms = analysis(prepared, room)
    arm = np.broadcast_to(drawn.arm[:room], baseline.shape)
    known = [baseline, arm]
    known += [np.broadcast_to(drawn.site[:room] == each, baseline.shape) for each in terms]
    return fit_batch(change, np.stack(known, axis=-1), layout, layout.difference("arm", -1))


def analysis(prepared: Prepared, people: int) -> tuple[Layout, tuple[int, ...]]:
    """The model of change: baseline, arm by visit and, where stated, sites beyond the first."""
    model = prepared.model
    held = min(model.sites.count, -(-people // sum(arm.ratio for arm in model.arms)))
    terms = tuple(range(1, held)) if model.site_terms else ()
    names = ("baseline", "arm", *(f"site-{each}" for each in terms))
    return by_visit(names, ("arm",), len(model.visits)), terms


def _blindly(plan: Plan, drawn: Drawn, seen: int) -> NDArray[np.int64]:
    """New sizes from the spread of all changes together, arms unknown."""
    change = drawn.totals[:, :seen, -1] - drawn.baseline[:, :seen]
    return blinded_sizes(plan, np.nanvar(change, axis=1, ddof=1))


def _outcomes(
    prepared: Prepared, drawn: Drawn, shown: NDArray[np.bool_]
) -> tuple[tuple[int, int, int], ...]:
    """By arm: people rated at the last visit, of them with response, of them in remission."""
    model, found = prepared.model, []
    last = drawn.totals[..., -1]
    known = shown & np.isfinite(last)
    fell = known & (drawn.baseline - last >= model.response_fall)
    low = known & (last <= model.remission_total)
    for arm in range(len(model.arms)):
        mine = drawn.arm == arm
        found.append(counted(known[:, mine], fell[:, mine], low[:, mine]))
    return tuple(found)
