"""Retention, reasons for leaving and the log-rank test against lifelines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test

from sojourn.analysis.retention import Stay, leaving, log_rank, retention


def stays(seed=2, n=120, arms="ab"):
    draw = np.random.default_rng(seed)
    return [
        Stay(
            str(draw.choice(list(arms))),
            int(draw.integers(1, 60)),
            bool(draw.random() < 0.6),
            str(draw.choice(["adverse event", "moved", "withdrew consent"])),
        )
        for _ in range(n)
    ]


def test_the_curve_is_that_of_lifelines():
    people = [each for each in stays() if each.arm == "a"]
    fitter = KaplanMeierFitter().fit([p.days for p in people], [p.left for p in people])
    for step in retention(people)[1:]:
        assert step.retained == pytest.approx(float(fitter.predict(step.day)), abs=1e-9)
        if step.low is not None:
            limits = fitter.confidence_interval_.loc[step.day].to_numpy()
            assert (step.low, step.high) == pytest.approx(tuple(limits), abs=1e-6)


@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0")
def test_reasons_are_those_of_aalen_and_johansen_in_lifelines():
    # One leaving a day: lifelines breaks ties by chance.
    draw = np.random.default_rng(8)
    people = [
        Stay("a", int(day), bool(draw.random() < 0.7), str(draw.choice(["moved", "other"])))
        for day in draw.permutation(np.arange(1, 81))
    ]
    codes = [0 if not p.left else 1 if p.reason == "moved" else 2 for p in people]
    fitter = AalenJohansenFitter(calculate_variance=True)
    fitter.fit([p.days for p in people], codes, event_of_interest=1)
    found = [each for each in leaving(people) if each.reason == "moved"]
    assert found
    for each in found:
        share = float(fitter.cumulative_density_.loc[each.day].iloc[0])
        assert each.share == pytest.approx(share, abs=1e-9)
        error = float(np.sqrt(np.ravel(fitter.variance_.loc[each.day])[0]))
        width = np.exp(1.959964 * error / (share * abs(np.log(share))))
        assert each.low == pytest.approx(share**width, abs=2e-4)


@given(st.integers(0, 10_000))
def test_reasons_add_up_to_who_is_gone(seed):
    people = [each for each in stays(seed, 40) if each.arm == "a"]
    if not any(each.left for each in people):
        return
    totals = {each.reason: each.share for each in leaving(people)}
    assert sum(totals.values()) == pytest.approx(1 - retention(people)[-1].retained)


def test_with_one_reason_it_is_one_less_the_product_limit_with_its_interval():
    people = [Stay("a", p.days, p.left, "left") for p in stays() if p.arm == "a"]
    steps = {step.day: step for step in retention(people)}
    for each in leaving(people):
        step = steps[each.day]
        assert each.share == pytest.approx(1 - step.retained)
        greenwood = np.log(np.log(step.high) / np.log(step.low)) if step.low else None
        if greenwood is not None and each.low is not None:
            error = abs(greenwood) / (2 * 1.959964) * step.retained * abs(np.log(step.retained))
            width = np.exp(1.959964 * error / (each.share * abs(np.log(each.share))))
            assert each.low == pytest.approx(each.share**width, abs=1e-6)


@pytest.mark.filterwarnings("ignore:Starting with pandas version 4.0")
@pytest.mark.parametrize("arms", ["ab", "abc"])
def test_the_log_rank_test_is_that_of_lifelines(arms):
    people = stays(seed=4, arms=arms)
    theirs = multivariate_logrank_test(
        [p.days for p in people], [p.arm for p in people], [p.left for p in people]
    )
    ours = log_rank(people)
    assert ours.chi_squared == pytest.approx(theirs.test_statistic, rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-9)
    assert sum(ours.left) == pytest.approx(sum(ours.expected))


def test_freireich_leukaemia_remission():
    # Freireich et al. 1963 (weeks in remission), the example of Gehan 1965 and Cox 1972:
    # 9 and 21 relapses, expected 19.25 and 10.75, log-rank chi-squared 16.79.
    six_mp = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    still = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    people = [Stay("6-MP", week, True) for week in six_mp]
    people += [Stay("6-MP", week, False) for week in still]
    people += [Stay("placebo", week, True) for week in placebo]
    found = log_rank(people)
    assert found.left == (9, 21)
    assert found.expected == pytest.approx((19.25, 10.75), abs=0.005)
    assert found.chi_squared == pytest.approx(16.79, abs=0.005)


def test_what_can_not_be_compared_is_said():
    with pytest.raises(ValueError, match="two or more"):
        log_rank([Stay("a", 3, True)])
    with pytest.raises(ValueError, match="nobody left"):
        log_rank([Stay("a", 3, False), Stay("b", 3, False)])
    with pytest.raises(ValueError, match="can't be negative"):
        leaving([Stay("a", -1, True)])
