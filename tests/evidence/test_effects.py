"""Effect sizes agree with R's metafor (validation/evidence/pooling.R) and hold their symmetries."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.evidence.effects import (
    Count,
    Effect,
    Sample,
    hedges_g,
    log_odds_ratio,
    log_risk_ratio,
    logit_proportion,
    mean_difference,
    newcombe,
    risk_difference,
    small_sample_factor,
    wilson,
)
from tests.evidence.examples import normand

# metafor::escalc(measure="SMD", ..., data=dat.normand1999)
SMD = (
    (-0.355169640940107, 0.0130646755415297), (-0.347940022739099, 0.0644688760988567),
    (-2.317569160163730, 0.0458121102801828), (-1.887982252936847, 0.1606177359361735),
    (-0.383964141169701, 0.2054332783922242), (0.172148669069591, 0.0369105700003619),
    (0.272052073852932, 0.0602671258364327), (-0.424596271894261, 0.0148630384193327),
    (0.289556230080755, 0.0362717341580545),
)  # fmt: skip
samples = st.builds(
    Sample,
    st.integers(3, 200),
    st.floats(-50, 50),
    st.floats(0.5, 30),
)
counts = st.integers(1, 80).flatmap(lambda n: st.builds(Count, st.integers(0, n), st.just(n)))


def test_standardised_differences_agree_with_metafor():
    for (first, second), (g, variance) in zip(normand(), SMD, strict=True):
        found = hedges_g(first, second)
        assert found.estimate == pytest.approx(g, rel=1e-12)
        assert found.variance == pytest.approx(variance, rel=1e-12)


def test_the_approximate_factor_is_close_to_the_exact_one():
    # R: exp(lgamma(m / 2) - log(sqrt(m / 2)) - lgamma((m - 1) / 2))
    assert small_sample_factor(10) == pytest.approx(0.922745608053, rel=1e-11)
    assert small_sample_factor(50) == pytest.approx(0.984911942296, rel=1e-11)
    assert small_sample_factor(10, exact=False) == pytest.approx(1 - 3 / 39)


@pytest.mark.parametrize(
    ("make", "estimate", "variance"),
    [
        # metafor::escalc on 4/123 against 11/139
        (log_risk_ratio, -0.889311333920205, 0.325584765003961),
        (log_odds_ratio, -0.938694140870392, 0.357124952253629),
        (risk_difference, -0.046616365444230, 0.000780068664855938),
    ],
)
def test_measures_of_two_counts_agree_with_metafor(make, estimate, variance):
    found = make(Count(4, 123), Count(11, 139))
    assert found.estimate == pytest.approx(estimate, rel=1e-12)
    assert found.variance == pytest.approx(variance, rel=1e-12)


def test_an_empty_cell_gets_half_an_event():
    # metafor::escalc on 0/10 against 3/10
    ratio = log_risk_ratio(Count(0, 10), Count(3, 10))
    assert ratio.estimate == pytest.approx(-1.945910149055313)
    assert ratio.variance == pytest.approx(2.103896103896104)
    # Not in the difference itself, which needs no such help.
    difference = risk_difference(Count(0, 10), Count(3, 10))
    assert difference.estimate == -0.3
    assert difference.variance == pytest.approx(0.023666416228399705)


@given(samples, samples)
def test_the_other_way_round_is_minus_the_effect(first, second):
    for make in (hedges_g, mean_difference):
        there, back = make(first, second), make(second, first)
        assert there.estimate == pytest.approx(-back.estimate)
        assert there.variance == pytest.approx(back.variance)


@given(counts, counts)
def test_intervals_of_shares_and_differences_stay_in_bounds(first, second):
    low, high = wilson(first)
    assert 0 <= low <= first.events / first.n <= high <= 1
    low, high = newcombe(first, second)
    difference = first.events / first.n - second.events / second.n
    assert -1 - 1e-9 <= low <= difference + 1e-9
    assert difference - 1e-9 <= high <= 1 + 1e-9


def test_newcombe_reproduces_his_table():
    # Newcombe 1998, table II, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339.
    low, high = newcombe(Count(56, 70), Count(48, 80))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_wilson_agrees_with_r():
    # prop.test(37, 52, correct = FALSE)$conf.int
    low, high = wilson(Count(37, 52))
    assert low == pytest.approx(0.577272119633, rel=1e-10)
    assert high == pytest.approx(0.816700395853, rel=1e-10)


def test_a_logit_of_nobody_is_finite():
    found = logit_proportion(Count(0, 10))
    assert found.estimate == pytest.approx(math.log(0.5 / 10.5))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sample(1, 3.0, 1.0),
        lambda: Sample(10, 3.0, 0.0),
        lambda: Count(11, 10),
        lambda: Count(0, 0),
        lambda: Effect("a", float("nan"), 1.0, "hedges-g"),
        lambda: Effect("a", 0.0, 0.0, "hedges-g"),
        lambda: small_sample_factor(1),
    ],
)
def test_what_can_not_be_is_refused_with_the_value(make):
    with pytest.raises(ValueError, match=r"\d|nan"):
        make()
