"""How guessable an allocation is, against closed forms and published simulations."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest

from sojourn import protocols
from sojourn.design.predictability import (
    biased_coin,
    compare,
    guessed,
    minimised,
    permuted_blocks,
    simple,
)


@pytest.mark.parametrize("size", [2, 4, 6, 20])
def test_a_block_is_guessed_as_blackwell_and_hodges_computed(size):
    # Half of a block of 2m, and 2^(2m-1)/C(2m, m) - 1/2 more (Blackwell and Hodges 1957).
    half = size // 2
    expected = (half + 2 ** (size - 1) / comb(size, half) - 0.5) / size
    rng = np.random.default_rng(7)
    right = guessed(permuted_blocks(rng, [1, 1], [size], size, 20_000), [1, 1])
    assert right.mean() == pytest.approx(expected, abs=4 * right.std() / np.sqrt(20_000) + 1e-9)


@pytest.mark.parametrize(
    ("participants", "block", "coin"), [(20, 0.616, 0.633), (80, 0.617, 0.640)]
)
def test_blocks_of_20_and_a_biased_coin_are_as_guessable_as_published(participants, block, coin):
    # Zhao W et al. Pharmaceutical Statistics 2012;11:39-48, table III (5000 runs).
    # doi:10.1002/pst.493
    rng = np.random.default_rng(11)
    of_blocks = guessed(permuted_blocks(rng, [1, 1], [20], participants, 5000), [1, 1])
    of_coin = guessed(biased_coin(rng, 0.7, participants, 5000), [1, 1])
    assert of_blocks.mean() == pytest.approx(block, abs=0.004)
    assert of_coin.mean() == pytest.approx(coin, abs=0.004)


def test_a_simple_draw_can_not_be_guessed():
    rng = np.random.default_rng(3)
    assert guessed(simple(rng, [1, 1], 50, 5000), [1, 1]).mean() == pytest.approx(0.5, abs=0.005)


def test_every_block_keeps_the_ratio_whatever_its_size():
    rng = np.random.default_rng(5)
    sequences = permuted_blocks(rng, [2, 1], [6], 12, 200)
    assert (sequences[:, :6].sum(axis=1) == 2).all()
    assert (sequences[:, 6:].sum(axis=1) == 2).all()
    with pytest.raises(ValueError, match="no multiple"):
        permuted_blocks(rng, [2, 1], [4], 12, 2)


def test_the_protocols_own_blocks_stand_between_the_two_fixed_sizes():
    protocol = protocols.load_shipped("mdma-ptsd")
    own, drawn, coin = compare(protocol, participants=60, trials=4000, seed=1)
    assert 0.66 < own.right < 0.709
    assert drawn.right < coin.right < own.right
    assert own.blind == 0.5


def test_minimisation_without_chance_is_guessed_like_blocks_of_two_and_with_it_less():
    rng = np.random.default_rng(5)
    # One factor of one level and no chance: every second person is certain.
    assert minimised(rng, (1,), 1.0, 40, 500).mean() == pytest.approx(0.75)
    assert minimised(rng, (3, 2), 0.5, 40, 4000).mean() == pytest.approx(0.5, abs=0.005)
    shares = [minimised(rng, (3, 2), coin, 40, 4000).mean() for coin in (0.5, 0.8, 1.0)]
    assert shares == sorted(shares)
    with pytest.raises(ValueError, match=r"from 0\.5 to 1"):
        minimised(rng, (2,), 0.4, 10, 10)
    with pytest.raises(ValueError, match="one level or more"):
        minimised(rng, (), 0.8, 10, 10)


def test_one_level_of_one_factor_is_the_biased_coin():
    rng = np.random.default_rng(9)
    alone = minimised(rng, (1,), 0.7, 40, 8000)
    coin = guessed(biased_coin(rng, 0.7, 40, 8000), [1, 1])
    assert alone.mean() == pytest.approx(coin.mean(), abs=0.004)


def test_a_minimising_protocol_is_compared_as_one():
    shipped = protocols.load_shipped("mdma-ptsd")
    plan = replace(
        shipped.randomisation, block_sizes=(), strata=(), method="minimisation",
        factors=("site", "sex"), probability_percent=80,
    )  # fmt: skip
    protocol = replace(shipped, randomisation=plan)
    own, *_ = compare(protocol, participants=60, trials=2000, seed=1)
    assert own.method.startswith("minimisation over site, sex, coin 80%")
    assert 0.6 < own.right < 0.8
    with pytest.raises(ValueError, match="has no randomisation"):
        compare(replace(shipped, randomisation=None), participants=60, trials=20, seed=1)
