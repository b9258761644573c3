"""Quartiles from counts are the quartiles of the values."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.analysis.histogram import quartiles


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_counts_give_the_quartiles_that_the_values_give(values):
    found = quartiles(Counter(values))
    assert found is not None
    assert found.n == len(values)
    assert (found.first, found.median, found.third) == pytest.approx(
        tuple(np.percentile(values, (25, 50, 75)))
    )


def test_nothing_counted_has_no_quartiles():
    assert quartiles({}) is None
    assert quartiles({4: 0}) is None
