"""Documents on the command line: whether a file is one the record knows."""

from hashlib import file_digest
from pathlib import Path
from typing import Annotated

import typer

from sojourn.terminal import fail as _fail
from sojourn.terminal import start as _start

document_app = typer.Typer(help="Documents a programme works by.", no_args_is_help=True)


@document_app.command("check")
def document_check(
    file: Annotated[Path, typer.Argument(help="The file to look for by its SHA-256.")],
    programme: Annotated[str, typer.Option(help="Look in this programme alone.")] = "",
) -> None:
    """Say which document on record a file is: sojourn document check protocol.pdf

    Ends with 1 when no document has its digest, with 2 when those that have are out of use.
    """
    try:
        with file.open("rb") as opened:
            digest = file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        _fail(f"{file} can't be read: {error.strerror}")
    _start()
    from sojourn.conduct import documents
    from sojourn.ledger import programmes
    from sojourn.record.command import Refused

    found = False
    in_use = False
    for key in (programme,) if programme else programmes.keys():
        try:
            stands = programmes.load(key).programme
        except Refused as refusal:
            _fail(refusal.message)
        for words, used in documents.known(stands, digest):
            found, in_use = True, in_use or used
            typer.echo(f"{key}: {words}{'' if used else ' (not in use)'}")
    typer.echo(f"SHA-256 {digest}")
    if not found:
        _fail(f"no document on record is {file.name}; record it, or look for a changed copy")
    if not in_use:
        raise typer.Exit(2)
