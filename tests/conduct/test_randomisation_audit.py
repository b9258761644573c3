"""After opening, the whole sequence is made again and every allocation must be its own."""

from dataclasses import replace

import pytest

from sojourn import protocols
from sojourn.conduct.minimisation import Earlier, arm_by_minimisation
from sojourn.conduct.randomisation import AllocationMade, arm_of
from sojourn.conduct.randomisation_audit import audit

PROTOCOL = protocols.load_shipped("mdma-ptsd")
SEED, PLAN, ARMS = b"s" * 32, PROTOCOL.randomisation, PROTOCOL.arms


def allocated() -> list[AllocationMade]:
    return [
        AllocationMade(f"P-{stratum}-{number}", number, stratum, sealed(stratum, number))
        for stratum in ("a", "b")
        for number in range(1, 31)
    ]


def sealed(stratum: str, number: int) -> str:
    return arm_of(SEED, stratum, number, ARMS, PLAN)


def audited(made: list[AllocationMade]):
    return audit(made, SEED, ARMS, PLAN, str)


def test_a_list_made_from_the_seed_holds():
    found = audited(allocated())
    assert found.holds
    assert (found.allocations, found.strata) == (60, 2)


@pytest.mark.proves("allocation")
def test_an_arm_that_was_exchanged_is_found_and_not_named():
    made = allocated()
    other = {"mdma": "placebo", "placebo": "mdma"}[made[17].sealed]
    made[17] = replace(made[17], sealed=other)
    (finding,) = audited(made).findings
    assert (finding.stratum, finding.number) == ("a", 18)
    assert "mdma" not in finding.what
    assert "placebo" not in finding.what


@pytest.mark.proves("allocation")
@pytest.mark.parametrize("at", [0, 5, 29])
def test_a_line_left_out_is_found(at):
    made = allocated()
    del made[at]
    # The last line of a list can be missing without a trace in the list; the record tells.
    assert audited(made).holds == (at == 29)


def test_a_participant_on_two_lines_is_found():
    made = allocated()
    made[3] = replace(made[3], participant=made[0].participant)
    assert [each.what for each in audited(made).findings] == [
        "the participant was allocated before"
    ]


def minimised() -> list[AllocationMade]:
    made: list[AllocationMade] = []
    for number in range(1, 25):
        levels = (("site", f"site-{number % 3}"), ("sex", "female" if number % 2 else "male"))
        earlier = [Earlier(each.levels, each.sealed) for each in made]
        arm = arm_by_minimisation(SEED, number, levels, earlier, ("mdma", "placebo"), 80)
        made.append(AllocationMade(f"P-{number}", number, "minimisation", arm, levels))
    return made


MINIMISED = replace(
    PLAN, block_sizes=(), method="minimisation", factors=("site", "sex"), probability_percent=80
)


def test_a_minimised_list_holds_and_levels_told_otherwise_are_found():
    made = minimised()
    assert audit(made, SEED, ARMS, MINIMISED, str).holds
    made[4] = replace(made[4], levels=(("site", "site-2"),))
    found = audit(made, SEED, ARMS, MINIMISED, str)
    assert "the factors are not those of the protocol" in [each.what for each in found.findings]
    del made[10]
    gone = audit(made, SEED, ARMS, MINIMISED, str).findings
    assert any(each.what == "number 11 should come here" for each in gone)
