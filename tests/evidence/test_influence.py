"""Influence agrees with metafor's influence() and leave1out() on the BCG trials."""

import pytest

from sojourn.evidence.influence import influence, leave_one_out
from tests.evidence.examples import bcg

# influence(rma(yi, vi, data = bcg, control = tight)): rstudent, dffits, cook.d, cov.r, hat
ROWS = {
    0: (-0.218142485736088, -0.0407075475012547, 0.001716541341617757, 1.116448986145901,
        0.0505948273436663),
    3: (-1.451200664251021, -0.5200509884698512, 0.229481639115784980, 0.965126485135914,
        0.0969874701892071),
    7: (1.450080524568101, 0.4774600073741738, 0.199177591738664783, 1.001070138903687,
        0.1018943903709569),
    12: (1.187902892882106, 0.3548608992530786, 0.122812903950689056, 1.065040678479207,
         0.0840285155220110),
}  # fmt: skip


def test_diagnostics_agree_with_metafor():
    found = influence(bcg())
    for place, (residual, dffits, cook, ratio, hat) in ROWS.items():
        one = found[place]
        assert one.residual == pytest.approx(residual, rel=1e-7)
        assert one.dffits == pytest.approx(dffits, rel=1e-6)
        assert one.cook == pytest.approx(cook, rel=1e-6)
        assert one.covariance_ratio == pytest.approx(ratio, rel=1e-7)
        assert one.hat == pytest.approx(hat, rel=1e-9)


def test_leaving_madras_out_agrees_with_metafor():
    left = dict(leave_one_out(bcg(), hartung_knapp=False))
    madras = left["tpt-madras"]
    assert madras.estimate == pytest.approx(-0.794767604515521, rel=1e-9)
    assert madras.standard_error == pytest.approx(0.179877685980578, rel=1e-9)
    assert madras.q == pytest.approx(67.9858114990849, rel=1e-10)


def test_nothing_can_be_left_out_of_one():
    with pytest.raises(ValueError, match="1 study"):
        leave_one_out(bcg()[:1])
