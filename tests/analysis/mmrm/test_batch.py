"""A batch gives each trial what it gets alone."""

import numpy as np
import polars as pl
import pytest

from sojourn.analysis.mmrm import NotFittable, by_visit, contrast, fit, fit_batch

VISITS = 4
LAYOUT = by_visit(("baseline", "arm"), ("arm",), VISITS)
LAST = LAYOUT.difference("arm", -1)


def trials(count, people=60, seed=3):
    rng = np.random.default_rng(seed)
    spread = np.array([7.0, 9.0, 10.0, 12.0])
    lag = np.abs(np.subtract.outer(range(VISITS), range(VISITS)))
    factor = np.linalg.cholesky(0.7**lag * np.outer(spread, spread))
    arm = np.broadcast_to(np.arange(people) % 2.0, (count, people))
    baseline = rng.normal(44, 7, (count, people))
    change = rng.normal(size=(count, people, VISITS)) @ factor.T
    change += arm[..., None] * np.array([-2, -5, -7, -9]) - 0.3 * (baseline[..., None] - 44)
    last = np.where(
        rng.random((count, people)) < 0.7, VISITS, rng.integers(0, VISITS, (count, people))
    )
    change[np.arange(VISITS) >= last[..., None]] = np.nan
    change[rng.random(change.shape) < 0.03] = np.nan
    return change, np.stack([baseline, arm], axis=-1)


def framed(change, known):
    people, visits = change.shape
    who = np.repeat(np.arange(people), visits)
    return pl.DataFrame(
        {
            "participant": who,
            "visit": np.tile(np.arange(1, visits + 1), people),
            "baseline": known[who, 0],
            "arm": known[who, 1],
            "change": change.ravel(),
        }
    )


@pytest.mark.parametrize(
    ("df", "reported", "method"),
    [
        ("kenward-roger", "kenward-roger", "reml"),
        ("kenward-roger", "kenward-roger-linear", "reml"),
        ("satterthwaite", "model", "reml"),
        ("satterthwaite", "model", "ml"),
    ],
)
def test_each_trial_is_as_if_fitted_alone(df, reported, method):
    change, known = trials(12)
    rows = np.array([LAST, LAYOUT.difference("arm", 0)])
    batch = fit_batch(change, known, LAYOUT, rows, df=df, reported=reported, method=method)
    assert batch.converged.all()
    for each in range(12):
        alone = fit(
            "change ~ baseline + arm * visit", framed(change[each], known[each]),
            participant="participant", visit="visit", df=df, reported=reported, method=method,
        )  # fmt: skip
        assert alone.columns == LAYOUT.columns
        np.testing.assert_allclose(batch.coefficients[each], alone.coefficients, rtol=1e-8)
        np.testing.assert_allclose(batch.sigma[each], alone.sigma[0], rtol=1e-8)
        assert batch.log_likelihood[each] == pytest.approx(alone.log_likelihood, rel=1e-10)
        for place, row in enumerate(rows):
            one = contrast(alone, row)
            found = (batch.estimate, batch.standard_error, batch.df, batch.p_value)
            theirs = (one.estimate, one.standard_error, one.df, one.p_value)
            assert [each_[each, place] for each_ in found] == pytest.approx(theirs, rel=1e-8)


def test_threads_order_and_company_do_not_matter():
    change, known = trials(600, people=30)
    alone = fit_batch(change, known, LAYOUT, LAST)
    spread = fit_batch(change[::-1], known[::-1], LAYOUT, LAST, threads=2)
    np.testing.assert_array_equal(alone.estimate, spread.estimate[::-1])
    np.testing.assert_array_equal(alone.standard_error, spread.standard_error[::-1])
    np.testing.assert_array_equal(alone.df, spread.df[::-1])
    few = fit_batch(change[5:7], known[5:7], LAYOUT, LAST)
    np.testing.assert_array_equal(alone.df[5:7], few.df)


def test_covariates_may_be_shared_by_all_trials():
    change, known = trials(3)
    shared = fit_batch(change, known[:1], LAYOUT, LAST)
    own = fit_batch(change, np.repeat(known[:1], 3, axis=0), LAYOUT, LAST)
    np.testing.assert_array_equal(shared.estimate, own.estimate)


def test_a_trial_without_a_maximum_is_marked_and_leaves_the_others_alone():
    change, known = trials(3)
    broken = change.copy()
    broken[1, :, 2] = np.nan
    result = fit_batch(broken, known, LAYOUT, LAST)
    assert result.converged.tolist() == [True, False, True]
    assert np.isnan(result.estimate[1]).all()
    assert np.isnan(result.p_value[1]).all()
    assert (
        result.estimate[[0, 2]] == fit_batch(change, known, LAYOUT, LAST).estimate[[0, 2]]
    ).all()


def test_two_visits_nobody_had_both_of_leave_a_trial_without_result():
    change, known = trials(2)
    change[0, ::2, 1] = np.nan
    change[0, 1::2, 3] = np.nan
    assert fit_batch(change, known, LAYOUT, LAYOUT.difference("arm", 0)).converged.tolist() == [
        False,
        True,
    ]


def test_the_size_of_the_test_is_kept():
    """Under no effect about one in twenty small trials is below 0.05 (Kenward & Roger's aim)."""
    change, known = trials(4000, people=24, seed=9)
    change += known[..., 1:] * np.array([2, 5, 7, 9])
    result = fit_batch(change, known, LAYOUT, LAST)
    rate = (result.p_value[result.converged] < 0.05).mean()
    assert result.converged.mean() > 0.99
    assert 0.04 < rate < 0.06


@pytest.mark.parametrize(
    ("shape", "known", "said"),
    [
        ((2, 5, 3), (2, 5, 2), "4 visits"),
        ((2, 5, 4), (3, 5, 2), "2 or 1 times"),
        ((2, 5, 4), (2, 5, 1), "2 or 1 times"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape, known, said):
    with pytest.raises(NotFittable, match=said):
        fit_batch(np.zeros(shape), np.zeros(known), LAYOUT, LAST)


def test_what_is_missing_or_unknown_is_refused():
    change, known = trials(2)
    known[1, 3, 0] = np.nan
    with pytest.raises(NotFittable, match="a covariate is missing"):
        fit_batch(change, known, LAYOUT, LAST)
    change, known = trials(2)
    with pytest.raises(NotFittable, match="needs method 'reml'"):
        fit_batch(change, known, LAYOUT, LAST, method="ml")
    with pytest.raises(NotFittable, match="none of the covariates"):
        LAYOUT.difference("Arm", -1)
    with pytest.raises(NotFittable, match="is no covariate"):
        by_visit(("baseline",), ("arm",), 4)
