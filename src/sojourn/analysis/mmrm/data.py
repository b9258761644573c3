"""From a frame and a formula to the arrays of a model, refused where they can't be used."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from formulaic import Formula, ModelSpec
from formulaic.errors import FormulaicError
from numpy.typing import NDArray

from sojourn.analysis.mmrm.errors import NotFittable

# A formula could call any function; names joined by operators are all a model needs.
FOREIGN = re.compile(r"[^\w\s.+*:~()^/-]|\w\s*\(")

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Observations:
    """Rows with a response, ordered by participant and visit.

    ``response`` and ``weights`` (rows), ``design`` (rows, columns) and the position of each
    row's participant, visit and group in the tuples of their names. ``specification``
    makes design rows for other values of ``terms``, the columns the formula uses, in which
    factors are categorical with the levels that were observed.
    """

    response: Array
    design: Array
    weights: Array
    participant: Indices
    visit: Indices
    group: Indices
    columns: tuple[str, ...]
    participants: int
    visits: tuple[str, ...]
    groups: tuple[str, ...]
    visit_name: str
    terms: Mapping[str, Any]
    specification: ModelSpec


def read(
    formula: str,
    frame: pl.DataFrame,
    *,
    participant: str,
    visit: str,
    visits: Sequence[object] | None = None,
    group: str | None = None,
    weights: str | None = None,
) -> Observations:
    """The observations of a frame with one row for each participant and visit.

    A row without a response is left out, as the model allows for it; a row with one but
    without a covariate is refused. Factors (text, Enum, Categorical, Boolean) are coded against
    their first level. Visits come in the order of ``visits``, of an Enum, or sorted.

    Raises
    ------
    NotFittable
        For columns that are not there, a missing covariate, a participant twice at a visit,
        a visit without two participants, a participant in two groups, weights that are not
        positive, and columns of the design that others determine, by name.
    """
    foreign = FOREIGN.search(formula)
    if foreign:
        raise NotFittable(
            f"formula '{formula}': '{foreign[0]}' is not for formulas, which join columns by "
            "+ - * : / ^; make a transformed column in the frame first"
        )
    try:
        parsed = Formula(formula)
        response, terms = str(parsed.lhs), sorted(map(str, parsed.rhs.required_variables))
    except (AttributeError, SyntaxError, FormulaicError) as error:
        raise NotFittable(f"formula '{formula}': write 'response ~ terms'") from error
    wanted = {response, *terms, participant, visit, *filter(None, (group, weights))}
    absent = sorted(wanted - set(frame.columns))
    if absent:
        raise NotFittable(f"the frame has no column '{absent[0]}'; it has {frame.columns}")
    visit_names, visit_codes = _coded(frame[visit], visits)
    rows = _complete(frame, response, wanted, participant, visit)
    order = frame.with_columns(__visit=visit_codes).filter(rows).sort(participant, "__visit")
    used, codes = order.drop("__visit"), order["__visit"].to_numpy()
    _check_visits(used, participant, visit, codes, visit_names)
    people = used[participant].rank("dense").to_numpy().astype(np.int64) - 1
    group_names, groups = _groups(used, group, people)
    values = {each: _term(used[each]) for each in terms}
    if visit in values:
        values[visit] = pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(visit_names))
    design = parsed.rhs.get_model_matrix(
        pd.DataFrame(values, index=range(len(used))), na_action="raise"
    )
    columns = tuple(map(str, design.columns))
    matrix = np.ascontiguousarray(design.to_numpy(dtype=float))
    _check_rank(matrix, columns)
    return Observations(
        used[response].cast(pl.Float64).to_numpy(),
        matrix,
        _weights(used, weights),
        people,
        codes.astype(np.int64),
        groups,
        columns,
        int(people[-1]) + 1,
        visit_names,
        group_names,
        visit,
        values,
        design.model_spec,
    )


def _coded(series: pl.Series, given: Sequence[object] | None) -> tuple[tuple[str, ...], pl.Series]:
    """Names of the levels in order, and each row's position (null where it has none)."""
    if given is not None:
        levels = [str(each) for each in given]
        stray = set(series.drop_nulls().cast(pl.String)) - set(levels)
        if stray:
            raise NotFittable(f"{series.name} '{min(stray)}' is not among the visits {levels}")
    elif isinstance(series.dtype, pl.Enum):
        levels = series.dtype.categories.to_list()
    else:
        levels = series.drop_nulls().unique().sort().cast(pl.String).to_list()
    positions = {level: at for at, level in enumerate(levels)}
    text = series.cast(pl.String)
    return tuple(levels), text.replace_strict(positions, default=None, return_dtype=pl.Int64)


