"""What every command of the command line needs: a record that is open, a bar, a plain refusal."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

Author = Annotated[str, typer.Option("--as", help="Who does this; stands in the record.")]


def start() -> None:
    """Set Django up and bring the tables up to date."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sojourn.clinic.settings")
    import django
    from django.core.management import call_command

    try:
        django.setup()
        lists_change = _lists_change()
        call_command("migrate", verbosity=0)
        if lists_change:
            from sojourn.ledger.rebuild import rebuild

            with progress("Lists filled anew") as bar:
                rebuild(bar)
    except Exception as error:
        if type(error).__name__ in ("OperationalError", "PermissionError"):
            fail(f"the record can't be opened: {error}")
        raise


def _lists_change() -> bool:
    """Whether this version keeps other lists than the record at hand has."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return any(migration.app_label == "ledger" for migration, _ in plan)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, moved on by what is yielded: (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def reporting_import() -> Iterator[None]:
    """Says why nothing was imported, every row at fault by name."""
    from sojourn.exchange.reading import ImportRefused
    from sojourn.record.command import Refused

    try:
        yield
    except ImportRefused as refused:
        for problem in refused.problems:
            typer.echo(problem, err=True)
        fail(f"nothing was imported: {len(refused.problems)} problems")
    except Refused as refused:
        fail(f"nothing was imported: {refused.message}")


def pairs(texts: list[str] | None, option: str) -> Iterator[tuple[str, str]]:
    """Each ``name=value`` that an option was given, split."""
    for text in texts or ():
        left, equals, right = text.partition("=")
        if not equals or not left:
            fail(f"{option} {text}: write it as name=value")
        yield left.strip(), right.strip()


def show_token(token: str) -> None:
    """A new token, alone on standard output so that it can be piped; the warning is beside it."""
    typer.echo(token)
    typer.echo("Keep it safe: it is shown this once, and only its SHA-256 is kept.", err=True)


def write_whole(path: Path, text: str) -> None:
    """Put the file in its place whole, so that nobody ever reads half of it."""
    draft = path.with_name(f"{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        fail(f"{path} can't be written: {error}")


def fail(message: str) -> NoReturn:
    """End with ``message`` and exit status 1."""
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
