"""Funnel asymmetry agrees with metafor's regtest(), ranktest() and trimfill()."""

import pytest

from sojourn.evidence.effects import Effect
from sojourn.evidence.smallstudy import NoTest, egger, rank_correlation, trim_and_fill
from tests.evidence.examples import bcg, hackshaw


def test_egger_agrees_with_metafor():
    # regtest(fit, model = "lm")
    found = egger(bcg())
    assert found.statistic == pytest.approx(-1.40128200228933, rel=1e-10)
    assert found.p == pytest.approx(0.188706995081979, rel=1e-9)
    found = egger(hackshaw())
    assert found.statistic == pytest.approx(2.38407053474809505, rel=1e-10)
    assert found.p == pytest.approx(0.02267663531271891, rel=1e-9)
    assert found.limit == pytest.approx(0.00499550000564797, rel=1e-8)


def test_rank_correlation_agrees_with_metafor():
    found = rank_correlation(bcg())
    assert found.statistic == pytest.approx(0.0256410256410256)
    assert found.p == pytest.approx(0.952361907960866, rel=1e-9)
    found = rank_correlation(hackshaw())
    assert found.statistic == pytest.approx(0.144144144144144)
    assert found.p == pytest.approx(0.21568812466961, rel=1e-6)


def test_trim_and_fill_agrees_with_metafor():
    random = trim_and_fill(hackshaw())
    assert (random.missing, random.side) == (7, "left")
    assert random.pooled.estimate == pytest.approx(0.174461913396976, rel=1e-6)
    assert random.pooled.tau2 == pytest.approx(0.0244895960910569, rel=1e-5)
    fixed = trim_and_fill(hackshaw(), method="fixed")
    assert fixed.missing == 7
    assert fixed.pooled.estimate == pytest.approx(0.155503408626011, rel=1e-10)
    other = trim_and_fill(bcg())
    assert (other.missing, other.side) == (1, "right")
    assert other.pooled.estimate == pytest.approx(-0.657082800760365, rel=1e-5)


def test_a_symmetrical_funnel_lacks_nothing():
    rows = ((0.0, 0.01), (0.2, 0.04), (-0.2, 0.04), (0.4, 0.16), (-0.4, 0.16))
    found = trim_and_fill([Effect(f"s{i}", y, v, "hedges-g") for i, (y, v) in enumerate(rows)])
    assert found.missing == 0


def test_two_studies_have_no_shape():
    for test in (egger, rank_correlation, trim_and_fill):
        with pytest.raises(ValueError, match="2 studies"):
            test(bcg()[:2])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (((-0.5, 0.04), (-0.2, 0.04), (-0.9, 0.04)), "all standard errors are alike"),
        (((-0.5, 0.04), (-0.5, 0.04), (-0.9, 0.09)), "the line fits exactly"),
    ],
)
def test_where_nothing_is_left_to_test_with_no_test_is_made(rows, message):
    effects = [Effect(f"s{i}", y, v, "hedges-g") for i, (y, v) in enumerate(rows)]
    with pytest.raises(NoTest, match=message):
        egger(effects)
