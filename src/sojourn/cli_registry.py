"""The command line of trial registries: a draft of the results, from the report."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli_report import moment, plan_of
from sojourn.terminal import Author, fail, progress, start, write_whole

if TYPE_CHECKING:
    from sojourn.reporting import Report, Wish

registry_app = typer.Typer(help="What a trial registry asks for.", no_args_is_help=True)


@registry_app.command("draft")
def draft(
    programme: Annotated[str, typer.Argument(help="Key of the programme.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    as_of: Annotated[str, typer.Option(help="Data cut, such as 2026-01-31T18:00+00:00.")] = "",
    plan: Annotated[Path | None, typer.Option(help="A plan other than the locked one.")] = None,
    purpose: Annotated[str, typer.Option(help="Why the allocation is opened.")] = (
        "Results for the trial registry"
    ),
    nct: Annotated[str, typer.Option(help="The trial's number in the registry.")] = "",
    completed: Annotated[str, typer.Option(help="Day of completion, as registered.")] = "",
    author: Author = "command line",
) -> None:
    """Draft the results for ClinicalTrials.gov: sojourn registry draft demo -o results.json"""
    _check(out, nct, completed)
    start()
    from sojourn import reporting

    wish = reporting.Wish(programme, moment(as_of), plan_of(plan), purpose=purpose)
    made = _report(wish, author)
    found = reporting.results_draft(made, nct, completed)
    write_whole(out, reporting.registry_text(found))
    typer.echo(
        f"{out}: {len(found.traces)} numbers from the report's figures, the first "
        f"{made.cut.position} entries, root {made.cut.root}"
    )
    typer.echo("to fill by the sponsor:")
    for each in found.to_fill:
        typer.echo(f"  {each}")


def _report(wish: "Wish", author: str) -> "Report":
    """The report the draft is of; the allocation is not opened where none could be drafted."""
    from sojourn import reporting
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    try:
        if not reporting.locked_at(wish):
            fail(reporting.NOT_LOCKED)
        with progress("Reading the record") as bar:
            made = reporting.make(wish, Person(author, "statistician"), bar)
    except Refused as refused:
        fail(refused.message)
    why = reporting.why_no_draft(made)
    if why:
        fail(why)
    return made


def _check(out: Path, nct: str, completed: str) -> None:
    if not out.parent.is_dir():
        fail(f"{out} can't be written: there is no folder {out.parent}")
    if nct and not (len(nct) == 11 and nct.startswith("NCT") and nct[3:].isdigit()):
        fail(f"--nct {nct}: write it as the registry does, NCT and eight digits")
    try:
        if completed:
            date.fromisoformat(completed)
    except ValueError:
        fail(f"--completed {completed}: write the day as 2026-05-31")
