"""Totals by visit have the published means and spreads, and hang together over time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from sojourn.design import severity
from sojourn.design.calibration import load_shipped

PEOPLE = 400


def scores(seed: int = 3, people: int = PEOPLE) -> severity.Scores:
    return severity.evenly(np.random.default_rng(seed).standard_normal(people))


@given(seed=st.integers(0, 10**6), people=st.integers(2, 200))
def test_even_scores_keep_the_order_and_sum_to_nothing(seed: int, people: int) -> None:
    draws = np.random.default_rng(seed).standard_normal(people)
    even = severity.evenly(draws)
    assert (np.argsort(even, kind="stable") == np.argsort(draws, kind="stable")).all()
    assert even.sum() == pytest.approx(0, abs=1e-9)


def test_even_scores_are_the_normal_quantiles() -> None:
    even = severity.evenly(np.array([0.3, -2.0, 5.0]))
    assert even == pytest.approx(norm.ppf([0.5, 1 / 6, 5 / 6]))


def test_baseline_has_the_pooled_mean_and_spread_and_nobody_below_the_criterion() -> None:
    totals = severity.baseline_totals(scores(), load_shipped("mapp2"), 28)
    assert totals.min() >= 28
    assert totals.mean() == pytest.approx(39.06, abs=0.2)
    assert totals.std() == pytest.approx(6.65, abs=0.4)


def test_about_a_quarter_is_moderate_at_baseline_as_published() -> None:
    totals = severity.baseline_totals(scores(), load_shipped("mapp2"), 28)
    assert np.mean(totals < 35) == pytest.approx(28 / 104, abs=0.05)


@pytest.mark.parametrize("arm", ["mdma", "placebo"])
def test_each_visit_has_its_published_mean_and_spread(arm: str) -> None:
    published = load_shipped("mapp2").arm(arm)
    later = severity.later_totals(np.random.default_rng(9), scores(), published, 0.8)
    for visit in published.course:
        assert later[visit.visit].mean() == pytest.approx(visit.mean, abs=0.3)
        assert later[visit.visit].std() == pytest.approx(visit.sd, rel=0.08)


@pytest.mark.parametrize("arm", ["mdma", "placebo"])
def test_change_has_the_published_mean_and_spread(arm: str) -> None:
    mapp2 = load_shipped("mapp2")
    published = mapp2.arm(arm)
    drawn = scores(people=4000)
    first = severity.baseline_totals(drawn, mapp2, 28)
    later = severity.later_totals(np.random.default_rng(9), drawn, published, 0.8)
    change = later[published.course[-1].visit] - first
    assert change.mean() == pytest.approx(published.change.mean, abs=1.25)
    assert change.std() == pytest.approx(published.change.sd, rel=0.07)


def test_neighbouring_visits_agree_more_than_distant_ones() -> None:
    published = load_shipped("mapp2").arm("mdma")
    later = severity.later_totals(np.random.default_rng(2), scores(people=4000), published, 0.8)
    first, second, last = (later[each.visit] for each in published.course)
    near, far = np.corrcoef(first, second)[0, 1], np.corrcoef(first, last)[0, 1]
    assert near > far > 0.3


def test_no_total_leaves_the_scale() -> None:
    published = load_shipped("mapp2").arm("placebo")
    extreme = replace(
        published, course=tuple(replace(each, mean=70.0, sd=30.0) for each in published.course)
    )
    later = severity.later_totals(np.random.default_rng(2), scores(), extreme, 0.8)
    assert all(totals.min() >= 0 and totals.max() <= 80 for totals in later.values())
