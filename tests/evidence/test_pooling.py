"""Pooling agrees with R's metafor on its published examples (validation/evidence/pooling.R)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.evidence.effects import Effect, hedges_g, mean_difference
from sojourn.evidence.pooling import cumulative, pool, regress, subgroups
from tests.evidence.examples import ALLOCATIONS, LATITUDES, bcg, normand

# rma(yi, vi, data = bcg, method = ..., control = tight): b, se, tau2, I2
REFERENCE = {
    "REML": (-0.714532342158139, 0.179781516105206, 0.313243258136481, 0.922213845212690),
    "PM": (-0.714968153493444, 0.180892191537624, 0.318068452205024, 0.923303379541533),
    "DL": (-0.714117222073227, 0.178742089535403, 0.308760262862376, 0.921173468545621),
    "fixed": (-0.430285163654091, 0.0404987517108638, 0.0, 0.921173468545621),
}
effects = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=12).map(
    lambda rows: [Effect(f"s{i}", y, v, "hedges-g") for i, (y, v) in enumerate(rows)]
)


@pytest.mark.parametrize("method", REFERENCE)
def test_the_bcg_trials_pool_as_in_metafor(method):
    found = pool(bcg(), method=method, hartung_knapp=False)
    estimate, error, tau2, i2 = REFERENCE[method]
    assert found.estimate == pytest.approx(estimate, rel=1e-9)
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    assert found.tau2 == pytest.approx(tau2, rel=1e-9)
    assert found.i2 == pytest.approx(i2, rel=1e-9)
    assert found.q == pytest.approx(152.233008082373, rel=1e-12)
    assert found.q_p == pytest.approx(1.99676459084597e-26, rel=1e-9)


def test_hartung_knapp_and_both_intervals_agree_with_metafor():
    # rma(..., test = "knha"); predict(); confint()
    found = pool(bcg())
    assert found.standard_error == pytest.approx(0.180791744092848, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((-1.10844371368555, -0.320620970630728))
    assert found.p == pytest.approx(1.92001509605729e-3, rel=1e-8)
    assert found.predicted == pytest.approx((-1.996016834196202, 0.566952149879924), rel=1e-8)
    assert found.tau2_interval == pytest.approx((0.119718361141152, 1.111479084060929), rel=1e-8)


def test_without_hartung_knapp_prediction_follows_higgins():
    # meta::metagen(..., method.tau = "REML", method.predict = "HTS")
    found = pool(bcg(), hartung_knapp=False)
    assert found.predicted == pytest.approx((-2.008375906922578, 0.579311222606299), rel=1e-8)


@pytest.mark.parametrize(
    ("held", "interval"),
    [
        # rma(..., test = "knha") and test = "adhoc"
        (False, (0.28685429057434031, 0.32788255153092283)),
        (True, (-0.0191436805368151, 0.6338805226420783)),
    ],
)
def test_studies_that_agree_by_chance_narrow_nothing_when_held(held, interval):
    rows = ((0.30, 0.04), (0.31, 0.05), (0.29, 0.06), (0.32, 0.03))
    agreeing = [Effect(f"s{i}", y, v, "hedges-g") for i, (y, v) in enumerate(rows)]
    found = pool(agreeing, never_narrower=held)
    assert (found.low, found.high) == pytest.approx(interval, rel=1e-9)


def test_the_stroke_trials_pool_as_in_metafor():
    pairs = normand()
    standardised = pool(
        [hedges_g(a, b, study=str(i)) for i, (a, b) in enumerate(pairs)], hartung_knapp=False
    )
    assert standardised.estimate == pytest.approx(-0.537108258432960, rel=1e-9)
    assert standardised.tau2 == pytest.approx(0.790842913750769, rel=1e-9)
    days = [mean_difference(a, b, study=str(i)) for i, (a, b) in enumerate(pairs)]
    by_method = {m: pool(days, method=m, hartung_knapp=False) for m in ("REML", "PM", "DL")}
    assert by_method["REML"].tau2 == pytest.approx(684.646, rel=1e-5)
    assert by_method["PM"].tau2 == pytest.approx(728.251, rel=1e-5)
    assert by_method["DL"].tau2 == pytest.approx(205.409375467911, rel=1e-9)


@pytest.mark.parametrize(
    ("knapp", "errors", "joint", "p"),
    [
        (False, (0.249095396616765, 0.00719532722090451), 16.3582321471645, 5.24279397380923e-5),
        (True, (0.283925283743383, 0.0082014174110366), 12.590982884426495, 0.00456505154154001),
    ],
)
def test_latitude_explains_the_bcg_trials_as_in_metafor(knapp, errors, joint, p):
    # rma(yi, vi, mods = ~ ablat, data = bcg, test = "z" and "knha")
    found = regress(bcg(), {"latitude": LATITUDES}, hartung_knapp=knapp)
    intercept, slope = found.coefficients
    assert intercept.estimate == pytest.approx(0.25146821000737, rel=1e-8)
    assert slope.estimate == pytest.approx(-0.0291017250116497, rel=1e-8)
    assert (intercept.standard_error, slope.standard_error) == pytest.approx(errors, rel=1e-8)
    assert found.tau2 == pytest.approx(0.0763479639552027, rel=1e-8)
    assert found.q_residual == pytest.approx(30.7330900107493, rel=1e-10)
    assert found.q_moderators == pytest.approx(joint, rel=1e-7)
    assert found.moderators_p == pytest.approx(p, rel=1e-6)


def test_subgroups_are_each_pooled_by_themselves():
    found = subgroups(bcg(), ALLOCATIONS, hartung_knapp=False)
    expected = {
        "random": (-0.970964704263100, 0.392528006900850),
        "alternate": (-0.540792961849346, 0.132577039878093),
        "systematic": (-0.424207391510877, 0.400345880175081),
    }
    for name, pooled in found.groups:
        assert (pooled.estimate, pooled.tau2) == pytest.approx(expected[name], rel=1e-8)
    assert found.degrees == 2
    assert 0 < found.p < 1


def test_the_estimate_over_years_ends_where_all_studies_end():
    # cumul(rma(...), order = year) after 1948, 1977 and 1980
    by_year = dict(cumulative(bcg(), hartung_knapp=False))
    assert by_year[1948].estimate == pytest.approx(-0.889311333920205)
    assert by_year[1977].estimate == pytest.approx(-0.794767604515521, rel=1e-8)
    assert by_year[1980] == pool(bcg(), hartung_knapp=False)


@settings(deadline=None)
@given(effects, st.sampled_from(["REML", "PM", "DL", "fixed"]))
def test_order_does_not_matter_and_the_estimate_lies_between_the_studies(studies, method):
    found, turned = (pool(each, method=method) for each in (studies, studies[::-1]))
    assert found.estimate == pytest.approx(turned.estimate, rel=1e-6, abs=1e-8)
    assert found.tau2 >= 0
    assert sum(found.weights) == pytest.approx(1)
    estimates = [each.estimate for each in studies]
    assert min(estimates) - 1e-9 <= found.estimate <= max(estimates) + 1e-9
    assert 0 <= found.i2 <= 1


@settings(deadline=None)
@given(effects, st.floats(0.1, 10), st.floats(-5, 5))
def test_a_change_of_scale_scales_the_estimate(studies, factor, shift):
    moved = [
        Effect(e.study, factor * e.estimate + shift, factor**2 * e.variance, e.measure)
        for e in studies
    ]
    found, scaled = pool(studies, method="DL"), pool(moved, method="DL")
    assert scaled.estimate == pytest.approx(factor * found.estimate + shift, rel=1e-6, abs=1e-6)
    assert scaled.tau2 == pytest.approx(factor**2 * found.tau2, rel=1e-6, abs=1e-6)


def test_one_study_is_itself():
    only = Effect("a", 0.4, 0.04, "hedges-g")
    found = pool([only])
    assert (found.estimate, found.standard_error) == pytest.approx((0.4, 0.2))
    assert (found.low, found.high) == pytest.approx(only.interval())
    assert found.predicted is None


def test_the_random_interval_covers_as_often_as_it_says():
    draw = np.random.default_rng(20261125)
    covered = 0
    for _ in range(400):
        variances = draw.uniform(0.02, 0.3, size=6)
        truths = draw.normal(0.5, 0.3, size=6)
        values = draw.normal(truths, np.sqrt(variances))
        rows = zip(values, variances, strict=True)
        found = pool([Effect(f"s{i}", y, v, "hedges-g") for i, (y, v) in enumerate(rows)])
        covered += found.low <= 0.5 <= found.high
    # 95% of 400 within three standard errors of the simulation
    assert abs(covered / 400 - 0.95) < 3 * (0.95 * 0.05 / 400) ** 0.5


@pytest.mark.parametrize(
    ("studies", "message"),
    [
        ([], "no study"),
        ([Effect("a", 0, 1, "hedges-g"), Effect("b", 0, 1, "log-odds-ratio")], "mixed"),
        ([Effect("a", 0, 1, "hedges-g"), Effect("a", 0, 1, "hedges-g")], "twice"),
    ],
)
def test_what_can_not_be_pooled_is_refused(studies, message):
    with pytest.raises(ValueError, match=message):
        pool(studies)


def test_a_moderator_that_does_not_vary_is_refused():
    with pytest.raises(ValueError, match="vary"):
        regress(bcg(), {"constant": [1.0] * 13})
    with pytest.raises(ValueError, match="groups"):
        subgroups(bcg(), ["a"])
