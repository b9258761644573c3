"""Network meta-analysis by graph theory: treatments are nodes, comparisons are resistances.

Source: Rücker 2012, Res Synth Methods 3:312, doi 10.1002/jrsm.1058; studies with several arms
after Rücker & Schwarzer 2014, doi 10.1002/sim.6236.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sojourn.evidence.heterogeneity import Array


@dataclass(frozen=True, slots=True)
class Contrast:
    """One comparison of one study: ``first`` against ``second``.

    A study with three or more arms gives every pair of them.
    """

    study: str
    first: str
    second: str
    estimate: float
    variance: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One cell of the league table, with the share of direct evidence in it."""

    first: str
    second: str
    estimate: float
    standard_error: float
    low: float
    high: float
    p: float
    direct_share: float
    direct: tuple[float, float] | None  # estimate and standard error
    indirect: tuple[float, float] | None
    inconsistency_p: float | None  # direct against indirect (node-splitting)


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Q and what it is made of: within designs, and between them (inconsistency)."""

    q: float
    degrees: int
    p: float
    within: float
    within_degrees: int
    between: float
    between_degrees: int
    between_p: float
    tau2: float
    i2: float


@dataclass(frozen=True, slots=True)
class Network:
    """``league`` holds every pair once in each direction."""

    treatments: tuple[str, ...]
    league: tuple[Comparison, ...]
    heterogeneity: Heterogeneity
    p_scores: tuple[tuple[str, float], ...]
    random: bool

    def compare(self, first: str, second: str) -> Comparison:
        """The comparison of two treatments, or KeyError naming what there is."""
        for each in self.league:
            if (each.first, each.second) == (first, second):
                return each
        raise KeyError(f"{first} against {second}; treatments are {', '.join(self.treatments)}")


@dataclass(frozen=True, slots=True)
class _Graph:
    treatments: tuple[str, ...]
    incidence: Array  # (comparisons, treatments)
    effects: Array
    same_study: Array  # (comparisons, comparisons) of 0 and 1
    degrees: int


def network(
    contrasts: Sequence[Contrast],
    *,
    random: bool = True,
    lower_is_better: bool = True,
    confidence: float = 0.95,
) -> Network:
    """Every treatment against every other, through all the paths that join them.

    tau^2 is DerSimonian & Laird's, generalised to networks, and common to all comparisons.
    P-scores (Rücker & Schwarzer 2015, doi 10.1186/s12874-015-0060-8) run from 0 to 1, the best.

    Raises
    ------
    ValueError
        When a study lacks a pair of its arms, variances of one study can't belong together or
        the network falls apart into pieces.
    """
    graph = _graph(contrasts)
    fixed_weights = _weights(contrasts, 0.0)
    heterogeneity = _heterogeneity(contrasts, graph, fixed_weights)
    tau2 = heterogeneity.tau2 if random else 0.0
    weights = _weights(contrasts, tau2)
    inverse = np.asarray(np.linalg.pinv(_laplacian(graph.incidence, weights)), dtype=np.float64)
    potentials = inverse @ graph.incidence.T @ (weights * graph.effects)
    league = tuple(
        _comparison(
            i, j, graph, potentials, inverse, _direct(contrasts, graph, i, j, tau2), confidence
        )
        for i in range(len(graph.treatments))
        for j in range(len(graph.treatments))
        if i != j
    )
    return Network(
        treatments=graph.treatments,
        league=league,
        heterogeneity=heterogeneity,
        p_scores=_p_scores(graph.treatments, league, lower_is_better),
        random=random,
    )


def _graph(contrasts: Sequence[Contrast]) -> _Graph:
    names = tuple(sorted({name for c in contrasts for name in (c.first, c.second)}))
    place = {name: index for index, name in enumerate(names)}
    arms: dict[str, set[str]] = defaultdict(set)
    pairs: dict[str, int] = defaultdict(int)
    incidence = np.zeros((len(contrasts), len(names)))
    for row, c in enumerate(contrasts):
        arms[c.study] |= {c.first, c.second}
        pairs[c.study] += 1
        incidence[row, place[c.first]], incidence[row, place[c.second]] = 1, -1
    for study, treated in arms.items():
        expected = len(treated) * (len(treated) - 1) // 2
        if pairs[study] != expected:
            raise ValueError(
                f"{study} has {len(treated)} arms and {pairs[study]} comparisons; give all "
                f"{expected} pairs"
            )
    studies = np.array([c.study for c in contrasts])
    degrees = sum(len(treated) - 1 for treated in arms.values()) - (len(names) - 1)
    if np.linalg.matrix_rank(incidence) < len(names) - 1:
        raise ValueError("the network falls apart; every treatment must be joined to the others")
    return _Graph(
        treatments=names,
        incidence=incidence,
        effects=np.array([c.estimate for c in contrasts]),
        same_study=(studies[:, None] == studies[None, :]).astype(float),
        degrees=degrees,
    )


def _laplacian(incidence: Array, weights: Array) -> Array:
    return np.asarray(incidence.T @ (weights[:, None] * incidence))


def _weights(contrasts: Sequence[Contrast], tau2: float) -> Array:
    """Weights that make the comparisons of one study count as its arms do, no more."""
    weights = np.zeros(len(contrasts))
    rows: dict[str, list[int]] = defaultdict(list)
    for row, c in enumerate(contrasts):
        rows[c.study].append(row)
    for study, members in rows.items():
        own = [contrasts[row] for row in members]
        for row, weight in zip(members, _study_weights(study, own, tau2), strict=True):
            weights[row] = weight
    return weights


def _study_weights(study: str, own: Sequence[Contrast], tau2: float) -> list[float]:
    if len(own) == 1:
        return [1 / (own[0].variance + tau2)]
    arms = sorted({name for c in own for name in (c.first, c.second)})
    m = len(arms)
    variances = np.zeros((m, m))
    for c in own:
        i, j = arms.index(c.first), arms.index(c.second)
        variances[i, j] = variances[j, i] = c.variance + tau2
    centre = np.eye(m) - np.ones((m, m)) / m
    laplacian = np.linalg.pinv(-0.5 * centre @ variances @ centre)
    found = [-float(laplacian[arms.index(c.first), arms.index(c.second)]) for c in own]
    if min(found) <= 0:
        raise ValueError(f"the variances of {study} can't come from one study; check them")
    return found


def _heterogeneity(contrasts: Sequence[Contrast], graph: _Graph, weights: Array) -> Heterogeneity:
    inverse = np.linalg.pinv(_laplacian(graph.incidence, weights))
    hat = graph.incidence @ inverse @ graph.incidence.T * weights
    residual = graph.effects - hat @ graph.effects
    q = float(residual @ (weights * residual))
    products = graph.incidence @ graph.incidence.T * graph.same_study / 2
    trace = float(np.trace((np.eye(len(weights)) - hat) @ products * weights[None, :]))
    tau2 = max(0.0, (q - graph.degrees) / trace) if graph.degrees > 0 else 0.0
    within, within_degrees = _within_designs(contrasts)
    between, between_degrees = q - within, graph.degrees - within_degrees
    return Heterogeneity(
        q=q,
        degrees=graph.degrees,
        p=_chi2(q, graph.degrees),
        within=within,
        within_degrees=within_degrees,
        between=between,
        between_degrees=between_degrees,
        between_p=_chi2(between, between_degrees),
        tau2=tau2,
        i2=max(0.0, (q - graph.degrees) / q) if q > 0 else 0.0,
    )


def _within_designs(contrasts: Sequence[Contrast]) -> tuple[float, int]:
    """Q of studies that compare the same set of treatments, summed over the sets."""
    arms: dict[str, set[str]] = defaultdict(set)
    for c in contrasts:
        arms[c.study] |= {c.first, c.second}
    designs: dict[frozenset[str], list[Contrast]] = defaultdict(list)
    for c in contrasts:
        designs[frozenset(arms[c.study])].append(c)
    total, degrees = 0.0, 0
    for design, members in designs.items():
        studies = len({c.study for c in members})
        if studies < 2:
            continue
        graph, weights = _graph(members), _weights(members, 0.0)
        inverse = np.linalg.pinv(_laplacian(graph.incidence, weights))
        fitted = graph.incidence @ inverse @ graph.incidence.T @ (weights * graph.effects)
        total += float(weights @ (graph.effects - fitted) ** 2)
        degrees += (studies - 1) * (len(design) - 1)
    return total, degrees


def _direct(
    contrasts: Sequence[Contrast], graph: _Graph, i: int, j: int, tau2: float
) -> tuple[float, float] | None:
    """Inverse-variance mean of the studies that compare the two head to head."""
    first, second = graph.treatments[i], graph.treatments[j]
    weight = total = 0.0
    for c in contrasts:
        if {c.first, c.second} == {first, second}:
            own = 1 / (c.variance + tau2)
            weight += own
            total += own * (c.estimate if c.first == first else -c.estimate)
    return (total / weight, math.sqrt(1 / weight)) if weight else None


def _comparison(
    i: int,
    j: int,
    graph: _Graph,
    potentials: Array,
    inverse: Array,
    direct: tuple[float, float] | None,
    confidence: float,
) -> Comparison:
    estimate = float(potentials[i] - potentials[j])
    variance = float(inverse[i, i] + inverse[j, j] - 2 * inverse[i, j])
    error = math.sqrt(variance)
    half = float(stats.norm.ppf((1 + confidence) / 2)) * error
    share = min(1.0, variance / direct[1] ** 2) if direct else 0.0
    indirect, split_p = None, None
    if share < 1 - 1e-9:
        drawn = direct[0] * share if direct else 0.0
        indirect = ((estimate - drawn) / (1 - share), math.sqrt(variance / (1 - share)))
    if direct and indirect:
        split_p = _normal_p((direct[0] - indirect[0]) / math.hypot(direct[1], indirect[1]))
    return Comparison(
        first=graph.treatments[i],
        second=graph.treatments[j],
        estimate=estimate,
        standard_error=error,
        low=estimate - half,
        high=estimate + half,
        p=_normal_p(estimate / error),
        direct_share=share,
        direct=direct,
        indirect=indirect,
        inconsistency_p=split_p,
    )


def _p_scores(
    treatments: tuple[str, ...], league: Sequence[Comparison], lower_is_better: bool
) -> tuple[tuple[str, float], ...]:
    sign = -1 if lower_is_better else 1
    scores = {
        name: float(
            np.mean(
                [
                    stats.norm.cdf(sign * each.estimate / each.standard_error)
                    for each in league
                    if each.first == name
                ]
            )
        )
        for name in treatments
    }
    return tuple(sorted(scores.items(), key=lambda pair: -pair[1]))


def _chi2(q: float, degrees: int) -> float:
    return float(stats.chi2.sf(q, degrees)) if degrees > 0 else 1.0


def _normal_p(z: float) -> float:
    return float(2 * stats.norm.sf(abs(z)))
