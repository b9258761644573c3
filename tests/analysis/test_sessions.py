"""Change by sessions given."""

import numpy as np
import pytest
import statsmodels.api as sm

from sojourn.analysis.sessions import by_sessions


def people(seed=1, n=90):
    draw = np.random.default_rng(seed)
    arms = np.array(["a", "b", "c"])[draw.integers(0, 3, n)]
    sessions = draw.integers(1, 4, n)
    sessions[arms == "c"] = 3
    baseline = draw.normal(45, 8, n)
    change = -5.0 * sessions - 0.2 * baseline + draw.normal(0, 6, n)
    change[::10] = np.nan
    return change, baseline, sessions, arms


def test_groups_count_everyone_and_know_who_is_missing():
    change, baseline, sessions, arms = people()
    found = by_sessions(change, baseline, sessions, arms)
    assert sum(each.people for each in found.groups) == 90
    assert sum(each.known for each in found.groups) == int(np.isfinite(change).sum())
    for each in found.groups:
        inside = (arms == each.arm) & (sessions == each.sessions)
        assert each.mean == pytest.approx(np.nanmean(change[inside]))


def test_the_slope_is_that_of_statsmodels_and_carries_its_caution():
    change, baseline, sessions, arms = people()
    found = by_sessions(change, baseline, sessions, arms)
    used = (arms == "a") & np.isfinite(change)
    design = sm.add_constant(np.column_stack([baseline, sessions])[used])
    theirs = sm.OLS(change[used], design).fit()
    ours = found.slopes["a"]
    assert (ours.estimate, ours.p_value) == pytest.approx((theirs.params[2], theirs.pvalues[2]))
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.conf_int()[2]))
    assert "not given at random" in found.caution


def test_where_all_had_as_many_there_is_no_slope():
    assert by_sessions(*people()).slopes["c"] is None


def test_missing_numbers_are_refused():
    change, baseline, sessions, arms = people()
    with pytest.raises(ValueError, match="number of sessions is missing"):
        by_sessions(change, baseline, np.where(sessions == 1, np.nan, sessions), arms)
    with pytest.raises(ValueError, match="90 changes"):
        by_sessions(change, baseline[:3], sessions, arms)
