"""The command line of reports: lock a plan, make a report, trace a figure."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.terminal import Author, fail, progress, start

if TYPE_CHECKING:
    from sojourn.protocols.analysis_plan import AnalysisPlan

plan_app = typer.Typer(help="The analysis plan of a programme.", no_args_is_help=True)


@plan_app.command("lock")
def lock(
    file: Annotated[Path, typer.Argument(help="The plan, YAML.")],
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    approve: Annotated[
        bool, typer.Option(help="Sign it: asks for the password of the account given by --as.")
    ] = False,
    author: Author = "command line",
) -> None:
    """Lock a plan before the allocation is opened.

    sojourn plan lock plan.yaml --programme demo --approve --as ana
    """
    start()
    from sojourn.clinic import signing
    from sojourn.conduct.analysis_plan import LockAnalysisPlan
    from sojourn.ledger import clock, programmes
    from sojourn.record.command import Refused

    password = typer.prompt(f"Password of {author}", hide_input=True) if approve else ""
    signer = signing.may_sign(author, password) if approve else None
    if approve and signer is None:
        fail(f"not signed: '{author}' has no account here, or that is not its password")
    try:
        text = file.read_text(encoding="utf-8")
        command = LockAnalysisPlan(clock.now(), text)
        role = signer.role if signer else "statistician"
        signed = signer is not None
        programmes.execute(programme, command, author=author, role=role, signed=signed)
        plan = programmes.load(programme).programme.plans[-1]
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} can't be read: {error}")
    except Refused as refused:
        fail(refused.message)
    typer.echo(f"{plan.title}, version {plan.version}, is locked: SHA-256 {plan.digest}")


def report(
    programme: Annotated[str, typer.Argument(help="Key of the programme.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; the site's own when absent.")
    ] = None,
    as_of: Annotated[str, typer.Option(help="Data cut, such as 2026-01-31T18:00+00:00.")] = "",
    plan: Annotated[Path | None, typer.Option(help="A plan other than the locked one.")] = None,
    blinded: Annotated[bool, typer.Option("--blinded", help="Nothing by arm.")] = False,
    purpose: Annotated[str, typer.Option(help="Why the allocation is opened.")] = (
        "Report of the trial"
    ),
    author: Author = "command line",
) -> None:
    """Make a report as HTML and PDF: sojourn report demo --out report"""
    start()
    from sojourn import reporting
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    wish = reporting.Wish(programme, moment(as_of), plan_of(plan), blinded, purpose)
    try:
        with progress("Reading the record") as bar:
            made = reporting.make(wish, Person(author, "statistician"), bar)
        folder = out or reporting.shelf(programme, blinded=not made.by_arm)
        reporting.write(made, folder)
    except Refused as refused:
        fail(refused.message)
    typer.echo(
        f"{len(made.figures)} figures from the first {made.cut.position} entries, root "
        f"{made.cut.root}; {folder / reporting.PAGE}, {folder / reporting.PAPER}"
    )


def trace(
    key: Annotated[str, typer.Argument(help="The raised key beside a figure.")],
    folder: Annotated[Path, typer.Option("--report", help="Folder of the report.")],
) -> None:
    """Show the entries behind a figure, and prove them: sojourn trace KEY --report report"""
    start()
    from sojourn import reporting

    try:
        found = reporting.trace(key.lower(), folder)
    except reporting.NoTrace as error:
        fail(str(error))
    typer.echo(f"{found.name}: {found.text}")
    typer.echo(f"computed by {found.function} from {found.inputs}; {len(found.sources)} entries")
    for each in found.sources:
        stands = "" if each.problem else f"proved in {len(each.proof)} steps"
        typer.echo(
            f"  {each.position:>8}  {each.stream} {each.sequence}  {each.kind}  {each.hash}  "
            f"{stands or each.problem}"
        )
    if found.problems:
        fail(f"{len(found.problems)} of {len(found.sources)} entries are not what they were")
    typer.echo(f"all under root {found.root} of {found.size} entries")


def moment(text: str) -> datetime | None:
    """The moment of a data cut as typed, in the site's zone when it names none; None when empty."""
    if not text:
        return None
    from sojourn.ledger import clock

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--as-of {text}: write the moment as 2026-01-31T18:00+00:00")
    return clock.here(moment) if moment.tzinfo else moment.replace(tzinfo=clock.zone())


def plan_of(file: Path | None) -> "AnalysisPlan | None":
    """The analysis plan in that file; None where none is given."""
    if file is None:
        return None
    from sojourn.conduct.analysis_plan import plain
    from sojourn.definitions import DefinitionError
    from sojourn.protocols.analysis_plan import load_plan

    try:
        return load_plan(plain(file.read_text(encoding="utf-8")), file.name)
    except (OSError, UnicodeDecodeError, DefinitionError) as error:
        fail(str(error))
