"""Estimates, errors, degrees of freedom and means are those of R's mmrm.

The values were computed by R (validation/mmrm/reference.R), whose optimiser was polished
until no slope was left. Estimates, standard errors and likelihoods agree to 1e-6 relative,
degrees of freedom to 1e-4; most agree to 1e-9.
"""

import numpy as np
import pytest

from sojourn.analysis.mmrm import coefficients, differences, fit, joint, means, of_term
from tests.analysis.mmrm.reference import cases, growth, simulated


def fitted(case):
    visit = {"simulated": "visit", "growth": "occasion"}[case["data"]]
    if case["covariance"] == "spatial-exponential":
        visit = {"simulated": "week", "growth": "occasion"}[case["data"]]
    return fit(
        case["formula"],
        {"simulated": simulated, "growth": growth}[case["data"]](),
        participant="participant",
        visit=visit,
        covariance=case["covariance"],
        group=case["group"],
        method=case["method"],
        df=case["df"],
        reported=case["reported"],
        weights=case["weights"],
    )


def named(case):
    words = [case[key] for key in ("data", "covariance", "method", "df", "reported")]
    return "-".join([*words, *(case[key] for key in ("group", "weights") if case[key])])


@pytest.mark.proves("statistics")
@pytest.mark.parametrize("case", cases(), ids=named)
def test_it_agrees_with_r(case):
    model, r = fitted(case), case["r"]
    assert model.log_likelihood == pytest.approx(r["log_likelihood"], rel=1e-6)
    assert [each.replace("[T.", "").replace("]", "") for each in model.columns] == [
        each.replace("(Intercept)", "Intercept") for each in r["columns"]
    ]
    found = coefficients(model)
    assert [each.estimate for each in found] == pytest.approx(r["estimate"], rel=1e-6)
    assert [each.standard_error for each in found] == pytest.approx(r["standard_error"], rel=1e-6)
    assert [each.df for each in found] == pytest.approx(r["df"], rel=1e-4)
    assert [each.p_value for each in found] == pytest.approx(r["p_value"], rel=1e-4, abs=1e-12)
    rows = of_term(model, ["arm", "visit"] if case["data"] == "simulated" else ["sex", "age"])
    together = joint(model, rows)
    made = (together.numerator_df, together.denominator_df, together.f, together.p_value)
    assert made == pytest.approx(r["joint"], rel=1e-4)
    if case["covariance"] != "spatial-exponential":
        theirs = np.reshape(r["covariance"], model.sigma.shape)
        np.testing.assert_allclose(model.sigma, theirs, rtol=1e-6)


@pytest.mark.proves("statistics")
@pytest.mark.parametrize("case", [each for each in cases() if "equal" in each["r"]], ids=named)
@pytest.mark.parametrize("weighting", ["equal", "proportional"])
def test_means_and_differences_are_those_of_emmeans(case, weighting):
    model, r = fitted(case), case["r"][weighting]
    every = [each.value for each in means(model, ["visit", "arm"], weighting=weighting)]
    assert [each.estimate for each in every] == pytest.approx(r["mean"], rel=1e-6)
    assert [each.standard_error for each in every] == pytest.approx(r["standard_error"], rel=1e-6)
    assert [each.df for each in every] == pytest.approx(r["df"], rel=1e-4)
    apart = differences(model, "arm", "active", by=["visit"], weighting=weighting)
    values = [each.value for each in apart]
    assert [each.estimate for each in values] == pytest.approx(r["difference"], rel=1e-6)
    assert [each.standard_error for each in values] == pytest.approx(
        r["difference_error"], rel=1e-6
    )
    assert [each.df for each in values] == pytest.approx(r["difference_df"], rel=1e-4)
