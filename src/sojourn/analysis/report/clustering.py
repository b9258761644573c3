"""How alike people of one site, or of one pair of therapists, are at the primary visit."""

import numpy as np
import polars as pl

from sojourn.analysis.clusters import clustered
from sojourn.analysis.report.comparing import frame
from sojourn.analysis.report.inputs import Inputs
from sojourn.analysis.report.intercurrent import entries_used
from sojourn.analysis.report.model import Cell, Figure, Table, number, p_shown, ranged

KINDS = {"site": "Site", "therapist-pair": "Therapist pair"}


def by_cluster(inputs: Inputs, population: str, kind: str, planned: bool) -> Table:
    """The intraclass correlation and each cluster's predicted difference, arms held equal.

    Therapist pairs are numbered in the order of their names, which are not shown.

    Raises
    ------
    ValueError
        Where clusters can't be told from people, or the data does not determine the model.
    """
    people = {each.key: each for each in inputs.population(population)}
    rows = frame(inputs, population).drop_nulls(["change", "baseline"])
    rows = rows.filter(pl.col("visit").cast(pl.String) == inputs.layout.outcome)
    here = [people[key] for key in rows["participant"]]
    of = [each.site if kind == "site" else each.pair for each in here]
    keep = np.array([bool(name) for name in of], dtype=bool)
    here = [each for each, holds in zip(here, keep, strict=True) if holds]
    names = [name for name in of if name]
    if kind != "site":
        order = {name: f"Pair {place}" for place, name in enumerate(sorted(set(names)), start=1)}
        names = [order[name] for name in names]
    columns, design = _design(inputs, rows, keep)
    found = clustered(rows["change"].to_numpy()[keep].astype(float), design, columns, names)
    places = set(entries_used(inputs, here, (inputs.layout.baseline, inputs.layout.outcome)))
    for each in here:
        places.update(each.registered if kind == "site" else each.paired)
    about = ("analysis.clusters.clustered", len(here), places, planned)
    cells: list[tuple[Cell, ...]] = [
        ("Share of the variance (95% interval)", str(len(here)),
         ranged(f"cluster/{kind}/icc", found.icc, (found.low, found.high), about, digits=2)),
        ("Test that it is none", "", Figure(
            f"cluster/{kind}/test", f"p {p_shown(found.p_value)}",
            (("p", number(found.p_value)),), about[0], len(here), tuple(sorted(places)), planned)),
    ]  # fmt: skip
    for one in found.clusters:
        more = (("people", str(one.people)),)
        name = f"cluster/{kind}/{one.name}"
        figure = ranged(name, one.deviation, (None, None), about, more=more)
        cells.append((one.name, str(one.people), figure))
    note = "Points of change by which each is predicted to differ, shrunken towards none."
    return Table(KINDS[kind], ("", "People", "Change"), tuple(cells), note, planned)


def _design(
    inputs: Inputs, rows: pl.DataFrame, keep: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> tuple[list[str], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    names, parts = ["Intercept", "baseline"], [np.ones(len(rows)), rows["baseline"].to_numpy()]
    of = rows["arm"].cast(pl.String)
    for arm in inputs.layout.arms[1:]:
        names.append(arm)
        parts.append((of == arm).to_numpy().astype(float))
    return names, np.column_stack(parts)[keep]
