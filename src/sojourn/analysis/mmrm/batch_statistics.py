"""Sufficient statistics of many trials at once, as machine code (see ``patterns``)."""

import numpy as np
from numpy.typing import NDArray

from sojourn.analysis.mmrm.loops import compiled

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@compiled
def summarise_many(
    responses: Array, covariates: Array, layout: Indices, count: Array, size: Indices,
    visits: Indices, slots: Indices, active: Indices, actives: Indices, moments: Array,
    kinds: Indices,
) -> None:  # fmt: skip
    """Each trial's patterns, numbered as they first appear; ``kinds`` takes how many."""
    for t in range(len(responses)):
        mine = covariates[t if len(covariates) > 1 else 0]
        member = members(responses[t], layout, size[t], visits[t], slots[t], active[t], actives[t])
        kinds[t] = member.max() + 1
        add_moments(responses[t], mine, member, count[t], moments[t])


@compiled
def members(
    responses: Array, layout: Indices, size: Indices, visits: Indices, slots: Indices,
    active: Indices, actives: Indices,
) -> Indices:  # fmt: skip
    """The pattern of each participant (-1 where never seen), each pattern described."""
    people, span = responses.shape
    width = layout.shape[1]
    known = layout.max() + 1
    number = np.full(1 << span, -1)
    member = np.full(people, -1)
    kinds = 0
    for who in range(people):
        key = 0
        for visit in range(span):
            if not np.isnan(responses[who, visit]):
                key |= 1 << visit
        if key and number[key] < 0:
            number[key] = kinds
            for visit in range(span):
                if key >> visit & 1:
                    place = size[kinds]
                    visits[kinds, place] = visit
                    slots[kinds, place, width] = known + visit
                    for j in range(width):
                        slots[kinds, place, j] = layout[visit, j]
                        if layout[visit, j] >= 0:
                            active[kinds, place, actives[kinds, place]] = j
                            actives[kinds, place] += 1
                    size[kinds] += 1
            kinds += 1
        if key:
            member[who] = number[key]
    return member


@compiled
def add_moments(
    responses: Array, covariates: Array, member: Indices, count: Array, moments: Array
) -> None:
    """Sums of products of the covariates and responses, by pattern."""
    people, span = responses.shape
    known = covariates.shape[1]
    row = np.empty(known + span)
    for who in range(people):
        k = member[who]
        if k < 0:
            continue
        count[k] += 1
        row[:known] = covariates[who]
        for visit in range(span):
            value = responses[who, visit]
            row[known + visit] = 0.0 if np.isnan(value) else value
        for i in range(known + span):
            for j in range(i + 1):
                moments[k, i, j] += row[i] * row[j]
    for k in range(len(count)):
        for i in range(known + span):
            for j in range(i):
                moments[k, j, i] = moments[k, i, j]
