"""A whole report: what the plan asks for, computed from the cut, in the order people read it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version

from sojourn.analysis import mmrm
from sojourn.analysis.report import (
    Figure,
    Inputs,
    Section,
    Table,
    comparing,
    describing,
    figures,
    sensitivity,
)
from sojourn.analysis.report.harms import harms
from sojourn.conduct.programme import Programme
from sojourn.ledger import programmes
from sojourn.ledger.read import read_stream
from sojourn.protocols.analysis_plan import SensitivityAnalysis
from sojourn.protocols.model import Protocol
from sojourn.reporting.cut import Cut
from sojourn.reporting.plans import Planned

NOT_PLANNED = "Not planned"


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
    primary = planned.used.primary
    dosing = protocol.dosing is not None
    software = f"Sojourn {version('sojourn')}"
    opened = inputs.layout.opened
    sections = (
        _about(cut, programme, protocol, planned, software, opened),
        _estimand(protocol, opened),
        describing.flow(inputs, primary.population, dosing),
        describing.baseline(inputs, primary.population),
        *(_compared(inputs, planned) if opened else ()),
        describing.trajectories(inputs, primary.population, planned.trajectories),
        comparing.respondents(inputs, primary.population, planned.outcomes, inputs.layout.arms[0]),
        *(_further(inputs, planned) if opened else ()),
        harms(inputs, planned.harms),
        describing.staying(inputs, primary.population, planned.retention),
        _blinding(cut, planned, opened),
        describing.deviations(inputs),
    )
    kind = "results by arm" if opened else "blinded, all participants together"
    return Report(
        programme.title,
        (f"Report of {kind}. Data cut {cut.as_of:%Y-%m-%d %H:%M %Z}.",),
        sections,
        cut,
        programme.protocol_digest,
        planned.signed.digest if planned.signed else "",
        opened,
        software,
    )


def _about(
    cut: Cut,
    programme: Programme,
    protocol: Protocol,
    planned: Planned,
    software: str,
    opened: bool,
) -> Section:
    lines = (
        f"Data cut: {cut.as_of:%Y-%m-%d %H:%M:%S %Z}, the first {cut.position} entries of the "
        "record.",
        f"Merkle root of those entries: {cut.root}.",
        f"Protocol {protocol.key} {protocol.version}, SHA-256 {programme.protocol_digest}.",
        *planned.lines(),
        f"Computed by {software}. Each figure has a key: sojourn trace shows its entries.",
        *(() if opened else ("The allocation is sealed to this report: nothing is by arm.",)),
    )
    return Section("about", "About this report", lines)


def _estimand(protocol: Protocol, opened: bool) -> Section:
    estimand = protocol.outcome.estimand
    treatment = f"Treatment: {estimand.treatment}." if opened else "Treatment: as in the protocol."
    lines = (
        treatment,
        f"Population: {estimand.population}.",
        f"Variable: {estimand.variable}.",
        *(f"Intercurrent event: {each}." for each in estimand.intercurrent_events),
        f"Summary: {estimand.summary}.",
        "The protocol has its intercurrent events in words. The analyses here use every rating on "
        "record up to the primary visit, whatever came before it; none was left out for an "
        "intercurrent event.",
    )
    return Section("estimand", "Estimand", lines)


def _compared(inputs: Inputs, planned: Planned) -> tuple[Section, ...]:
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
                sensitivity.by_subgroup,
                inputs,
                planned.used.primary.population,
                factor,
                planned.subgroup(factor),
            ),
        )
        for factor in planned.used.subgroups
    ]
    none = ("The plan in use asks for none.",)
    return (
        _gathered("sensitivity", "Sensitivity analyses", tried, none),
        _gathered("subgroups", "Subgroups", groups, none),
    )


def _gathered(
    key: str, title: str, found: list[Table | str | None], none: tuple[str, ...]
) -> Section:
    words = tuple(each for each in found if isinstance(each, str))
    tables = tuple(each for each in found if isinstance(each, Table))
    return Section(key, title, words or (() if tables else none), tables)


def _tried(key: str, compute: Callable[[], Table | None]) -> Table | str | None:
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


def _blinding(cut: Cut, planned: Planned, opened: bool) -> Section:
    if not planned.sealed:
        return Section("blinding", "Blinding", ("The programme is not blinded.",))
    before = [
        each
        for each in read_stream(programmes.OPENINGS + cut.programme)
        if each.position <= cut.position
    ]
    lines = [f"Openings of the allocation up to the data cut: {len(before)}."]
    if opened and planned.opened:
        lines.append(
            f"First opened {planned.opened.recorded_at:%Y-%m-%d %H:%M} by "
            f"{planned.opened.author}, {planned.opened.role} (entry {planned.opened.position})."
        )
    lines.append(
        "Whether the blind held can't be told: no guess of the arm by a participant or rater is "
        "on this record."
    )
    return Section("blinding", "Blinding", tuple(lines))