def _complete(
    frame: pl.DataFrame, response: str, wanted: set[str], participant: str, visit: str
) -> pl.Series:
    if not frame[response].dtype.is_numeric():
        raise NotFittable(f"the response '{response}' is {frame[response].dtype}, not a number")
    known = frame[response].is_not_null() & frame[response].cast(pl.Float64).is_finite()
    for name in sorted(wanted - {response}):
        column = frame[name]
        lacking = column.is_null()
        if column.dtype.is_float():
            lacking = lacking | column.is_nan() | column.is_infinite()
        bad = (lacking & known).arg_true()
        if len(bad):
            who, when = frame[participant][bad[0]], frame[visit][bad[0]]
            raise NotFittable(
                f"'{name}' is missing for {participant} '{who}' at {visit} '{when}' and "
                f"{len(bad) - 1} other rows with a response; fill it in or leave those rows out"
            )
    if not known.any():
        raise NotFittable(f"no row has a response in '{response}'")
    return known


def _check_visits(
    used: pl.DataFrame, participant: str, visit: str, codes: Indices, names: tuple[str, ...]
) -> None:
    twice = used.select(participant, visit).is_duplicated().arg_true()
    if len(twice):
        who, when = used[participant][twice[0]], used[visit][twice[0]]
        raise NotFittable(
            f"{participant} '{who}' has more than one response at {visit} '{when}'; keep one"
        )
    for name, count in zip(names, np.bincount(codes, minlength=len(names)), strict=True):
        if count < 2:
            raise NotFittable(
                f"{visit} '{name}' has {count} responses; a variance needs two or more. "
                "Leave that visit out"
            )


def _groups(
    used: pl.DataFrame, group: str | None, people: Indices
) -> tuple[tuple[str, ...], Indices]:
    if group is None:
        return ("all",), np.zeros(int(people[-1]) + 1, dtype=np.int64)
    names, series = _coded(used[group], None)
    codes = series.to_numpy().astype(np.int64)
    first = codes[np.searchsorted(people, np.arange(int(people[-1]) + 1))]
    if (first[people] != codes).any():
        at = int(np.flatnonzero(first[people] != codes)[0])
        raise NotFittable(f"row {used.row(at)} changes its '{group}'; a participant has one")
    return names, first


def _term(series: pl.Series) -> Any:
    if series.dtype.is_numeric():
        return series.cast(pl.Float64).to_numpy()
    text = series.cast(pl.String)
    observed = set(text)
    if isinstance(series.dtype, pl.Enum):
        levels = [each for each in series.dtype.categories if each in observed]
    else:
        levels = sorted(observed)
    return pd.Categorical(text.to_list(), categories=levels)


def _weights(used: pl.DataFrame, weights: str | None) -> Array:
    if weights is None:
        return np.ones(len(used))
    values = used[weights].cast(pl.Float64).to_numpy()
    if (values <= 0).any():
        raise NotFittable(f"'{weights}' holds {values.min()}; weights are above zero")
    return values


def _check_rank(matrix: Array, columns: tuple[str, ...]) -> None:
    if len(matrix) <= matrix.shape[1]:
        raise NotFittable(f"{len(matrix)} responses can't determine {len(columns)} coefficients")
    length = np.linalg.norm(matrix, axis=0)
    left = np.abs(np.diag(np.linalg.qr(matrix, mode="r")))
    for name, remains, whole in zip(columns, left, length, strict=True):
        if remains <= 1e-7 * whole:
            raise NotFittable(
                f"the design is singular: column '{name}' follows from those before it; "
                "drop a term of the formula"
            )
