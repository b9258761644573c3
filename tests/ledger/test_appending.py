"""Entries are added in turn, once, and all or none."""

from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection, transaction

from sojourn.ledger import clock
from sojourn.ledger.append import StaleVersion, append
from sojourn.ledger.read import read_all, read_stream, streams, version, written_by
from sojourn.ledger.verify import verify
from sojourn.record.kinds import UnreadableEntry
from tests.ledger import tampering
from tests.ledger.facts import MORNING, NoteWritten, PulseTaken, fill, write

pytestmark = pytest.mark.django_db


def test_what_was_appended_is_what_is_read() -> None:
    first = write("course:1", PulseTaken(71), NoteWritten("rolig, øjne lukkede"), expected=0)
    second = write("course:1", PulseTaken(80), expected=2, minutes=5, reason="a second reading")
    assert read_stream("course:1") == (*first, *second)
    assert [each.position for each in (*first, *second)] == [1, 2, 3]
    assert [each.sequence for each in (*first, *second)] == [1, 2, 3]


def test_nothing_to_append_writes_nothing() -> None:
    assert (
        append("course:1", (), expected=0, occurred_at=MORNING, author="Ada", role="therapist")
        == ()
    )
    assert version("course:1") == 0


def test_a_writer_who_saw_an_older_version_is_told_both_versions() -> None:
    write("course:1", expected=0)
    with pytest.raises(StaleVersion, match=r"was at entry 0 .* now at 1") as raised:
        write("course:1", expected=0)
    assert (raised.value.stream, raised.value.expected, raised.value.found) == ("course:1", 0, 1)
    assert version("course:1") == 1


def test_a_writer_ahead_of_the_stream_is_refused_too() -> None:
    with pytest.raises(StaleVersion):
        write("course:1", expected=3)


def test_a_conflict_leaves_the_transaction_usable() -> None:
    with transaction.atomic():
        write("course:1", expected=0)
        with pytest.raises(StaleVersion):
            write("course:1", expected=0)
        write("course:1", expected=1)
    assert version("course:1") == 2


def test_a_retry_returns_what_was_first_written_and_writes_nothing() -> None:
    first = write("course:1", PulseTaken(71), PulseTaken(72), expected=0, command="k")
    again = write("course:1", PulseTaken(99), expected=0, command="k")
    later = write("course:1", PulseTaken(99), expected=2, command="k")
    assert first == again == later == written_by("course:1", "k")
    assert version("course:1") == 2


def test_one_command_may_write_to_two_streams() -> None:
    write("course:1", expected=0, command="k")
    write("pharmacy:1", expected=0, command="k")
    assert version("course:1") == version("pharmacy:1") == 1


def test_entries_without_a_key_are_never_taken_for_a_retry() -> None:
    write("course:1", expected=0)
    write("course:1", expected=1)
    assert version("course:1") == 2
    assert written_by("course:1", "") == ()


@pytest.mark.proves("as-known-then")
def test_a_stream_is_read_as_it_was_known() -> None:
    for step in range(4):
        write("course:1", expected=step, minutes=10 * step)
    known = read_stream("course:1", as_of=MORNING + timedelta(minutes=10))
    assert [each.sequence for each in known] == [1, 2]
    in_oslo = (MORNING + timedelta(minutes=10)).astimezone(timezone(timedelta(hours=1)))
    assert read_stream("course:1", as_of=in_oslo) == known
    just_before = MORNING + timedelta(minutes=10) - timedelta(microseconds=1)
    assert len(read_stream("course:1", as_of=just_before)) == 1
    assert read_stream("course:1", as_of=MORNING - timedelta(days=1)) == ()


def test_a_stream_is_read_up_to_an_entry() -> None:
    for step in range(4):
        write("course:1", expected=step)
    assert [each.sequence for each in read_stream("course:1", until=2)] == [1, 2]


@pytest.mark.proves("who-when-why")
def test_a_clock_that_steps_back_does_not_take_the_record_with_it() -> None:
    write("course:1", expected=0, minutes=10)
    (entry,) = write("course:1", expected=1, minutes=4)
    assert entry.recorded_at == MORNING + timedelta(minutes=10)
    assert entry.occurred_at == MORNING + timedelta(minutes=4)
    assert read_stream("course:1")[-1] == entry


