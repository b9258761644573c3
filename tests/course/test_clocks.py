"""Whose clock to believe: a device's drift is put right, a slow network's is not."""

import pytest

from sojourn.course.readings import RIGHT, Clock, followed
from sojourn.protocols.monitoring import ClockLimits
from sojourn.record.command import Refused

LIMITS = ClockLimits(agrees_within_s=10, corrected_up_to_s=600, slow_way_s=60, confirmed_by=3)


def after(*ahead_s: float, clock: Clock = RIGHT) -> Clock:
    for each in ahead_s:
        clock = followed(clock, round(each * 1000), LIMITS)
    return clock


@pytest.mark.parametrize("ahead_s", [0, 9.9, -9.9])
def test_a_small_difference_is_none(ahead_s):
    assert after(ahead_s) == RIGHT


def test_a_clock_ahead_is_put_right_at_once_and_stays_put():
    assert after(180.4) == Clock(180_000)
    assert after(180.4, 178.9, 182.0, 171.0) == Clock(180_000)


def test_a_clock_that_jumps_is_followed_at_once():
    assert after(180, 0) == RIGHT
    assert after(180, 300) == Clock(300_000)
    assert after(180, -120) == Clock(-120_000)


def test_a_message_that_was_long_on_its_way_moves_nothing():
    assert after(0, -25) == Clock(0, 1)
    assert after(0, -25, 0) == RIGHT
    assert after(180, 150) == Clock(180_000, 1)


def test_a_clock_behind_is_believed_once_it_is_confirmed():
    assert after(-25, -25) == Clock(0, 2)
    assert after(-25, -25, -25) == Clock(-25_000)


@pytest.mark.parametrize("ahead_s", [601, -601, 86_400])
def test_a_clock_too_far_off_is_refused_with_the_mend(ahead_s):
    with pytest.raises(Refused, match="Set the device's clock") as refused:
        after(ahead_s)
    assert refused.value.field == "clock"
