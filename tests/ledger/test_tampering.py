"""Whoever changes the record without leaving a trace leaves one."""

import random
from hashlib import sha256
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from sojourn.ledger import checkpoint
from sojourn.ledger.findings import Problem
from sojourn.ledger.verify import verify
from sojourn.record.hashing import BEFORE_THE_FIRST, hash_of
from tests.ledger import tampering
from tests.ledger.facts import fill, write

pytestmark = pytest.mark.django_db
WHOLE_ROW = ", ".join(tampering.COLUMNS)


def named() -> list[tuple[int, str, int]]:
    return [(each.position, each.stream, each.sequence) for each in verify().problems]


def rehash_from(position: int) -> None:
    """Write the hashes anew from ``position`` on, as someone who knows the code could."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {WHOLE_ROW} FROM ledger_entry ORDER BY position")
        rows = cursor.fetchall()
    tails: dict[str, str] = {}
    for row in rows:
        columns = [*row[:13], tails.get(row[1], BEFORE_THE_FIRST)]
        tails[row[1]] = hash_of(*columns)
        if row[0] >= position:
            tampering.change(row[0], "previous_hash", columns[13])
            tampering.change(row[0], "hash", tails[row[1]])
    tampering.run("UPDATE ledger_head SET hash = %s", tails[rows[-1][1]])


@pytest.mark.proves("tampering-found")
def test_an_untouched_record_has_no_problems() -> None:
    fill(40)
    made = checkpoint.make_checkpoint("Ada Lund")
    report = verify()
    assert report.problems == ()
    assert (report.entries, report.checkpoints, report.root) == (40, 1, made.root)


def test_an_empty_record_has_no_problems() -> None:
    report = verify()
    assert report.problems == ()
    assert report.root == sha256(b"").hexdigest()


@pytest.mark.proves("append-only")
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
@pytest.mark.parametrize("table", ["ledger_entry", "ledger_checkpoint"])
def test_the_database_refuses_to_change_or_delete(verb: str, table: str) -> None:
    fill(3)
    checkpoint.make_checkpoint("Ada Lund")
    column = "author" if table == "ledger_entry" else "made_by"
    statement = f"UPDATE {table} SET {column} = 'x'" if verb == "UPDATE" else f"DELETE FROM {table}"
    with (
        pytest.raises(DatabaseError, match=f"append-only: {verb} on {table} refused"),
        transaction.atomic(),
    ):
        tampering.run(statement)
    assert verify().problems == ()


@pytest.mark.proves("append-only")
def test_the_head_never_moves_back_and_is_never_deleted() -> None:
    fill(3)
    for statement in ("UPDATE ledger_head SET position = 2", "DELETE FROM ledger_head"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            tampering.run(statement)
    with pytest.raises(IntegrityError), transaction.atomic():
        tampering.run("INSERT INTO ledger_head (id, position, hash) VALUES (2, 0, '')")


@pytest.mark.proves("append-only")
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has no TRUNCATE")
def test_the_database_refuses_to_truncate() -> None:
    fill(3)
    for table in ("ledger_entry", "ledger_checkpoint", "ledger_head"):
        with pytest.raises(DatabaseError, match="TRUNCATE"), transaction.atomic():
            tampering.run(f"TRUNCATE {table}")


@pytest.mark.proves("tampering-found")
def test_any_single_changed_byte_is_found_and_its_entry_named() -> None:
    fill(60)
    tampering.disarm()
    generator = random.Random(7)
    for trial in range(225):
        position = generator.randrange(1, 61)
        column = tampering.COLUMNS[trial % len(tampering.COLUMNS)]
        was = tampering.value_of(position, column)
        stream = tampering.value_of(position, "stream")
        sequence = tampering.value_of(position, "sequence")
        value = tampering.one_byte_off(was, column, generator)
        point = transaction.savepoint()
        try:
            tampering.change(position, column, value)
        except IntegrityError:  # another entry has that place: the database refuses
            transaction.savepoint_rollback(point)
            continue
        found = verify().problems
        transaction.savepoint_rollback(point)
        assert found, f"{column} of {position}: {was!r} became {value!r}"
        assert found[0].position == position, (column, was, value, found)
        if column not in ("stream", "sequence"):
            assert (found[0].stream, found[0].sequence) == (stream, sequence), (column, found)
        assert len(found) == 1, (column, was, value, found)
    assert verify().problems == ()


def test_a_moved_entry_is_named_by_the_place_it_was_written_at() -> None:
    fill(20)
    tampering.disarm()
    tampering.change(8, "position", 800)
    assert verify().problems == (Problem(8, "course:2", 2, "its position was changed to 800"),)


def test_an_entry_put_into_another_stream_is_named_by_its_own() -> None:
    fill(20)
    tampering.disarm()
    tampering.change(8, "stream", "course:9")
    assert verify().problems == (Problem(8, "course:2", 2, "its stream was changed to course:9"),)


def test_a_deleted_entry_in_the_middle_is_named() -> None:
    fill(20)
    tampering.disarm()
    tampering.run("DELETE FROM ledger_entry WHERE position = 8")
    assert verify().problems == (Problem(8, "course:2", 2, "is missing"),)


def test_the_deleted_last_entry_of_a_stream_is_named_by_its_position() -> None:
    fill(20)
    write("course:alone", expected=0)
    fill_more = write("course:0", expected=4)
    tampering.disarm()
    tampering.run("DELETE FROM ledger_entry WHERE stream = 'course:alone'")
    assert fill_more[0].position == 22
    assert verify().problems == (Problem(21, "", 0, "entry 21 is missing"),)


@pytest.mark.proves("tampering-found")
def test_several_deleted_entries_are_each_named() -> None:
    fill(30)
    tampering.disarm()
    tampering.run("DELETE FROM ledger_entry WHERE position IN (8, 14)")
    assert named() == [(8, "course:2", 2), (14, "course:3", 3)]


def test_deleted_neighbours_are_named_by_position_and_by_what_each_stream_lacks() -> None:
    # Nothing left tells which of the two places was whose.
    fill(30)
    tampering.disarm()
    tampering.run("DELETE FROM ledger_entry WHERE position IN (8, 9)")
    assert named() == [(8, "", 0), (13, "course:2", 2), (14, "course:3", 2)]


def test_two_swapped_entries_are_both_named() -> None:
    fill(20)
    tampering.disarm()
    for before, after in ((7, 1007), (12, 7), (1007, 12)):
        tampering.change(before, "position", after)
    assert [each[0] for each in named()] == [7, 12]


def test_a_forged_entry_behind_the_head_is_named() -> None:
    fill(10)
    tampering.disarm()
    columns = (11, "course:0", 3, "test.pulse-taken", 1, '{"per_minute":70}')
    columns += tuple(tampering.value_of(6, each) for each in tampering.COLUMNS[6:13])
    columns += (tampering.value_of(6, "hash"),)
    marks = ", ".join(["%s"] * 15)
    tampering.run(
        f"INSERT INTO ledger_entry ({WHOLE_ROW}) VALUES ({marks})", *columns, hash_of(*columns)
    )
    assert verify().problems == (
        Problem(11, "course:0", 3, "was added behind entry 10, the head of the record"),
    )


def test_an_entry_rewritten_with_a_matching_hash_is_named_by_the_one_that_follows() -> None:
    fill(20)
    tampering.disarm()
    tampering.change(8, "author", "Someone else")
    row = [tampering.value_of(8, each) for each in tampering.COLUMNS[:14]]
    tampering.change(8, "hash", hash_of(*row))
    (problem,) = verify().problems
    assert (problem.position, problem.stream, problem.sequence) == (8, "course:2", 2)
    assert "rewritten" in problem.what


def test_a_cut_tail_is_found_by_the_head() -> None:
    fill(20)
    tampering.disarm()
    tampering.run("DELETE FROM ledger_entry WHERE position > 17")
    assert verify().problems == (Problem(18, "", 0, "entries 18 to 20 are missing"),)


@pytest.mark.proves("tampering-found")
def test_a_cut_tail_with_the_head_moved_back_is_found_by_the_lodged_checkpoint(
    tmp_path: Path,
) -> None:
    fill(20)
    file = tmp_path / "lodged.json"
    file.write_text(checkpoint.make_checkpoint("Ada Lund").as_text())
    tampering.disarm()
    tampering.run("DELETE FROM ledger_entry WHERE position > 17")
    tampering.run("DELETE FROM ledger_checkpoint")
    last = tampering.value_of(17, "hash")
    tampering.run("UPDATE ledger_head SET position = 17, hash = %s", last)
    assert verify().problems == ()  # the record alone can't know
    (problem,) = verify(against=checkpoint.read_lodged(file)).problems
    assert problem.position == 18
    assert "counts 20 entries and the record holds 17" in problem.what


@pytest.mark.proves("tampering-found")
def test_a_record_rewritten_from_end_to_end_is_found_by_the_lodged_checkpoint(
    tmp_path: Path,
) -> None:
    fill(20)
    file = tmp_path / "lodged.json"
    file.write_text(checkpoint.make_checkpoint("Ada Lund").as_text())
    tampering.disarm()
    tampering.run("DELETE FROM ledger_checkpoint")
    tampering.change(8, "author", "Someone else")
    rehash_from(8)
    assert verify().problems == ()
    (problem,) = verify(against=checkpoint.read_lodged(file)).problems
    assert "one was rewritten" in problem.what


def test_a_rewritten_record_is_narrowed_down_by_the_checkpoints_it_kept() -> None:
    fill(16)
    checkpoint.make_checkpoint("Ada Lund")
    tampering_position = 21
    for number in range(16, 24):
        write(f"course:{number}", expected=0, minutes=number)
    checkpoint.make_checkpoint("Ada Lund")
    tampering.disarm()
    tampering.change(tampering_position, "author", "Someone else")
    rehash_from(tampering_position)
    (problem,) = verify().problems
    assert problem.position == 17
    assert "counts other entries between 17 and 24" in problem.what


def test_a_changed_checkpoint_is_named() -> None:
    fill(16)
    checkpoint.make_checkpoint("Ada Lund")
    tampering.disarm()
    tampering.run("UPDATE ledger_checkpoint SET root = %s", "0" * 64)
    (problem,) = verify().problems
    assert "was itself changed" in problem.what


def test_a_changed_head_is_found() -> None:
    fill(16)
    tampering.disarm()
    tampering.run("UPDATE ledger_head SET hash = %s", "0" * 64)
    assert named() == [(16, "course:0", 4)]
