"""Group-sequential boundaries against published tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm

from sojourn.design.sequential import (
    NoBoundary,
    classical,
    crossing,
    futile_below,
    power_of,
    spend,
    spending,
    with_futility,
)

# Two-sided constants for K = 1 to 10, as Jennison & Turnbull 2000 tabulate (tables 2.1, 2.3).
# Written down from memory, so each is also recomputed below from the multivariate normal alone.
POCOCK = {
    0.01: "2.576 2.772 2.873 2.939 2.986 3.023 3.053 3.078 3.099 3.117",
    0.05: "1.960 2.178 2.289 2.361 2.413 2.453 2.485 2.512 2.535 2.555",
    0.1: "1.645 1.875 1.992 2.067 2.122 2.164 2.197 2.225 2.249 2.270",
}
OBRIEN_FLEMING = {
    0.01: "2.576 2.580 2.595 2.609 2.621 2.631 2.640 2.648 2.654 2.660",
    0.05: "1.960 1.977 2.004 2.024 2.040 2.053 2.063 2.072 2.080 2.087",
    0.1: "1.645 1.678 1.710 1.733 1.751 1.765 1.776 1.786 1.794 1.801",
}
THIRDS = (1 / 3, 2 / 3, 1.0)


@pytest.mark.parametrize("level", sorted(POCOCK))
@pytest.mark.parametrize(
    ("shape", "table"), [("pocock", POCOCK), ("obrien-fleming", OBRIEN_FLEMING)]
)
def test_the_constants_are_the_printed_ones(shape, table, level):
    found = [classical(shape, looks, level, sides=2).efficacy[-1] for looks in range(1, 11)]
    # Printed to three digits; the last may be rounded either way.
    assert found == pytest.approx([float(each) for each in table[level].split()], abs=0.00051)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # gsDesign and rpact, three equal looks, one-sided 2.5%: sfLDOF, sfLDPocock, sfHSD(-4).
        ("obrien-fleming", (3.7103, 2.5114, 1.9930)),
        ("pocock", (2.2794, 2.2949, 2.2959)),
        ("hwang-shih-decani", (3.0107, 2.5465, 1.9992)),
    ],
)
def test_alpha_spending_gives_the_boundaries_other_software_prints(kind, expected):
    assert spend(THIRDS, 0.025, kind=kind).efficacy == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        # rpact, inst/tests/testthat/test-f_design_group_sequential.R: x0, x1, x2 and x7.
        (classical("obrien-fleming", 3, 0.025), (3.4710914, 2.4544323, 2.0040356)),
        (
            spend((0.2, 0.4, 1), 0.03, kind="hwang-shih-decani", gamma=0),
            (2.5121443, 2.4228747, 2.0280392),
        ),
        (
            spend((0.2, 0.4, 1), 0.07, kind="hwang-shih-decani", gamma=-1),
            (2.364813, 2.1928805, 1.5660474),
        ),
        (spend(THIRDS, 0.03), (3.5815302, 2.417863, 1.9175839)),
    ],
)
def test_boundaries_are_those_rpact_is_tested_with(plan, expected):
    assert plan.efficacy == pytest.approx(expected, abs=2e-6)


def test_power_is_that_rpact_is_tested_with():
    # The same file, y1: shift 9.4594102 is the square of the drift for a power of 0.86.
    plan = spend((0.2, 0.4, 1), 0.03, kind="hwang-shih-decani", gamma=0)
    found = crossing(plan.information, plan.efficacy, drift=9.4594102**0.5)
    assert np.cumsum(found.above) == pytest.approx((0.12783451, 0.34055165, 0.86), abs=1e-7)


def test_pococks_plan_costs_what_sas_prints():
    # SAS/STAT user's guide, PROC SEQDESIGN, two-sided Pocock with four looks, alpha 0.05, beta 0.1:
    # maximum information 118.3143 per cent of the fixed trial's.
    plan = classical("pocock", 4, 0.05, sides=2)
    low = [-each for each in plan.efficacy]

    def missing(drift):
        return sum(crossing(plan.information, plan.efficacy, low, drift=drift).above) - 0.9

    drift, fixed = brentq(missing, 2, 5), norm.isf(0.025) + norm.isf(0.1)
    assert 100 * (drift / fixed) ** 2 == pytest.approx(118.3143, abs=2e-3)


@pytest.mark.parametrize("shape", ["pocock", "obrien-fleming"])
@pytest.mark.parametrize("looks", [2, 3, 4, 5])
def test_the_level_is_spent_by_the_multivariate_normal_alone(shape, looks):
    """An integration that shares nothing with ours: the joint law of the looks (Genz 1992)."""
    plan = classical(shape, looks, 0.05, sides=2)
    times = np.array(plan.information)
    law = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    top = np.array(plan.efficacy)
    inside = multivariate_normal.cdf(
        top, cov=law, lower_limit=-top, abseps=1e-7, releps=1e-7, rng=np.random.default_rng(1)
    )
    assert 1 - inside == pytest.approx(0.05, abs=2e-5)


def test_non_binding_futility_is_that_of_gs_designs_own_example():
    # gsDesign(): k = 3, test.type = 4, alpha 0.025, beta 0.1, sfHSD -4 and -2.
    plan = with_futility(spend(THIRDS, 0.025, kind="hwang-shih-decani"), 0.9)
    assert plan.futility == pytest.approx((-0.2387, 0.9411, 1.9992), abs=5e-5)
    assert plan.drift is not None
    fixed = norm.isf(0.025) + norm.isf(0.1)
    assert (plan.drift / fixed) ** 2 == pytest.approx(1.0699, abs=5e-5)
    assert power_of(plan, plan.drift) == pytest.approx(0.9, abs=1e-7)


def test_futility_does_not_lend_efficacy_any_level():
    plan = spend((0.5, 1), 0.025)
    assert with_futility(plan, 0.9).efficacy == plan.efficacy
    assert power_of(with_futility(plan, 0.9), 0.0) < 0.025


@settings(max_examples=25, deadline=None)
@given(
    times=st.lists(st.integers(1, 19), min_size=1, max_size=4, unique=True),
    level=st.floats(0.005, 0.2),
    kind=st.sampled_from(["obrien-fleming", "pocock", "hwang-shih-decani"]),
)
def test_whatever_the_looks_the_whole_level_is_spent(times, level, kind):
    information = [*(each / 20 for each in sorted(times)), 1.0]
    plan = spend(information, level, kind=kind)
    found = crossing(plan.information, plan.efficacy)
    assert np.cumsum(found.above) == pytest.approx(plan.spent, abs=1e-8)
    assert plan.spent[-1] == pytest.approx(level)


def test_crossings_agree_with_simulated_paths():
    plan = with_futility(spend((0.4, 0.7, 1), 0.025, kind="pocock"), 0.8)
    rng, drift, count = np.random.default_rng(5), 2.5, 200_000
    steps = np.diff([0, *plan.information])
    walk = np.cumsum(rng.normal(drift * steps, np.sqrt(steps), (count, 3)), axis=1)
    z = walk / np.sqrt(plan.information)
    going, above, below = np.ones(count, bool), [], []
    for look, (top, low) in enumerate(zip(plan.efficacy, plan.futility, strict=True)):
        above.append((going & (z[:, look] >= top)).mean())
        below.append((going & (z[:, look] < low)).mean())
        going &= (z[:, look] < top) & (z[:, look] >= low)
    found = crossing(plan.information, plan.efficacy, plan.futility, drift=drift)
    error = 4 * np.sqrt(0.25 / count)
    assert found.above == pytest.approx(above, abs=error)
    assert found.below == pytest.approx(below, abs=error)


def test_conditional_power_is_what_it_says_at_the_futility_boundary():
    plan = futile_below(spend((0.5, 1), 0.025), 0.2, drift=3.0)
    at, last = plan.information[0], plan.efficacy[-1]
    left = (last - plan.futility[0] * np.sqrt(at) - 3.0 * (1 - at)) / np.sqrt(1 - at)
    assert norm.sf(left) == pytest.approx(0.2)
    trend = futile_below(spend((0.5, 1), 0.025), 0.2)
    z = trend.futility[0]
    drift = z / np.sqrt(at)
    left = (last - z * np.sqrt(at) - drift * (1 - at)) / np.sqrt(1 - at)
    assert norm.sf(left) == pytest.approx(0.2)


def test_spending_starts_at_nothing_and_ends_at_the_level():
    for kind in ("obrien-fleming", "pocock", "hwang-shih-decani"):
        assert spending(kind, 0, 0.05) == 0
        assert spending(kind, 1, 0.05) == pytest.approx(0.05)
    assert spending("hwang-shih-decani", 0.3, 0.05, gamma=0) == pytest.approx(0.015)


@pytest.mark.parametrize(
    ("information", "level", "said"),
    [
        ((0.5, 0.5, 1), 0.025, "must rise"),
        ((0.5, 0.9), 0.025, "ends at 0.9"),
        ((), 0.025, "must rise"),
        ((0.5, 1), 0.7, "level 0.7"),
    ],
)
def test_what_can_not_be_is_refused_with_the_mend(information, level, said):
    with pytest.raises(NoBoundary, match=said):
        spend(information, level)
    with pytest.raises(NoBoundary, match="use one of"):
        spend((1,), 0.05, kind="bayes")
    with pytest.raises(NoBoundary, match="use one of"):
        classical("haybittle", 2, 0.05)
    with pytest.raises(NoBoundary, match=r"power 0\.3 lies outside"):
        with_futility(spend((1,), 0.05), 0.3)
    with pytest.raises(NoBoundary, match="outside 0 to 1"):
        futile_below(spend((1,), 0.05), 1.5)
