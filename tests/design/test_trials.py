"""Operating characteristics: the same whoever adds them up, and right where the truth is known."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sojourn.analysis.mmrm import fit_batch
from sojourn.design.drawing import draw, prepare
from sojourn.design.model import ByVisit, Dropout, shipped_model
from sojourn.design.plan import Plan, Reestimation
from sojourn.design.powering import curve, sizes
from sojourn.design.sequential import NoBoundary, crossing, spend, with_futility
from sojourn.design.tally import Tally, summed
from sojourn.design.trials import analysis, characteristics, chunk_of_trials
from tests.design.test_model import plain


def within(figure, expected: float, errors: float = 3.5) -> bool:
    return abs(figure.value - expected) <= errors * figure.error


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, 59), max_size=5, unique=True), seed=st.integers(0, 2**60))
def test_however_the_trials_are_divided_the_tally_is_the_same(cuts, seed):
    prepared, plan = prepare(shipped_model("mapp2")), Plan(40, 60, seed)
    edges = [0, *sorted(cuts), 60]
    parts = [chunk_of_trials(prepared, plan, pair) for pair in pairwise(edges)]
    whole = chunk_of_trials(prepared, plan, (0, 60))
    assert sum(reversed(parts), Tally()) == whole
    with ThreadPoolExecutor(3) as pool:
        assert characteristics(prepared, plan, spread=pool.map, chunk=7) == whole


def test_one_visit_without_dropout_has_the_power_of_the_t_test():
    model = shipped_model("mapp2")
    arms = tuple(
        replace(arm, change=ByVisit((change,)), sd=ByVisit((12.0,)), left=None)
        for arm, change in zip(model.arms, (-14.0, -22.0), strict=True)
    )
    one = replace(model, visits=("week-18",), arms=arms, distribution="normal")
    one = replace(one, correlation=replace(one.correlation, baseline=0.5))
    # Baseline as a covariate of the change leaves sd sqrt(1 - r²), and costs one degree.
    spread, people = 12 * np.sqrt(0.75), 60
    away, df = 8 / (spread * np.sqrt(4 / people)), people - 3
    critical = stats.t.isf(0.025, df)
    power = stats.nct.sf(critical, df, away) + stats.nct.cdf(-critical, df, away)
    found = characteristics(prepare(one), Plan(people, 4000, 11))
    # A covariate unbalanced by chance costs a little of the precision: (people - 3) of a sum.
    assert within(found.rejecting, power, 4.5)
    assert within(found.bias, 0)
    assert within(found.coverage, 0.95)


def test_missing_at_random_is_unbiased_and_missing_otherwise_is_not():
    # One covariance in both arms and one slope on baseline, as the analysis takes for granted.
    even = tuple(replace(arm, sd=ByVisit((12.0,) * 3)) for arm in plain().arms)
    arms = (even[0], replace(even[1], left=ByVisit((0.1, 0.25, 0.4))))
    seen = plain(arms=arms, dropout=Dropout(last_observed=1.5))
    unseen = plain(arms=arms, dropout=Dropout(unobserved=1.5))
    at_random = characteristics(prepare(seen), Plan(120, 1500, 12))
    not_at_random = characteristics(prepare(unseen), Plan(120, 1500, 12))
    assert within(at_random.bias, 0)
    assert not_at_random.bias.value < -1  # those who did badly are gone


def test_expectancy_and_guesses_make_an_effect_where_there_is_none():
    null = replace(plain().null(), expectancy={"mdma": -4.0, "placebo": 3.0})
    control, active = null.arms
    of = {arm.key: sum(arm.guesses[key] * by for key, by in null.expectancy.items())
          for arm in (control, active)}  # fmt: skip
    found = characteristics(prepare(null), Plan(104, 2000, 13))
    assert within(found.bias, of["mdma"] - of["placebo"])
    assert found.rejecting.value > 0.3
    silent = characteristics(prepare(plain().null()), Plan(104, 2000, 13))
    assert within(silent.rejecting, 0.05)


def test_a_group_sequential_trial_keeps_its_level_and_stops_early():
    bounds = with_futility(spend((0.5, 1), 0.025), 0.9)
    null, real = prepare(plain().null()), prepare(plain())
    under_null = characteristics(null, Plan(110, 3000, 14, bounds))
    expected = crossing(bounds.information, bounds.efficacy, bounds.futility)
    # t statistics of half the people stand for z; at n = 55 the difference is below the error.
    assert within(under_null.rejecting, sum(expected.above), 4)
    assert within(under_null.stopping_for_futility, expected.below[0], 4)
    found = characteristics(real, Plan(110, 1000, 15, bounds))
    share = found.stopped[0] / found.trials
    assert found.sample_size.value == pytest.approx(110 - 55 * share)
    assert sum(found.stopped) == found.trials


@pytest.mark.parametrize("rule", ["promising-zone", "blinded-variance"])
def test_a_size_looked_at_again_keeps_the_type_i_error(rule):
    plan = Plan(60, 3000, 16, reestimation=Reestimation(rule, 120, difference=9.0))
    null = characteristics(prepare(plain().null()), plan)
    assert null.rejecting.value <= 0.025 + 3.5 * np.sqrt(0.025 * 0.975 / 3000)
    real = characteristics(prepare(plain()), replace(plan, trials=600))
    fixed = characteristics(prepare(plain()), Plan(60, 600, 16))
    assert real.rejecting.value > fixed.rejecting.value
    assert 60 < real.sample_size.value < 120


@pytest.mark.parametrize("rule", ["promising-zone", "blinded-variance"])
def test_looks_and_a_size_looked_at_again_keep_the_type_i_error_together(rule):
    """As the phase 3 programme looked once, when 60% had been rated, and might have stopped."""
    again = Reestimation(rule, 120, 0.6, difference=9.0)
    plan = Plan(60, 3000, 18, spend((0.6, 1), 0.025), again)
    null = characteristics(prepare(plain().null()), plan)
    assert null.rejecting.value <= 0.025 + 3.5 * np.sqrt(0.025 * 0.975 / 3000)
    assert null.rejecting.value >= 0.025 - 3.5 * np.sqrt(0.025 * 0.975 / 3000)
    real = characteristics(prepare(plain()), replace(plan, trials=600))
    fixed = characteristics(prepare(plain()), replace(plan, trials=600, reestimation=None))
    assert real.rejecting.value > fixed.rejecting.value
    assert 0 < real.stopped[0] < 600
    assert 36 < real.sample_size.value < 120


def test_site_terms_are_those_of_sites_that_have_people():
    prepared = prepare(plain(site_terms=True))
    assert analysis(prepared, 104)[1] == tuple(range(1, 13))
    assert analysis(prepared, 10)[1] == tuple(range(1, 5))
    found = characteristics(prepared, Plan(104, 60, 17))
    assert found.fitted == 60


def test_a_look_too_early_to_be_analysed_stops_nothing():
    bounds = with_futility(spend((0.05, 1), 0.025), 0.9)
    found = characteristics(prepare(plain()), Plan(60, 100, 21, bounds))
    assert found.stopped == (0, 100)
    assert found.fitted == 100
    again = Reestimation("promising-zone", 120, at=0.05)
    found = characteristics(prepare(plain()), Plan(60, 100, 21, reestimation=again))
    assert found.sample_size.value == 60


def test_people_who_never_came_back_change_nothing():
    prepared = prepare(plain())
    drawn = draw(prepared, 40, range(3), seed=18)
    layout, _ = analysis(prepared, 40)
    change = drawn.totals - drawn.baseline[..., None]
    known = np.stack([drawn.baseline, np.broadcast_to(drawn.arm, drawn.baseline.shape)], axis=-1)
    row = layout.difference("arm", -1)
    change[:, 30:] = np.nan
    all_there = fit_batch(change, known, layout, row)
    short = fit_batch(change[:, :30], known[:, :30], layout, row)
    assert np.allclose(all_there.estimate, short.estimate, rtol=1e-12)


def test_a_run_ends_when_nobody_listens_any_more():
    heard = []

    def each(tally: Tally) -> bool:
        heard.append(tally.trials)
        return len(heard) < 3

    characteristics(prepare(plain()), Plan(40, 1000, 19), chunk=20, each=each)
    assert heard == [20, 40, 60]


def test_a_curve_rises_with_the_sample():
    points = list(curve(prepare(plain()), Plan(40, 300, 20), (40, 80, 160)))
    shares = [point.tally.rejecting.value for point in points]
    assert shares == sorted(shares)
    assert list(curve(prepare(plain()), Plan(40, 300, 20), (40,), each=lambda *_: False)) == []


def test_sizes_are_read_as_written():
    assert sizes("60:100:20") == (60, 80, 100)
    assert sizes("104") == (104,)
    for wrong in ("60:100", "a", "60:100:0", "4", "8:4000:1", ""):
        with pytest.raises(NoBoundary, match="write 60:140:10"):
            sizes(wrong)


def test_missing_values_are_not_added_up():
    assert summed(np.array([1.5, np.nan, -0.5])) == 2**32
    empty = Tally()
    assert np.isnan(empty.rejecting.value)
    assert np.isnan(empty.bias.value)
