"""What time alone sets off happens though no page is open and no device delivers."""

import asyncio
from datetime import timedelta

import pytest
from django.db import OperationalError

from sojourn.ledger import clock, raising, rounds
from sojourn.ledger.desk import load_course
from tests.conftest import run_apart
from tests.monitoring.sessions import PROGRAMME, deliver, each_second, found_programme, open_session

pytestmark = pytest.mark.usefixtures("own_record")


@pytest.fixture
def unacknowledged():
    """An emergency that nobody acknowledged for longer than the rule allows."""
    opened = clock.now().replace(microsecond=0) - timedelta(hours=3)
    found_programme()
    open_session("P-1", opened)
    start = clock.now() - timedelta(seconds=100)
    assert deliver(each_second("systolic_mmhg", [200, 201], start), "1").raised


def escalated_to():
    (alert,) = [
        each
        for each in load_course(PROGRAMME, "P-1").open_alerts
        if each.rule.startswith("systolic")
    ]
    return alert.escalated_to


def walk_for(seconds: float) -> None:
    async def some_time() -> None:
        task = asyncio.create_task(rounds.walk(every_s=0.05, again_s=0.05))
        await asyncio.sleep(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_apart(some_time())


def test_the_server_itself_passes_an_alarm_on(unacknowledged):
    walk_for(1.5)
    assert escalated_to() == "prescriber"
    assert rounds.make_round() == 0  # what was done is found done


def test_a_round_that_failed_is_made_again(unacknowledged, monkeypatch, caplog):
    tick, failures = raising.tick, iter([True, True])

    def gone_for_a_while(programme):
        if next(failures, False):
            raise OperationalError("the database is gone")
        return tick(programme)

    monkeypatch.setattr(raising, "tick", gone_for_a_while)
    walk_for(1.5)
    assert escalated_to() == "prescriber"
    assert caplog.text.count("a round could not be made") == 2
