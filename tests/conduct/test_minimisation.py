"""Minimisation against a published table, and its sequence made again from the seed."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn import protocols
from sojourn.conduct.minimisation import Earlier, arm_by_minimisation, imbalances
from sojourn.protocols import ProtocolError

# Fourteen patients on control or treatment by site, sex and age, and the fifteenth: Lim & In 2019,
# Randomization in clinical studies, Korean J Anesthesiol 72:221-232, doi 10.4097/kja.19049, table 4
# (read as PMC6547231; its erratum was not). It prints the counts after each of the two allocations.
TABLE = {
    "site": {"site-1": (4, 2), "site-2": (3, 5)},
    "sex": {"male": (4, 4), "female": (3, 3)},
    "age": {"below-20": (2, 2), "20-to-64": (2, 2), "65-or-more": (3, 3)},
}
NEXT = (("site", "site-2"), ("sex", "female"), ("age", "65-or-more"))
PUBLISHED = {"control": (5 - 4) + (4 - 3) + (4 - 3), "treatment": (6 - 3) + (4 - 3) + (4 - 3)}
ARMS = ("control", "treatment")
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
    """Fourteen people whose margins are the table's; only margins matter to the method."""
    people: list[Earlier] = []
    for column, arm in enumerate(ARMS):
        levels = [
            [(factor, level) for level, counts in rows.items() for _ in range(counts[column])]
            for factor, rows in TABLE.items()
        ]
        assert {len(each) for each in levels} == {7}
        people += [Earlier(tuple(each), arm) for each in zip(*levels, strict=True)]
    return people


def differences(arm: str) -> list[int]:
    """How far the arms are apart at each of the next patient's levels, were they on ``arm``."""
    found = []
    for factor, level in NEXT:
        counts = dict(zip(ARMS, TABLE[factor][level], strict=True))
        counts[arm] += 1
        found.append(abs(counts["control"] - counts["treatment"]))
    return found


def test_the_published_example_gives_the_arm_it_was_published_to_give():
    earlier = published()
    assert (
        {arm: sum(differences(arm)) for arm in ARMS} == PUBLISHED == {"control": 3, "treatment": 5}
    )
    # The paper adds up differences; of two arms, ours are their squares.
    left = dict(imbalances(NEXT, earlier, ARMS))
    assert left == {arm: sum(each**2 for each in differences(arm)) for arm in ARMS}
    assert left == {"control": 3, "treatment": 11}
    assert arm_by_minimisation(b"seed", 15, NEXT, earlier, ARMS, 100) == "control"


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
    drawn = [arm_by_minimisation(seed, 15, NEXT, earlier, ARMS, 80) for seed in seeds]
    assert abs(drawn.count("control") - 1600) < 72  # four standard errors
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
