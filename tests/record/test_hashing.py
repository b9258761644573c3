"""Two different entries never hash as one."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.record.hashing import (
    BEFORE_THE_FIRST,
    COLUMNS,
    hash_of,
    refuse_control_characters,
    time_of,
    time_text,
)

TEXTS = (1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13)  # places of the columns that hold text
awkward = st.text(st.sampled_from('a1\n\r\t\\"|,:0\u2028é'), max_size=4)


@st.composite
def entries(draw: st.DrawFn) -> tuple[int | str, ...]:
    return tuple(
        draw(awkward) if place in TEXTS else draw(st.integers(0, 30))
        for place in range(len(COLUMNS))
    )


def hashed(columns: tuple[int | str, ...]) -> str | None:
    try:
        return hash_of(*columns)  # type: ignore[arg-type]
    except ValueError:
        return None


@given(entries(), entries())
def test_different_entries_have_different_hashes_or_none(
    one: tuple[int | str, ...], other: tuple[int | str, ...]
) -> None:
    if one != other and hashed(one) is not None:
        assert hashed(one) != hashed(other)


@given(entries(), st.sampled_from(TEXTS[:-1]), st.data())
def test_text_moved_across_a_border_is_seen(
    entry: tuple[int | str, ...], place: int, data: st.DataObject
) -> None:
    whole = f"{entry[place]}\n{entry[place + 1]}"
    cut = data.draw(st.integers(0, len(whole)))
    moved = list(entry)
    moved[place], moved[place + 1] = whole[:cut], whole[cut + 1 :]
    if tuple(moved) != tuple(map(str, entry)) and hashed(entry) is not None:
        as_text = tuple(str(each) for each in entry)
        assert tuple(map(str, moved)) == as_text or hashed(tuple(moved)) != hashed(entry)


@given(entries(), st.integers(0, len(COLUMNS) - 1))
def test_every_column_counts(entry: tuple[int | str, ...], place: int) -> None:
    changed = list(entry)
    changed[place] = f"{entry[place]}x" if place in TEXTS else int(entry[place]) + 1
    before, after = hashed(entry), hashed(tuple(changed))
    assert before is None or after is None or before != after


def test_the_hash_of_one_entry_can_be_made_with_other_tools() -> None:
    # printf '1\ncourse:1\n…' | sha256sum
    time = "2026-03-02T08:30:00.000000Z"
    lines = ["1", "course:1", "1", "test.pulse-taken", "1", '{"per_minute":70}', time, time]
    lines += ["Ada Lund", "therapist", "", "", "", BEFORE_THE_FIRST]
    expected = sha256("\n".join(lines).encode()).hexdigest()
    found = hash_of(1, "course:1", 1, lines[3], 1, lines[5], time, time, *lines[8:])
    assert found == expected
    assert len(found) == 64
    assert found == found.lower()


def test_a_line_break_in_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="entry 7: a column holds a line break"):
        hash_of(7, "a\nb", 1, "k", 1, "{}", "t", "t", "a", "r", "", "", "", BEFORE_THE_FIRST)


@pytest.mark.parametrize("character", ["\x00", "\n", "\r", "\x1f", "\x7f", "\x9f", "\u2029"])
def test_a_control_character_is_refused_with_its_column_and_place(character: str) -> None:
    with pytest.raises(ValueError, match=f"reason .*U\\+{ord(character):04X} at place 3"):
        refuse_control_characters(author="Ada", reason=f"ab{character}")


def test_plain_text_of_any_script_is_accepted() -> None:
    refuse_control_characters(author="Åse Ødegård", reason="誤記 — 'wrong' \"value\", 5 µg")


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))])))
def test_a_time_is_text_of_one_width_that_reads_back_the_same(moment: datetime) -> None:
    try:
        text = time_text(moment)
    except OverflowError:  # the first and the last hours of the calendar, in another zone
        return
    assert len(text) == len("2026-03-02T08:30:00.000000Z")
    assert time_of(text) == moment
    assert time_of(text).utcoffset() == timedelta(0)


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=5))
def test_times_sort_as_their_texts(moments: list[datetime]) -> None:
    assert sorted(map(time_text, moments)) == [time_text(each) for each in sorted(moments)]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        time_text(datetime(2026, 1, 1))  # noqa: DTZ001
