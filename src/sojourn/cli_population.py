"""The command line on a population: need, capacity, cost, and every person one by one."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.terminal import fail, pairs

if TYPE_CHECKING:
    from rich.console import Console

    from sojourn.design.population.capacity import Flow
    from sojourn.design.population.model import PopulationModel
    from sojourn.design.population.people import People

Values = Annotated[
    list[str] | None, typer.Option("--set", help="input=value; may be given many times.")
]


def population(
    model: Annotated[str, typer.Argument(help="A model's file, or united-states.")] = (
        "united-states"
    ),
    scenario: Annotated[str, typer.Option(help="One of the model's scenarios.")] = "",
    values: Values = None,
    people: Annotated[int, typer.Option(min=0, help="People one by one; 0 for everyone.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same answer.")] = 1,
    draws: Annotated[int, typer.Option(min=100, help="Draws of uncertain inputs.")] = 2000,
    workers: Annotated[int, typer.Option(min=1, help="Threads on this machine.")] = 2,
    chart: Annotated[Path | None, typer.Option(help="Draw need and capacity: p.svg, .png")] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the shipped model to copy.")] = False,
) -> None:
    """Need, capacity and cost of a population: sojourn population ours.yaml --set relapse=0.2"""
    from rich.console import Console

    from sojourn.design.population.capacity import flow

    if text:
        _print_shipped(model)
        return
    stated = _stated(model, scenario, values or [])
    found, console = flow(stated), Console()
    console.print(f"[bold]{stated.title}[/bold]\n{stated.lawful.text}\n", highlight=False)
    _need(console, found)
    _years(console, found)
    _worth(console, stated, draws, seed)
    if stated.inputs["comparison-has-therapy"].value:
        console.print("People one by one are compared with care as usual only; none were followed.")
    else:
        _one_by_one(console, stated, people, seed, workers)
    if chart:
        from sojourn.clinic.population_chart import save_capacity_chart

        try:
            save_capacity_chart(found, chart)
        except ValueError as error:
            fail(str(error))
        typer.echo(f"{chart} drawn")


def _print_shipped(key: str) -> None:
    from sojourn.design.population.model import FOLDER, SHIPPED

    if key not in SHIPPED:
        fail(f"model '{key}' does not come with Sojourn; use {' or '.join(SHIPPED)}")
    typer.echo((FOLDER / f"{key}.yaml").read_text(encoding="utf-8"), nl=False)


def _stated(name: str, scenario: str, given: list[str]) -> "PopulationModel":
    from sojourn.definitions import DefinitionError
    from sojourn.design.population.model import SHIPPED, load_population, shipped_population

    try:
        model = shipped_population(name) if name in SHIPPED else load_population(Path(name))
        return model.under(scenario).with_values(dict(_numbers(given)))
    except DefinitionError as error:
        fail(str(error))


def _numbers(given: list[str]) -> Mapping[str, float]:
    found = {}
    for name, value in pairs(given, "--set"):
        try:
            found[name] = float(value)
        except ValueError:
            fail(f"--set {name}={value}: '{value}' is no number")
    return found


def _need(console: "Console", found: "Flow") -> None:
    from rich.table import Table

    table = Table(title="From need to demand")
    table.add_column("step")
    table.add_column("people", justify="right")
    for step in found.steps:
        table.add_row(step.label, f"{step.people:,.0f}")
    console.print(table)


def _years(console: "Console", found: "Flow") -> None:
    from rich.table import Table

    table = Table(title="Year by year after lawful approval")
    for name in ("year", "waiting", "therapists", "sites", "courses possible", "treated"):
        table.add_column(name, justify="right")
    table.add_column("held up by")
    for year in found.told:
        table.add_row(
            str(year.number), f"{year.waiting:,.0f}", f"{year.therapists:,.0f}",
            f"{year.sites:,.0f}", f"{year.capacity:,.0f}", f"{year.treated:,.0f}",
            "nothing" if year.limit == "need" else year.limit,
        )  # fmt: skip
    console.print(table)
    if found.cleared:
        console.print(f"Everyone who waits is treated in year {found.cleared}.")
    else:
        console.print(f"Some still wait after {len(found.years)} years.")


def _worth(console: "Console", model: "PopulationModel", draws: int, seed: int) -> None:
    import numpy as np
    from rich.table import Table

    from sojourn.design.population.calibrating import agreement
    from sojourn.design.population.economics import scenarios
    from sojourn.design.population.sensitivity import acceptability, interval, probabilistic

    table = Table(title=f"1,000 people treated, {model.horizon} years, {model.currency}")
    for name in ("scenario", "net cost", "QALYs", "cost of a QALY", "paid back"):
        table.add_column(name, justify="left" if name == "scenario" else "right")
    labels = {"": "As stated", **{each.key: each.label for each in model.scenarios}}
    for key, found in scenarios(model).items():
        saves, back = (found["savings"] or 0) >= 0, found["breaks-even"]
        table.add_row(
            labels[key], f"{-(found['savings'] or 0):,.0f}", f"{found['qalys']:,.0f}",
            "saves money" if saves else f"{found['ratio']:,.0f}",
            "never" if back is None else f"year {back:.1f}",
        )  # fmt: skip
    console.print(table)
    cloud = probabilistic(model, draws, np.random.default_rng(seed))
    (low, high), (few, more) = interval(cloud.cost), interval(cloud.effect)
    worth = acceptability(cloud, (model.threshold,))[0]
    console.print(
        f"{draws} draws of the uncertain inputs: {low:,.0f} to {high:,.0f} {model.currency} and "
        f"{few:.2f} to {more:.2f} QALYs for each person (95%); {(cloud.cost < 0).mean():.0%} save "
        f"money, {worth:.0%} are worth {model.threshold:,.0f} a QALY.",
        highlight=False,
    )
    for each in agreement(model):
        about = each.published
        how = f"{about.calibrates} calibrated to it" if about.calibrates else "held back"
        verdict = "agrees within rounding" if each.agrees else "does not agree"
        console.print(
            f"  {about.source}, {about.people:,} people: {about.label} "
            f"{'never' if each.as_printed is None else f'{each.as_printed:,.12g}'}, printed "
            f"{about.value:,.12g} ({how}); {verdict}",
            highlight=False,
        )


def _one_by_one(
    console: "Console", model: "PopulationModel", people: int, seed: int, workers: int
) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from sojourn.design.population.people import simulate

    count = people or round(model.inputs["people"].value)
    with (
        Progress(console=Console(stderr=True), transient=True) as progress,
        ThreadPoolExecutor(workers) as pool,
    ):
        bar = progress.add_task("people", total=count)

        def each(done: int, total: "People") -> None:
            treated = int(total.treated.sum())
            progress.update(bar, completed=done, description=f"{treated:,} treated")

        found = simulate(model, seed, people=count, spread=pool.map, each=each)
    difference = found.difference(model)
    console.print(
        f"{count:,} people one by one: {found.steps[-1]:,} come to wait, "
        f"{found.treated.sum():,} are treated, {found.deaths_averted:,} deaths averted, "
        f"{float(difference.effect):,.0f} QALYs gained; net cost {float(difference.cost):,.0f} "
        f"{model.currency}.",
        highlight=False,
    )
