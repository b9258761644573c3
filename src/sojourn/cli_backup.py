"""The command line of copies: back up, try a copy, restore, move to PostgreSQL."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sojourn.terminal import fail, progress, start

backup_app = typer.Typer(help="Encrypted copies of the record.", no_args_is_help=True)
APART = {"SOJOURN_DATABASE": "", "DATABASE_URL": ""}  # an embedded record, wherever this one is
Key = Annotated[Path, typer.Option(help="The key file that `sojourn backup key` wrote.")]


@backup_app.command("key")
def key_file(file: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Make the key copies are sealed with: sojourn backup key /safe/backup.key"""
    from sojourn.ledger import archive

    try:
        archive.new_key(file)
    except OSError as error:
        fail(f"no key was written: {error}")
    typer.echo(f"{file}: keep it away from the copies, and a second one of it in a safe")


@backup_app.command("make")
def make(
    file: Annotated[Path, typer.Argument(help="The copy; never overwritten.")],
    key: Key,
    after: Annotated[
        Path | None, typer.Option(help="The copy before; only entries since then are copied.")
    ] = None,
) -> None:
    """Copy the record while people write: sojourn backup make monday.sojourn --key backup.key"""
    start()
    from sojourn.ledger import archive, backup

    try:
        sealed_with = archive.read_key(key)
        begin = backup.describe(after, sealed_with).size if after else 0
        with progress("Copying") as bar:
            made = backup.back_up(file, sealed_with, after=begin, progress=bar)
    except (OSError, ValueError) as error:
        fail(f"no copy was made: {error}")
    typer.echo(f"{made.size - made.after} entries up to {made.size}, root {made.root}: {file}")
    typer.echo("The site's sealing.key is not in it: keep that in another safe.")


@backup_app.command("drill")
def drill(
    folder: Annotated[Path, typer.Argument(help="Where copies lie, one a day.")],
    key: Key,
) -> None:
    """Copy, restore elsewhere, verify there; for a timer: sojourn backup drill /backups --key k

    The day's copy is made once; restoring and verifying are done each time. Ends with status 1
    when anything does not hold. /metrics tells how long ago the last one went well.
    """
    start()
    from sojourn.ledger import archive, backup, clock
    from sojourn.ledger import drill as drills

    copy = folder / f"{clock.now().astimezone(UTC):%Y-%m-%d}.sojourn"
    try:
        sealed_with = archive.read_key(key)
        if not copy.exists():
            backup.back_up(copy, sealed_with)
        copied = backup.describe(copy, sealed_with)
    except (OSError, ValueError) as error:
        fail(f"no copy was made: {error}")
    with tempfile.TemporaryDirectory(prefix="sojourn-drill-") as home:
        apart = {**APART, "SOJOURN_HOME": home}
        _restore_apart([copy], key, apart, "--without-seal")
        command = [sys.executable, "-m", "sojourn.cli", "verify"]
        environment = {**os.environ, **apart}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or copied.root not in done.stdout:
        fail(f"{copy} was restored and does not hold: {done.stdout}{done.stderr}")
    drills.note(copy, copied.size, copied.root)
    typer.echo(f"{copied.size} entries restored from {copy} and verified, root {copied.root}")


def restore(
    files: Annotated[list[Path], typer.Argument(help="A whole copy, then those after it.")],
    key: Key,
    until: Annotated[
        str, typer.Option(help="Leave out what was recorded later: 2026-01-31T18:00+00:00.")
    ] = "",
    without_seal: Annotated[
        bool, typer.Option(help="Identities and allocations stay closed.")
    ] = False,
    only_try: Annotated[
        bool, typer.Option("--try", help="Restore into a record of its own and throw it away.")
    ] = False,
) -> None:
    """Bring an empty record back from copies, and prove it equal.

    sojourn restore sunday.sojourn monday.sojourn --key backup.key
    """
    if only_try:
        _try(files, key, until)
        return
    start()
    from sojourn.ledger import archive, backup

    try:
        moment = datetime.fromisoformat(until) if until else None
        if moment and moment.tzinfo is None:
            fail(f"--until {until}: say in which time zone, such as {until}+00:00")
        with progress("Restoring") as bar:
            done = backup.restore(
                files,
                archive.read_key(key),
                until=moment,
                sealed=not without_seal,
                progress=bar,
            )
    except ValueError as error:
        fail(f"nothing was restored: {error}")
    typer.echo(f"{done.size} entries restored and proved, root {done.root}")


def migrate_to(
    address: Annotated[str, typer.Argument(help="postgresql://user:password@host/name")],
) -> None:
    """Move the record to an empty PostgreSQL, and prove it equal. Stop the server first.

    sojourn migrate-to postgresql://sojourn@db.example/sojourn
    """
    start()
    from sojourn.ledger import archive, backup
    from sojourn.ledger.models import Head

    if not address.startswith(("postgresql://", "postgres://")):
        fail(f"{address}: give an address such as postgresql://user:password@host/name")
    with tempfile.TemporaryDirectory(prefix="sojourn-move-") as folder:
        copy, key = Path(folder) / "copy", Path(folder) / "key"
        archive.new_key(key)
        with progress("Copying") as bar:
            made = backup.back_up(copy, archive.read_key(key), progress=bar)
        _restore_apart([copy], key, {"SOJOURN_DATABASE": address})
    since = Head.objects.get().position - made.size
    if since:
        fail(f"{since} entries were written here meanwhile and are not there; stop the server")
    typer.echo("Set SOJOURN_DATABASE to that address from now on; this record stays as it is.")


def _try(files: list[Path], key: Path, until: str) -> None:
    with tempfile.TemporaryDirectory(prefix="sojourn-try-") as home:
        words = ["--without-seal", *(["--until", until] if until else [])]
        apart = {**APART, "SOJOURN_HOME": home}
        _restore_apart(files, key, apart, *words)
    typer.echo("The copy can be restored; the trial was thrown away.")


def _restore_apart(files: list[Path], key: Path, where: dict[str, str], *words: str) -> None:
    """Restore in a process of its own, since one process knows one record."""
    command = [sys.executable, "-m", "sojourn.cli", "restore", *map(str, files), "--key", str(key)]
    done = subprocess.run([*command, *words], env={**os.environ, **where}, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)
