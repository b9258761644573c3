"""The command line on trials to come: power, boundaries, stated models."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from sojourn.design.model import StatedModel
    from sojourn.design.plan import Plan, Reestimation
    from sojourn.design.powering import Point
    from sojourn.design.sequential import Boundaries
    from sojourn.design.tally import Tally

app = typer.Typer(help="Trials to come: power, boundaries, models.", no_args_is_help=True)
Model = Annotated[str, typer.Argument(help="A model's file, or mapp1 or mapp2.")]
Looks = Annotated[str, typer.Option(help="Fractions at which the trial is looked at: 0.6,1")]
Kind = Annotated[str, typer.Option(help="obrien-fleming, pocock or hwang-shih-decani.")]
Alpha = Annotated[float, typer.Option(help="Two-sided level.")]


@app.command("power")
def power(
    model: Model,
    n: Annotated[str, typer.Option("--n", help="Participants: 60:140:10, or 104.")] = "60:140:10",
    trials: Annotated[int, typer.Option(help="Trials of each size.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same answer.")] = 1,
    alpha: Alpha = 0.05,
    null: Annotated[bool, typer.Option("--null", help="No effect: the type I error.")] = False,
    looks: Looks = "1",
    spending: Kind = "obrien-fleming",
    futility: Annotated[float, typer.Option(help="Power kept by stopping for futility.")] = 0.0,
    reestimate: Annotated[str, typer.Option(help="promising-zone or blinded-variance.")] = "",
    most: Annotated[int, typer.Option(help="The most a re-estimated trial may become.")] = 0,
    difference: Annotated[float, typer.Option(help="Points to detect, blinded variance.")] = 0.0,
    chart: Annotated[Path | None, typer.Option(help="Draw the curve: power.svg, .png")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads on this machine.")] = 1,
    on: Annotated[str, typer.Option(help="A Dask cluster: dask://HOST:PORT")] = "",
) -> None:
    """Power by sample size: sojourn design power mapp2 --n 60:140:10 --trials 2000 --seed 1"""
    from sojourn.design.drawing import prepare
    from sojourn.design.plan import Plan
    from sojourn.design.powering import sizes
    from sojourn.design.sequential import NoBoundary

    stated = _model(model)
    if chart and chart.suffix not in (".svg", ".png"):
        _fail(f"chart '{chart.name}' ends in '{chart.suffix}'; use .svg or .png")
    try:
        people = sizes(n)
        bounds = None if looks == "1" else _boundaries(looks, spending, alpha / 2, futility)
        again = _reestimation(reestimate, most, difference, bounds)
        # The largest is the one that a re-estimated size may not reach.
        plan = Plan(people[-1], trials, seed, bounds, again, alpha)
    except NoBoundary as error:
        _fail(str(error))
    points = _run(prepare(stated.null() if null else stated), plan, people, workers, on)
    _table(stated, points, null, moving=bool(bounds or again))
    if chart:
        from sojourn.clinic.power_chart import save_power_chart

        save_power_chart(points, chart, null=null, level=alpha)
        typer.echo(f"{chart} drawn")


@app.command("boundaries")
def boundaries(
    looks: Looks = "0.333333,0.666667,1",
    spending: Kind = "obrien-fleming",
    alpha: Alpha = 0.05,
    futility: Annotated[float, typer.Option(help="Power kept by stopping for futility.")] = 0.0,
) -> None:
    """Boundaries by alpha spending: sojourn design boundaries --looks 0.5,1 --futility 0.9"""
    from sojourn.design.sequential import NoBoundary

    try:
        plan = _boundaries(looks, spending, alpha / 2, futility)
    except NoBoundary as error:
        _fail(str(error))
    typer.echo("information  efficacy z  futility z  one-sided level spent")
    rows = zip(plan.information, plan.efficacy, plan.futility, plan.spent, strict=True)
    for time, top, low, spent in rows:
        typer.echo(f"{time:11.3f}  {top:10.4f}  {low:10.4f}  {spent:.5f}")


@app.command("model")
def show_model(key: Annotated[str, typer.Argument(help="mapp1 or mapp2.")] = "mapp2") -> None:
    """A stated model to copy and change: sojourn design model mapp2 > ours.yaml"""
    from sojourn.design.model import FOLDER, SHIPPED

    if key not in SHIPPED:
        _fail(f"model '{key}' does not come with Sojourn; use {' or '.join(SHIPPED)}")
    typer.echo((FOLDER / f"{key}.yaml").read_text(encoding="utf-8"), nl=False)


def _model(name: str) -> "StatedModel":
    from sojourn.definitions import DefinitionError
    from sojourn.design.model import SHIPPED, load_model, shipped_model

    try:
        return shipped_model(name) if name in SHIPPED else load_model(Path(name))
    except DefinitionError as error:
        _fail(str(error))


def _boundaries(looks: str, kind: str, level: float, futility: float) -> "Boundaries":
    from sojourn.design.sequential import NoBoundary, spend, with_futility

    try:
        times = [float(each) for each in looks.split(",")]
    except ValueError as error:
        raise NoBoundary(f"looks '{looks}' are no fractions; write 0.5,1") from error
    plan = spend(times, level, kind=kind)
    return with_futility(plan, futility) if futility else plan


def _reestimation(
    rule: str, most: int, difference: float, bounds: "Boundaries | None"
) -> "Reestimation | None":
    from sojourn.design.plan import RULES, Reestimation
    from sojourn.design.sequential import NoBoundary

    if not rule:
        return None
    if rule not in RULES:
        raise NoBoundary(f"reestimate '{rule}' is not known; use {' or '.join(RULES)}")
    if bounds and len(bounds.information) > 1:
        return Reestimation(rule, most, at=bounds.information[-2], difference=difference)
    return Reestimation(rule, most, difference=difference)


def _run(
    prepared: Any, plan: "Plan", people: tuple[int, ...], workers: int, on: str
) -> list["Point"]:
    from rich.console import Console
    from rich.progress import Progress

    from sojourn.design.powering import curve

    with _spread(workers, on) as spread, Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("trials", total=plan.trials * len(people))

        def heard(size: int, tally: "Tally") -> bool:
            done = people.index(size) * plan.trials + tally.trials
            progress.update(bar, completed=done, description=f"{size} people")
            return True

        return list(curve(prepared, plan, people, spread=spread, each=heard))


@contextmanager
def _spread(workers: int, on: str) -> Iterator[Callable[..., Iterable[Any]]]:
    """How work is spread: here, over threads, or over a cluster; results do not depend on it."""
    if on:
        with _cluster(on) as client:
            yield lambda work, parts: _as_done(client, work, parts)
    elif workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            yield pool.map
    else:
        yield map


def _cluster(address: str) -> Any:
    kind, _, where = address.partition("://")
    if kind != "dask" or not where:
        _fail(f"on '{address}' is no cluster; write dask://HOST:PORT")
    try:
        from distributed import Client
    except ImportError:
        _fail("Dask is not installed here; install Sojourn with it: pip install 'sojourn[dask]'")
    try:
        return Client(f"tcp://{where}", timeout="10s")
    except OSError as error:
        _fail(f"no Dask scheduler answers at {where}: {error}")


def _as_done(client: Any, work: Any, parts: Iterable[tuple[int, int]]) -> Iterator[Any]:
    from distributed import as_completed

    for done in as_completed(client.map(work, list(parts), pure=False)):
        yield done.result()


def _table(model: "StatedModel", points: list["Point"], null: bool, *, moving: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    case = "no effect" if null else "as stated"
    title = f"{model.title}, {case}; ± one standard error of the simulation"
    table = Table(title=title)
    for name in ("n", "type I error" if null else "power", "bias", "coverage", "interval width"):
        table.add_column(name, justify="right")
    if moving:
        table.add_column("expected n", justify="right")
    table.add_column("not fitted", justify="right")
    for point in points:
        tally = point.tally
        shown = [
            str(point.people),
            _share(tally.rejecting),
            f"{tally.bias.value:+.2f} ± {tally.bias.error:.2f}",
            _share(tally.coverage),
            f"{tally.interval_width.value:.2f} ± {tally.interval_width.error:.2f}",
        ]
        if moving:
            shown.append(f"{tally.sample_size.value:.1f} ± {tally.sample_size.error:.1f}")
        table.add_row(*shown, str(tally.trials - tally.fitted))
    Console().print(table)


def _share(figure: Any) -> str:
    return f"{figure.value:.1%} ± {figure.error:.1%}"


def _fail(message: str) -> NoReturn:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
