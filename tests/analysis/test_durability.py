"""Whether the change held, with everyone who was not followed counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sojourn.analysis import frame
from sojourn.analysis.durability import FollowUp, held, relapse


def row(participant, visit, change):
    return (participant, "a", visit, 0, None, change, None, None, None)


def test_change_held_among_those_followed_and_who_was_not():
    observed = frame(
        [
            *(row(str(n), "end", -10 * n) for n in range(1, 5)),
            row("1", "year", -12),
            row("2", "year", -18),
            row("3", "year", None),
            row("9", "year", -50),
        ]
    )
    [arm] = held(observed, "end", "year", {str(n): "a" for n in range(1, 6)})
    assert (arm.people, arm.at_end.people, arm.since_end.people, arm.not_followed) == (5, 4, 2, 3)
    assert arm.at_end.mean == -25
    assert (arm.followed_at_end.mean, arm.followed_later.mean) == (-15, -15)
    assert arm.since_end.mean == 0
    low, high = stats.t.interval(0.95, 1, 0, stats.sem([-2, 2]))
    assert (arm.since_end.low, arm.since_end.high) == pytest.approx((low, high))
    assert (arm.not_followed_at_end.people, arm.not_followed_at_end.mean) == (2, -35)


def test_nobody_followed_is_no_mean_and_one_is_no_interval():
    [arm] = held(frame([row("1", "end", -10)]), "end", "year", {"1": "a"})
    assert (arm.since_end.people, arm.since_end.mean) == (0, None)
    assert (arm.at_end.mean, arm.at_end.low) == (-10, None)
    with pytest.raises(ValueError, match="two rows at 'end'"):
        held(frame([row("1", "end", -1), row("1", "end", -2)]), "end", "year", {"1": "a"})


def test_relapse_has_its_denominator_and_its_curve():
    people = [
        FollowUp("a", 30, True),
        FollowUp("a", 60, False),
        FollowUp("a", 365, False),
        FollowUp("a", 400, True),
        FollowUp("a", 380, False),
    ]
    [arm] = relapse(people, 365)
    assert (arm.responders, arm.known, arm.relapsed, arm.not_followed) == (5, 4, 1, 1)
    assert arm.share == 0.25
    assert arm.exact == pytest.approx((0.0063, 0.8059), abs=5e-5)
    # Product limit: 4 of 5 at day 30; the one lost at day 60 counts until then; all at 400.
    assert [step.retained for step in arm.curve] == pytest.approx([1, 0.8, 0.0])


@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), min_size=1), st.integers(0, 500))
def test_every_responder_is_accounted_for(people, by_day):
    [arm] = relapse([FollowUp("a", *each) for each in people], by_day)
    assert arm.known + arm.not_followed == arm.responders == len(people)
    assert 0 <= arm.relapsed <= arm.known


def test_without_loss_the_curve_and_the_proportion_say_the_same():
    draw = np.random.default_rng(1)
    people = [
        FollowUp("a", int(day), True) if day < 365 else FollowUp("a", 365, False)
        for day in draw.integers(1, 700, 80)
    ]
    [arm] = relapse(people, 365)
    assert arm.curve[-1].retained == pytest.approx(1 - arm.share)
