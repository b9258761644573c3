"""The command line of access: who holds which role where, and who opened what."""

import sys
from typing import Annotated

import typer

from sojourn.terminal import fail, start

access_app = typer.Typer(help="Roles by site, and the access log.", no_args_is_help=True)
Programme = Annotated[str, typer.Option(help="Key of the programme.")]


@access_app.command("who")
def who(programme: Programme) -> None:
    """Print the roles given in a programme: sojourn access who --programme demo"""
    start()
    from sojourn.ledger import programmes
    from sojourn.record.command import Refused

    try:
        found = programmes.load(programme).programme
    except Refused as refused:
        fail(refused.message)
    for each in sorted(found.grants, key=lambda each: each.member):
        typer.echo(f"{each.member}: {each.role}, {', '.join(each.sites) or 'every site'}")
    typer.echo(
        "Nobody else gets in."
        if found.grants_required
        else "Whoever is given no role here acts in their account's role, at every site."
    )


@access_app.command("log")
def log(
    programme: Programme,
    participant: Annotated[str, typer.Option(help="Of this participant only.")] = "",
    member: Annotated[str, typer.Option(help="Of this member only.")] = "",
    since: Annotated[str, typer.Option(help="From this day on, as 2026-03-02.")] = "",
) -> None:
    """Print who opened what as CSV: sojourn access log --programme demo --participant P-7"""
    start()
    from sojourn.clinic import comma_separated
    from sojourn.clinic.views.access_log import COLUMNS, day_of, lines_of

    if since and day_of(since) is None:
        fail(f"'{since}' is no day; write it as 2026-03-02")
    lines = lines_of(programme, participant=participant, member=member, since=since).order_by("id")
    for line in comma_separated.lines(COLUMNS, lines.values_list(*COLUMNS).iterator()):
        sys.stdout.write(line)
