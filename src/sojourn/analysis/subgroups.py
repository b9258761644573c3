"""The effect in subgroups, and whether it differs between them: the interaction is what is tested.

A subgroup's own p-value answers another question and is not given: Assmann et al. 2000,
doi 10.1016/S0140-6736(00)02039-0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sojourn.analysis.least_squares import least_squares
from sojourn.analysis.mmrm.contrasts import Joint


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Those with one ``level``; the active arm less the reference, at equal covariates.

    The difference is None where an arm has nobody.
    """

    level: str
    active: int
    reference: int
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """The effect by subgroup of ``factor``, and the test that it is the same in all.

    ``test`` is None where fewer than two subgroups have people in both arms.
    """

    factor: str
    subgroups: tuple[Subgroup, ...]
    test: Joint | None


def interaction(
    factor: str,
    levels: Sequence[str],
    response: ArrayLike,
    active: ArrayLike,
    covariates: ArrayLike,
    confidence: float = 0.95,
) -> Interaction:
    """Analysis of covariance with arm, ``levels`` (people) of a factor, and their product.

    ``response`` (people), ``active`` (people, 1 in the active arm), ``covariates`` (people,
    covariates; none is allowed), none missing. The factor is one known before treatment,
    such as earlier use of MDMA or of an SSRI.

    Raises
    ------
    ValueError
        For unequal lengths, missing values, or a covariate that follows from the others.
    """
    y, arm = np.asarray(response, dtype=float), np.asarray(active, dtype=float)
    extra = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    if any(each is None for each in levels):
        raise ValueError(f"a level of '{factor}' is missing; leave out who has none")
    labels = np.array([str(each) for each in levels])
    if not len(y) == len(arm) == len(labels) or not np.isin(arm, (0, 1)).all():
        raise ValueError(f"{len(y)} responses, {len(arm)} arms (0 or 1), {len(labels)} levels")
    names = sorted(set(labels.tolist()))
    inside = labels[:, None] == np.array(names)
    counts = np.array([inside[arm == each].sum(axis=0) for each in (1, 0)])
    both = [name for name, pair in zip(names, counts.T, strict=True) if pair.all()]
    effects = inside[:, [names.index(name) for name in both]] * arm[:, None]
    first = effects.sum(axis=1, keepdims=True)
    # The first subgroup's effect is the arm's column; the others' are differences from it.
    own = np.column_stack([first, effects[:, 1:]]) if both else np.empty((len(y), 0))
    used = inside[:, [names.index(name) for name in both]].any(axis=1)
    columns = [f"level {name}" for name in both]
    columns += ["active", *(f"active in {name}" for name in both[1:])] if both else []
    columns += [f"covariate {number + 1}" for number in range(extra.shape[1])]
    groups = {
        name: Subgroup(name, int(pair[0]), int(pair[1]), None, None, None)
        for name, pair in zip(names, counts.T, strict=True)
    }
    if not both:
        return Interaction(factor, tuple(groups.values()), None)
    places = [names.index(name) for name in both]
    design = np.column_stack([inside[:, places], own, extra - extra.mean(axis=0)])[used]
    line = least_squares(y[used], design, columns)
    for name in both:
        row = np.array([float(each in ("active", f"active in {name}")) for each in columns])
        found = line.contrast(row, name=name, confidence=confidence)
        groups[name] = Subgroup(
            name, groups[name].active, groups[name].reference,
            found.estimate, found.low, found.high,
        )  # fmt: skip
    test = line.joint([f"active in {name}" for name in both[1:]]) if len(both) > 1 else None
    return Interaction(factor, tuple(groups.values()), test)
