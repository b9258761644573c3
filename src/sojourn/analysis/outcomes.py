"""Descriptive outcomes: trajectories with intervals, and three outcomes, each of its own people.

Everything is as observed: nobody missing is counted, in or out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from scipy import stats

CONFIDENCE = 0.95
OUTCOMES = ("response", "loss_of_diagnosis", "remission")
COLUMNS = {
    "participant": pl.String,
    "arm": pl.String,
    "visit": pl.String,
    "day": pl.Int64,
    "total": pl.Int64,
    "change": pl.Int64,
    "response": pl.Boolean,
    "loss_of_diagnosis": pl.Boolean,
    "remission": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class Point:
    """One arm at one visit: mean total in points, with the t interval of the mean.

    ``sd`` and the interval are None for fewer than two people. ``change_mean``
    is the mean of each person's change from baseline, where both are known.
    """

    arm: str
    visit: str
    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None
    change_n: int
    change_mean: float | None
    change_sd: float | None


@dataclass(frozen=True, slots=True)
class Proportion:
    """One outcome in one arm: ``count`` of ``known``; ``missing`` is in neither.

    The interval is exact (Clopper & Pearson 1934, doi 10.1093/biomet/26.4.404);
    None when nobody's outcome is known.
    """

    outcome: str
    arm: str
    count: int
    known: int
    missing: int
    low: float | None
    high: float | None

    @property
    def share(self) -> float | None:
        return self.count / self.known if self.known else None


def frame(rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    """Rows in the order of ``COLUMNS`` as a frame.

    Raises
    ------
    ValueError
        If a row has another number of columns.
    """
    for number, row in enumerate(rows):
        if len(row) != len(COLUMNS):
            raise ValueError(f"row {number} has {len(row)} columns; {len(COLUMNS)} are needed")
    return pl.DataFrame([tuple(row) for row in rows], schema=COLUMNS, orient="row")


def trajectories(observations: pl.DataFrame, visits: Sequence[str]) -> tuple[Point, ...]:
    """Mean total per arm and visit, in the order of ``visits``; visits without totals drop out."""
    summary = (
        observations.filter(pl.col("total").is_not_null() & pl.col("visit").is_in(list(visits)))
        .group_by("arm", "visit")
        .agg(
            n=pl.len(),
            mean=pl.col("total").mean(),
            sd=pl.col("total").std(),
            change_n=pl.col("change").count(),
            change_mean=pl.col("change").mean(),
            change_sd=pl.col("change").std(),
        )
    )
    order = {visit: number for number, visit in enumerate(visits)}
    points = [_point(row) for row in summary.iter_rows(named=True)]
    return tuple(sorted(points, key=lambda point: (point.arm, order[point.visit])))


def proportions(observations: pl.DataFrame, visit: str) -> tuple[Proportion, ...]:
    """Response, loss of diagnosis and remission at ``visit`` per arm, each with its own people."""
    at_visit = observations.filter(pl.col("visit") == visit)
    found = []
    for outcome in OUTCOMES:
        counted = at_visit.group_by("arm").agg(
            count=pl.col(outcome).sum(),
            known=pl.col(outcome).count(),
            missing=pl.col(outcome).null_count(),
        )
        for row in counted.sort("arm").iter_rows(named=True):
            low, high = exact_interval(row["count"], row["known"])
            found.append(Proportion(outcome, low=low, high=high, **row))
    return tuple(found)


def exact_interval(count: int, known: int) -> tuple[float | None, float | None]:
    """Two-sided 95% Clopper-Pearson interval of ``count`` out of ``known``.

    Raises
    ------
    ValueError
        If ``count`` is not between 0 and ``known``.
    """
    if not 0 <= count <= known:
        raise ValueError(f"{count} of {known} is no proportion")
    if known == 0:
        return None, None
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else float(stats.beta.ppf(tail, count, known - count + 1))
    high = 1.0 if count == known else float(stats.beta.ppf(1 - tail, count + 1, known - count))
    return low, high


def _point(row: dict[str, object]) -> Point:
    n, mean, sd = row["n"], row["mean"], row["sd"]
    low = high = None
    if isinstance(n, int) and isinstance(mean, float) and isinstance(sd, float) and n > 1:
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * sd / n**0.5
        low, high = mean - half, mean + half
    return Point(low=low, high=high, **row)  # type: ignore[arg-type]
