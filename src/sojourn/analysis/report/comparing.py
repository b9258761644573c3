"""The arms compared: the mixed model of change, and what it rests on."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from sojourn.analysis import mmrm
from sojourn.analysis.mmrm.contrasts import Estimate
from sojourn.analysis.report.inputs import Inputs, Participant
from sojourn.analysis.report.intercurrent import analysed_people, counted, entries_used
from sojourn.analysis.report.model import Cell, Figure, Section, Table, number, p_shown, shown

HEAD = ("Visit", "Comparison", "Difference", "SE", "df", "95% interval", "p")


@dataclass(frozen=True, slots=True)
class Model:
    """How change from baseline is modelled. ``covariates`` are names of the analysis plan."""

    population: str
    covariates: tuple[str, ...]
    covariance: str
    degrees_of_freedom: str
    every: bool = False  # every rating, whatever came before it

    @property
    def formula(self) -> str:
        terms = {"baseline-by-visit": "baseline:visit"}
        wanted = [terms.get(each, each) for each in self.covariates]
        return " + ".join(["change ~ arm * visit", *wanted])


def frame(inputs: Inputs, population: str, *, every: bool = False) -> pl.DataFrame:
    """One row for each participant with a baseline and planned visit after it.

    Columns participant, arm and visit (Enums, the reference first, visits in their order),
    change (null where none counts under the estimand; every one counts with ``every``),
    baseline, sex, site.
    """
    visits = inputs.layout.after_baseline
    people = inputs.population(population)
    values = counted(inputs, population, every=every).values
    changes = {
        (who, visit): change
        for who, visit, change in values.select("participant", "visit", "value").iter_rows()
    }
    starts = {
        row["participant"]: row["total"]
        for row in inputs.observations.iter_rows(named=True)
        if row["visit"] == inputs.layout.baseline
    }
    rows = [
        (
            each.key,
            each.arm,
            visit,
            changes.get((each.key, visit)),
            starts[each.key],
            each.sex,
            each.site,
        )
        for each in people
        if starts.get(each.key) is not None
        for visit in visits
    ]
    schema = {
        "participant": pl.String(),
        "arm": pl.Enum(list(inputs.layout.arms)),
        "visit": pl.Enum(list(visits)),
        "change": pl.Float64(),
        "baseline": pl.Float64(),
        "sex": pl.String(),
        "site": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def fitted(inputs: Inputs, model: Model) -> mmrm.Fit:
    """The model fitted to the visits that anyone was rated at.

    Raises
    ------
    mmrm.NotFittable, mmrm.NotConverged
        Where the data does not determine it.
    """
    rows = frame(inputs, model.population, every=model.every).drop_nulls("change")
    seen = set(rows["visit"].cast(pl.String))
    visits = [visit for visit in inputs.layout.after_baseline if visit in seen]
    rows = rows.with_columns(pl.col("visit").cast(pl.String).cast(pl.Enum(visits)))
    return mmrm.fit(
        model.formula,
        rows,
        participant="participant",
        visit="visit",
        covariance=model.covariance,
        df=model.degrees_of_freedom,
    )


def primary(inputs: Inputs, model: Model, planned: bool) -> Section:
    """Least-squares means and differences at every visit, with how the fit converged."""
    title = "Primary result"
    try:
        fit = fitted(inputs, model)
    except (mmrm.NotFittable, mmrm.NotConverged) as error:
        return Section("primary", title, (f"The primary model could not be fitted: {error}",))
    people = analysed_people(inputs, model.population, every=model.every)
    sources = model_entries(inputs, people, every=model.every)
    name = f"primary/{model.population}/{model.formula}/{model.covariance}/{fit.df}"
    tables = (
        _means(inputs, fit, name, sources, planned),
        Table(
            "Difference from the reference arm",
            HEAD,
            difference_rows(inputs, fit, name, sources, planned),
            planned=planned,
        ),
        _convergence(fit, name, sources, planned),
    )
    missing = len(inputs.population(model.population)) - len(people)
    lines = (
        f"Change from baseline in {inputs.layout.instrument}; the primary visit is "
        f"{inputs.layout.label(inputs.layout.outcome)}.",
        f"Mixed model for repeated measures: {model.formula}; covariance {model.covariance}, "
        f"restricted maximum likelihood, degrees of freedom by {model.degrees_of_freedom}.",
        f"{len(people)} participants with {len(fit.data.response)} ratings; {missing} of the "
        "population have no baseline or no rating that counts after it and are not in the model.",
    )
    return Section("primary", title, lines, tables)


def difference_rows(
    inputs: Inputs, fit: mmrm.Fit, name: str, sources: tuple[int, ...], planned: bool
) -> tuple[tuple[Cell, ...], ...]:
    """One row for each visit and arm other than the reference."""
    found = mmrm.differences(fit, "arm", inputs.layout.arms[0], by=["visit"])
    people = len(fit.data.response)
    rows = []
    for each in found:
        (_, visit), (_, arm) = each.levels
        of = f"{name}/difference/{visit}/{arm}"
        label = inputs.layout.label(visit)
        rows.append((label, f"{arm} less {inputs.layout.arms[0]}", *estimate_cells(
            of, each.value, "analysis.mmrm.differences", people, sources, planned)))  # fmt: skip
    return tuple(rows)


def estimate_cells(
    name: str, value: Estimate, function: str, inputs: int, sources: tuple[int, ...], planned: bool
) -> tuple[Cell, ...]:
    """A contrast as cells: the first carries every number and the key, the rest are words."""
    numbers = tuple(
        (part, number(each))
        for part, each in (
            ("estimate", value.estimate),
            ("standard_error", value.standard_error),
            ("df", value.df),
            ("low", value.low),
            ("high", value.high),
            ("p", value.p_value),
        )
    )
    figure = Figure(name, shown(value.estimate), numbers, function, inputs, sources, planned)
    infinite = value.df == float("inf")
    return (
        figure,
        shown(value.standard_error, 2),
        "∞" if infinite else shown(value.df),
        f"{shown(value.low)} to {shown(value.high)}",
        p_shown(value.p_value),
    )


def model_entries(
    inputs: Inputs, people: Iterable[Participant], *, every: bool = False
) -> tuple[int, ...]:
    """The entries of every rating that a model of these people may use, and what settles which."""
    visits = (inputs.layout.baseline, *inputs.layout.after_baseline)
    return inputs.entries(people, visits) if every else entries_used(inputs, people, visits)


def _means(
    inputs: Inputs, fit: mmrm.Fit, name: str, sources: tuple[int, ...], planned: bool
) -> Table:
    cells: dict[tuple[str, str], Cell] = {}
    for each in mmrm.means(fit, ["visit", "arm"]):
        (_, visit), (_, arm) = each.levels
        value = each.value
        cells[visit, arm] = Figure(
            f"{name}/mean/{visit}/{arm}",
            f"{shown(value.estimate)} ({shown(value.standard_error, 2)})",
            (("estimate", number(value.estimate)), ("standard_error", number(value.standard_error)),
             ("df", number(value.df)), ("low", number(value.low)), ("high", number(value.high))),
            "analysis.mmrm.means", len(fit.data.response), sources, planned,
        )  # fmt: skip
    rows = tuple(
        (inputs.layout.label(visit), *(cells[visit, arm] for arm in inputs.layout.arms))
        for visit in fit.data.visits
    )
    title = "Least-squares mean change (SE)"
    return Table(title, ("Visit", *inputs.layout.arms), rows, planned=planned)


def _convergence(fit: mmrm.Fit, name: str, sources: tuple[int, ...], planned: bool) -> Table:
    at = fit.convergence
    figure = Figure(
        f"{name}/convergence",
        f"{at.iterations} iterations, −2 log-likelihood {shown(-2 * fit.log_likelihood, 2)}",
        (("iterations", str(at.iterations)), ("log_likelihood", number(fit.log_likelihood)),
         ("parameters", str(fit.parameters)), ("aic", number(fit.aic))),
        "analysis.mmrm.fit", len(fit.data.response), sources, planned,
    )  # fmt: skip
    # How flat the summit is depends on the machine's last bits; only its order is told.
    settled = f"least over greatest curvature {at.eigenvalue:.0e}"
    return Table("Convergence", ("Fit", "Information"), ((figure, settled),), planned=planned)
