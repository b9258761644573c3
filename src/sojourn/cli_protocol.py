"""Protocol packs on the command line: list, check, begin a new one, show one, compare two."""

from pathlib import Path
from typing import Annotated

import typer

from sojourn.protocols.model import Protocol
from sojourn.terminal import fail as _fail
from sojourn.terminal import start as _start
from sojourn.terminal import write_whole as _write

protocol_app = typer.Typer(
    help="Protocol packs: list, check, begin, show, compare.", no_args_is_help=True
)
Pack = Annotated[str, typer.Argument(help="A pack of your own, or the key of a shipped one.")]


@protocol_app.command("list")
def protocol_list() -> None:
    """The packs that come with Sojourn."""
    from sojourn import protocols

    for key in protocols.shipped():
        typer.echo(f"{key}: {protocols.load_shipped(key).title}")


@protocol_app.command("check")
def protocol_check(file: Annotated[Path, typer.Argument(help="A pack of your own.")]) -> None:
    """Check a site's own protocol: sojourn protocol check our-protocol.yaml"""
    protocol = _loaded(str(file))
    typer.echo(f"{file.name} is a valid protocol: {protocol.title}, version {protocol.version}")
    typer.echo(f"{len(protocol.visits)} visits, {len(protocol.criteria)} criteria")
    if protocol.dosing:
        for session in protocol.dosing.sessions:
            levels = " or ".join(f"{level} {session.unit}" for level in session.initial)
            typer.echo(f"session {session.number}: {levels} (source: {protocol.dosing.source})")
    for each in protocol.outcome.estimand.intercurrent_events:
        typer.echo(f"intercurrent event {each.event}: {each.strategy}")
    unverified = sum(not each.verified for each in protocol.visits)
    unverified += sum(not each.verified for each in protocol.criteria)
    typer.echo(f"{unverified} visits and criteria are marked unverified; check them")


@protocol_app.command("new")
def protocol_new(
    key: Annotated[str, typer.Argument(help="Key of the pack: small letters, digits, dashes.")],
    out: Annotated[Path | None, typer.Option(help="Write it here instead of KEY.yaml.")] = None,
) -> None:
    """Begin a pack of your own, with what to fill in: sojourn protocol new our-protocol"""
    from sojourn.protocols import scaffold

    path = out or Path(f"{key}.yaml")
    if path.exists():
        _fail(f"{path} exists; give another place with --out")
    try:
        path.write_text(scaffold.text(key), encoding="utf-8")
    except (ValueError, OSError) as error:
        _fail(str(error))
    typer.echo(f"{path} is written. Fill in every <<...>>, then: sojourn protocol check {path}")


@protocol_app.command("show")
def protocol_show(
    pack: Pack,
    html: Annotated[Path | None, typer.Option(help="Write a page to print to this file.")] = None,
) -> None:
    """The schedule of activities and the doses: sojourn protocol show our-protocol.yaml"""
    from sojourn import instruments
    from sojourn.protocols import activities

    protocol = _loaded(pack)
    if html:
        _start()
        from sojourn.clinic.views.protocol import page

        html.write_text(page(protocol), encoding="utf-8")
        typer.echo(f"{html} is written")
        return
    names = {key: each.name for key, each in instruments.load_shipped().items()}
    table = activities.schedule(protocol, names)
    typer.echo(f"{protocol.title}, version {protocol.version}")
    for dose in activities.doses(protocol):
        typer.echo(
            f"session {dose.number}: {dose.levels}; at most {dose.most}; "
            f"supplemental: {dose.supplemental}"
        )
    for visit in table.visits:
        held = [name for name, at in zip(table.activities, visit.held, strict=True) if at]
        mark = "" if visit.verified else " (unverified)"
        typer.echo(f"{visit.label}: {visit.window}: {', '.join(held) or 'visit'}{mark}")


@protocol_app.command("diff")
def protocol_diff(before: Pack, after: Pack) -> None:
    """What changed between two versions: sojourn protocol diff old.yaml new.yaml"""
    from sojourn.protocols.comparing import differences

    found = differences(_loaded(before), _loaded(after))
    for each in found:
        name = f"{each.part}, {each.name}{f', {each.field}' if each.field else ''}"
        values = " -> ".join(value for value in (each.before, each.after) if value)
        typer.echo(f"{each.change}: {name}: {values}")
    typer.echo(f"{len(found)} differences")


@protocol_app.command("usdm")
def protocol_usdm(
    pack: Pack,
    out: Annotated[Path | None, typer.Option(help="Write it here instead of the terminal.")] = None,
) -> None:
    """A study definition, CDISC USDM 4.0: sojourn protocol usdm mdma-ptsd > study.json"""
    import json

    from sojourn.exchange.usdm import study_definition

    text = json.dumps(study_definition(_loaded(pack)), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    _write(out, text)
    typer.echo(f"{out} is written")


@protocol_app.command("from-usdm")
def protocol_from_usdm(
    file: Annotated[Path, typer.Argument(help="A study definition, USDM 4.0, JSON.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Write the pack here.")],
) -> None:
    """A pack, or its draft, from a study definition.

    sojourn protocol from-usdm study.json -o our-protocol.yaml
    """
    from sojourn.exchange.usdm import draft, text_of
    from sojourn.terminal import reporting_import

    if out.exists():
        _fail(f"{out} exists; give another place with -o")
    with reporting_import():
        made = draft(text_of(file), file.name, out.name)
    _write(out, made.text)
    for line in made.left_out:
        typer.echo(line, err=True)
    for problem in made.problems:
        typer.echo(str(problem), err=True)
    if made.problems:
        typer.echo(
            f"{out} is a draft, on which no programme opens: {len(made.problems)} things are still "
            f"to be written; then: sojourn protocol check {out}"
        )
    else:
        typer.echo(f"{out} is a valid protocol")


def _loaded(pack: str) -> Protocol:
    from sojourn import protocols

    try:
        if pack in protocols.shipped():
            return protocols.load_shipped(pack)
        return protocols.load(Path(pack))
    except protocols.ProtocolError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        _fail(f"{len(error.problems)} problems; nothing else was checked against them")
