"""What takes long is read from a copy that follows the record, where a site has one."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.db.utils import InternalError

from sojourn.ledger import replica
from sojourn.ledger.read import read_stream
from sojourn.record.command import Refused
from tests.ledger.facts import PulseTaken, write
from tests.with_postgresql import Cluster, following, programs


@pytest.fixture(scope="module")
def copy(migrated: str) -> Iterator[Cluster]:
    binaries = programs()
    if connection.vendor == "sqlite" or binaries is None:
        pytest.skip("an embedded record has no copy that follows it")
    with following(binaries, connection.settings_dict["HOST"]) as copy:
        yield copy


@pytest.fixture
def followed(own_record: str, copy: Cluster) -> Iterator[None]:
    """A record of its own, and a copy of it that follows."""
    connections.settings[replica.NAME] = {
        **connection.settings_dict,
        "HOST": str(copy.folder),
    }
    yield
    connections[replica.NAME].close()
    del connections[replica.NAME], connections.settings[replica.NAME]


def ask(question: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def on_a_copy() -> bool:
    return bool(ask("SELECT pg_is_in_recovery()"))


def test_what_was_just_written_is_read_from_the_copy_and_nothing_can_be_written_there(
    followed: None,
) -> None:
    written = write("course:1", PulseTaken(71), expected=0)
    assert not on_a_copy()
    with replica.reading(written[-1].position):
        assert on_a_copy()
        assert read_stream("course:1") == written
        with pytest.raises(InternalError, match="read-only"):
            write("course:1", PulseTaken(72), expected=1)
    assert not on_a_copy()
    assert len(write("course:1", PulseTaken(72), expected=1)) == 1


def test_a_copy_that_lags_is_told_with_both_places_and_the_record_is_open_again(
    followed: None,
) -> None:
    first = write("course:1", PulseTaken(71), expected=0)[-1].position
    with replica.reading(first):
        ask("SELECT 1 FROM pg_wal_replay_pause()")
    write("course:1", PulseTaken(72), expected=1)
    with (
        pytest.raises(Refused, match=f"stands at entry {first} and entry {first + 1}"),
        replica.reading(first + 1, patience_s=0.3),
    ):
        pass
    assert not on_a_copy()
    with replica.reading(first):
        ask("SELECT 1 FROM pg_wal_replay_resume()")
    with replica.reading(first + 1):
        assert len(read_stream("course:1")) == 2


def test_a_copy_that_is_gone_is_told(followed: None, copy: Cluster) -> None:
    copy.stop()
    connections[replica.NAME].close()
    try:
        with (
            pytest.raises(Refused, match=r"SOJOURN_REPLICA\) can't be reached"),
            replica.reading(0, patience_s=0.1),
        ):
            pass
    finally:
        copy.start()


def test_a_record_without_a_copy_is_read_itself(own_record: str) -> None:
    write("course:1", PulseTaken(71), expected=0)
    own = connections["default"]
    with replica.reading(10):
        assert connections["default"] is own
        assert len(read_stream("course:1")) == 1
