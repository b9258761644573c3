"""The command line: the same verbs as the pages, for those who run a site."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from sojourn import (
    cli_access,
    cli_account,
    cli_backup,
    cli_document,
    cli_export,
    cli_fhir,
    cli_population,
    cli_protocol,
    cli_randomisation,
    cli_registry,
    cli_report,
    cli_site,
    cli_stock,
    cli_vitals,
)
from sojourn.cli_design import app as design_app
from sojourn.cli_evidence import app as evidence_app
from sojourn.terminal import Author
from sojourn.terminal import fail as _fail
from sojourn.terminal import pairs as _pairs
from sojourn.terminal import progress as _progress
from sojourn.terminal import reporting_import as _reporting_import
from sojourn.terminal import start as _start

app = typer.Typer(
    name="sojourn",
    help="Runs MDMA-assisted therapy for PTSD on one unbroken record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
programme_app = typer.Typer(help="Programmes: found, list.", no_args_is_help=True)
import_app = typer.Typer(help="Bring a site's spreadsheet in.", no_args_is_help=True)
app.add_typer(cli_protocol.protocol_app, name="protocol")
app.add_typer(cli_document.document_app, name="document")
app.add_typer(programme_app, name="programme")
app.add_typer(import_app, name="import")
app.add_typer(cli_access.access_app, name="access")
app.add_typer(cli_account.account_app, name="account")
app.add_typer(evidence_app, name="evidence")
app.add_typer(design_app, name="design")
app.add_typer(cli_vitals.device_app, name="device")
app.add_typer(cli_fhir.fhir_app, name="fhir")
app.add_typer(cli_vitals.listen_app, name="listen")
app.add_typer(cli_report.plan_app, name="plan")
app.add_typer(cli_registry.registry_app, name="registry")
app.add_typer(cli_backup.backup_app, name="backup")
app.add_typer(cli_site.site_app, name="site")
app.command("authority")(cli_account.authority)
app.command("restore")(cli_backup.restore)
app.command("migrate-to")(cli_backup.migrate_to)
app.add_typer(cli_randomisation.randomisation_app, name="randomisation")
app.command("reconcile")(cli_stock.reconcile)
app.add_typer(cli_export.export_app, name="export")
app.command("report")(cli_report.report)
app.command("trace")(cli_report.trace)
app.command("population")(cli_population.population)
import_app.command("vitals")(cli_vitals.import_vitals)
import_app.command("odm")(cli_export.import_odm)

Maps = Annotated[
    list[str] | None, typer.Option("--map", help="field=Heading; may be given many times.")
]
Values = Annotated[
    list[str] | None, typer.Option("--value", help="field:their word=our word, e.g. sex:F=female.")
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="field=value for every row of the file.")
]


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8000,
    fresh: Annotated[bool, typer.Option(help="Throw the present demo record away.")] = False,
    serve_pages: Annotated[bool, typer.Option("--serve/--no-serve")] = True,
) -> None:
    """Load the demo programme and serve it: sojourn demo"""
    os.environ.setdefault("SOJOURN_HOME", "var/demo")
    os.environ.setdefault("SOJOURN_SECOND_FACTOR", "optional")
    home = Path(os.environ["SOJOURN_HOME"])
    if fresh and not (os.environ.get("SOJOURN_DATABASE") or os.environ.get("DATABASE_URL")):
        for path in home.glob("record.sqlite3*"):
            path.unlink()
    _start()
    from sojourn.clinic.demo import PROGRAMME, demo_accounts, load_demo
    from sojourn.ledger import clock, programmes

    if PROGRAMME not in tuple(programmes.keys()):
        with _progress("Loading the demo programme") as progress:
            load_demo(today=clock.now(), progress=progress)
    _show_accounts(demo_accounts(), port)
    if serve_pages:
        _serve(port, workers=1)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8000,
    workers: Annotated[int, typer.Option(help="Worker processes.")] = 2,
) -> None:
    """Serve the pages: sojourn serve --port 8000"""
    _start()
    _serve(port, workers)


@app.command()
def verify(
    lodged: Annotated[
        Path | None, typer.Option(help="A checkpoint kept outside the database.")
    ] = None,
) -> None:
    """Verify every entry of the record: sojourn verify --lodged checkpoint.json"""
    _start()
    from sojourn.ledger.checkpoint import read_lodged
    from sojourn.ledger.verify import verify as verify_record

    try:
        against = read_lodged(lodged) if lodged else None
    except ValueError as error:
        _fail(str(error))
    with _progress("Verifying") as progress:
        report = verify_record(against=against, progress=progress)
    for problem in report.problems:
        typer.echo(str(problem), err=True)
    if report.problems:
        _fail(f"{len(report.problems)} problems in {report.entries} entries")
    typer.echo(f"{report.entries} entries hold; {report.checkpoints} checkpoints; {report.root}")


@app.command()
def checkpoint(
    out: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    author: Author = "command line",
) -> None:
    """Make a checkpoint to lodge elsewhere: sojourn checkpoint --out checkpoint.json"""
    _start()
    from sojourn.ledger.checkpoint import make_checkpoint

    made = make_checkpoint(author)
    if out:
        out.write_text(made.as_text(), encoding="utf-8")
    typer.echo(f"{made.size} entries, root {made.root}")


@app.command()
def rebuild() -> None:
    """Rebuild every list from the record: sojourn rebuild"""
    _start()
    from sojourn.ledger.rebuild import rebuild as rebuild_rows

    with _progress("Rebuilding") as progress:
        count = rebuild_rows(progress)
    typer.echo(f"{count} courses rebuilt")


@app.command()
def remind() -> None:
    """Send due reminders, look for empty diaries; for a timer: sojourn remind"""
    _start()
    from sojourn.diary.rounds import make_round

    typer.echo(done := make_round())
    raise typer.Exit(min(done.failed, 1))


@programme_app.command("list")
def programme_list() -> None:
    """The programmes on this record."""
    _start()
    from sojourn.ledger import programmes

    for key in programmes.keys():  # noqa: SIM118
        programme = programmes.load(key).programme
        typer.echo(f"{key}: {programme.title} ({programme.status}, {programme.protocol})")


@programme_app.command("found")
def programme_found(
    key: Annotated[str, typer.Argument(help="Short name in addresses, such as depression.")],
    pack: Annotated[str, typer.Option(help="A shipped pack, or a file of your own.")],
    title: Annotated[str, typer.Option(help="Title people read.")],
    kind: Annotated[str, typer.Option(help="Kind of legal authorisation, from the pack.")],
    reference: Annotated[str, typer.Option(help="Reference of the authorisation.")],
    valid_from: Annotated[str, typer.Option(help="Day it is in force from, as 2026-01-31.")],
    consent: Annotated[str, typer.Option(help="Approved consent version.")] = "1.0",
    committee: Annotated[str, typer.Option(help="Ethics committee that approved it.")] = "",
    setting: Annotated[list[str] | None, typer.Option(help="key=value, the site's limits.")] = None,
    delegation_log: Annotated[
        bool, typer.Option(help="Refuse tasks that no investigator delegated.")
    ] = True,
    author: Author = "command line",
) -> None:
    """Found and open a programme on a legal authorisation.

    sojourn programme found depression --pack observed-depression-trial
    --title "Depression trial" --kind data-licence --reference Apache-2.0
    --valid-from 2000-01-01 --as lead
    """
    _start()
    from sojourn.clinic.founding import Founding, found
    from sojourn.protocols import ProtocolError
    from sojourn.record.command import Refused

    try:
        found(
            Founding(
                key=key,
                pack=pack,
                title=title,
                authorisation_kind=kind,
                reference=reference,
                valid_from=_day(valid_from, "--valid-from"),
                consent_version=consent,
                committee=committee or "not given",
                settings=tuple((name, int(value)) for name, value in _pairs(setting, "--setting")),
                delegation_log=delegation_log,
            ),
            author=author,
        )
    except (Refused, ProtocolError, ValueError) as error:
        _fail(str(error))
    typer.echo(f"programme {key} is open under {reference}")


@import_app.command("participants")
def import_participants(
    file: Path,
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    maps: Maps = None,
    values: Values = None,
    sets: Sets = None,
    dry_run: Annotated[bool, typer.Option(help="Try everything, write nothing.")] = False,
    author: Author = "command line",
) -> None:
    """Register participants from a CSV file: all rows or none.

    sojourn import participants people.csv --programme demo --map participant=PATIENT
    """
    _import("participants", file, programme, (maps, values, sets), author, dry_run=dry_run)


@import_app.command("assessments")
def import_assessments(
    file: Path,
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    maps: Maps = None,
    values: Values = None,
    sets: Sets = None,
    dry_run: Annotated[bool, typer.Option(help="Try everything, write nothing.")] = False,
    close_courses: Annotated[
        bool, typer.Option(help="End each course at its last assessment in the file.")
    ] = False,
    author: Author = "command line",
) -> None:
    """Record assessments from a CSV file: all rows or none.

    sojourn import assessments scores.csv --programme demo --set instrument=hamd-17
    """
    options = {"dry_run": dry_run, "close_courses": close_courses}
    _import("assessments", file, programme, (maps, values, sets), author, **options)


@import_app.command("registry")
def import_registry(
    file: Annotated[Path, typer.Argument(help="A ClinicalTrials.gov API v2 answer, as a file.")],
) -> None:
    """Take trials of a public registry in: all studies of the file or none.

    sojourn import registry studies.json
    """
    _start()
    from sojourn.exchange.reading import ImportRefused
    from sojourn.exchange.registry.taking import take

    try:
        with _progress("Taking studies in") as progress:
            taken = take(file, progress=progress)
    except ImportRefused as refused:
        for problem in refused.problems:
            typer.echo(problem, err=True)
        _fail(f"nothing was imported: {len(refused.problems)} problems")
    typer.echo(
        f"{taken.studies} studies read: {taken.written} new, {taken.updated} updated, "
        f"{taken.known} known in this version, {taken.older} older than what is known"
    )
    if taken.more_pages:
        typer.echo("The file is one page of several (nextPageToken); import the others too.")


@app.command()
def pathways(
    country: Annotated[str, typer.Argument(help="Code or English name, such as AU.")],
    condition: Annotated[str, typer.Option(help="Condition of the trials.")] = "PTSD",
    city: Annotated[str, typer.Option(help="City of the trials.")] = "",
    status: Annotated[str, typer.Option(help="recruiting, soon, invited or any.")] = "recruiting",
) -> None:
    """Lawful ways to treatment in a country, and trials there: sojourn pathways AU"""
    _start()
    from sojourn.exchange.registry.finding import STATUSES, Search
    from sojourn.exchange.registry.telling import told
    from sojourn.exchange.registry.ways import names_of, ways_in
    from sojourn.ledger import clock
    from sojourn.protocols import jurisdiction

    code = jurisdiction.code_of(country)
    if code is None:
        _fail(f"there is no country '{country}'; give its two-letter code or its English name")
    if status not in dict(STATUSES):
        _fail(f"--status {status}: use one of {', '.join(dict(STATUSES))}")
    today = clock.now().date()
    found = ways_in(code, Search(condition, names_of(code), city, status), today)
    for line in told(found, today):
        typer.echo(line)


def main() -> None:
    """Run the command line."""
    app()


def _import(
    kind: str,
    file: Path,
    programme: str,
    words: tuple[list[str] | None, list[str] | None, list[str] | None],
    author: str,
    **options: bool,
) -> None:
    _start()
    from sojourn.exchange import spreadsheets
    from sojourn.exchange.reading import Translation

    maps, values, sets = words
    translation = Translation(
        headings=dict(_pairs(maps, "--map")),
        values={_field_and_word(left): right for left, right in _pairs(values, "--value")},
        constants=dict(_pairs(sets, "--set")),
    )
    run: Callable[..., Any] = getattr(spreadsheets, f"import_{kind}")
    with _reporting_import(), _progress(f"Importing {kind}") as progress:
        done = run(file, programme, translation, author=author, progress=progress, **options)
    verb = "would be written" if options.get("dry_run") else "written"
    typer.echo(
        f"{done.rows} rows read: {done.written} {verb}, {done.known} known before, "
        f"{done.empty} empty"
    )


def _field_and_word(left: str) -> tuple[str, str]:
    field, colon, word = left.partition(":")
    if not colon:
        _fail(f"--value {left}=...: write it as field:their word=our word")
    return field.strip(), word.strip()


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _fail(f"{option} {text}: write the day as 2026-01-31")


def _show_accounts(accounts: tuple[tuple[str, str, str], ...], port: int) -> None:
    import rich.table

    table = rich.table.Table("Sign in as", "Role", "Password", title=f"http://127.0.0.1:{port}/")
    for account in accounts:
        table.add_row(*account)
    rich.print(table, "A demonstration with virtual participants. Stop it with Ctrl+C.", sep="\n")


def _serve(port: int, workers: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            _fail(f"port {port} is taken; give another with --port {port + 1}")
    typer.echo(f"Serving on http://127.0.0.1:{port}/ since {datetime.now(UTC):%H:%M} UTC")  # noqa: TID251
    command = [sys.executable, "-m", "uvicorn", "sojourn.clinic.asgi:application"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    if workers > 1:
        _share_measurements()
    options += ["--lifespan", "on", "--timeout-graceful-shutdown", "2", "--log-level", "warning"]
    os.execv(sys.executable, [*command, *options])


def _share_measurements() -> None:
    """Give the worker processes one folder to count in, empty at each start."""
    import shutil

    from django.conf import settings

    folder = Path(settings.HOME) / "measurements"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


if __name__ == "__main__":
    main()
