"""Several connections at once: one wins, the others are told, and no place is skipped."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connection, transaction

from sojourn.ledger import checkpoint
from sojourn.ledger.append import StaleVersion, take_turn
from sojourn.ledger.read import read_all, read_stream, version
from sojourn.ledger.verify import verify
from tests.ledger.facts import PulseTaken, write

pytestmark = pytest.mark.usefixtures("own_record")
T = TypeVar("T")


def at_once(works: list[Callable[[], T]]) -> list[T]:
    """Run each on its own thread and connection, all starting together."""
    gate = threading.Barrier(len(works))

    def start(work: Callable[[], T]) -> T:
        try:
            gate.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(start, work) for work in works]]


def try_to_write(expected: int, command: str = "") -> str:
    try:
        write("course:1", expected=expected, command=command)
    except StaleVersion:
        return "stale"
    return "written"


@pytest.mark.proves("written-once")
@pytest.mark.parametrize("round_", range(5))
def test_of_two_writers_at_one_version_exactly_one_wins(round_: int) -> None:
    for expected in range(4):
        outcomes = at_once([lambda at=expected: try_to_write(at)] * 2)
        assert sorted(outcomes) == ["stale", "written"]
    assert version("course:1") == 4
    assert verify().problems == ()


def test_of_twin_requests_with_one_key_one_writes_and_both_get_the_same_entries() -> None:
    twins = at_once([lambda: write("course:1", PulseTaken(70), expected=0, command="k")] * 4)
    assert twins[0] == twins[1] == twins[2] == twins[3]
    assert version("course:1") == 1


def test_eight_writers_leave_no_gap() -> None:
    def write_many(name: str) -> list[int]:
        return [write(name, expected=step)[0].position for step in range(25)]

    positions = at_once([lambda name=f"course:{n}": write_many(name) for n in range(8)])
    assert sorted(each for some in positions for each in some) == list(range(1, 201))
    assert all(each == sorted(each) for each in positions)
    assert verify().problems == ()


def test_a_writer_that_rolls_back_leaves_no_gap() -> None:
    with transaction.atomic():
        write("course:1", expected=0)
        transaction.set_rollback(True)
    write("course:2", expected=0)
    assert [(each.stream, each.position) for each in read_all()] == [("course:2", 1)]


def test_who_took_a_turn_reads_what_no_one_can_overtake() -> None:
    def observe() -> None:
        with transaction.atomic():
            take_turn()
            write("course:1", expected=version("course:1"))

    at_once([observe] * 6)
    assert [each.sequence for each in read_stream("course:1")] == [1, 2, 3, 4, 5, 6]


def test_a_record_is_verified_and_checkpointed_while_others_write() -> None:
    def write_many() -> int:
        for step in range(60):
            write("course:1", expected=step)
        return 0

    def check() -> int:
        found = 0
        for _ in range(6):
            found += len(verify().problems)
            if version("course:1"):
                checkpoint.make_checkpoint("Ada Lund")
        return found

    assert at_once([write_many, check, check]) == [0, 0, 0]
    assert verify().problems == ()


def test_a_checkpoint_counts_only_what_is_new_and_agrees_with_the_whole() -> None:
    roots = []
    for step in range(9):
        write("course:1", expected=step)
        roots.append(checkpoint.make_checkpoint("Ada Lund").root)
    assert len(set(roots)) == 9
    assert checkpoint.make_checkpoint("Ada Lund").root == roots[-1]
    report = verify()
    assert (report.checkpoints, report.root, report.problems) == (9, roots[-1], ())
