"""Events, the days after, and leaving come in the published shares."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.design.aftermath import LOST, MILD, MODERATE, SEVERE, aftermaths, contacts
from sojourn.design.calibration import Count, load_shipped
from sojourn.protocols import load_shipped as protocol

PACK = protocol("mdma-ptsd")
MDMA = load_shipped("mapp2").arm("mdma")
PLACEBO = load_shipped("mapp2").arm("placebo")
seeds = st.integers(0, 2**32 - 1)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(seed=seeds, people=st.integers(1, 60), share=st.floats(0, 1))
def test_the_first_is_lost_and_nobody_leaves_who_has_not_finished(
    seed: int, people: int, share: float
) -> None:
    finished = round(share * people)
    drawn = aftermaths(rng(seed), PACK, PLACEBO, people, finished)
    leaving = [leaves for _, leaves in drawn]
    assert len(drawn) == people
    assert all(each is None for each in leaving[finished:])
    if finished:
        assert leaving[0] is not None
        assert leaving[0].reason == LOST
        assert sum(each is not None and each.reason == LOST for each in leaving) == 1


def test_leaving_keeps_the_published_share() -> None:
    drawn = aftermaths(rng(), PACK, PLACEBO, 510, 510)
    assert sum(leaves is not None for _, leaves in drawn) == 90


def test_nobody_leaves_after_the_last_session() -> None:
    drawn = aftermaths(rng(), PACK, PLACEBO, 510, 510)
    visits = {leaves.visit for _, leaves in drawn if leaves}
    assert visits == {"dosing-1", "dosing-2"}


def test_leaving_comes_after_the_week_of_contacts() -> None:
    drawn = aftermaths(rng(), PACK, PLACEBO, 510, 510)
    assert min(leaves.days for _, leaves in drawn if leaves) > 7


@given(seed=seeds)
def test_nobody_has_the_same_event_twice(seed: int) -> None:
    for events, _ in aftermaths(rng(seed), PACK, MDMA, 53, 53):
        assert max(Counter(event.term for event in events).values(), default=0) <= 1


def test_as_many_have_each_event_as_were_published() -> None:
    drawn = aftermaths(rng(), PACK, MDMA, 53, 53)
    having = Counter(event.term for events, _ in drawn for event in events)
    assert having == {each.term: each.count for each in MDMA.events}


def test_severe_events_are_few_and_never_pass_in_an_hour() -> None:
    drawn = aftermaths(rng(), PACK, MDMA, 53, 53)
    severe = [event for events, _ in drawn for event in events if event.grade == SEVERE]
    assert len(severe) == 5
    assert all(event.days >= 1 and event.valence == "unpleasant" for event in severe)


def test_without_severe_events_all_are_mild_or_moderate() -> None:
    gentle = replace(MDMA, severe_events=Count(0, 53, "assumed", False))
    drawn = aftermaths(rng(), PACK, gentle, 53, 53)
    assert {event.grade for events, _ in drawn for event in events} == {MILD, MODERATE}


def test_some_effects_are_felt_as_neutral() -> None:
    drawn = aftermaths(rng(), PACK, MDMA, 530, 0)
    felt = Counter(event.valence for events, _ in drawn for event in events)
    assert set(felt) == {"unpleasant", "neutral"}
    assert felt["unpleasant"] > felt["neutral"]


@given(seed=seeds)
def test_there_is_one_contact_for_each_day_of_aftercare(seed: int) -> None:
    planned = [visit.key for visit in PACK.visits if visit.phase == "aftercare"]
    drawn = list(contacts(rng(seed), PACK))
    assert [each.visit for each in drawn] == planned
    for each in drawn:
        assert each.mood is None or 0 <= each.mood <= 10
        assert 0 <= each.sleep_hours <= 24


@given(seed=seeds)
def test_someone_always_reached_always_answers(seed: int) -> None:
    assert all(each.mood is not None for each in contacts(rng(seed), PACK, always=True))


@pytest.mark.parametrize("seed", range(5))
def test_a_very_low_mood_is_watched(seed: int) -> None:
    drawn = [each for s in range(40) for each in contacts(rng(seed * 40 + s), PACK, always=True)]
    assert {each.concern for each in drawn if each.mood is not None and each.mood <= 2} <= {"watch"}
    assert {each.concern for each in drawn if each.mood is not None and each.mood > 2} == {"none"}
