"""Two proportions against the published examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.analysis.risk import (
    Measure,
    Needed,
    number_needed,
    odds_ratio,
    risk_difference,
    risk_ratio,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("count", "known", "low", "high"),
    # Newcombe 1998, Stat Med 17:857-872, table I, method 3 (score).
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_score_intervals_are_those_of_newcombe_1998(count, known, low, high):
    assert wilson_interval(count, known) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("four", "low", "high"),
    # Newcombe 1998, Stat Med 17:873-890, table II, method 10 (hybrid score).
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_hybrid_score_differences_are_those_of_newcombe_1998(four, low, high):
    found = risk_difference(*four)
    assert found.estimate == pytest.approx(four[0] / four[1] - four[2] / four[3])
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(st.data())
def test_swapping_the_arms_turns_every_measure_round(data):
    n, m = data.draw(st.integers(1, 80)), data.draw(st.integers(1, 80))
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    there, back = risk_difference(a, n, b, m), risk_difference(b, m, a, n)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.low <= there.estimate <= there.high
    for measure in (risk_ratio, odds_ratio):
        one, other = measure(a, n, b, m), measure(b, m, a, n)
        if one.low is not None:
            assert (one.low, one.high) == pytest.approx((1 / other.high, 1 / other.low))


def test_ratios_by_hand():
    # 20 of 100 against 10 of 100: ratio 2, log error sqrt(0.04 + 0.09); odds 2.25.
    ratio = risk_ratio(20, 100, 10, 100)
    assert (ratio.estimate, ratio.low, ratio.high) == pytest.approx(
        (2.0, 0.98656, 4.05448), abs=5e-5
    )
    odds = odds_ratio(20, 100, 10, 100)
    assert odds.estimate == pytest.approx(2.25)
    assert (odds.low, odds.high) == pytest.approx((0.99430, 5.09155), abs=5e-5)


def test_empty_cells_leave_ratios_undetermined_not_zero():
    assert risk_ratio(3, 10, 0, 10) == Measure(None, None, None)
    assert risk_ratio(0, 10, 3, 10) == Measure(0.0, None, None)
    assert odds_ratio(10, 10, 3, 10) == Measure(None, None, None)
    assert risk_difference(0, 0, 3, 10) == Measure(None, None, None)
    assert number_needed(risk_difference(0, 0, 3, 10)) is None


def test_a_number_needed_goes_through_infinity():
    # Newcombe's letter on Altman 1998 (BMJ 317:1309): a difference from -5% to 25% is a number
    # from 4 for benefit through infinity to 20 for harm.
    found = number_needed(Measure(0.10, -0.05, 0.25))
    assert found.through_infinity
    assert found.estimate == Needed(pytest.approx(10), "benefit")
    assert found.low == Needed(pytest.approx(4), "benefit")
    assert found.high == Needed(pytest.approx(20), "harm")


def test_a_number_needed_on_one_side():
    good = number_needed(Measure(0.2, 0.1, 0.4))
    assert (good.low.people, good.high.people, good.through_infinity) == (2.5, 10, False)
    harm = number_needed(Measure(0.2, 0.1, 0.4), event_is_good=False)
    assert (harm.low, harm.high) == (Needed(10, "harm"), Needed(2.5, "harm"))
    assert harm.estimate == Needed(5, "harm")


def test_no_difference_has_no_number_and_a_zero_limit_is_infinite():
    same = number_needed(Measure(0.0, -0.1, 0.1))
    assert same.estimate is None
    edge = number_needed(Measure(0.2, 0.0, 0.4))
    assert edge.high == Needed(float("inf"), "benefit")
    assert not edge.through_infinity


def test_more_than_all_is_refused():
    for measure in (risk_difference, risk_ratio, odds_ratio):
        with pytest.raises(ValueError, match="3 of 2"):
            measure(3, 2, 1, 2)
