"""Answers drawn for a total add up to it, and say about the diagnosis what was wanted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.design import answers
from sojourn.instruments import load_shipped, score

seeds = st.integers(0, 2**32 - 1)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(seed=seeds, total=st.integers(answers.LEAST_WITH_DIAGNOSIS, 80))
def test_a_rating_with_diagnosis_meets_every_criterion(seed: int, total: int) -> None:
    drawn = answers.caps5(rng(seed), total, diagnosis=True)
    result = score(load_shipped()["caps-5"], drawn)
    assert result.total == total
    assert result.diagnosis is True


@given(seed=seeds, total=st.integers(0, 80))
def test_a_rating_without_diagnosis_meets_not_all(seed: int, total: int) -> None:
    drawn = answers.caps5(rng(seed), total, diagnosis=False)
    result = score(load_shipped()["caps-5"], drawn)
    assert result.total == total
    assert result.diagnosis is False


@given(seed=seeds, total=st.integers(0, answers.LEAST_WITH_DIAGNOSIS - 1))
def test_too_few_points_for_a_diagnosis_are_refused(seed: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"12 points, not {total}"):
        answers.caps5(rng(seed), total, diagnosis=True)


@given(seed=seeds, total=st.integers(0, 80))
def test_a_checklist_adds_up_to_its_total(seed: int, total: int) -> None:
    result = score(load_shipped()["pcl-5"], answers.pcl5(rng(seed), total))
    assert result.total == total
    assert not result.missing


@given(seed=seeds, total=st.integers(0, 24), thoughts=st.booleans())
def test_thoughts_of_death_are_item_nine_and_raise_its_alert(
    seed: int, total: int, thoughts: bool
) -> None:
    drawn = answers.phq9(rng(seed), total, thoughts_of_death=thoughts)
    result = score(load_shipped()["phq-9"], drawn)
    assert result.total == total + thoughts
    assert bool(result.alerts) is thoughts


@pytest.mark.parametrize(("level", "alarming"), [(0, 0), (1, 0), (3, 0), (4, 1), (5, 1)])
def test_ideation_with_intent_raises_one_alert(level: int, alarming: int) -> None:
    result = score(load_shipped()["c-ssrs"], answers.cssrs(level))
    assert len(result.alerts) == alarming


@given(seed=seeds, items=st.integers(1, 30), highest=st.integers(1, 4), share=st.floats(0, 1))
def test_points_are_spread_within_each_items_range(
    seed: int, items: int, highest: int, share: float
) -> None:
    total = round(share * items * highest)
    drawn = answers.spread(rng(seed), total, items, highest)
    assert sum(drawn) == total
    assert len(drawn) == items
    assert all(0 <= each <= highest for each in drawn)


@pytest.mark.parametrize("total", [-1, 81])
def test_points_that_do_not_fit_are_refused(total: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        answers.pcl5(rng(1), total)


def test_memory_gaps_are_endorsed_less_than_distress_at_reminders() -> None:
    # Given many people of middling severity
    generator = rng(7)
    drawn = np.array([answers.caps5(generator, 38, diagnosis=True) for _ in range(300)])
    # Then the rarer item is answered lower on average.
    assert drawn[:, 7].mean() < drawn[:, 3].mean() - 0.5


def test_the_same_seed_gives_the_same_answers() -> None:
    first = answers.caps5(rng(5), 40, diagnosis=True)
    assert first == answers.caps5(rng(5), 40, diagnosis=True)
    assert first != answers.caps5(rng(6), 40, diagnosis=True)
