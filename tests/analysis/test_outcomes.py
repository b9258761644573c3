"""Descriptive outcomes against published and textbook numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from sojourn.analysis import (
    Person,
    Stay,
    exact_interval,
    flow,
    frame,
    proportions,
    retention,
    trajectories,
)
from sojourn.analysis.flow import Unaccounted


def row(participant, arm, visit, total, change=None, response=None, lost=None, remission=None):
    return (participant, arm, visit, 0, total, change, response, lost, remission)


@pytest.mark.parametrize(
    ("count", "known", "low", "high"),
    # Newcombe 1998, Stat Med 17:857-872, table I, method 5 (Clopper-Pearson).
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_exact_intervals_are_those_of_newcombe_1998(count, known, low, high):
    found = exact_interval(count, known)
    assert found == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 200), st.data())
def test_an_exact_interval_holds_its_proportion(known, data):
    count = data.draw(st.integers(0, known))
    low, high = exact_interval(count, known)
    assert 0 <= low <= count / known <= high <= 1


def test_nobody_is_no_proportion_and_more_than_all_is_refused():
    assert exact_interval(0, 0) == (None, None)
    with pytest.raises(ValueError, match="3 of 2"):
        exact_interval(3, 2)


def test_each_outcome_has_its_own_people():
    observed = frame(
        [
            row("1", "a", "end", 10, -20, True, True, True),
            row("2", "a", "end", 30, -5, False, None, False),
            row("3", "a", "end", None),
        ]
    )
    found = {each.outcome: each for each in proportions(observed, "end")}
    assert (found["response"].count, found["response"].known, found["response"].missing) == (
        1,
        2,
        1,
    )
    assert (found["loss_of_diagnosis"].known, found["loss_of_diagnosis"].missing) == (1, 2)
    assert found["response"].share == 0.5


def test_a_mean_has_its_t_interval_and_missing_totals_are_not_zero():
    observed = frame([row(str(n), "a", "v", t) for n, t in enumerate([10, 12, 17, None])])
    [point] = trajectories(observed, ["v"])
    values = np.array([10, 12, 17])
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert point.n == 3
    assert (point.mean, point.low, point.high) == pytest.approx((13.0, low, high))


def test_one_person_has_a_mean_and_no_interval():
    [point] = trajectories(frame([row("1", "a", "v", 10)]), ["v"])
    assert (point.sd, point.low) == (None, None)


def test_visits_keep_the_order_of_the_protocol():
    observed = frame([row("1", "a", visit, 10) for visit in ("z", "b", "m")])
    assert [point.visit for point in trajectories(observed, ["m", "z", "b"])] == ["m", "z", "b"]


def test_a_row_of_another_width_is_refused():
    with pytest.raises(ValueError, match="row 0 has 2 columns"):
        frame([("1", "a")])


# Remission in weeks on 6-mercaptopurine: Freireich 1963, Blood 21:699-716, as in
# Kalbfleisch & Prentice 2002, table 1.1; the product-limit values are well known.
SIX_MP = [(6, 3, 1), (7, 1, 0), (9, 0, 1), (10, 1, 1), (11, 0, 1), (13, 1, 0), (16, 1, 0),
          (17, 0, 1), (19, 0, 1), (20, 0, 1), (22, 1, 0), (23, 1, 0), (25, 0, 1), (32, 0, 2),
          (34, 0, 1), (35, 0, 1)]  # fmt: skip


def six_mp():
    return [
        Stay("6-MP", week, left)
        for week, events, censored in SIX_MP
        for left in [True] * events + [False] * censored
    ]


def test_retention_is_the_product_limit_of_freireichs_leukaemia_data():
    steps = retention(six_mp())
    assert [step.day for step in steps] == [0, 6, 7, 10, 13, 16, 22, 23]
    expected = [1.0, 0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert [step.retained for step in steps] == pytest.approx(expected, abs=5e-5)
    assert [step.at_risk for step in steps[1:]] == [21, 17, 15, 12, 11, 7, 6]


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=2, max_size=40))
def test_retention_agrees_with_statsmodels(pairs):
    if not any(left for _, left in pairs):
        return
    steps = retention([Stay("a", days, left) for days, left in pairs])[1:]
    other = SurvfuncRight([days for days, _ in pairs], [int(left) for _, left in pairs])
    assert [step.day for step in steps] == list(other.surv_times)
    assert [step.retained for step in steps] == pytest.approx(list(other.surv_prob))


def test_retention_with_nobody_leaving_stays_whole():
    [step] = retention([Stay("a", 10, False), Stay("a", 20, False)])
    assert (step.retained, step.low) == (1.0, None)


PEOPLE = st.lists(
    st.builds(
        Person,
        st.sampled_from(
            ["screening", "screen-failed", "in-progress", "completed", "withdrawn", "lost"]
        ),
        st.sampled_from(["a", "b"]),
        st.booleans(),
        st.sampled_from(["choice", "burden"]),
    )
)


@given(PEOPLE)
def test_everyone_is_accounted_for(people):
    result = flow(people)
    parts = (*result.branches, result.not_randomised)
    assert result.registered == len(people)
    assert result.enrolled == sum(
        each.completed + each.withdrawn + each.lost + each.in_progress for each in parts
    )
    assert sum(n for each in parts for _, n in each.reasons) == sum(p.withdrawn for p in parts)


def test_a_status_without_a_place_draws_no_picture():
    with pytest.raises(Unaccounted, match="vanished"):
        flow([Person("vanished", "a", True)])
