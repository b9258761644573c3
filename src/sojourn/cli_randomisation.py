"""Randomisation from the command line: sealed lists, the audit, how well it could be guessed."""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.terminal import Author, fail, start

if TYPE_CHECKING:
    from sojourn.protocols.model import Protocol

SEED = 32  # bytes
randomisation_app = typer.Typer(
    help="Randomisation: sealed lists, the audit, how guessable it is.", no_args_is_help=True
)


@randomisation_app.command("audit")
def audit(
    programme: Annotated[str, typer.Argument(help="Key of the programme.")],
    purpose: Annotated[str, typer.Option(help="Why the seal is opened; stands in the record.")],
    role: Annotated[str, typer.Option(help="An unblinded role.")] = "statistician",
    author: Author = "command line",
) -> None:
    """Make the sealed sequence again and compare: sojourn randomisation audit demo --purpose ...

    This opens the allocation: afterwards no analysis plan is locked and no guess taken.
    """
    start()
    from sojourn.ledger.desk import Person
    from sojourn.ledger.randomisation_audit import audit_programme
    from sojourn.record.command import Refused

    if len(purpose.strip()) < 8:
        fail("say in a few words why the allocation is opened: --purpose")
    try:
        found = audit_programme(programme, purpose.strip(), Person(author, role))
    except Refused as refused:
        fail(refused.message)
    for each in found.findings:
        typer.echo(f"{each.stratum} {each.number} {each.participant}: {each.what}", err=True)
    if not found.holds:
        fail(f"{len(found.findings)} problems in {found.allocations} allocations")
    typer.echo(
        f"{found.allocations} allocations in {found.strata} strata are those of the sealed sequence"
    )


@randomisation_app.command("predictability")
def predictability(
    pack: Annotated[str, typer.Argument(help="A shipped pack.")] = "mdma-ptsd",
    participants: Annotated[int, typer.Option(help="People in one stratum.", min=2)] = 30,
    trials: Annotated[int, typer.Option(help="Simulated trials.", min=2)] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
    sites: Annotated[int, typer.Option(help="Sites, where site is minimised.", min=1)] = 3,
) -> None:
    """How many allocations someone who sees all earlier ones would guess right."""
    from sojourn import protocols
    from sojourn.design.predictability import compare

    if pack not in protocols.shipped():
        fail(f"there is no pack '{pack}'; there are: {', '.join(protocols.shipped())}")
    protocol = protocols.load_shipped(pack)
    try:
        found = compare(protocol, participants=participants, trials=trials, seed=seed, sites=sites)
    except ValueError as error:
        fail(str(error))
    for each in found:
        bar = "#" * round(40 * each.right)
        typer.echo(f"{each.right:6.1%} ± {each.standard_error:.2%}  {bar:<40} {each.method}")
    blind = found[0].blind
    typer.echo(f"{blind:6.1%} would be right by chance; it matters where staff learn earlier arms")


@randomisation_app.command("address")
def address() -> None:
    """The site's address, to which an allocation list is sealed: sojourn randomisation address"""
    start()
    from sojourn.ledger import seal

    typer.echo(seal.address())


@randomisation_app.command("list")
def make_list(
    programme: Annotated[str, typer.Argument(help="Key of the programme at the site.")],
    site: Annotated[str, typer.Option("--for", help="The site's address.")],
    stratum: Annotated[
        list[str], typer.Option(help="A site, once for each; site-01:42 goes on after number 42.")
    ],
    numbers: Annotated[int, typer.Option(help="Numbers for each stratum at least.", min=1)],
    seed_file: Annotated[Path, typer.Option(help="32 secret bytes; made where there is none.")],
    out: Annotated[Path, typer.Option(help="The sealed list to write.")],
    made_by: Annotated[str, typer.Option(help="Who makes it; stands in the record.")],
    pack: Annotated[str, typer.Option(help="A shipped pack, or a file.")] = "mdma-ptsd",
) -> None:
    """Make a list and seal it, on a machine of your own; it needs no record.

    Keep the seed file: it gives the same list again, and nobody at the site needs it.
    """
    from sojourn.conduct import allocation_list

    protocol = _protocol(pack)
    plan = protocol.randomisation
    if plan is None or plan.method != "permuted-blocks":
        fail(f"protocol {protocol.key} allocates by no list")
    parts = [each.partition(":") for each in stratum]
    if bad := [last for _, _, last in parts if last and not last.isdecimal()]:
        fail(f"'{bad[0]}' is no number to go on after")
    after = {name: int(last or 0) for name, _, last in parts}
    lines = allocation_list.make(_seed(seed_file), after, numbers, protocol.arms, plan)
    _seal(programme, site, made_by, protocol, allocation_list.as_text(lines), numbers, out)


