"""Readings through a real MQTT broker, where one is installed."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from sojourn.exchange.mqtt import Broker, listen, take
from sojourn.ledger import clock
from sojourn.ledger.readings_rows import ReadingRow
from tests.monitoring.sessions import GATEWAY, PROGRAMME, ms, open_alerts

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def message(start_ms: int, values: list[int], batch: str = "1") -> bytes:
    moments = [start_ms + 1000 * number for number in range(len(values))]
    signals = [{"signal": "pulse_bpm", "at_ms": moments, "values": values}]
    clock_ms = ms(clock.now())
    return json.dumps({"batch": batch, "clock_ms": clock_ms, "signals": signals}).encode()


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"", ""),
        (b"\xff\xfe", ""),
        (b"[]", "batch"),
        (b'{"batch": "1", "signals": []}', "clock_ms"),
        (b'{"batch": "1", "clock_ms": 1, "signals": []}', "message.signals"),
    ],
)
def test_a_message_that_cannot_be_read_is_refused_and_stops_nothing(opened, payload, field):
    receipt = take("P-1", payload, PROGRAMME, GATEWAY)
    assert (receipt.status, receipt.field) == ("refused", field)
    assert ReadingRow.objects.count() == 0


def test_a_message_is_one_sessions_batch(opened):
    start = ms(clock.now()) - 15_000
    receipt = take("P-1", message(start, [160] * 10), PROGRAMME, GATEWAY)
    assert receipt.raised == ("pulse-emergency",)
    assert take("P-1", message(start, [160] * 10), PROGRAMME, GATEWAY).status == "known"


@dataclass
class Publisher:
    """A gateway at the broker, and the receipts it got."""

    client: mqtt.Client
    receipts: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, participant: str, payload: bytes) -> None:
        info = self.client.publish(f"sojourn/vitals/{participant}", payload, qos=1)
        info.wait_for_publish(timeout=10)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if not Path(MOSQUITTO).exists():
        pytest.skip("mosquitto is not on this machine; MQTT was not tried with a real broker")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = subprocess.Popen(
        [MOSQUITTO, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: reachable(port))
        yield Broker("127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def publisher(broker: Broker) -> Iterator[Publisher]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="gateway")
    found = Publisher(client)
    client.on_message = lambda _c, _d, m: found.receipts.append(json.loads(m.payload))
    client.on_connect = lambda c, *_: c.subscribe("sojourn/vitals/+/receipt", qos=1)
    client.connect(broker.host, broker.port)
    client.loop_start()
    yield found
    client.disconnect()
    client.loop_stop()


def reachable(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(done: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_messages_reach_the_record_through_a_broker(opened, broker, publisher):
    # The listener works on this test's own connection, so it runs here; the gateway beside it.
    start = ms(clock.now()) - 15_000

    def gateway() -> None:
        publisher.publish("P-1", message(start, [160] * 10))
        publisher.publish("P-1", b"not json")
        publisher.publish("P-9", message(start, [70], "2"))
        publisher.publish("P-1", message(start, [160] * 10))

    deadline = time.monotonic() + 20
    said: list[str] = []
    sending = threading.Thread(target=gateway)

    def done() -> bool:
        if said and not sending.is_alive() and sending.ident is None:
            sending.start()
        return len(publisher.receipts) >= 4 or time.monotonic() > deadline

    listen(broker, PROGRAMME, GATEWAY, say=said.append, until=done)
    sending.join(timeout=5)
    statuses = [each["status"] for each in publisher.receipts]
    assert statuses == ["written", "refused", "refused", "known"]
    assert open_alerts() == ["pulse-emergency"]
    assert ReadingRow.objects.count() == 10


def test_what_was_sent_while_nobody_listened_is_kept_for_the_listener(opened, broker, publisher):
    said: list[str] = []
    listen(broker, PROGRAMME, GATEWAY, say=said.append, until=lambda: bool(said))
    publisher.publish("P-1", message(ms(clock.now()) - 3000, [70, 71]))
    deadline = time.monotonic() + 20
    listen(
        broker,
        PROGRAMME,
        GATEWAY,
        say=said.append,
        until=lambda: bool(publisher.receipts) or time.monotonic() > deadline,
    )
    assert [each["status"] for each in publisher.receipts] == ["written"]
    assert ReadingRow.objects.count() == 2
