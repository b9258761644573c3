"""A phone's clock may be wrong: when it was filled is mended, never invented out of range."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sojourn.diary.clocks import filled, told

NOW = datetime(2026, 3, 2, 20, tzinfo=UTC)
EARLIEST = NOW - timedelta(days=200)
minutes = st.integers(-60 * 24 * 3650, 60 * 24 * 3650)


@given(off=minutes, ago=st.integers(0, 60 * 24 * 30))
def test_a_clock_that_was_off_all_along_is_mended(off, ago):
    ahead = timedelta(minutes=off)
    truly = NOW - timedelta(minutes=ago)
    at, recorded = filled(truly + ahead, NOW + ahead, NOW, earliest=EARLIEST)
    assert abs(at - truly) <= timedelta(minutes=5)
    assert recorded == (off if abs(off) > 5 else 0)
    assert bool(told(recorded)) == (abs(off) > 5)


@given(shown=minutes, sent=minutes)
def test_whatever_the_phone_says_the_time_lies_between_registration_and_now(shown, sent):
    at, off = filled(
        NOW + timedelta(minutes=shown), NOW + timedelta(minutes=sent), NOW, earliest=EARLIEST
    )
    assert EARLIEST <= at <= NOW
    assert isinstance(off, int)


def test_a_clock_set_right_in_between_is_told():
    at, off = filled(datetime(1970, 1, 2, tzinfo=UTC), NOW, NOW, earliest=EARLIEST)
    assert at == NOW
    assert off < -1_000_000
    assert "behind" in told(off)
