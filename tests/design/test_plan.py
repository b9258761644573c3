"""Sample size looked at again: what it may become, and what it must not cost."""

import numpy as np
import pytest
from scipy.stats import norm

from sojourn.design.plan import (
    Plan,
    Reestimation,
    blinded_sizes,
    conditional_power,
    least_promising,
    promising_sizes,
    size_at,
    weighted,
)
from sojourn.design.sequential import NoBoundary, spend


def promising(most: int = 200, at: float = 0.6, power: float = 0.9) -> Plan:
    return Plan(100, 1, 1, reestimation=Reestimation("promising-zone", most, at, power))


def test_the_size_is_raised_in_the_promising_zone_only():
    plan = promising()
    z = np.linspace(-2, 4, 601)
    power = conditional_power(z, 0.6, norm.isf(0.025))
    sizes = promising_sizes(plan, z)
    inside = (power >= least_promising(plan)) & (power < 0.9)
    assert (sizes[~inside] == 100).all()
    assert (sizes[inside] > 100).all()
    assert sizes.max() <= 200


def test_a_raised_size_reaches_the_wanted_power_where_it_may():
    plan = promising(most=10_000)
    z = np.array([1.6, 1.8])
    size = promising_sizes(plan, z)
    # Conditional power by hand: the second stage must make up what is short, at the seen trend.
    share = 60 / 100
    needed = (norm.isf(0.025) - z * np.sqrt(share)) / np.sqrt(1 - share)
    drift = z / np.sqrt(60) * np.sqrt(size - 60)
    assert norm.sf(needed - drift) == pytest.approx([0.9, 0.9], abs=0.01)


@pytest.mark.parametrize("at", [0.3, 0.5, 0.6, 0.75])
@pytest.mark.parametrize("most", [125, 150, 200, 300])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_the_type_i_error_of_a_promising_zone_is_held(at, most, power):
    plan = promising(most, at, power)
    first = 100 * at
    z = np.linspace(-8, 8, 20_001)
    size = promising_sizes(plan, z)
    second = size - first
    short = (norm.isf(0.025) * np.sqrt(size) - z * np.sqrt(first)) / np.sqrt(second)
    error = np.sum(norm.sf(short) * norm.pdf(z)) * (z[1] - z[0])
    assert error <= 0.025 + 1e-5  # sizes are whole people; the smallest excess is theirs


@pytest.mark.parametrize("times", [(0.6, 1.0), (0.3, 0.6, 1.0), (0.25, 0.6, 0.8, 1.0)])
@pytest.mark.parametrize("kind", ["obrien-fleming", "pocock"])
def test_looks_and_a_size_looked_at_again_together_keep_the_type_i_error(times, kind):
    """Paths of the null drawn as what they are, sums of steps, whatever the size becomes."""
    bounds = spend(times, 0.025, kind=kind)
    plan = Plan(100, 1, 1, bounds, Reestimation("promising-zone", 200, 0.6))
    rng, count = np.random.default_rng(3), 400_000
    final = np.full(count, 100)
    size, score = np.zeros(count), np.zeros(count)
    crossed, before = np.zeros(count, bool), None
    for look, top in enumerate(bounds.efficacy):
        now = size_at(plan, look, final).astype(float)
        score += rng.normal(size=count) * np.sqrt(now - size)
        size = now
        seen = np.stack([score / np.sqrt(size), size])
        z = seen[0] if before is None else weighted(plan, look, before, seen)
        crossed |= z >= top
        if look == plan.look_again:
            before, final = seen, promising_sizes(plan, seen[0])
    assert (final > 100).mean() > 0.05
    assert crossed.mean() == pytest.approx(0.025, abs=4 * np.sqrt(0.025 / count))


def test_where_the_size_stays_the_weighted_statistic_is_the_usual_one():
    plan = Plan(100, 1, 1, spend((0.6, 1), 0.025), Reestimation("promising-zone", 200, 0.6))
    z, first = np.array([1.7, -0.2]), np.array([1.1, 0.4])
    before, now = np.stack([first, np.full(2, 60.0)]), np.stack([z, np.full(2, 100.0)])
    assert weighted(plan, 1, before, now) == pytest.approx(z)


def test_a_blinded_size_follows_the_spread_and_never_falls():
    again = Reestimation("blinded-variance", 300, difference=8.0)
    plan = Plan(80, 1, 1, reestimation=again)
    within = np.array([5.0, 12.0, 15.0, 40.0]) ** 2
    sizes = blinded_sizes(plan, within + 8.0**2 / 4)
    reach = norm.isf(0.025) + norm.ppf(0.9)
    assert sizes[0] == 80
    assert sizes[1:3] == pytest.approx(4 * within[1:3] * (reach / 8) ** 2, abs=1)
    assert sizes[3] == 300


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"people": 4}, "at least 8"),
        ({"boundaries": spend((0.5, 1), 0.025)}, "before the last: 0.5"),
        ({"boundaries": spend((0.6, 1), 0.025), "people": 200}, "most is 150"),
        ({"reestimation": Reestimation("promising-zone", 50)}, "most is 50"),
        ({"reestimation": Reestimation("promising-zone", 150, at=1.0)}, "at is 1.0"),
        ({"reestimation": Reestimation("blinded-variance", 150)}, "difference is 0"),
    ],
)
def test_a_plan_that_can_not_be_is_refused(wrong, said):
    given = {"reestimation": Reestimation("promising-zone", 150), "people": 100} | wrong
    with pytest.raises(NoBoundary, match=said):
        Plan(given.pop("people"), 10, 1, **given)


def test_a_plan_without_reestimation_has_no_sizes_to_give():
    with pytest.raises(NoBoundary, match="give it a reestimation"):
        promising_sizes(Plan(100, 10, 1), np.array([1.0]))