def test_without_a_given_time_the_clock_says_when_it_was_recorded() -> None:
    before = clock.now()
    (entry,) = append(
        "course:1", (PulseTaken(70),), expected=0, occurred_at=MORNING, author="Ada", role="rater"
    )
    assert before <= entry.recorded_at <= clock.now()
    assert entry.recorded_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("field", ["stream", "author", "role", "reason", "signature", "command"])
@pytest.mark.parametrize("character", ["\n", "\x00", "\x85", "\u2028", "\ud800", "\x7f"])
def test_control_characters_are_refused_by_name(field: str, character: str) -> None:
    if field == "reason" and character.isspace():
        return  # a reason typed on several lines is kept on one
    texts = {"stream": "course:1", "author": "Ada", "role": "therapist", field: f"a{character}b"}
    with pytest.raises(ValueError, match=f"{field} holds the control character"):
        append(facts=(PulseTaken(70),), expected=0, occurred_at=MORNING, **texts)
    assert list(read_all()) == []


def test_a_reason_typed_on_several_lines_is_kept_on_one() -> None:
    (entry,) = write("course:1", expected=0, reason=" misread:\r\n 70,\n not 07 ")
    assert entry.reason == "misread: 70, not 07"
    assert read_stream("course:1") == (entry,)


def test_a_note_may_hold_line_breaks_because_its_text_escapes_them() -> None:
    write("course:1", NoteWritten("one\ntwo\u2028\x00three"), expected=0)
    assert read_stream("course:1")[0].fact == NoteWritten("one\ntwo\u2028\x00three")
    assert verify().problems == ()


@pytest.mark.proves("who-when-why")
def test_an_entry_needs_an_author_and_a_zone() -> None:
    with pytest.raises(ValueError, match="needs a stream and an author"):
        append("s", (PulseTaken(70),), expected=0, occurred_at=MORNING, author="", role="rater")
    with pytest.raises(ValueError, match="has no time zone"):
        append(
            "s",
            (PulseTaken(70),),
            expected=0,
            occurred_at=datetime(2026, 1, 1),  # noqa: DTZ001
            author="Ada",
            role="rater",
        )
    assert list(read_all()) == []


def test_streams_are_listed_by_prefix_in_byte_order() -> None:
    for name in ("course:b", "course:a", "course:Ø", "course:Z", "course", "courses", "site:1"):
        write(name, expected=0)
        write(name, expected=1)
    assert list(streams("course:")) == ["course:Z", "course:a", "course:b", "course:Ø"]
    assert len(list(streams())) == 7


def test_the_whole_record_is_read_in_order_in_batches() -> None:
    fill(23)
    assert [each.position for each in read_all(batch=5)] == list(range(1, 24))
    assert [each.position for each in read_all(after=20)] == [21, 22, 23]


def test_a_kind_nobody_knows_is_not_guessed() -> None:
    write("course:1", expected=0)
    tampering.disarm()
    tampering.change(1, "kind", "test.from-the-future")
    with pytest.raises(UnreadableEntry, match="newer version"):
        read_stream("course:1")


def test_an_append_of_one_entry_takes_few_statements(
    django_assert_max_num_queries: pytest.FixtureRequest,
) -> None:
    write("course:1", expected=0)
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        write("course:1", expected=1)


def test_the_indexes_meant_for_a_question_answer_it() -> None:
    fill(50)
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL chooses by statistics; a small table is read whole")
    plans = []
    for statement in (
        "SELECT stream FROM ledger_entry INDEXED BY ledger_entry_first "
        "WHERE sequence = 1 AND stream >= 'a' AND stream < 'b' ORDER BY stream",
        "SELECT 1 FROM ledger_entry WHERE command = 'k' AND command > '' AND stream = 's'",
        "SELECT 1 FROM ledger_entry WHERE stream = 's' ORDER BY sequence DESC LIMIT 1",
    ):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + statement)
            plans.append(str(cursor.fetchall()))
    assert "ledger_entry_first" in plans[0]
    assert "ledger_entry_command" in plans[1]
    assert "(stream=?)" in plans[2]
    assert not any("B-TREE" in each for each in plans)
