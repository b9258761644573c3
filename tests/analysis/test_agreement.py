"""Agreement of raters reproduces the published examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.analysis.agreement import cohen_kappa, fleiss_kappa, intraclass

# Shrout & Fleiss 1979, table 2: six subjects, four judges.
SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]
# Fleiss 1971 as in later textbooks: ten subjects, fourteen raters, five categories.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def test_the_example_of_shrout_and_fleiss_gives_its_published_values():
    one, mean = intraclass(SHROUT_FLEISS), intraclass(SHROUT_FLEISS, of_mean=True)
    assert round(one.estimate, 2) == 0.29
    assert round(mean.estimate, 2) == 0.62
    # Interval as printed by R's psych::ICC and irr::icc for these data: 0.02 to 0.76.
    assert (round(one.low, 2), round(one.high, 2)) == (0.02, 0.76)
    assert (one.subjects, one.raters) == (6, 4)


def test_cohens_kappa_of_a_two_by_two_table():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: agreement .7, chance .5, kappa .4.
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


def test_the_example_of_fleiss_gives_its_published_value():
    assert round(fleiss_kappa(FLEISS), 3) == 0.210


@pytest.mark.parametrize(
    "scores",
    [[[1, 2]], [[1], [2]], [[1, float("nan")], [2, 3]], [1, 2], [[1, 2], [2, 1]]],
)
def test_too_little_or_missing_is_said(scores):
    with pytest.raises(ValueError, match=r"the least|is missing|do not differ"):
        intraclass(scores)


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=3, max_size=12))
def test_an_estimate_lies_in_its_interval_and_never_above_one(scores):
    table = np.array(scores)
    if np.ptp(table.sum(axis=1)) == 0:
        return  # nobody differs: refused, see above
    result = intraclass(table)
    # Below zero the approximate interval of McGraw & Wong need not hold its own estimate.
    if result.estimate >= 0:
        assert result.low <= result.estimate + 1e-9 <= result.high + 2e-9
    assert result.estimate <= 1


@given(st.lists(st.integers(0, 9), min_size=2, max_size=9))
def test_raters_who_never_differ_agree_in_full(values):
    if len(set(values)) == 1:
        return
    assert intraclass([[each, each, each] for each in values]).estimate == pytest.approx(1)
