"""A programme's own counts stand beside the trials, never in their pool."""

import pytest

from sojourn.evidence.answers import answer_all
from sojourn.evidence.beside import BESIDE, beside
from sojourn.evidence.effects import Count


def test_a_programme_like_the_trials_is_expected_and_one_unlike_is_not():
    [like] = beside({"loss-of-diagnosis": Count(20, 30)})
    assert like.expected is True
    assert like.programme.estimate == pytest.approx(2 / 3)
    [unlike] = beside({"loss-of-diagnosis": Count(3, 40)})
    assert unlike.expected is False


def test_the_literature_is_untouched_by_the_programme():
    [found] = beside({"response": Count(0, 50)})
    assert found.literature == answer_all()["lasting-remission"].forest("response-mdma")


def test_two_trials_give_no_range_to_expect():
    [found] = beside({"remission": Count(5, 10)})
    assert found.expected is None


def test_every_outcome_has_its_place():
    found = beside({outcome: Count(1, 4) for outcome in BESIDE})
    assert all(each.literature.measure == "share" for each in found)


def test_an_outcome_the_trials_do_not_count_is_refused():
    with pytest.raises(ValueError, match="'euphoria' is not one of: response"):
        beside({"euphoria": Count(1, 4)})
