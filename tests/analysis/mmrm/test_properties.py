"""What must hold whatever the data."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sojourn.analysis.mmrm import STRUCTURES, coefficients, differences, fit
from sojourn.analysis.mmrm.covariance import structure
from tests.analysis.mmrm.reference import TRIAL, simulated

WEEKS = ("3", "6", "12", "18")


def fitted(frame, formula=TRIAL, **options):
    return fit(formula, frame, participant="participant", visit="visit", **options)


def told(model):
    return np.array([(each.estimate, each.standard_error, each.df) for each in coefficients(model)])


@given(st.sampled_from(STRUCTURES), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_derivatives_of_a_structure_are_its_slopes(name, visits, seed):
    made = structure(name, WEEKS[:visits])
    theta = np.random.default_rng(seed).normal(0, 0.7, made.size)
    here, step = made.derivatives(theta), 1e-5
    np.testing.assert_allclose(here.sigma, here.sigma.T)
    np.testing.assert_allclose(here.second, here.second.swapaxes(0, 1), atol=1e-12)
    for each in range(made.size):
        move = np.zeros(made.size)
        move[each] = step
        ahead, behind = made.derivatives(theta + move), made.derivatives(theta - move)
        size = np.abs(here.sigma).max()
        slope = (ahead.sigma - behind.sigma) / (2 * step)
        np.testing.assert_allclose(slope, here.first[each], atol=1e-7 * size)
        bend = (ahead.first - behind.first) / (2 * step)
        np.testing.assert_allclose(bend, here.second[each], atol=1e-7 * size)


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_the_order_of_rows_does_not_matter(random):
    order = list(range(len(simulated())))
    random.shuffle(order)
    np.testing.assert_allclose(
        told(fitted(simulated()[order])), told(fitted(simulated())), rtol=1e-9
    )


@given(st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=8, deadline=None)
def test_units_of_the_response_only_scale_the_result(scale, shift):
    moved = simulated().with_columns(change=pl.col("change") * scale + shift)
    one, other = told(fitted(simulated())), told(fitted(moved))
    np.testing.assert_allclose(other[1:, 0], one[1:, 0] * scale, rtol=1e-6, atol=1e-9 * scale)
    np.testing.assert_allclose(other[:, 1], one[:, 1] * scale, rtol=1e-6)
    np.testing.assert_allclose(other[:, 2], one[:, 2], rtol=1e-6)


def test_rows_without_a_response_add_nothing():
    known = simulated().filter(pl.col("change").is_not_null())
    np.testing.assert_allclose(told(fitted(known)), told(fitted(simulated())), rtol=1e-12)


def test_a_weight_common_to_all_only_scales_the_covariance():
    heavy = simulated().with_columns(four=pl.lit(4.0))
    one, other = fitted(heavy), fitted(heavy, weights="four")
    np.testing.assert_allclose(told(one), told(other), rtol=1e-8)
    np.testing.assert_allclose(other.sigma, 4 * one.sigma, rtol=1e-8)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-10)


def test_a_structure_within_another_is_never_likelier():
    likely = {
        name: fitted(simulated(), covariance=name).log_likelihood
        for name in STRUCTURES
        if name != "spatial-exponential"
    }
    for name, value in likely.items():
        assert value <= likely["unstructured"] + 1e-9
        if f"heterogeneous-{name}" in likely:
            assert value <= likely[f"heterogeneous-{name}"] + 1e-9
    assert likely["autoregressive"] <= likely["ante-dependence"] + 1e-9


def test_with_everyone_seen_each_visit_is_a_t_test():
    """Complete data and arm by visit alone: Kenward and Roger's df are n - 2 (their section 4)."""
    seen = simulated().filter(pl.col("change").is_not_null().sum().over("participant") == 4)
    model = fitted(seen, "change ~ arm * visit")
    for each in differences(model, "arm", "active", by=["visit"]):
        visit = seen.filter(pl.col("visit") == each.levels[0][1])
        arms = [visit.filter(pl.col("arm") == arm)["change"] for arm in ("placebo", "active")]
        test = stats.ttest_ind(*arms)
        assert each.value.df == pytest.approx(len(visit) - 2, rel=1e-8)
        assert each.value.p_value == pytest.approx(test.pvalue, rel=1e-8)
        assert each.value.estimate == pytest.approx(arms[0].mean() - arms[1].mean())


def test_one_visit_is_ordinary_least_squares():
    one = simulated().filter((pl.col("visit") == "w06") & pl.col("change").is_not_null())
    model = fitted(one, "change ~ baseline + arm")
    design = np.column_stack([np.ones(len(one)), one["baseline"], one["arm"] == "placebo"])
    solved, left, *_ = np.linalg.lstsq(design, one["change"].to_numpy(), rcond=None)
    variance = left[0] / (len(one) - 3)
    errors = np.sqrt(np.diag(variance * np.linalg.inv(design.T @ design)))
    np.testing.assert_allclose(told(model)[:, 0], solved, rtol=1e-9)
    np.testing.assert_allclose(told(model)[:, 1], errors, rtol=1e-9)
    np.testing.assert_allclose(told(model)[:, 2], len(one) - 3, rtol=1e-9)


def test_a_model_of_the_mean_alone_can_be_fitted():
    assert fitted(simulated(), "change ~ 1").columns == ("Intercept",)
