"""How guessable an allocation is, against closed forms and published simulations."""

from math import comb

import numpy as np
import pytest

from sojourn import protocols
from sojourn.design.predictability import biased_coin, compare, guessed, permuted_blocks, simple


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
    plan, arms = protocol.randomisation, protocol.arms
    own, drawn, coin = compare(plan, arms, participants=60, trials=4000, seed=1)
    assert 0.66 < own.right < 0.709
    assert drawn.right < coin.right < own.right
    assert own.blind == 0.5
