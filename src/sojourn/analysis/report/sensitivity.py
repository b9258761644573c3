"""What the primary result rests on: other models, filled gaps, tipping points."""

from collections.abc import Sequence

import polars as pl

from sojourn.analysis import imputation
from sojourn.analysis.report.comparing import (
    HEAD,
    Model,
    difference_rows,
    estimate_cells,
    fitted,
    frame,
    model_entries,
)
from sojourn.analysis.report.inputs import Inputs
from sojourn.analysis.report.intercurrent import analysed_people
from sojourn.analysis.report.model import Cell, Figure, Table, number, shown


def reference_based(
    inputs: Inputs, model: Model, strategy: str, deltas: Sequence[int], key: str, planned: bool
) -> Table:
    """The comparison with gaps filled under ``strategy``; its tipping point where deltas are given.

    Who has a gap counts as having left at the visit after their last rating.

    Raises
    ------
    mmrm.NotFittable
        Where the data does not determine it.
    """
    rows = frame(inputs, model.population)
    here = {each.key for each in analysed_people(inputs, model.population)}
    visits = list(inputs.layout.after_baseline)
    trial = imputation.read(
        rows.filter(pl.col("participant").is_in(sorted(here))),
        participant="participant",
        visit="visit",
        visits=visits,
        arm="arm",
        reference=inputs.layout.arms[0],
        response="change",
        covariates=["baseline"],
    )
    completed = imputation.conditional_means(trial, strategy)
    sources = model_entries(inputs, analysed_people(inputs, model.population))
    people, name = len(trial.participants), f"sensitivity/{key}"
    if deltas:
        return _tipping(inputs, completed, deltas, (name, people, sources, planned))
    found = [
        each
        for each in imputation.analysed(completed)
        if each.reference and each.visit == inputs.layout.outcome
    ]
    function = "analysis.imputation.analysed"
    cells = tuple(
        (
            inputs.layout.label(each.visit),
            f"{each.arm} less {each.reference}",
            *estimate_cells(f"{name}/{each.arm}", each.value, function, people, sources, planned),
        )
        for each in found
    )
    note = "Conditional means; spread by leaving one participant out at a time."
    return Table(f"Gaps filled by {strategy}", HEAD, cells, note, planned)


def mixed(inputs: Inputs, model: Model, key: str, planned: bool) -> Table:
    """The primary comparison under another model.

    Raises
    ------
    mmrm.NotFittable, mmrm.NotConverged
        Where the data does not determine it.
    """
    fit = fitted(inputs, model)
    people = analysed_people(inputs, model.population, every=model.every)
    sources = model_entries(inputs, people, every=model.every)
    label = inputs.layout.label(inputs.layout.outcome)
    rows = difference_rows(inputs, fit, f"sensitivity/{key}", sources, planned)
    title = f"{model.population}, {model.covariance}, {model.degrees_of_freedom}"
    title += ", every rating whatever came before it" if model.every else ""
    return Table(title, HEAD, tuple(row for row in rows if row[0] == label), planned=planned)


def _tipping(
    inputs: Inputs,
    completed: imputation.Completed,
    deltas: Sequence[int],
    about: tuple[str, int, tuple[int, ...], bool],
) -> Table:
    name, people, sources, planned = about
    rows: list[tuple[Cell, ...]] = []
    for arm in inputs.layout.arms[1:]:
        found = imputation.tipping_point(
            completed, visit=inputs.layout.outcome, arm=arm, deltas=[float(each) for each in deltas]
        )
        for shifted in found.grid:
            of = f"{name}/{arm}/{shifted.delta:g}"
            cells = estimate_cells(
                of, shifted.value, "analysis.imputation.tipping_point", people, sources, planned
            )
            rows.append((f"Shifted by {shifted.delta:g}", arm, *cells))
        ((_, boundary),) = found.boundary
        reached = "not within these shifts" if boundary is None else f"at {shown(boundary)} points"
        tips = Figure(f"{name}/{arm}/boundary", reached, (("boundary", number(boundary)),),
                      "analysis.imputation.tipping_point", people, sources, planned)  # fmt: skip
        rows.append(("p reaches 0.05", arm, tips, "", "", "", ""))
    return Table("Tipping point", ("Shift", *HEAD[1:]), tuple(rows), planned=planned)
