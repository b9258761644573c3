"""The two phase 3 trials simulated from their published moments, and analysed.

A published trial is one draw: it must lie where simulated trials lie. Means over thousands of
trials must be the stated ones within Monte Carlo error.
"""

import pytest
from scipy import stats

from sojourn.design.drawing import prepare
from sojourn.design.model import SHIPPED, shipped_model
from sojourn.design.plan import Plan
from sojourn.design.trials import characteristics

TRIALS = 4000


@pytest.fixture(scope="module", params=SHIPPED)
def simulated(request):
    model = shipped_model(request.param)
    prepared = prepare(model)
    tally = characteristics(prepared, Plan(model.published.people, TRIALS, 2026))
    return model, prepared, tally


def test_the_analysis_recovers_the_stated_difference(simulated):
    _, prepared, tally = simulated
    assert tally.fitted == TRIALS
    assert abs(tally.bias.value) < 3.5 * tally.bias.error
    assert prepared.truth == pytest.approx(
        {"mapp1": -10.5, "mapp2": -8.9}[simulated[0].key], abs=0.1
    )


def test_the_published_difference_lies_among_those_of_simulated_trials(simulated):
    model, prepared, tally = simulated
    published = model.published.difference.value
    away = (published - prepared.truth - tally.bias.value) / tally.estimates_sd
    assert abs(away) < 1
    if model.key == "mapp1":
        # Not recovered in the mean: the published changes as observed are 10.5 points apart, the
        # published model's estimate is 11.9. What those who left had rated would say why;
        # it is not published.
        assert abs(published - prepared.truth) > 10 * tally.bias.error
    else:
        assert abs(published - prepared.truth - tally.bias.value) < 3.5 * tally.bias.error


def test_intervals_are_as_wide_as_the_published_one(simulated):
    model, _, tally = simulated
    published = model.published.difference.high - model.published.difference.low
    spread = tally.interval_width.error * TRIALS**0.5
    assert abs(published - tally.interval_width.value) < 2 * spread


def test_response_and_remission_are_as_published(simulated):
    model, _, tally = simulated
    keys = [arm.key for arm in model.arms]
    for each in model.published.outcomes:
        found = getattr(tally, each.outcome)(keys.index(each.arm))
        chance = stats.binomtest(each.count, each.of, found.value).pvalue
        assert chance > 0.1, (each, found)


def test_intervals_hold_the_truth_as_often_as_they_say(simulated):
    tally = simulated[2]
    assert abs(tally.coverage.value - 0.95) < 3 * tally.coverage.error


@pytest.mark.parametrize("key", SHIPPED)
def test_without_an_effect_one_in_twenty_rejects(key):
    model = shipped_model(key)
    tally = characteristics(prepare(model.null()), Plan(model.published.people, TRIALS, 7))
    assert abs(tally.rejecting.value - 0.05) < 3 * tally.rejecting.error
    assert abs(tally.bias.value) < 3 * tally.bias.error
