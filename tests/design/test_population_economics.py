"""What the therapy costs and brings, against what is printed of it and what its parts demand.

Printed: Marseille, Mitchell, Kahn, PLoS One 17:e0263252, 2022, doi 10.1371/journal.pone.0263252.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import gamma

from sojourn.design.population.calibrating import agreement, calibrated
from sojourn.design.population.economics import headline, run, scenarios
from sojourn.design.population.model import course_hours, shipped_population
from sojourn.design.population.sensitivity import (
    acceptability,
    drawn,
    interval,
    probabilistic,
    tornado,
)


@pytest.fixture(scope="module")
def model():
    return shipped_population()


def test_four_printed_results_come_out_within_rounding_and_those_held_back_do_not(model):
    for each in agreement(model):
        assert each.agrees == bool(each.published.calibrates), each.published.label


def test_what_nothing_was_set_for_comes_near(model):
    held_back = [each for each in agreement(model) if not each.published.calibrates]
    assert [each.published.value for each in held_back] == [887, 31613, 0.377, 83845]
    for each in held_back:
        assert each.value == pytest.approx(each.published.value, rel=0.05)


def test_the_calibrated_inputs_are_what_calibrating_gives_and_are_marked(model):
    under = model.under("marseille-2022").values
    for name, value in calibrated(model).items():
        assert under[name] == pytest.approx(value, rel=1e-4), name
    marked = {key for key, each in model.inputs.items() if each.kind == "calibrated"}
    assert marked == {"utility-lost-per-point", "cost-per-point", "mortality-per-point"}


def test_without_any_cost_of_care_a_qaly_costs_what_the_course_does(model):
    bare = model.under("marseille-2022").with_values(
        {"cost-per-point": 0, "cost-without-symptoms": 0}
    )
    found = headline(bare)
    assert found["ratio"] == pytest.approx(11537 / 4.856, rel=1e-4)
    # Printed for this case: 2,384 US$ a QALY, from memory; the difference is not explained.
    assert found["ratio"] == pytest.approx(2384, rel=0.004)


def test_the_shares_by_band_follow_from_the_published_means_and_spreads(model):
    edges = np.array([10.5, 22.5, 34.5, 46.5, 80.5])

    def shares(mean, sd, least=0):
        shape = ((mean - least) / sd) ** 2
        below = gamma(shape, loc=least, scale=sd**2 / (mean - least)).cdf(edges)
        return np.diff(np.concatenate(([0], below[:-1], [1])))

    assert model.severity.before == pytest.approx(shares(44.1, 6.08, 35), abs=0.001)
    assert model.severity.after == pytest.approx(shares(44.0 - 24.4, 13.61), abs=0.001)
    assert model.severity.without_drug == pytest.approx(shares(44.2 - 13.9, 12.77), abs=0.001)


def test_hours_of_a_course_are_those_of_the_protocol_pack():
    hours = course_hours("mdma-ptsd")
    # Three preparations and nine integrations of 90 minutes, three sessions of eight hours, two
    # practitioners: Mitchell 2021.
    assert (hours.sessions, hours.dosing, hours.therapist) == (18, 24, 84)


def test_a_therapy_that_changes_nobody_costs_its_price_and_brings_nothing(model):
    same = tuple(replace(band, after=band.before) for band in model.severity.bands)
    found = run(replace(model, severity=replace(model.severity, bands=same))).difference
    assert found.cost == pytest.approx(11537)
    assert found.effect == pytest.approx(0, abs=1e-12)


def test_against_the_same_therapy_without_the_drug_only_the_drug_costs_and_less_is_gained(model):
    against = model.with_values({"comparison-has-therapy": 1, "cost-per-point": 0, "mortality": 0})
    found, usual = run(against), run(against.with_values({"comparison-has-therapy": 0}))
    assert found.difference.cost == pytest.approx(0, abs=1e-9)
    assert 0 < found.difference.effect < 0.6 * usual.difference.effect
    priced = run(against.with_values({"drug-cost-per-session": 12_000})).difference
    assert priced.cost == pytest.approx(36_000)


def test_who_relapses_at_once_gains_less_than_who_never_does(model):
    gains = [headline(model.with_values({"relapse": r}))["qalys"] for r in (0, 0.1, 0.5, 1)]
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 0  # the first half year


def test_draws_have_the_stated_mean_and_spread(model):
    rng = np.random.default_rng(3)
    for each in model.inputs.values():
        if each.sd:
            values = drawn(each, 40_000, rng)
            assert values.mean() == pytest.approx(each.value, rel=0.03)
            assert values.std() == pytest.approx(each.sd, rel=0.05)
    heavy = replace(model.inputs["course-cost"], distribution="lognormal")
    assert drawn(heavy, 40_000, rng).std() == pytest.approx(heavy.sd, rel=0.05)


@pytest.mark.parametrize("value", [0, 0.001, 0.2, 0.999, 1])
def test_an_input_that_was_moved_is_as_uncertain_in_proportion(model, value):
    for key in ("relapse", "completion"):
        each = model.inputs[key].moved(value)
        values = drawn(each, 20_000, np.random.default_rng(4))
        assert values.mean() == pytest.approx(value, abs=0.002)
        assert ((values >= 0) & (values <= 1)).all()
    moved = model.with_values({"relapse": value, "cost-per-point": 0})
    assert np.isfinite(probabilistic(moved, 50, np.random.default_rng(1)).cost).all()


def test_one_seed_gives_one_cloud_around_the_stated_result(model):
    first, again = (probabilistic(model, 2000, np.random.default_rng(1)) for _ in range(2))
    assert (first.cost == again.cost).all()
    stated = run(model).difference
    low, high = interval(first.effect)
    assert low < stated.effect < high
    low, high = interval(first.cost)
    assert low < stated.cost < high


def test_each_draw_is_the_model_run_with_that_drawn_set(model):
    rng = np.random.default_rng(5)
    values = {"relapse": drawn(model.inputs["relapse"], 3, rng)}
    values["course-cost"] = drawn(model.inputs["course-cost"], 3, rng)
    together = run(model, values).difference
    for draw in range(3):
        alone = run(model, {key: float(each[draw]) for key, each in values.items()}).difference
        assert together.cost[draw] == pytest.approx(float(alone.cost))
        assert together.effect[draw] == pytest.approx(float(alone.effect))


def test_acceptability_is_the_share_of_draws_worth_their_cost(model):
    found = probabilistic(model, 500, np.random.default_rng(2))
    shares = acceptability(found, (0, 20_000, 1_000_000))
    assert shares[0] == (found.cost < 0).mean()
    assert shares == tuple(sorted(shares))
    assert shares[-1] == 1


def test_the_tornado_begins_with_what_matters_most_and_ends_meet_the_model(model):
    swings = tornado(model)
    assert swings[0].key == "relapse"
    assert [swing.width for swing in swings] == sorted((s.width for s in swings), reverse=True)
    lasting = run(model.with_values({"relapse": 0})).difference.net_benefit(model.threshold)
    assert swings[0].at_low == pytest.approx(float(lasting))


def test_every_scenario_has_a_headline(model):
    found = scenarios(model)
    assert set(found) == {"", *(each.key for each in model.scenarios)}
    assert found["cautious"]["breaks-even"] is None
    assert found["milder-loss"]["qalys"] == pytest.approx(0.6 * found[""]["qalys"], rel=0.03)
    assert found["no-savings"]["savings"] < 0 < found["no-savings"]["qalys"]
