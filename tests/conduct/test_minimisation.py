"""Minimisation against a published table, and its sequence made again from the seed."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn import protocols
from sojourn.conduct.minimisation import Earlier, arm_by_minimisation, imbalances
from sojourn.protocols import ProtocolError

# Advanced breast cancer, 80 patients on A or B: Pocock 1983, Clinical Trials, table 5.7
# (from memory, unverified; every factor of it adds up to 40 on each arm).
TABLE = {
    "performance": {"ambulatory": (30, 31), "non-ambulatory": (10, 9)},
    "age": {"below-50": (18, 17), "50-or-more": (22, 23)},
    "disease-free": {"below-2-years": (31, 32), "2-years-or-more": (9, 8)},
    "metastasis": {"visceral": (19, 21), "osseous": (8, 7), "soft-tissue": (13, 12)},
}
NEXT = (
    ("performance", "ambulatory"),
    ("age", "below-50"),
    ("disease-free", "2-years-or-more"),
    ("metastasis", "visceral"),
)
PACK = protocols.shipped_text("mdma-ptsd")
MINIMISED = "\n".join(
    (
        "randomisation:",
        "  blinded: true",
        "  method: minimisation",
        "  factors: [site, sex]",
        "  probability_percent: 80",
        "  after_visit: preparation-3",
        "  source: mitchell-2023",
    )
)
BLOCKS = PACK[PACK.index("randomisation:") : PACK.index("\n\ndosing:")]


def published() -> list[Earlier]:
    """Eighty people whose margins are the table's; only margins matter to the method."""
    people: list[Earlier] = []
    for arm, column in (("A", 0), ("B", 1)):
        levels = [
            [(factor, level) for level, counts in rows.items() for _ in range(counts[column])]
            for factor, rows in TABLE.items()
        ]
        assert {len(each) for each in levels} == {40}
        people += [Earlier(tuple(each), arm) for each in zip(*levels, strict=True)]
    return people


def test_the_published_example_gives_the_arm_with_the_smaller_sum_of_margins():
    earlier = published()
    sums = {
        arm: sum(level in each.levels for each in earlier if each.arm == arm for level in NEXT)
        for arm in "AB"
    }
    assert sums == {"A": 76, "B": 77}
    left = dict(imbalances(NEXT, earlier, ("A", "B")))
    # Differences of A less B are -1, 1, 1 and -2: their squares after one more on A or on B.
    assert left == {"A": 0 + 4 + 4 + 1, "B": 4 + 0 + 0 + 9}
    assert arm_by_minimisation(b"seed", 81, NEXT, earlier, ("A", "B"), 100) == "A"


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=30)
def test_the_same_seed_makes_the_same_sequence(seed):
    def sequence() -> list[str]:
        earlier: list[Earlier] = []
        for number in range(1, 13):
            levels = (("site", f"site-{number % 3}"), ("sex", "female" if number % 2 else "male"))
            arm = arm_by_minimisation(seed, number, levels, earlier, ("A", "B"), 80)
            earlier.append(Earlier(levels, arm))
        return [each.arm for each in earlier]

    assert sequence() == sequence()


def test_the_coin_is_biased_as_stated_and_ties_are_fair():
    earlier = published()
    seeds = [number.to_bytes(32, "big") for number in range(2000)]
    given_a = sum(arm_by_minimisation(s, 81, NEXT, earlier, ("A", "B"), 80) == "A" for s in seeds)
    assert abs(given_a - 1600) < 72  # four standard errors
    firsts = Counter(arm_by_minimisation(s, 1, NEXT, [], ("A", "B", "C"), 80) for s in seeds)
    assert all(abs(times - 2000 / 3) < 85 for times in firsts.values())


def test_a_number_that_does_not_follow_is_refused():
    with pytest.raises(ValueError, match="does not follow"):
        arm_by_minimisation(b"seed", 3, NEXT, [], ("A", "B"), 80)


def test_a_pack_may_ask_for_minimisation():
    plan = protocols.load_text(PACK.replace(BLOCKS, MINIMISED), "minimised").randomisation
    assert plan is not None
    assert (plan.method, plan.factors, plan.probability_percent) == (
        "minimisation",
        ("site", "sex"),
        80,
    )
    assert replace(plan) == plan


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[site, sex]", "[site, height]", "is 'height'; name site, sex or a characteristic"),
        ("[site, sex]", "[site, site]", "each once"),
        ("  probability_percent: 80\n", "", "lacks probability_percent"),
        ("  factors: [site, sex]", "  factors: []", "names no factors"),
        ("  factors: [site, sex]", "  factors: [sex]\n  block_sizes: [4]", "has block sizes"),
        ("  method: minimisation\n", "  block_sizes: [4]\n", "add 'method: minimisation'"),
    ],
)
def test_a_minimisation_that_can_not_be_is_named_with_its_mend(old, new, words):
    text = PACK.replace(BLOCKS, MINIMISED.replace(old, new))
    with pytest.raises(ProtocolError, match=words):
        protocols.load_text(text, "wrong")
