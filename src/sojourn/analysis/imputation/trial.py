"""A trial as imputation sees it: responses by participant and visit, and when each departed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sojourn.analysis.mmrm.errors import NotFittable

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trial:
    """``responses`` (participants, visits), not a number where missing.

    ``arm`` (participants) is a position in ``arms``, whose first is the reference;
    ``covariates`` (participants, names). ``departs`` (participants) is the first visit after
    the intercurrent event, or the number of visits where there was none.
    """

    participants: tuple[str, ...]
    visits: tuple[str, ...]
    arms: tuple[str, ...]
    names: tuple[str, ...]
    responses: Array
    arm: Indices
    covariates: Array
    departs: Indices

    @property
    def reference(self) -> str:
        return self.arms[0]

    @property
    def departed(self) -> NDArray[np.bool_]:
        """(participants, visits): from the intercurrent event on."""
        return np.arange(len(self.visits)) >= self.departs[:, None]


def read(
    frame: pl.DataFrame,
    *,
    participant: str,
    visit: str,
    visits: Sequence[str],
    arm: str,
    reference: str,
    response: str,
    covariates: Sequence[str] = (),
    departs: Mapping[str, str] | None = None,
) -> Trial:
    """The trial in a frame with one row for each participant and visit, or fewer.

    A visit without a row is missing, as is a row without a response. ``departs`` gives
    the first visit after the intercurrent event for those who had one; without it,
    everyone departs at the visit after their last response.

    Raises
    ------
    NotFittable
        For columns that are not there, visits or arms that are not known, a participant
        twice at a visit, in two arms or with two values of a covariate, or without one.
    """
    wanted = [participant, visit, arm, response, *covariates]
    absent = [name for name in wanted if name not in frame.columns]
    if absent:
        raise NotFittable(f"the frame has no column '{absent[0]}'; it has {frame.columns}")
    rows = frame.select(wanted).with_columns(pl.col(participant, visit, arm).cast(pl.String))
    stray = set(rows[visit].drop_nulls()) - set(visits)
    if stray or rows[visit].null_count():
        raise NotFittable(f"visit '{min(stray, default='')}' is not among {list(visits)}")
    twice = rows.filter(pl.struct(participant, visit).is_duplicated())
    if len(twice):
        who, when = twice[participant][0], twice[visit][0]
        raise NotFittable(f"{participant} '{who}' has two rows at {visit} '{when}'; keep one")
    people = _people(rows, participant, arm, covariates)
    names = tuple(people[participant])
    arms = _arms(people[arm], reference)
    row = rows[participant].replace_strict(
        {each: at for at, each in enumerate(names)}, return_dtype=pl.Int64
    )
    column = rows[visit].replace_strict(
        {each: at for at, each in enumerate(visits)}, return_dtype=pl.Int64
    )
    responses = np.full((len(names), len(visits)), np.nan)
    responses[row.to_numpy(), column.to_numpy()] = rows[response].cast(pl.Float64).to_numpy()
    if np.isinf(responses).any():
        raise NotFittable(f"a value of '{response}' is infinite; leave a missing one empty")
    return Trial(
        names,
        tuple(visits),
        arms,
        tuple(covariates),
        responses,
        np.array([arms.index(each) for each in people[arm]]),
        people.select(pl.col(covariates).cast(pl.Float64)).to_numpy().reshape(len(names), -1),
        _departs(names, tuple(visits), responses, departs),
    )


def _people(
    rows: pl.DataFrame, participant: str, arm: str, covariates: Sequence[str]
) -> pl.DataFrame:
    """One row for each participant."""
    fixed = [arm, *covariates]
    grouped = rows.group_by(participant, maintain_order=True)
    counts = grouped.agg(pl.col(fixed).drop_nulls().n_unique())
    for name in fixed:
        wrong = counts.filter(pl.col(name) != 1)
        if len(wrong):
            who, many = wrong[participant][0], wrong[name][0]
            raise NotFittable(f"{participant} '{who}' has {many} values of '{name}'; one is needed")
    return grouped.agg(pl.col(fixed).drop_nulls().first())


def _arms(of: pl.Series, reference: str) -> tuple[str, ...]:
    found = sorted(set(of))
    if reference not in found or len(found) < 2:
        raise NotFittable(f"reference '{reference}' needs another arm beside it; arms are {found}")
    return (reference, *(each for each in found if each != reference))


def _departs(
    names: tuple[str, ...],
    visits: tuple[str, ...],
    responses: Array,
    given: Mapping[str, str] | None,
) -> Indices:
    if given is None:
        seen = np.isfinite(responses) * np.arange(1, len(visits) + 1)
        return np.asarray(seen.max(axis=1), dtype=np.int64)
    stray = sorted(set(given) - set(names))
    if stray:
        raise NotFittable(f"'{stray[0]}' departs but has no row")
    unknown = sorted(set(given.values()) - set(visits))
    if unknown:
        raise NotFittable(f"someone departs at '{unknown[0]}', which is not among {list(visits)}")
    return np.array([visits.index(given[name]) if name in given else len(visits) for name in names])
