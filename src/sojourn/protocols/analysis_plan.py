"""A statistical analysis plan as data: what will be computed, written before anyone sees an arm.

The estimand is the protocol's own; a plan says how it is estimated. Content after ICH E9, section
5.1, and Gamble et al. 2017, doi 10.1001/jama.2017.18556.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sojourn.definitions import DefinitionError, checked, read_text, strict
from sojourn.protocols.model import Protocol

Covariance = Literal[
    "unstructured", "toeplitz", "heterogeneous-toeplitz", "autoregressive",
    "heterogeneous-autoregressive", "compound-symmetry", "heterogeneous-compound-symmetry",
]  # fmt: skip
Degrees = Literal["kenward-roger", "satterthwaite", "between-within", "residual"]
Covariate = Literal["baseline", "baseline-by-visit", "site", "sex"]
# The last two are for programmes that randomise nobody.
Population = Literal["randomised", "randomised-and-dosed", "enrolled", "enrolled-and-dosed"]
Factor = Literal["sex", "site", "prior-mdma", "prior-ssri"]
Outcome = Literal["response", "loss_of_diagnosis", "remission"]


@dataclass(frozen=True, slots=True)
class PrimaryAnalysis:
    """A mixed model for repeated measures of change from baseline.

    ``reference`` is the key of the arm that others are compared with.
    """

    population: Population
    reference: str
    covariates: tuple[Covariate, ...]
    covariance: Covariance = "unstructured"
    degrees_of_freedom: Degrees = "kenward-roger"


@dataclass(frozen=True, slots=True)
class SensitivityAnalysis:
    """The primary comparison under another assumption.

    ``mixed-model`` takes another ``population``, ``covariance`` or degrees of freedom where
    they are given, and every rating in spite of intercurrent events with ``every_rating``
    (treatment policy); ``reference-based`` fills in what is missing after someone left by
    ``strategy``; ``tipping-point`` worsens it by ``deltas`` (points, from none to the worst).
    """

    key: str
    kind: Literal["mixed-model", "reference-based", "tipping-point"]
    population: Population | None = None
    covariance: Covariance | None = None
    degrees_of_freedom: Degrees | None = None
    strategy: Literal["MAR", "JR", "CR", "CIR"] | None = None
    deltas: tuple[int, ...] = ()
    every_rating: bool = False


@dataclass(frozen=True, slots=True)
class SecondaryAnalyses:
    """Which further analyses are planned. Those left out are not planned when they are shown."""

    outcomes: tuple[Outcome, ...] = ()
    trajectories: bool = False
    retention: bool = False
    harms: bool = False
    durability: bool = False
    sessions: bool = False
    clusters: tuple[Literal["site", "therapist-pair"], ...] = ()
    blinding: bool = False
    expectancy: bool = False


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """A whole plan. ``digest`` is the SHA-256 of its text."""

    schema: Literal[1]
    title: str
    version: str
    protocol: str
    protocol_version: str
    primary: PrimaryAnalysis
    sensitivity: tuple[SensitivityAnalysis, ...] = ()
    secondary: SecondaryAnalyses = SecondaryAnalyses()
    subgroups: tuple[Factor, ...] = ()
    digest: str = ""


_ADAPTER = strict(AnalysisPlan, __name__)


def load_plan(text: str, name: str = "analysis plan") -> AnalysisPlan:
    """The plan that ``text`` (YAML) holds.

    Raises
    ------
    DefinitionError
        With every fault found: field, value and mend.
    """
    plan: AnalysisPlan = checked(_ADAPTER, read_text(text, name), Path(name), __name__)
    if plan.digest:
        raise DefinitionError(f"{name}: digest follows from the text; remove it")
    keys = [each.key for each in plan.sensitivity]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DefinitionError(f"{name}: sensitivity '{twice[0]}' stands twice; name each once")
    for each in plan.sensitivity:
        _fits(each, name)
    return replace(plan, digest=hashlib.sha256(text.encode()).hexdigest())


def misfits(plan: AnalysisPlan, protocol: Protocol) -> tuple[str, ...]:
    """Why the plan is not of that protocol; empty when it is."""
    found = []
    if (plan.protocol, plan.protocol_version) != (protocol.key, protocol.version):
        found.append(
            f"the plan is of {plan.protocol} {plan.protocol_version}, the programme follows "
            f"{protocol.key} {protocol.version}; write the plan for that"
        )
    arms = [arm.key for arm in protocol.arms]
    if plan.primary.reference not in arms:
        found.append(
            f"reference '{plan.primary.reference}' is no arm of the protocol; "
            f"use one of {', '.join(arms)}"
        )
    randomised = protocol.randomisation is not None
    wanted = "randomised" if randomised else "enrolled"
    populations = (plan.primary.population, *(each.population for each in plan.sensitivity))
    for population in dict.fromkeys(each for each in populations if each):
        if not population.startswith(wanted):
            found.append(f"population '{population}' has nobody; use {wanted}")
    if not randomised and (plan.sensitivity or plan.subgroups or plan.primary.covariates):
        found.append(
            "the protocol compares no arms; leave sensitivity, subgroups and covariates empty"
        )
    return tuple(found)


def usual_plan(protocol: Protocol) -> AnalysisPlan:
    """What is shown where nobody wrote a plan; nothing in it counts as planned."""
    enrolled: Population = "randomised" if protocol.randomisation else "enrolled"
    dosed: Population = "randomised-and-dosed" if protocol.randomisation else "enrolled-and-dosed"
    comparators = [arm.key for arm in protocol.arms if arm.role == "comparator"]
    return AnalysisPlan(
        1,
        "Usual analyses",
        "none",
        protocol.key,
        protocol.version,
        PrimaryAnalysis(
            dosed if protocol.dosing else enrolled,
            comparators[0] if comparators else protocol.arms[0].key,
            ("baseline", "baseline-by-visit") if protocol.randomisation else (),
        ),
        secondary=SecondaryAnalyses(("response", "loss_of_diagnosis", "remission")),
    )


def _fits(each: SensitivityAnalysis, name: str) -> None:
    where = f"{name}: sensitivity '{each.key}'"
    of_model = each.covariance or each.degrees_of_freedom or each.every_rating
    if each.kind != "mixed-model" and of_model:
        raise DefinitionError(
            f"{where}: covariance, degrees of freedom and every_rating are for mixed-model"
        )
    if (each.strategy is not None) != (each.kind != "mixed-model"):
        raise DefinitionError(f"{where}: strategy goes with reference-based and tipping-point")
    if (each.kind == "tipping-point") != bool(each.deltas):
        raise DefinitionError(f"{where}: deltas go with tipping-point, and it needs them")
    ordered = list(each.deltas) in (sorted(set(each.deltas)), sorted(set(each.deltas))[::-1])
    if each.deltas and (len(each.deltas) < 2 or not ordered):
        raise DefinitionError(f"{where}: deltas {list(each.deltas)}: give two or more, one way")
