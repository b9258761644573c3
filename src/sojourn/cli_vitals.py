"""The command line of vital signs: devices, the MQTT listener, a file from a monitor."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sojourn.terminal import Author, fail, pairs, reporting_import, show_token, start

device_app = typer.Typer(help="Devices that deliver vital signs.", no_args_is_help=True)
listen_app = typer.Typer(help="Take vital signs from elsewhere.", no_args_is_help=True)
Maps = Annotated[
    list[str] | None, typer.Option("--map", help="field=Heading; may be given many times.")
]


def import_vitals(
    file: Path,
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    participant: Annotated[str, typer.Option(help="Number of the participant.")],
    visit: Annotated[str, typer.Option(help="Session; found by the times when absent.")] = "",
    maps: Maps = None,
    dry_run: Annotated[bool, typer.Option(help="Try everything, write nothing.")] = False,
    author: Author = "command line",
) -> None:
    """Bring a session's vital signs in from a CSV file: all rows or none.

    sojourn import vitals monitor.csv --programme demo --participant S-001
    """
    start()
    from sojourn.exchange import vitals_file
    from sojourn.exchange.reading import Translation

    translation = Translation(headings=dict(pairs(maps, "--map")))
    with reporting_import():
        done = vitals_file.import_vitals(
            file, programme, participant, translation, author=author, visit=visit, dry_run=dry_run
        )
    verb = "would be written" if dry_run else "written"
    typer.echo(
        f"{done.rows} rows read: {done.written} readings {verb}, {done.known} known before, "
        f"{done.empty} rows empty"
    )


@device_app.command("add")
def device_add(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.")],
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    site: Annotated[str, typer.Option(help="The one site it may speak of.")] = "",
    author: Author = "command line",
) -> None:
    """Register a device and show its token, once: sojourn device add gateway-1 --programme demo"""
    start()
    from sojourn.ledger import devices
    from sojourn.record.command import Refused

    try:
        token = devices.add(programme, name, site=site, author=author)
    except Refused as refused:
        fail(refused.message)
    show_token(token)


@device_app.command("revoke")
def device_revoke(
    name: str,
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
    cause: Annotated[str, typer.Option(help="Why.")],
    author: Author = "command line",
) -> None:
    """Let a device deliver nothing from now on: sojourn device revoke gateway-1 --cause lost"""
    start()
    from sojourn.ledger import devices
    from sojourn.record.command import Refused

    try:
        devices.revoke(programme, name, cause, author=author)
    except Refused as refused:
        fail(refused.message)
    typer.echo(f"{name} delivers nothing any more")


@device_app.command("list")
def device_list(
    programme: Annotated[str, typer.Option(help="Key of the programme.")],
) -> None:
    """The devices of a programme."""
    start()
    from sojourn.ledger import programmes
    from sojourn.record.command import Refused

    try:
        devices = programmes.load(programme).programme.devices
    except Refused as refused:
        fail(refused.message)
    for each in devices:
        standing = "revoked" if each.revoked else "delivers"
        typer.echo(f"{each.name}: {standing}, {each.site or 'every site'}")


@listen_app.command("mqtt")
def listen_mqtt(
    host: Annotated[str, typer.Option(help="The broker's host.")],
    port: Annotated[int, typer.Option(help="The broker's port.")] = 1883,
    prefix: Annotated[str, typer.Option(help="Messages come on PREFIX/PARTICIPANT.")] = (
        "sojourn/vitals"
    ),
    username: Annotated[str, typer.Option(help="Name at the broker.")] = "",
    tls: Annotated[bool, typer.Option(help="Encrypt the way to the broker.")] = False,
) -> None:
    """Take vital signs from an MQTT broker: sojourn listen mqtt --host broker.example

    The device's token is read from SOJOURN_DEVICE_TOKEN, the broker's password
    from SOJOURN_MQTT_PASSWORD.
    """
    start()
    from sojourn.exchange import mqtt
    from sojourn.ledger import devices

    found = devices.sender_of(os.environ.get("SOJOURN_DEVICE_TOKEN", ""))
    if found is None:
        fail("SOJOURN_DEVICE_TOKEN is no device's token; make one with: sojourn device add")
    password = os.environ.get("SOJOURN_MQTT_PASSWORD", "")
    broker = mqtt.Broker(host, port, username, password, tls, prefix)
    try:
        mqtt.listen(broker, *found, say=typer.echo)
    except OSError as error:
        fail(f"the broker at {host}:{port} can't be reached: {error}")
    except KeyboardInterrupt:
        typer.echo("stopped")
