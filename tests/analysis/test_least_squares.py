"""Least squares against statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm

from sojourn.analysis.least_squares import least_squares

NAMES = ["Intercept", "first", "second"]


def data():
    draw = np.random.default_rng(1)
    design = np.column_stack([np.ones(30), draw.normal(size=(30, 2))])
    return design @ [1.0, 2.0, 0.0] + draw.normal(size=30), design


def test_coefficients_contrasts_and_joint_tests_are_those_of_statsmodels():
    y, design = data()
    ours, theirs = least_squares(y, design, NAMES), sm.OLS(y, design).fit()
    assert ours.coefficients == pytest.approx(theirs.params)
    first = ours.coefficient("first")
    assert (first.t, first.p_value) == pytest.approx((theirs.tvalues[1], theirs.pvalues[1]))
    assert (first.low, first.high) == pytest.approx(tuple(theirs.conf_int()[1]))
    apart = ours.contrast([0, 1, -1], name="apart")
    assert apart.p_value == pytest.approx(float(theirs.t_test([0, 1, -1]).pvalue))
    both = ours.joint([[0, 1, 0], [0, 0, 1]])
    assert (both.f, both.p_value) == pytest.approx((theirs.fvalue, theirs.f_pvalue))


def test_what_can_not_be_fitted_is_said():
    y, design = data()
    with pytest.raises(ValueError, match="'third' follows"):
        least_squares(y, np.column_stack([design, design[:, 1] * 2]), [*NAMES, "third"])
    with pytest.raises(ValueError, match="missing"):
        least_squares(np.where(y > 1, np.nan, y), design, NAMES)
    with pytest.raises(ValueError, match="3 people"):
        least_squares(y[:3], design[:3], NAMES)
    with pytest.raises(ValueError, match="exactly"):
        least_squares(design @ [1, 2, 3], design, NAMES)
