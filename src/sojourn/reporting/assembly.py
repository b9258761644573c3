"""A whole report: what the plan asks for, computed from the cut, in the order people read it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version

from sojourn.analysis import mmrm
from sojourn.analysis.report import (
    Figure,
    Inputs,
    Layout,
    Section,
    Table,
    comparing,
    describing,
    figures,
    sensitivity,
    single,
)
from sojourn.analysis.report.by_sessions import response_by_sessions
from sojourn.analysis.report.by_subgroup import by_subgroup
from sojourn.analysis.report.clustering import KINDS, by_cluster
from sojourn.analysis.report.deviating import deviations
from sojourn.analysis.report.harms import harms
from sojourn.analysis.report.lasting import lasting
from sojourn.analysis.report.responding import respondents
from sojourn.analysis.report.staying import staying
from sojourn.conduct.programme import Programme
from sojourn.ledger.cut import Cut
from sojourn.protocols.analysis_plan import Factor, SensitivityAnalysis
from sojourn.protocols.model import Protocol
from sojourn.reporting.front import about, blinding, estimand, lock_at
from sojourn.reporting.plans import Planned

NOT_PLANNED = "Not planned"
ALWAYS: tuple[Factor, ...] = ("prior-mdma", "prior-ssri")


@dataclass(frozen=True, slots=True)
class Report:
    """Sections with where they were cut from the record, and how they were planned."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    cut: Cut
    protocol_digest: str
    plan_digest: str  # of the locked plan; empty when none was locked
    by_arm: bool
    software: str
    layout: Layout
    protocol: Protocol
    locked: bool  # whether the database was locked at the data cut

    @property
    def figures(self) -> tuple[Figure, ...]:
        return figures(self.sections)


def assemble(
    inputs: Inputs, cut: Cut, programme: Programme, protocol: Protocol, planned: Planned
) -> Report:
    """The report of one cut.

    Raises
    ------
    sojourn.analysis.report.KeyClash
        If two figures would share a key.
    """
    software = f"Sojourn {version('sojourn')}"
    opened, dosed = inputs.layout.opened, protocol.dosing is not None
    people = planned.used.primary.population
    lock = lock_at(cut)
    sections = (
        about(cut, programme, protocol, planned, software, inputs.layout, lock),
        estimand(inputs, protocol, people),
        describing.flow(inputs, people, dosed),
        describing.baseline(inputs, people),
        *_results(inputs, planned),
        describing.trajectories(inputs, people, planned.secondary("trajectories")),
        respondents(inputs, people, planned.outcomes, inputs.layout.arms[0]),
        *(_further(inputs, planned) if opened else ()),
        lasting(inputs, people, planned.secondary("durability")),
        *((response_by_sessions(inputs, people, planned.secondary("sessions")),) if dosed else ()),
        *((_clusters(inputs, planned),) if opened else ()),
        harms(inputs, planned.harms),
        staying(inputs, people, planned.secondary("retention")),
        *(() if inputs.layout.single else (blinding(inputs, cut, planned),)),
        deviations(inputs),
    )
    kind = "blinded, all participants together"
    if inputs.layout.single:
        kind = "one arm, described without a comparator"
    elif opened:
        kind = "results by arm"
    return Report(
        programme.title,
        (f"Report of {kind}. Data cut {cut.as_of:%Y-%m-%d %H:%M %Z}.",),
        sections,
        cut,
        programme.protocol_digest,
        planned.signed.digest if planned.signed else "",
        opened,
        software,
        inputs.layout,
        protocol,
        lock is not None,
    )


def _results(inputs: Inputs, planned: Planned) -> tuple[Section, ...]:
    if inputs.layout.single:
        return (single.change(inputs, planned.used.primary.population, planned.primary),)
    if not inputs.layout.opened:
        return ()
    return (comparing.primary(inputs, _model(planned), planned.primary),)


def _further(inputs: Inputs, planned: Planned) -> tuple[Section, ...]:
    tried = [
        _tried(each.key, partial(_sensitivity, inputs, planned, each))
        for each in planned.used.sensitivity
    ]
    groups = [
        _tried(
            factor,
            partial(
                by_subgroup,
                inputs,
                planned.used.primary.population,
                factor,
                planned.subgroup(factor),
            ),
        )
        for factor in dict.fromkeys((*planned.used.subgroups, *ALWAYS))
    ]
    none = ("The plan in use asks for none.",)
    return (
        _gathered("sensitivity", "Sensitivity analyses", tried, none),
        _gathered("subgroups", "Subgroups", groups, none),
    )


def _clusters(inputs: Inputs, planned: Planned) -> Section:
    people = planned.used.primary.population
    tried = [
        _tried(words, partial(by_cluster, inputs, people, kind, planned.clusters(kind)))
        for kind, words in KINDS.items()
    ]
    return _gathered("clusters", "Sites and therapists", tried, ())


def _gathered(key: str, title: str, found: list[Table | str], none: tuple[str, ...]) -> Section:
    words = tuple(each for each in found if isinstance(each, str))
    tables = tuple(each for each in found if isinstance(each, Table))
    return Section(key, title, words or (() if tables else none), tables)


def _tried(key: str, compute: Callable[[], Table | str]) -> Table | str:
    try:
        return compute()
    except (mmrm.NotFittable, mmrm.NotConverged, ValueError) as error:
        return f"'{key}' could not be computed: {error}"


def _sensitivity(inputs: Inputs, planned: Planned, each: SensitivityAnalysis) -> Table:
    model, counts = _model(planned), planned.sensitivity(each)
    if each.kind == "mixed-model":
        changed = replace(
            model,
            population=each.population or model.population,
            covariance=each.covariance or model.covariance,
            degrees_of_freedom=each.degrees_of_freedom or model.degrees_of_freedom,
            every=each.every_rating,
        )
        made = sensitivity.mixed(inputs, changed, each.key, counts)
    else:
        changed = replace(model, population=each.population or model.population)
        made = sensitivity.reference_based(
            inputs, changed, each.strategy or "MAR", each.deltas, each.key, counts
        )
    return replace(made, title=f"{each.key}: {made.title}")


def _model(planned: Planned) -> comparing.Model:
    primary = planned.used.primary
    return comparing.Model(
        primary.population, primary.covariates, primary.covariance, primary.degrees_of_freedom
    )
