"""The command line of sites that work offline: take out, begin, give back, merge, take back."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from sojourn.terminal import Author, fail, progress, start

site_app = typer.Typer(
    help="Sites that work offline: take out, begin, give back, merge.", no_args_is_help=True
)
Key = Annotated[Path, typer.Option(help="The key file that `sojourn backup key` wrote.")]
Programme = Annotated[str, typer.Argument(help="Key of the programme.")]
ROLE = "sponsor"


@site_app.command("take-out")
def take_out(
    programme: Programme,
    site: Annotated[str, typer.Argument(help="The site, as its participants name it.")],
    file: Annotated[Path, typer.Argument(help="The file to begin the site's record with.")],
    key: Key,
    until: Annotated[str, typer.Option(help="Last day the site keeps them, as 2026-01-31.")],
    participant: Annotated[
        list[str] | None, typer.Option(help="Only these; all of the site without it.")
    ] = None,
    numbers: Annotated[
        str, typer.Option(help="How the numbers begin that the site may register meanwhile.")
    ] = "",
    author: Author = "command line",
) -> None:
    """Give a site its courses to write offline; nobody writes them here meanwhile.

    sojourn site take-out demo North north.out --key backup.key --until 2026-02-28 --numbers N9-
    """
    start()
    from sojourn.ledger import archive, taking_out
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    try:
        lease = taking_out.take_out(
            programme,
            site,
            file,
            archive.read_key(key),
            until=date.fromisoformat(until),
            by=Person(author, ROLE),
            participants=participant,
            numbers=numbers,
        )
    except (Refused, OSError, ValueError) as error:
        fail(f"nothing was taken out: {error}")
    typer.echo(
        f"{len(lease.participants)} participants are out at {site} until {lease.until} under "
        f"lease {lease.key}: {file}"
    )
    typer.echo(
        "It holds names and the site's sealing key: use a key for it alone, and send it apart."
    )


@site_app.command("begin")
def begin(
    file: Annotated[Path, typer.Argument(help="What `sojourn site take-out` wrote.")],
    key: Key,
    author: Author = "command line",
) -> None:
    """Begin the site's own record, in a SOJOURN_HOME of its own: sojourn site begin north.out"""
    start()
    from sojourn.ledger import archive, beginning
    from sojourn.ledger.desk import Person

    try:
        lease = beginning.begin(file, archive.read_key(key), Person(author, ROLE))
    except (OSError, ValueError) as error:
        fail(f"nothing was begun: {error}")
    typer.echo(f"{len(lease.participants)} participants are here until {lease.until}")


@site_app.command("give-back")
def give_back(
    programme: Programme,
    file: Annotated[Path, typer.Argument(help="The copy to be merged; never overwritten.")],
    key: Key,
    author: Author = "command line",
) -> None:
    """End the site's record and copy it: sojourn site give-back demo north.back --key backup.key

    To hand in what there is and go on, use `sojourn backup make`: any whole copy is merged.
    """
    start()
    from sojourn.ledger import archive, backup, beginning
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    try:
        sealed_with = archive.read_key(key)
        if file.exists():
            fail(f"{file} exists; nothing was given back")
        beginning.give_back(programme, Person(author, ROLE))
        made = backup.back_up(file, sealed_with)
    except (Refused, OSError, ValueError) as error:
        fail(f"it was not given back: {error}")
    typer.echo(f"{made.size} entries, root {made.root}: {file}")
    typer.echo("Lodge the root elsewhere. Nothing is written here any more.")


