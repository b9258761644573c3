"""The network of a claim: its trials joined through the treatments that they share."""

from collections.abc import Mapping
from dataclasses import dataclass

from sojourn.evidence import gather as gathering
from sojourn.evidence.gather import Found, gather
from sojourn.evidence.model import Study
from sojourn.evidence.network import Comparison, Contrast, Network, network
from sojourn.evidence.register import Claim


@dataclass(frozen=True, slots=True)
class League:
    """Every treatment against every other; ``asked`` is the comparison that the claim is about.

    ``trials`` counts the trials of each pair; ``left_out`` names studies whose arms on one side
    have several treatments, which the pooled figure of that side can't tell apart.
    """

    network: Network
    asked: Comparison
    labels: Mapping[str, str]
    trials: Mapping[tuple[str, str], int]
    left_out: tuple[str, ...]


def league(claim: Claim, studies: Mapping[str, Study]) -> League | None:
    """The claim's network from the studies given; None where it asks for none or nothing joins."""
    joined = claim.joined
    if joined is None:
        return None
    computation = claim.computation(joined.computation)
    contrasts, left_out = [], []
    for found in gather(computation, studies):
        pair = _pair(found)
        if pair is None:
            left_out.append(found.study.key)
            continue
        effect = gathering.effect(found, computation)
        contrasts.append(Contrast(found.study.key, *pair, effect.estimate, effect.variance))
    if not {joined.first, joined.second} <= {
        name for c in contrasts for name in (c.first, c.second)
    }:
        return None
    found_network = network(contrasts)
    trials: dict[tuple[str, str], int] = {}
    for each in contrasts:
        trials[each.first, each.second] = trials.get((each.first, each.second), 0) + 1
    return League(
        network=found_network,
        asked=found_network.compare(joined.first, joined.second),
        labels={key: joined.labels.get(key, key) for key in found_network.treatments},
        trials=trials,
        left_out=tuple(left_out),
    )


def _pair(found: Found) -> tuple[str, str] | None:
    """The one treatment of each side."""
    sides = [
        {arm.treatment for arm in found.study.arms if arm.role == role}
        for role in ("active", "control")
    ]
    if any(len(side) != 1 for side in sides):
        return None
    return sides[0].pop(), sides[1].pop()
