"""Mixed models of counts agree with the exact likelihood in R (validation/evidence/counts.R)."""

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from sojourn.evidence.effects import Count
from sojourn.evidence.proportions import pool_odds_ratios, pool_proportions
from tests.evidence.examples import NIELWEISE, PRITZ

NAMES = [f"s{i}" for i in range(20)]


def pritz(**options):
    return pool_proportions([Count(x, n) for x, n in PRITZ], NAMES[: len(PRITZ)], **options)


def nielweise(**options):
    firsts = [Count(a, n) for a, n, _, _ in NIELWEISE]
    seconds = [Count(c, n) for _, _, c, n in NIELWEISE]
    return pool_odds_ratios(firsts, seconds, NAMES[: len(firsts)], **options)


def test_proportions_agree_with_r():
    found = pritz()
    # integrate() and optim()
    assert found.estimate == pytest.approx(1.376594404145, rel=1e-7)
    assert found.tau2 == pytest.approx(0.589309513640, rel=1e-6)
    assert found.standard_error == pytest.approx(0.288379875468, rel=1e-6)
    assert found.log_likelihood == pytest.approx(-32.605447315315, rel=1e-10)
    # rma.glmm(measure = "PLO", nAGQ = 21), which stops at about 1e-5
    assert found.standard_error == pytest.approx(0.288379854780, rel=1e-5)
    assert pritz(fixed=True).estimate == pytest.approx(1.123304901251, rel=1e-9)
    # 1/246 + 1/80, from the 246 of 326 who improved
    assert pritz(fixed=True).standard_error == pytest.approx((1 / 246 + 1 / 80) ** 0.5)


def test_odds_ratios_agree_with_r_and_the_paper():
    found = nielweise()
    # dens(), integrate() and optim()
    assert found.estimate == pytest.approx(-1.353158119684, rel=1e-7)
    assert found.tau2 == pytest.approx(0.693457798052, rel=1e-6)
    assert found.standard_error == pytest.approx(0.351040325372, rel=1e-6)
    # Stijnen 2010, section 4.1: -1.353 (0.351)
    assert (round(found.estimate, 3), round(found.standard_error, 3)) == (-1.353, 0.351)
    # rma.glmm(model = "CM.EL", method = "FE")
    assert nielweise(fixed=True).estimate == pytest.approx(-1.223559175616, rel=1e-6)


def test_a_study_without_events_changes_nothing():
    rows = [row for row in NIELWEISE if row[0] + row[2]]
    firsts = [Count(a, n) for a, n, _, _ in rows]
    seconds = [Count(c, n) for _, _, c, n in rows]
    without = pool_odds_ratios(firsts, seconds, NAMES[: len(rows)])
    assert without.estimate == pytest.approx(nielweise().estimate, rel=1e-8)
    assert without.tau2 == pytest.approx(nielweise().tau2, rel=1e-6)


def test_the_other_arm_first_is_minus_the_ratio():
    firsts = [Count(a, n) for a, n, _, _ in NIELWEISE]
    seconds = [Count(c, n) for _, _, c, n in NIELWEISE]
    turned = pool_odds_ratios(seconds, firsts, NAMES[: len(firsts)])
    assert turned.estimate == pytest.approx(-nielweise().estimate, rel=1e-6)


def test_the_likelihood_is_the_plain_integral():
    counts = [(3, 10), (8, 12), (5, 30)]

    grid = np.linspace(-9, 9, 4001)
    chance = stats.norm.pdf(grid) * (grid[1] - grid[0])

    def loss(p):
        shares = expit(p[0] + p[1] * grid)
        return -sum(np.log(chance @ stats.binom.pmf(x, n, shares)) for x, n in counts)

    best = optimize.minimize(loss, [0.0, 0.8], method="Nelder-Mead", tol=1e-9)
    found = pool_proportions([Count(x, n) for x, n in counts], NAMES[:3])
    assert found.estimate == pytest.approx(best.x[0], abs=1e-4)
    assert found.tau2 == pytest.approx(best.x[1] ** 2, rel=1e-3)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-8)


def test_equal_shares_have_no_spread():
    found = pool_proportions([Count(5, 10), Count(50, 100), Count(10, 20)], NAMES[:3])
    assert found.tau2 == 0
    assert expit(found.estimate) == pytest.approx(0.5)


def test_what_has_no_finite_estimate_is_refused():
    with pytest.raises(ValueError, match="0 events in 20"):
        pool_proportions([Count(0, 10), Count(0, 10)], NAMES[:2])
    with pytest.raises(ValueError, match="one arm only"):
        pool_odds_ratios([Count(0, 10)], [Count(3, 10)], NAMES[:1])
