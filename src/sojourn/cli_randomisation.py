"""Randomisation from the command line: its audit, and how well it could be guessed."""

from typing import Annotated

import typer

from sojourn.terminal import Author, fail, start

randomisation_app = typer.Typer(
    help="Randomisation: audit the sequence, see how guessable it is.", no_args_is_help=True
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
