"""The effect in subgroups known before treatment, with the test that it is the same in all."""

import polars as pl

from sojourn.analysis import subgroups
from sojourn.analysis.report.comparing import frame
from sojourn.analysis.report.inputs import Inputs
from sojourn.analysis.report.intercurrent import entries_used
from sojourn.analysis.report.model import Cell, Figure, Table, number, p_shown, ranged

TITLES = {
    "sex": "By sex",
    "site": "By site",
    "prior-mdma": "By earlier use of MDMA",
    "prior-ssri": "By earlier use of an SSRI",
}
FUNCTION = "analysis.subgroups.interaction"


def by_subgroup(inputs: Inputs, population: str, factor: str, planned: bool) -> Table | str:
    """The difference at the primary visit in each level, and the test of interaction.

    A sentence instead where the record can't tell: people whose level is not on it are left
    out and counted.
    """
    title = TITLES[factor]
    people = {each.key: each for each in inputs.population(population)}
    rows = frame(inputs, population).drop_nulls(["change", "baseline"])
    rows = rows.filter(pl.col("visit").cast(pl.String) == inputs.layout.outcome)
    if len(inputs.layout.arms) != 2 or not len(rows):
        return f"{title}: nothing to compare; it needs two arms with ratings."
    levels = [people[key].level(factor) for key in rows["participant"]]
    known = rows.filter(pl.Series(levels, dtype=pl.String) != "")
    lacking = len(rows) - len(known)
    if not len(known):
        return f"{title}: the record holds it of nobody."
    here = [people[key] for key in known["participant"]]
    found = subgroups.interaction(
        factor,
        [each.level(factor) for each in here],
        known["change"].to_numpy(),
        (known["arm"].cast(pl.String) == inputs.layout.arms[1]).to_numpy().astype(float),
        known[["baseline"]].to_numpy(),
    )
    places = set(entries_used(inputs, here, (inputs.layout.baseline, inputs.layout.outcome)))
    for each in here:
        places.update(each.telling(factor))
    sources = tuple(sorted(places))
    cells: list[tuple[Cell, ...]] = []
    for group in found.subgroups:
        about = (FUNCTION, group.active + group.reference, sources, planned)
        name = f"subgroup/{factor}/{group.level}"
        people_in = (("active", str(group.active)), ("reference", str(group.reference)))
        figure = ranged(name, group.difference, (group.low, group.high), about, more=people_in)
        cells.append((group.level, f"{group.active}, {group.reference}", figure))
    if found.test:
        p = found.test.p_value
        cells.append(("Interaction", "", Figure(
            f"subgroup/{factor}/interaction", f"p {p_shown(p)}", (("p", number(p)),), FUNCTION,
            len(here), sources, planned)))  # fmt: skip
    active, reference = inputs.layout.arms[1], inputs.layout.arms[0]
    head = ("", f"People: {active}, {reference}", "Difference (95% interval)")
    note = f"{lacking} with a rating are left out: the record does not hold it of them."
    return Table(title, head, tuple(cells), note if lacking else "", planned)
