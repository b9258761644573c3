"""Many gateways at once: each has its own answer, and all of it is on the record."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from sojourn.ledger import clock
from sojourn.ledger.readings_rows import ReadingRow
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.together import Together
from sojourn.ledger.verify import verify
from tests.monitoring.sessions import deliver, each_second, found_programme, open_session


def test_what_waits_is_written_together_and_answered_apart():
    turns: list[list[int]] = []
    first, go_on = threading.Event(), threading.Event()

    def write(asked):
        turns.append(list(asked))
        if len(turns) == 1:
            first.set()
            assert go_on.wait(10)
        return [each * 10 for each in asked]

    line: Together[int, int] = Together(write)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(line.ask, 0)]
        assert first.wait(10)
        answers += [pool.submit(line.ask, number) for number in range(1, 7)]
        while len(line._waiting) < 6:
            pass
        go_on.set()
        assert [each.result(10) for each in answers] == [0, 10, 20, 30, 40, 50, 60]
    assert [sorted(each) for each in turns] == [[0], [1, 2, 3, 4, 5, 6]]


def test_when_writing_fails_everyone_who_waited_is_told():
    def write(asked):
        raise OSError("the disk is full")

    line: Together[int, int] = Together(write)
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            line.ask(1)


@pytest.mark.usefixtures("own_record")
def test_gateways_at_once_lose_and_double_nothing():
    opened = clock.now() - timedelta(minutes=10)
    names = [f"P-{number}" for number in range(6)]
    found_programme()
    for name in names:
        open_session(name, opened)

    def gateway(name: str) -> list[str]:
        try:
            return [
                deliver(
                    each_second("pulse_bpm", [70 + batch] * 5, opened + timedelta(seconds=batch)),
                    f"{name}-{batch // 2}",
                    participant=name,
                ).status
                for batch in (0, 0, 10, 20, 20)
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(len(names)) as pool:
        found = list(pool.map(gateway, names))
    assert found == [["written", "known", "written", "written", "known"]] * len(names)
    assert ReadingRow.objects.count() == 15 * len(names)
    assert verify().problems == ()
    before = fingerprint()
    rebuild()
    assert fingerprint() == before
