"""The command line of FHIR: programs with their tokens, and a hospital's bundle for screening."""

from pathlib import Path
from typing import Annotated

import typer

from sojourn.terminal import Author, fail, show_token, start

fhir_app = typer.Typer(help="Programs that read or write over FHIR.", no_args_is_help=True)


@fhir_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.")],
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    member: Annotated[str, typer.Option(help="Sign-in name it acts for, in their role.")],
    scopes: Annotated[str, typer.Option(help="As 'system/Observation.read user/Patient.rs'.")],
    author: Author = "command line",
) -> None:
    """Register a program and show its token, once:

    sojourn fhir add registry --programme demo --member monitor --scopes 'system/*.read'
    """
    start()
    from sojourn.exchange.fhir import callers
    from sojourn.record.command import Refused

    try:
        token = callers.add(programme, name, member, scopes, author=author)
    except Refused as refused:
        fail(refused.message)
    show_token(token)


@fhir_app.command("revoke")
def revoke(
    name: str,
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    cause: Annotated[str, typer.Option(help="Why.")],
    author: Author = "command line",
) -> None:
    """Let a program do nothing from now on."""
    start()
    from sojourn.exchange.fhir import callers
    from sojourn.record.command import Refused

    try:
        callers.revoke(programme, name, cause, author=author)
    except Refused as refused:
        fail(refused.message)
    typer.echo(f"{name} may do nothing any more.")


@fhir_app.command("draft")
def draft(
    file: Path,
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    participant: Annotated[str, typer.Option(help="Number of the participant.")],
    member: Annotated[str, typer.Option(help="Sign-in name of who takes it over.")],
    role: Annotated[str, typer.Option(help="Their role.")] = "prescriber",
    write: Annotated[bool, typer.Option("--write", help="Write it; else only shown.")] = False,
) -> None:
    """A hospital's FHIR bundle as a draft for screening: shown, and with --write written."""
    start()
    from sojourn.exchange import scanning
    from sojourn.exchange.fhir import screening_draft
    from sojourn.exchange.fhir.outcome import Fault
    from sojourn.ledger.desk import Person
    from sojourn.record.command import Refused

    decide = screening_draft.write if write else screening_draft.preview
    try:
        draft = screening_draft.read(scanning.taken(file, "json"))
        items = decide(programme, participant, draft, Person(member, role)).items
    except (Fault, Refused, OSError) as problem:
        fail(str(problem))
    for each in items:
        if each.standing != "left out":
            why = f" ({each.why})" if each.why else ""
            typer.echo(f"{each.standing:9} {each.resource}: {each.words}{why}")
    left = sum(1 for each in items if each.standing == "left out")
    typer.echo(f"{len(items) - left} taken up, {left} left out.")
