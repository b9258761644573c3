"""Standardised risks against closed forms, statsmodels and simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from sojourn.analysis.standardised import Separated, standardised


def trial(seed=3, n=400):
    draw = np.random.default_rng(seed)
    arm, age = draw.integers(0, 2, n), draw.normal(size=n)
    outcome = draw.random(n) < expit(-0.4 + 0.8 * arm + 1.2 * age)
    return outcome.astype(float), arm.astype(float), age


def test_without_covariates_it_is_the_two_proportions():
    y, arm, _ = trial()
    found = standardised(y, arm, np.empty((len(y), 0)))
    p, q, n, m = y[arm == 1].mean(), y[arm == 0].mean(), (arm == 1).sum(), (arm == 0).sum()
    assert (found.risk.estimate, found.reference_risk.estimate) == pytest.approx((p, q))
    binomial = np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    for variance in ("delta", "influence"):
        got = standardised(y, arm, np.empty((len(y), 0)), variance=variance)
        assert got.standard_error == pytest.approx(binomial, rel=1e-8)


def test_a_saturated_model_is_direct_standardisation():
    # With no interaction in the counts (odds ratio 3 in both strata) the model without one
    # fits them exactly, and standardising is weighing strata by their share of everyone.
    cells = {(0, 0): (10, 30), (1, 0): (15, 25), (0, 1): (20, 30), (1, 1): (18, 21)}
    rows = [(i < k, a, s) for (a, s), (k, n) in cells.items() for i in range(n)]
    y, arm, sex = (np.array(each, dtype=float) for each in zip(*rows, strict=True))
    risk = {key: events / people for key, (events, people) in cells.items()}
    share = {0: 55 / 106, 1: 51 / 106}
    direct = sum(share[s] * (risk[1, s] - risk[0, s]) for s in (0, 1))
    assert standardised(y, arm, sex).difference.estimate == pytest.approx(direct, abs=1e-9)


def test_coefficients_and_delta_variance_agree_with_statsmodels():
    y, arm, age = trial()
    found = standardised(y, arm, age, variance="delta")
    design = np.column_stack([np.ones_like(arm), arm, age])
    model = sm.GLM(y, design, family=sm.families.Binomial()).fit(tol=1e-12)
    slopes = []
    for each, risk in ((0, found.reference_risk), (1, found.risk)):
        as_if = design.copy()
        as_if[:, 1] = each
        p = model.predict(as_if)
        assert risk.estimate == pytest.approx(p.mean(), rel=1e-9)
        slopes.append((p * (1 - p)) @ as_if / len(y))
    covariance = np.array(slopes) @ model.cov_params() @ np.array(slopes).T
    assert np.array(found.covariance) == pytest.approx(covariance, rel=1e-6)


def test_influence_and_bootstrap_agree_and_repeat():
    y, arm, age = trial(n=600)
    influence = standardised(y, arm, age)
    once, again = (
        standardised(
            y, arm, age, variance="bootstrap", generator=np.random.default_rng(5), samples=1500
        )
        for _ in range(2)
    )
    assert once == again
    assert once.samples == 1500
    assert once.standard_error == pytest.approx(influence.standard_error, rel=0.08)
    assert once.difference.low == pytest.approx(influence.difference.low, abs=0.015)


def test_adjusting_for_a_strong_covariate_gains_precision():
    y, arm, age = trial(n=600)
    plain = standardised(y, arm, np.empty((len(y), 0)))
    assert standardised(y, arm, age).standard_error < 0.95 * plain.standard_error


def test_the_influence_interval_covers_as_it_says():
    draw = np.random.default_rng(11)
    arm = np.tile([0.0, 1.0], 60)
    hits = 0
    for _ in range(400):
        age = draw.normal(size=120)
        # The truth is no logistic model: the effect turns with the covariate.
        p = np.where(arm == 1, 0.5 + 0.3 * np.tanh(age), 0.4 - 0.1 * np.tanh(age))
        found = standardised((draw.random(120) < p).astype(float), arm, age)
        hits += found.difference.low <= 0.1 <= found.difference.high
    assert 0.91 <= hits / 400 <= 0.98


def test_wrong_use_is_named():
    y, arm, age = trial(n=40)
    with pytest.raises(Separated):
        standardised((age > 0).astype(float), arm, age)
    with pytest.raises(ValueError, match="one arm"):
        standardised(y, np.ones(40), age)
    with pytest.raises(ValueError, match="follows from the others"):
        standardised(y, arm, np.column_stack([age, 2 * age]))
    with pytest.raises(ValueError, match="covariate is missing"):
        standardised(y, arm, np.where(age > 1, np.nan, age))
    with pytest.raises(ValueError, match="needs a generator"):
        standardised(y, arm, age, variance="bootstrap")
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        standardised(y * 2, arm, age)
