"""Random intercepts against lme4's published example, the balanced closed form and statsmodels."""

import warnings

import numpy as np
import pytest
import statsmodels.api as sm

from sojourn.analysis.clusters import clustered

# Davies 1947, the Dyestuff data of Bates et al., lme4: yield of five preparations of six batches.
DYESTUFF = {
    "A": (1545, 1440, 1440, 1520, 1580),
    "B": (1540, 1555, 1490, 1560, 1495),
    "C": (1595, 1550, 1605, 1510, 1560),
    "D": (1445, 1440, 1595, 1465, 1545),
    "E": (1595, 1630, 1515, 1635, 1625),
    "F": (1520, 1455, 1450, 1480, 1445),
}


def dyestuff():
    batches = [batch for batch, values in DYESTUFF.items() for _ in values]
    values = [value for each in DYESTUFF.values() for value in each]
    return clustered(values, np.ones((30, 1)), ["Intercept"], batches)


def test_dyestuff_is_as_lme4_prints_it():
    # lme4 (REML): batch variance 1764, residual 2451, intercept 1527.50 with error 19.38.
    found = dyestuff()
    assert (found.between, found.within) == pytest.approx((1764, 2451), abs=0.6)
    [mean] = found.effects
    assert (mean.estimate, mean.standard_error) == pytest.approx((1527.5, 19.38), abs=0.005)
    predicted = (-17.6069, 0.3912, 28.5622, -23.0845, 56.7331, -44.9952)
    assert [each.deviation for each in found.clusters] == pytest.approx(predicted, abs=2e-3)


def test_a_balanced_design_has_the_closed_form():
    table = np.array(list(DYESTUFF.values()), dtype=float)
    between = 5 * table.mean(axis=1).var(ddof=1)
    within = ((table - table.mean(axis=1, keepdims=True)) ** 2).sum() / 24
    found = dyestuff()
    assert found.icc == pytest.approx((between - within) / (between + 4 * within), abs=1e-6)
    assert found.low < found.icc < found.high


def test_unbalanced_with_covariates_it_is_statsmodels():
    draw = np.random.default_rng(3)
    site = draw.choice(list("abcdefgh"), 150, p=np.arange(1, 9) / 36)
    arm, age = draw.integers(0, 2, 150), draw.normal(size=150)
    lift = dict(zip("abcdefgh", draw.normal(0, 3, 8), strict=True))
    y = 2 * arm + age + np.array([lift[each] for each in site]) + draw.normal(0, 4, 150)
    design = np.column_stack([np.ones(150), arm, age])
    found = clustered(y, design, ["Intercept", "arm", "age"], site.tolist())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sm.MixedLM(y, design, site).fit(reml=True)
    assert found.within == pytest.approx(theirs.scale, rel=1e-3)
    assert found.between == pytest.approx(float(np.ravel(theirs.cov_re)[0]), rel=2e-3)
    assert [each.estimate for each in found.effects] == pytest.approx(
        list(theirs.fe_params), rel=1e-3
    )
    assert found.p_value < 0.05


def test_where_sites_do_not_differ_nothing_is_found():
    draw = np.random.default_rng(0)
    values = np.tile(draw.normal(size=10), 4)
    found = clustered(values, np.ones((40, 1)), ["Intercept"], np.repeat(list("abcd"), 10).tolist())
    assert (found.icc, found.low, found.p_value) == (0.0, 0.0, 1.0)
    assert {each.deviation for each in found.clusters} == {0.0}


def test_the_test_is_honest_under_no_difference():
    draw = np.random.default_rng(9)
    sites = np.repeat(list("abcdefgh"), 8).tolist()
    small = sum(
        clustered(draw.normal(size=64), np.ones((64, 1)), ["Intercept"], sites).p_value < 0.05
        for _ in range(300)
    )
    assert small <= 27  # 0.05 of 300, and three standard deviations


def test_what_tells_nothing_apart_is_refused():
    with pytest.raises(ValueError, match="1 clusters"):
        clustered([1.0, 2.0, 3.0], np.ones((3, 1)), ["Intercept"], ["a"] * 3)
    with pytest.raises(ValueError, match="3 clusters of 3"):
        clustered([1.0, 2.0, 3.0], np.ones((3, 1)), ["Intercept"], ["a", "b", "c"])
    with pytest.raises(ValueError, match="missing"):
        clustered([1.0, np.nan, 3.0], np.ones((3, 1)), ["Intercept"], ["a", "b", "b"])
