"""Network meta-analysis agrees with R's netmeta on Senn 2013 (validation/evidence/network.R)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.evidence.effects import Effect
from sojourn.evidence.network import Contrast, network
from sojourn.evidence.pooling import pool
from tests.evidence.examples import senn

# netmeta(...): against placebo, random and common effects
RANDOM = {
    "acar": (-0.841784938227976, 0.245820305714490),
    "benf": (-0.731147214852838, 0.286075052382414),
    "metf": (-1.126775351212163, 0.154266581998358),
    "migl": (-0.949726377715540, 0.231758537714090),
    "piog": (-1.129091953831889, 0.219638130210362),
    "rosi": (-1.233455752975831, 0.127801641862546),
    "sita": (-0.569999999999996, 0.354095655356598),
    "sulf": (-0.416558800208343, 0.240883811728633),
    "vild": (-0.699999999999998, 0.353443366244747),
}  # fmt: skip
COMMON = {
    "acar": (-0.827368972010615, 0.1085208454394896),
    "metf": (-1.114110189044171, 0.0596114775499700),
    "rosi": (-1.201842010700718, 0.0476621653308935),
    "sulf": (-0.439497150629668, 0.0914791253722792),
}  # fmt: skip
# netrank(fit, small.values = "desirable")
P_SCORES = {
    "rosi": 0.8933681812552101, "metf": 0.7817765315822707, "piog": 0.7745697307006257,
    "migl": 0.6136555281943245, "acar": 0.5202644153469339, "benf": 0.4358170235003718,
    "vild": 0.4232466695437182, "sita": 0.3330992064169424, "sulf": 0.2103076596511693,
    "plac": 0.0138950538084336,
}  # fmt: skip


def test_every_comparison_agrees_with_netmeta():
    found = network(senn())
    for name, (estimate, error) in RANDOM.items():
        one = found.compare(name, "plac")
        assert one.estimate == pytest.approx(estimate, rel=1e-9)
        assert one.standard_error == pytest.approx(error, rel=1e-9)
    common = network(senn(), random=False)
    for name, (estimate, error) in COMMON.items():
        one = common.compare(name, "plac")
        assert one.estimate == pytest.approx(estimate, rel=1e-9)
        assert one.standard_error == pytest.approx(error, rel=1e-9)


def test_heterogeneity_splits_as_in_netmeta():
    found = network(senn()).heterogeneity
    assert found.tau2 == pytest.approx(0.108716923142419, rel=1e-10)
    assert found.i2 == pytest.approx(0.814405347577657, rel=1e-10)
    # decomp.design(fit)$Q.decomp
    assert (found.q, found.degrees) == (pytest.approx(96.9855530052601), 18)
    assert (found.within, found.within_degrees) == (pytest.approx(74.4552817355127), 11)
    assert (found.between, found.between_degrees) == (pytest.approx(22.5302712697474), 7)
    assert found.between_p == pytest.approx(2.05701423800982e-3, rel=1e-9)


def test_ranks_agree_with_netmeta():
    found = dict(network(senn()).p_scores)
    assert found == pytest.approx(P_SCORES, rel=1e-9)
    assert next(iter(found)) == "rosi"
    turned = dict(network(senn(), lower_is_better=False).p_scores)
    assert turned["plac"] == pytest.approx(1 - P_SCORES["plac"], rel=1e-9)


def test_direct_against_indirect_agrees_with_netsplit():
    one = network(senn()).compare("metf", "plac")
    assert one.direct == pytest.approx((-1.1810219813135228, 0.2060411942782), rel=1e-9)
    assert one.indirect == pytest.approx((-1.0575721813271968, 0.232718372162698), rel=1e-9)
    assert one.inconsistency_p == pytest.approx(0.691241373570044, rel=1e-8)
    other = network(senn()).compare("rosi", "sulf")
    assert other.inconsistency_p == pytest.approx(0.156492922164632, rel=1e-8)
    assert network(senn()).compare("sita", "plac").indirect is None


def test_two_treatments_are_a_plain_meta_analysis():
    rows = ((-0.5, 0.04), (-0.2, 0.09), (-0.9, 0.06))
    effects = [Effect(f"s{i}", y, v, "hedges-g") for i, (y, v) in enumerate(rows)]
    plain = pool(effects, method="DL", hartung_knapp=False)
    found = network([Contrast(e.study, "a", "b", e.estimate, e.variance) for e in effects])
    one = found.compare("a", "b")
    assert one.estimate == pytest.approx(plain.estimate)
    assert one.standard_error == pytest.approx(plain.standard_error)
    assert found.heterogeneity.tau2 == pytest.approx(plain.tau2)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_the_league_is_consistent_and_the_study_with_three_arms_counts_once(seed):
    draw = np.random.default_rng(seed)
    contrasts = []
    for study in range(4):
        means, variances = draw.normal(size=3), draw.uniform(0.02, 0.2, size=3)
        contrasts += [
            Contrast(f"s{study}", a, b, means[i] - means[j], variances[i] + variances[j])
            for (i, a), (j, b) in (((0, "a"), (1, "b")), ((0, "a"), (2, "c")), ((1, "b"), (2, "c")))
        ]
    found = network(contrasts)
    ab, bc, ac = (found.compare(*pair).estimate for pair in (("a", "b"), ("b", "c"), ("a", "c")))
    assert ab + bc == pytest.approx(ac)
    assert found.compare("b", "a").estimate == pytest.approx(-ab)
    assert found.heterogeneity.degrees == 4 * 2 - 2
    assert found.heterogeneity.between == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(
    ("contrasts", "message"),
    [
        ([Contrast("s", "a", "b", 0, 1), Contrast("s", "a", "c", 0, 1)], "all 3 pairs"),
        ([Contrast("s", "a", "b", 0, 1), Contrast("t", "c", "d", 0, 1)], "falls apart"),
        (
            [
                Contrast("s", "a", "b", 0, 0.1),
                Contrast("s", "a", "c", 0, 0.1),
                Contrast("s", "b", "c", 0, 9),
            ],
            "variances of s",
        ),
    ],
)
def test_what_is_no_network_is_refused(contrasts, message):
    with pytest.raises(ValueError, match=message):
        network(contrasts)


def test_a_comparison_that_is_not_there_names_those_that_are():
    with pytest.raises(KeyError, match="rosi"):
        network(senn()).compare("insulin", "plac")
