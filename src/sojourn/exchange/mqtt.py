"""Readings from a gateway that speaks MQTT, through the same door as the HTTP interface.

A message on ``PREFIX/PARTICIPANT`` is one session's batch, as in the HTTP
interface, with the clock beside it. The receipt goes to
``PREFIX/PARTICIPANT/receipt``. A message is acknowledged to the broker only
once it is on the record (quality of service 1), so that a listener that dies
is told of it again.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import paho.mqtt.client as mqtt
from django.db import close_old_connections, connection
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from sojourn.exchange.vitals_api import Moment, SessionIn, delivery_of, fault_of
from sojourn.ledger import raising
from sojourn.ledger.monitoring import Receipt, Sender, receive
from sojourn.record.kinds import canonical

PREFIX = "sojourn/vitals"


class MessageIn(SessionIn):
    """One message: a session's batch and the clock that stamped it."""

    clock_ms: Moment
    participant: str = ""  # stands in the topic


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the messages are and how to be let in."""

    host: str
    port: int = 1883
    username: str = ""
    password: str = ""
    tls: bool = False
    prefix: str = PREFIX


def listen(
    broker: Broker,
    programme: str,
    sender: Sender,
    *,
    say: Callable[[str], None],
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Take messages until ``until`` says so; connects again by itself when the line drops.

    Raises
    ------
    OSError
        If the broker can't be reached at the start.
    """
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"sojourn-{programme}-{sender.author}",
        clean_session=False,  # the broker keeps what comes while nobody listens
        manual_ack=True,
    )
    if broker.username:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls:
        client.tls_set()

    def connected(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            say(f"the broker refused the connection: {reason}")
            return
        client.subscribe(f"{broker.prefix}/+", qos=1)

    def subscribed(_client: Any, _data: Any, _mid: Any, reasons: Any, _properties: Any) -> None:
        # Only now does the broker keep what comes; told earlier, a message could fall between.
        if any(each.is_failure for each in reasons):
            say(f"the broker refused {broker.prefix}/+: {reasons[0]}")
            return
        say(f"listening on {broker.host}:{broker.port}, {broker.prefix}/+")

    def arrived(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        if not connection.in_atomic_block:
            close_old_connections()
        participant = message.topic.removeprefix(f"{broker.prefix}/")
        receipt = take(participant, bytes(message.payload), programme, sender)
        client.publish(f"{message.topic}/receipt", canonical(asdict(receipt)), qos=1)
        client.ack(message.mid, message.qos)
        if receipt.status == "refused":
            say(f"{participant}: refused: {receipt.message}")

    client.on_connect = connected
    client.on_subscribe = subscribed
    client.on_message = arrived
    client.connect(broker.host, broker.port, keepalive=30)
    try:
        while not until():
            if client.loop(timeout=0.5) != mqtt.MQTT_ERR_SUCCESS:
                _again(client, until)
            raising.tick(programme)
    finally:
        client.disconnect()


def take(participant: str, payload: bytes, programme: str, sender: Sender) -> Receipt:
    """Write one message's readings; its receipt, whatever the message holds."""
    try:
        message = MessageIn.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        return Receipt(participant, "", "refused", f"{first['msg']}", field)
    session = message.model_copy(update={"participant": participant})
    fault = fault_of(session, "message")
    if fault:
        return Receipt(participant, session.batch, "refused", fault.message, fault.field)
    (receipt,) = receive(programme, [delivery_of(session, message.clock_ms)], sender)
    return receipt


def _again(client: mqtt.Client, until: Callable[[], bool]) -> None:
    while not until():
        time.sleep(1)
        try:
            client.reconnect()
        except OSError:
            continue
        return
