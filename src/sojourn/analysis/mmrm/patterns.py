"""Sufficient statistics by missingness pattern: all a likelihood needs of the participants.

Participants of one group who were seen at the same visits share a precision matrix, so
the likelihood knows them only through the sums of cross-products of their columns.
Columns that are equal for all of them (arm at week 2, arm at week 8) are kept once: a
design of a few covariates by visit needs only their few moments, however many took part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.data import Observations

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Patterns:
    """``count`` participants of ``group`` seen at ``visits``, for each pattern.

    ``size`` (patterns) is how many visits, ``visits`` (patterns, places) which. ``slots``
    (patterns, places, columns + 1) names the variable a column, or last the response, is
    at a place; -1 where the column is zero. ``active`` (patterns, places, columns) lists
    the columns that are not, ``actives`` how many. ``moments`` (patterns, variables,
    variables) are sums of products. ``log_weights`` is the sum of the weights' logs.
    """

    group: Indices
    count: Array
    size: Indices
    visits: Indices
    slots: Indices
    active: Indices
    actives: Indices
    moments: Array
    observations: int
    log_weights: float


def summarise(data: Observations) -> Patterns:
    """The sufficient statistics, with each row scaled by the root of its weight."""
    everyone, visits, width = data.participants, len(data.visits), data.design.shape[1] + 1
    wide = np.zeros((everyone, visits, width))
    root = np.sqrt(data.weights)[:, None]
    wide[data.participant, data.visit] = np.column_stack([data.design, data.response]) * root
    seen = np.zeros((everyone, visits), dtype=bool)
    seen[data.participant, data.visit] = True
    keys = np.column_stack([data.group, seen])
    kinds, member = np.unique(keys, axis=0, return_inverse=True)
    member = member.ravel()
    parts = [
        _moments(wide[member == each][:, kind[1:].astype(bool)]) for each, kind in enumerate(kinds)
    ]
    slots = np.full((len(kinds), visits, width), -1)
    places = np.full((len(kinds), visits), -1)
    most = max(len(moments) for _, moments in parts)
    table = np.zeros((len(kinds), most, most))
    for each, (slot, moments) in enumerate(parts):
        slots[each, : len(slot)] = slot
        places[each, : len(slot)] = np.flatnonzero(kinds[each, 1:])
        table[each, : len(moments), : len(moments)] = moments
    active, actives = listed(slots[:, :, :-1])
    return Patterns(
        kinds[:, 0].astype(np.int64),
        np.bincount(member).astype(float),
        kinds[:, 1:].sum(axis=1).astype(np.int64),
        places,
        slots,
        active,
        actives,
        table,
        len(data.response),
        float(np.log(data.weights).sum()),
    )


def listed(slots: Indices) -> tuple[Indices, Indices]:
    """The columns that are not zero at each place, first, and how many they are."""
    present = slots >= 0
    return (
        np.ascontiguousarray(np.argsort(~present, axis=-1, kind="stable")),
        np.ascontiguousarray(present.sum(axis=-1)),
    )


def _moments(block: Array) -> tuple[Indices, Array]:
    """The slot of each place and column, and the moments of the distinct variables."""
    people, places, width = block.shape
    columns = np.ascontiguousarray(block.reshape(people, places * width).T) + 0.0
    known: dict[bytes, int] = {}
    slots = np.full(places * width, -1)
    kept: list[Array] = []
    for at, column in enumerate(columns):
        response = at % width == width - 1
        if not response and not column.any():
            continue
        slot = known.setdefault(column.tobytes(), len(kept))
        slots[at] = slot
        if slot == len(kept):
            kept.append(column)
    variables = np.array(kept)
    return slots.reshape(places, width), variables @ variables.T