@randomisation_app.command("seal")
def seal_list(
    programme: Annotated[str, typer.Argument(help="Key of the programme at the site.")],
    file: Annotated[Path, typer.Argument(help="Lines of stratum, number, arm, with headings.")],
    site: Annotated[str, typer.Option("--for", help="The site's address.")],
    out: Annotated[Path, typer.Option(help="The sealed list to write.")],
    made_by: Annotated[str, typer.Option(help="Who made it; stands in the record.")],
    pack: Annotated[str, typer.Option(help="A shipped pack, or a file.")] = "mdma-ptsd",
) -> None:
    """Seal a list made by other software, on a machine of your own; it needs no record."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} can't be read: {error}")
    _seal(programme, site, made_by, _protocol(pack), text, 1, out)


@randomisation_app.command("take")
def take(
    programme: Annotated[str, typer.Argument(help="Key of the programme.")],
    file: Annotated[Path, typer.Argument(help="The sealed list.")],
    least: Annotated[int, typer.Option(help="Numbers each stratum must reach.", min=1)],
    role: Annotated[str, typer.Option(help="Who brings it may be blinded.")] = "sponsor",
    author: Author = "command line",
) -> None:
    """Take in a sealed list: sojourn randomisation take demo list.sealed --least 40"""
    start()
    from sojourn.ledger import allocation_lists
    from sojourn.record.command import Refused

    try:
        text = file.read_text(encoding="utf-8")
        taken = allocation_lists.take(programme, text, author=author, role=role, least=least)
    except Refused as refused:
        fail(f"nothing was taken in: {refused.message}")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} can't be read: {error}")
    for each in taken.checked:
        typer.echo(f"holds: {each}")
    typer.echo(f"made by {taken.made_by}; compare the digest with theirs: {taken.digest}")


@randomisation_app.command("left")
def left(programme: Annotated[str, typer.Argument(help="Key of the programme.")]) -> None:
    """How many numbers are left of the lists taken in, by stratum."""
    start()
    from sojourn.ledger import allocation_lists

    for each in allocation_lists.left(programme):
        typer.echo(f"{each.stratum}: {each.held - each.given} of {each.held} left")


def _protocol(pack: str) -> "Protocol":
    from sojourn import protocols

    try:
        path = Path(pack)
        if path.is_file():
            return protocols.load_text(path.read_text(encoding="utf-8"), path.name)
        return protocols.load_shipped(pack)
    except (protocols.ProtocolError, OSError, ValueError) as error:
        fail(f"there is no protocol pack '{pack}': {error}")


def _seed(file: Path) -> bytes:
    try:
        if not file.exists():
            new = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(new, "wb") as made:
                made.write(secrets.token_bytes(SEED))
        seed = file.read_bytes()
    except OSError as error:
        fail(f"the seed can't be kept in {file}: {error}")
    if len(seed) < SEED:
        fail(f"{file} holds {len(seed)} bytes; a seed has {SEED}")
    return seed


def _seal(
    programme: str,
    site: str,
    made_by: str,
    protocol: "Protocol",
    text: str,
    least: int,
    out: Path,
) -> None:
    """Check the list as the site will, then write it sealed."""
    from sojourn.conduct import allocation_list
    from sojourn.ledger.allocation_lists import sealed_for
    from sojourn.record.command import Refused

    try:
        lines = allocation_list.read_lines(text)
        plan = protocol.randomisation
        if plan is None:
            fail(f"protocol {protocol.key} has no randomisation")
        first = {each.stratum: each.number - 1 for each in reversed(lines)}
        allocation_list.check(lines, protocol.arms, plan, reached=first, least=least)
        sealed, digest = sealed_for(site, programme, made_by, allocation_list.as_text(lines))
        out.write_text(sealed, encoding="utf-8")
    except Refused as refused:
        fail(refused.message)
    except (OSError, ValueError) as error:
        fail(str(error))
    typer.echo(f"{len(lines)} lines sealed; {out}")
    typer.echo(f"tell the site the digest by another way: {digest}")
