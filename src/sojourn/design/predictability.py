"""How well an allocation can be guessed by someone who sees every earlier one.

The guesser names the arm furthest behind its share, and by lot where arms are level: the
convergence strategy of Blackwell D, Hodges JL. Design for the control of selection bias.
Annals of Mathematical Statistics 1957;28:449-460. doi:10.1214/aoms/1177706973.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sojourn.protocols.model import Protocol

Sequences = NDArray[np.int8]  # trials by participants, the index of an arm
SURE = 1e-9  # deficits closer than this are level


@dataclass(frozen=True, slots=True)
class Predictability:
    """``right`` is the expected share guessed right, ``blind`` what guessing alone gives."""

    method: str
    right: float
    standard_error: float
    blind: float


def permuted_blocks(
    rng: np.random.Generator,
    ratios: Sequence[int],
    block_sizes: Sequence[int],
    participants: int,
    trials: int,
) -> Sequences:
    """Sequences of one stratum: blocks of sizes drawn at random, each in the arms' ratio.

    Raises
    ------
    ValueError
        If a block size is no multiple of the ratios' sum.
    """
    turn = np.repeat(np.arange(len(ratios), dtype=np.int8), ratios)
    for size in block_sizes:
        if size % len(turn):
            raise ValueError(f"block size {size} is no multiple of {len(turn)}")
    longest = max(block_sizes)
    blocks = -(-participants // min(block_sizes))
    chosen = rng.choice(np.asarray(block_sizes), size=(trials, blocks))
    # Every block is drawn at full length; what lies past its size is dropped.
    within = np.broadcast_to(np.arange(longest), (trials, blocks, longest))
    kept = within < chosen[..., None]
    order = np.argsort(np.where(kept, rng.random((trials, blocks, longest)), 2.0), axis=-1)
    arms = turn[order % len(turn)]
    return np.stack([arms[each][kept[each]][:participants] for each in range(trials)])


def simple(
    rng: np.random.Generator, ratios: Sequence[int], participants: int, trials: int
) -> Sequences:
    """Each participant by an independent draw."""
    shares = np.asarray(ratios) / sum(ratios)
    return rng.choice(len(ratios), size=(trials, participants), p=shares).astype(np.int8)


def biased_coin(
    rng: np.random.Generator, probability: float, participants: int, trials: int
) -> Sequences:
    """Two arms, the one behind with this probability.

    Efron B. Forcing a sequential experiment to be balanced. Biometrika 1971;58:403-417.
    """
    ahead = np.zeros(trials, dtype=np.int64)  # of the first arm
    found = np.empty((trials, participants), dtype=np.int8)
    for number in range(participants):
        chance = np.where(ahead == 0, 0.5, np.where(ahead < 0, probability, 1 - probability))
        second = rng.random(trials) >= chance
        found[:, number] = second
        ahead += np.where(second, -1, 1)
    return found


def minimised(
    rng: np.random.Generator,
    levels: Sequence[int],
    probability: float,
    participants: int,
    trials: int,
) -> NDArray[np.float64]:
    """Share guessed right in each trial of two arms, minimised over factors of so many levels.

    The guesser knows every earlier person's levels and names the arm the method prefers, by lot
    where it prefers none. Levels are equally likely.

    Raises
    ------
    ValueError
        If there is no factor, or the coin's probability is not from a half to one.
    """
    if not levels or min(levels) < 1:
        raise ValueError(f"levels {tuple(levels)}: give each factor one level or more")
    if not 0.5 <= probability <= 1:
        raise ValueError(f"probability {probability} is not from 0.5 to 1")
    rows, right = np.arange(trials), np.zeros(trials)
    ahead = [np.zeros((trials, each), dtype=np.int64) for each in levels]  # of the first arm
    for _ in range(participants):
        mine = [rng.integers(each, size=trials) for each in levels]
        # For two arms the least variance is the least sum of differences.
        margin = np.sum([a[rows, level] for a, level in zip(ahead, mine, strict=True)], axis=0)
        tied = margin == 0
        prefers_first = np.where(tied, rng.random(trials) < 0.5, margin < 0)
        first = prefers_first == (rng.random(trials) < probability)
        right += np.where(tied, 0.5, prefers_first == first)
        for each, level in zip(ahead, mine, strict=True):
            each[rows, level] += np.where(first, 1, -1)
    share: NDArray[np.float64] = right / participants
    return share


def guessed(sequences: Sequences, ratios: Sequence[int]) -> NDArray[np.float64]:
    """Expected share guessed right in each trial; a tie counts as its chance."""
    trials, participants = sequences.shape
    shares = np.asarray(ratios, dtype=float)
    counts = np.zeros((trials, len(ratios)))
    right: NDArray[np.float64] = np.zeros(trials)
    rows = np.arange(trials)
    for number in range(participants):
        filled = counts / shares
        behind = filled <= filled.min(axis=1, keepdims=True) + SURE
        # Of arms equally behind the larger share is the better guess.
        weight = np.where(behind, shares, 0.0)
        best = weight == weight.max(axis=1, keepdims=True)
        right += best[rows, sequences[:, number]] / best.sum(axis=1)
        counts[rows, sequences[:, number]] += 1
    share: NDArray[np.float64] = right / participants
    return share


def compare(
    protocol: Protocol, *, participants: int, trials: int, seed: int, sites: int = 3
) -> tuple[Predictability, ...]:
    """The protocol's own method beside a simple draw and, for two equal arms, a coin of 2/3.

    ``participants`` is the size of one stratum, or of the whole trial under minimisation, whose
    factor 'site' has ``sites`` levels.

    Raises
    ------
    ValueError
        If nothing is randomised, or more than two arms are minimised.
    """
    plan, ratios = protocol.randomisation, [arm.ratio for arm in protocol.arms]
    if plan is None:
        raise ValueError(f"protocol {protocol.key} has no randomisation")
    rng = np.random.default_rng(seed)
    found: dict[str, NDArray[np.float64]] = {}
    if plan.method == "minimisation":
        if len(ratios) != 2:
            raise ValueError(f"minimisation of {len(ratios)} arms can't be simulated; two can")
        coin = (plan.probability_percent or 100) / 100
        levels = [_levels(protocol, factor, sites) for factor in plan.factors]
        name = f"minimisation over {', '.join(plan.factors)}, coin {coin:.0%} (this protocol)"
        found[name] = minimised(rng, levels, coin, participants, trials)
    else:
        sizes = " or ".join(map(str, plan.block_sizes))
        found[f"permuted blocks of {sizes} (this protocol)"] = guessed(
            permuted_blocks(rng, ratios, plan.block_sizes, participants, trials), ratios
        )
    found["simple randomisation"] = guessed(simple(rng, ratios, participants, trials), ratios)
    if ratios == [1, 1]:
        found["biased coin, 2/3"] = guessed(biased_coin(rng, 2 / 3, participants, trials), ratios)
    blind = max(ratios) / sum(ratios)
    return tuple(
        Predictability(
            method, float(right.mean()), float(right.std(ddof=1) / np.sqrt(trials)), blind
        )
        for method, right in found.items()
    )


def _levels(protocol: Protocol, factor: str, sites: int) -> int:
    if factor == "site":
        return sites
    if factor == "sex":
        return 2
    return next(len(each.options) for each in protocol.characteristics if each.key == factor)
