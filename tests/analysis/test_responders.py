"""Responders: each outcome of its own people, and the missing as stated."""

import pytest

from sojourn.analysis import frame
from sojourn.analysis.responders import compared, shares

ARMS = {"1": "a", "2": "a", "3": "a", "4": "b", "5": "b"}


def seen(participant, arm, response, lost, remission=False):
    return (participant, arm, "end", 0, 10, -5, response, lost, remission)


OBSERVED = frame(
    [
        seen("1", "a", True, True),
        seen("2", "a", True, None),
        seen("4", "b", False, False),
        seen("5", "b", True, True),
        seen("9", "b", True, True),
    ]
)


def of(found, outcome, arm):
    return next(each for each in found if (each.outcome, each.arm) == (outcome, arm))


def test_observed_leaves_the_missing_out_outcome_by_outcome():
    found = shares(OBSERVED, "end", ARMS, "observed")
    response, lost = of(found, "response", "a"), of(found, "loss_of_diagnosis", "a")
    assert (response.count, response.denominator, response.missing) == (2, 2, 1)
    assert (lost.count, lost.denominator, lost.missing) == (1, 1, 2)


def test_non_responders_are_everyone_not_known_to_have_responded():
    response = of(shares(OBSERVED, "end", ARMS, "non-responder"), "response", "a")
    assert (response.count, response.denominator, response.missing) == (2, 3, 1)
    assert response.share == pytest.approx(2 / 3)


def test_who_is_not_in_the_analysis_set_does_not_count():
    response = of(shares(OBSERVED, "end", ARMS, "observed"), "response", "b")
    assert (response.count, response.denominator) == (1, 2)


def test_an_arm_nobody_was_seen_of_has_no_share():
    lone = of(shares(OBSERVED, "end", {**ARMS, "7": "c"}, "observed"), "response", "c")
    assert (lone.share, lone.exact, lone.missing) == (None, (None, None), 1)


def test_arms_are_compared_under_one_rule():
    found = compared(shares(OBSERVED, "end", ARMS, "non-responder"), "b")
    response = next(each for each in found if each.outcome == "response")
    assert response.arm == "a"
    assert response.difference.estimate == pytest.approx(2 / 3 - 1 / 2)
    assert response.odds.estimate == pytest.approx(2.0)
    assert response.needed.through_infinity


def test_wrong_use_is_named():
    with pytest.raises(ValueError, match="rule 'last'"):
        shares(OBSERVED, "end", ARMS, "last")
    twice = frame([seen("1", "a", True, True), seen("1", "a", True, True)])
    with pytest.raises(ValueError, match="participant '1' has two rows"):
        shares(twice, "end", ARMS, "observed")
    with pytest.raises(ValueError, match="arm 'z'"):
        compared(shares(OBSERVED, "end", ARMS, "observed"), "z")
