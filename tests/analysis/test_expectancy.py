"""The effect by guess, and the bias that expectancy alone could make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sojourn.analysis.blinding import Guesses, bang
from sojourn.analysis.expectancy import effect_by_guess, expectancy, simulated

SPLIT = Guesses(45, 5, 3, 8, 38, 5)


def test_the_difference_in_belief_is_half_the_sum_of_bangs_indices():
    active, reference = bang(SPLIT, ("a", "b"))
    found = expectancy(SPLIT, [10.0], 12.0)
    assert found.belief_difference == pytest.approx((active.estimate + reference.estimate) / 2)
    error = np.hypot(active.standard_error, reference.standard_error) / 2
    assert found.standard_error == pytest.approx(error)


def test_the_curve_is_in_proportion_and_finds_the_shift_that_explains_all():
    found = expectancy(SPLIT, [0.0, 5.0, 10.0], 8.9)
    assert [each.bias for each in found.curve] == pytest.approx(
        [0.0, 5 * found.belief_difference, 10 * found.belief_difference]
    )
    assert found.curve[2].share == pytest.approx(found.curve[2].bias / 8.9)
    [alone] = expectancy(SPLIT, [found.explains_all], 8.9).curve
    assert alone.bias == pytest.approx(8.9)
    assert alone.low < alone.bias < alone.high


def test_a_held_blind_makes_no_bias_and_explains_nothing():
    found = expectancy(Guesses(20, 20, 10, 20, 20, 10), [15.0], 9.0)
    assert found.curve[0].bias == 0
    assert found.explains_all is None


def test_improvement_as_a_negative_change_keeps_its_order():
    [found] = expectancy(SPLIT, [-10.0], -9.0).curve
    assert found.low < found.bias < found.high < 0
    assert found.share > 0


def test_simulated_trials_show_the_bias_that_the_curve_says():
    [said] = expectancy(SPLIT, [8.0], 9.0).curve
    found = simulated(SPLIT, 8.0, 12.0, np.random.default_rng(2), trials=4000)
    assert found.mean == pytest.approx(said.bias, abs=4 * found.sd / 4000**0.5)
    # The power of a t test at that difference, by the noncentral t: beliefs add some spread.
    sizes = SPLIT.table.sum(axis=1)
    spread = np.sqrt(144 + 64 * 0.12)
    shift = said.bias / (spread * np.sqrt((1 / sizes).sum()))
    edge = stats.t.ppf(0.975, sizes.sum() - 2)
    power = stats.nct.sf(edge, sizes.sum() - 2, shift)
    assert found.significant == pytest.approx(power, abs=0.04)


def test_without_expectancy_one_trial_in_twenty_is_significant():
    found = simulated(SPLIT, 0.0, 10.0, np.random.default_rng(4), trials=6000)
    assert found.significant == pytest.approx(0.05, abs=0.009)


def test_a_difference_made_by_belief_alone_is_gone_within_guesses():
    draw = np.random.default_rng(6)
    arm = np.repeat([1, 0], 300)
    guess = np.where(draw.random(600) < np.where(arm == 1, 0.9, 0.2), "active", "placebo")
    score = -10.0 * (guess == "active") + draw.normal(0, 4, 600)
    found = effect_by_guess(score, arm, guess)
    assert found.unadjusted.p_value < 1e-6
    assert found.adjusted.low < 0 < found.adjusted.high
    for group in found.groups:
        assert group.difference.low < 0 < group.difference.high
    assert "not one of randomised groups" in found.caution


@given(st.integers(0, 1000))
def test_groups_hold_everyone(seed):
    draw = np.random.default_rng(seed)
    arm = np.array([0, 1] * 10)
    guess = draw.choice(["a", "b", "unknown"], 20)
    found = effect_by_guess(draw.normal(size=20), arm, guess)
    assert sum(each.active + each.reference for each in found.groups) == 20
    for each in found.groups:
        assert (each.difference is None) == (
            not each.active or not each.reference or each.active + each.reference < 3
        )


def test_guesses_that_follow_the_arm_can_not_be_adjusted_for():
    found = effect_by_guess([1.0, 2.0, 4.0, 5.0], [1, 1, 0, 0], ["a", "a", "b", "b"])
    assert found.adjusted is None
    assert all(group.difference is None for group in found.groups)


def test_missing_answers_are_refused():
    with pytest.raises(ValueError, match="guess is missing"):
        effect_by_guess([1.0, 2.0], [1, 0], ["a", None])
    with pytest.raises(ValueError, match="nobody of an arm"):
        expectancy(Guesses(1, 0, 0, 0, 0, 0), [1.0], 1.0)
    with pytest.raises(ValueError, match="two people"):
        simulated(Guesses(1, 0, 0, 5, 5, 5), 1.0, 1.0, np.random.default_rng(0))