@site_app.command("merge")
def merge(
    file: Annotated[Path, typer.Argument(help="A whole copy of the site's record.")],
    key: Key,
    write: Annotated[
        bool, typer.Option("--write/--dry-run", help="Keep it, or only try everything.")
    ] = False,
    lodged: Annotated[Path | None, typer.Option(help="A checkpoint the site lodged.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="A stream in conflict whose entries stay out.")
    ] = None,
    accept: Annotated[list[str] | None, typer.Option(help="A difference that may be.")] = None,
    reason: Annotated[str, typer.Option(help="Why conflicts are settled so.")] = "",
    author: Author = "command line",
) -> None:
    """Add what a site wrote offline, all that fits or nothing: sojourn site merge north.back"""
    start()
    from sojourn.ledger import archive, merging
    from sojourn.ledger.checkpoint import read_lodged
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    settled = merging.Settled(tuple(leave_out or ()), tuple(accept or ()), reason)
    try:
        with progress("Merging"):
            done = merging.merge(
                file,
                archive.read_key(key),
                Person(author, ROLE),
                write=write,
                settled=settled,
                lodged=read_lodged(lodged) if lodged else None,
            )
    except (Refused, OSError, ValueError) as error:
        fail(f"nothing was merged: {error}")
    for notice in done.notices:
        typer.echo(f"Note: {notice}", err=True)
    for conflict in done.conflicts:
        typer.echo(f"Conflict: {conflict.what} [--{conflict.settle} {conflict.key}]", err=True)
    if done.open_conflicts:
        fail(f"nothing was merged: {len(done.open_conflicts)} conflicts are for you to settle")
    if done.copy.size == done.known:
        typer.echo(f"nothing new: all {done.known} entries of {done.site}'s record were merged")
        return
    verb = "were added" if done.written else "would be added"
    typer.echo(f"{done.added} entries in {done.streams} streams {verb}; root {done.copy.root}")
    typer.echo(
        f"{done.site} gave everything back" if done.ended else f"{done.site} goes on offline"
    )


@site_app.command("take-back")
def take_back(
    programme: Programme,
    lease: Annotated[str, typer.Argument(help="The lease, as `sojourn site list` shows it.")],
    cause: Annotated[str, typer.Option(help="Why; stands in the record.")],
    author: Author = "command line",
) -> None:
    """In an emergency, write here again whatever the site still writes.

    sojourn site take-back demo 0123456789abcdef --cause "admitted to the central hospital"
    """
    start()
    from sojourn.ledger import taking_out
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    try:
        ended = taking_out.take_back(programme, lease, cause, Person(author, ROLE))
    except Refused as error:
        fail(error.message)
    typer.echo(
        f"{len(ended.participants)} participants are written here again, not at {ended.site}"
    )


@site_app.command("list")
def list_leases(programme: Programme) -> None:
    """What is out, what came home, and when: sojourn site list demo"""
    start()
    from sojourn.ledger import leases

    for each in leases.standing(programme).all:
        standing = each.ending or ("here" if each.here else "out")
        typer.echo(
            f"{each.key} {each.site}: {standing}, {len(each.participants)} participants, since "
            f"{each.since:%Y-%m-%d %H:%M}, until {each.until}, {len(each.merges)} merges"
        )


@site_app.command("check")
def check(
    programme: Programme,
    lodged: Annotated[Path | None, typer.Option(help="A checkpoint the site lodged.")] = None,
    lease: Annotated[str, typer.Option(help="Only this lease.")] = "",
) -> None:
    """Hold what was merged against the sites' own hashes.

    sojourn site check demo --lodged north.json
    """
    start()
    from sojourn.ledger import carrying, leases
    from sojourn.ledger.checkpoint import read_lodged

    try:
        against = read_lodged(lodged) if lodged else None
    except ValueError as error:
        fail(str(error))
    keys = [each.key for each in leases.standing(programme).all if lease in ("", each.key)]
    if against and len(keys) != 1:
        fail(f"--lodged is of one site: name its lease with --lease, one of {', '.join(keys)}")
    wrong = 0
    for each in keys:
        held, amiss = carrying.check(programme, each, against)
        wrong += len(amiss)
        for what in amiss:
            typer.echo(f"{each}: {what}", err=True)
        typer.echo(f"{each}: {held} entries held against the other record's own hashes")
    if wrong:
        fail(f"{wrong} problems")
