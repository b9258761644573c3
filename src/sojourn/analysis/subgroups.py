"""The effect in subgroups, and whether it differs between them: the interaction is what is tested.

A subgroup's own p-value answers another question and is not given: Assmann et al. 2000,
doi 10.1016/S0140-6736(00)02039-0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sojourn.analysis.least_squares import least_squares
from sojourn.analysis.mmrm.contrasts import Estimate, Joint


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
    both = np.flatnonzero(counts.all(axis=0))
    if not len(both):
        return Interaction(factor, _subgroups(names, counts, {}), None)
    used = inside[:, both].any(axis=1)
    own = inside[:, both] * arm[:, None]
    columns = [f"{what} {names[at]}" for what in ("level", "active in") for at in both]
    columns += [f"covariate {number + 1}" for number in range(extra.shape[1])]
    design = np.column_stack([inside[:, both], own, extra - extra.mean(axis=0)])[used]
    line = least_squares(y[used], design, columns)
    effects = {
        names[at]: line.coefficient(f"active in {names[at]}", confidence=confidence) for at in both
    }
    if len(both) < 2:
        return Interaction(factor, _subgroups(names, counts, effects), None)
    differences = np.zeros((len(both) - 1, len(columns)))
    differences[:, len(both)] = -1
    differences[:, len(both) + 1 : 2 * len(both)] = np.eye(len(both) - 1)
    return Interaction(factor, _subgroups(names, counts, effects), line.joint(differences))


def _subgroups(
    names: Sequence[str], counts: NDArray[np.int64], effects: Mapping[str, Estimate]
) -> tuple[Subgroup, ...]:
    made = []
    for name, (active, reference) in zip(names, counts.T.tolist(), strict=True):
        found = effects.get(name)
        limits = (found.estimate, found.low, found.high) if found else (None, None, None)
        made.append(Subgroup(name, active, reference, *limits))
    return tuple(made)
