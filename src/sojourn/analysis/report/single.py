"""Change from baseline where nobody is randomised: described, with no comparator."""

import numpy as np

from sojourn.analysis.durability import mean_interval
from sojourn.analysis.report.inputs import Inputs
from sojourn.analysis.report.intercurrent import counted, entries_used
from sojourn.analysis.report.model import Section, Table, ranged

NO_COMPARATOR = (
    "There is no comparator: nobody was randomised. Change from baseline is not the effect of the "
    "treatment; time, expectancy, attention and regression to the mean are in it too."
)


def change(inputs: Inputs, population: str, planned: bool) -> Section:
    """Mean change at each visit up to the primary one, as the estimand lets ratings count."""
    layout = inputs.layout
    people = {each.key: each for each in inputs.population(population)}
    values = counted(inputs, population).values
    rows = []
    for visit in layout.after_baseline:
        here = [
            (row["participant"], row["value"])
            for row in values.iter_rows(named=True)
            if row["visit"] == visit and row["value"] is not None
        ]
        mean = mean_interval(np.array([value for _, value in here], dtype=float))
        sources = entries_used(inputs, [people[who] for who, _ in here], (layout.baseline, visit))
        about = ("analysis.durability.mean_interval", mean.people, sources, planned)
        limits = (mean.low, mean.high)
        figure = ranged(f"change/{visit}", mean.mean, limits, about, after=f", {mean.people}")
        rows.append((layout.label(visit), figure))
    title = f"Mean change in {layout.instrument} (95% interval), n"
    lines = (NO_COMPARATOR, f"The primary visit is {layout.label(layout.outcome)}.")
    table = Table(title, ("Visit", *layout.arms), tuple(rows), planned=planned)
    return Section("change", "Change from baseline", lines, (table,))
