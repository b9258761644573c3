"""A cohort by yearly cycles: closed forms, a textbook's printed results, and what is printed of it.

Textbook: Briggs, Claxton, Sculpher, Decision Modelling for Health Economic Evaluation, Oxford
2006, exercise 2.5: zidovudine alone or with lamivudine for two years, after Chancellor et al.,
Pharmacoeconomics 12:54-66, 1997.
"""

import numpy as np
import pytest

from sojourn.design.population.cohort import Difference, breaks_even, membership, yearly

COUNTED = ((1251, 350, 116, 17), (0, 731, 512, 15), (0, 0, 1312, 437), (0, 0, 0, 1))
CARE = np.array([1701 + 1055, 1774 + 1278, 6948 + 2059, 0.0])
ZIDOVUDINE, LAMIVUDINE, RISK, YEARS = 2278, 2086.5, 0.509, 20
ALIVE = np.array([1.0, 1, 1, 0])


def hiv(combined: bool):
    """Discounted cost (6%) and life-years (not discounted) of one arm, as in the exercise."""
    usual = np.array(COUNTED, dtype=float)
    usual /= usual.sum(axis=1, keepdims=True)
    better = usual * RISK
    np.fill_diagonal(better, 0)
    np.fill_diagonal(better, 1 - better.sum(axis=1))
    moves = np.array([better if combined and year < 2 else usual for year in range(YEARS)])
    members = membership(np.array([1.0, 0, 0, 0]), moves)
    drug = np.array([ZIDOVUDINE + LAMIVUDINE * (combined and year < 2) for year in range(YEARS)])
    costs = CARE + drug[:, None] * ALIVE
    cost = yearly(members, costs, 0.06, "end").sum()
    return cost, yearly(members, ALIVE, 0.0, "end").sum()


def test_the_textbooks_model_of_hiv_gives_its_printed_results():
    (mono, mono_years), (both, both_years) = hiv(False), hiv(True)
    assert round(mono) == 44663
    assert round(both) == 50602
    assert mono_years == pytest.approx(7.991, abs=5e-4)
    assert both_years == pytest.approx(8.937, abs=5e-4)
    difference = Difference(np.array(both - mono), np.array(both_years - mono_years))
    assert round(float(difference.ratio)) == 6276


def constant_hazard(chance: float, years: int):
    moves = np.broadcast_to([[1 - chance, chance], [0, 1]], (years, 2, 2))
    return membership(np.array([1.0, 0.0]), moves)


@pytest.mark.parametrize("chance", [0.0, 0.02, 0.5, 1.0])
def test_who_dies_by_a_constant_chance_lives_as_the_geometric_series_says(chance):
    members = constant_hazard(chance, 400)
    alive = np.array([1.0, 0.0])
    v = 1 / 1.03
    series = (1 - (v * (1 - chance)) ** 400) / (1 - v * (1 - chance))
    assert yearly(members, alive, 0.03, "start").sum() == pytest.approx(series)
    ends = v * (1 - chance) * series
    assert yearly(members, alive, 0.03, "end").sum() == pytest.approx(ends)
    half = (series + series * (1 - chance)) / 2 * v**0.5
    assert yearly(members, alive, 0.03).sum() == pytest.approx(half)


def test_nobody_is_lost_and_draws_give_what_each_gives_alone():
    rng = np.random.default_rng(7)
    moves = rng.dirichlet(np.ones(4), size=(12, 5, 4))
    start = rng.dirichlet(np.ones(4), size=5)
    together = membership(start, moves)
    assert together.sum(axis=-1) == pytest.approx(1.0)
    for draw in range(5):
        alone = membership(start[draw], moves[:, draw])
        assert together[:, draw] == pytest.approx(alone)
        assert yearly(together, np.arange(4.0), 0.05)[:, draw] == pytest.approx(
            yearly(alone, np.arange(4.0), 0.05)
        )


def test_it_breaks_even_where_the_cumulative_cost_crosses_nothing():
    assert breaks_even(np.array([100.0, 60, 20, -20])) == pytest.approx(2.5)
    assert breaks_even(np.array([100.0, 60, 0.0])) == 2.0
    assert breaks_even(np.array([0.0, 5])) == 0.0
    assert breaks_even(np.array([100.0, 60, 20])) is None


def test_net_benefit_and_ratio_say_the_same_of_what_is_worth_its_price():
    found = Difference(np.array([300.0, 700.0]), np.array([1.0, 2.0]))
    assert found.ratio == pytest.approx([300, 350])
    assert found.net_benefit(320) == pytest.approx([20, -60])
