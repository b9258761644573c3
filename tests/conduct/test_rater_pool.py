"""Who of a pool rates what: nobody the same person twice in a row, no task that tells its visit."""

import hashlib
import hmac
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn import protocols
from sojourn.conduct.programme import Programme
from sojourn.conduct.rater_pool import (
    DONE,
    TAKEN_BACK,
    Ratings,
    SetRaterPool,
    Task,
    Wanted,
    allocate,
    at_every_rated_visit,
    set_pool,
    take_back,
)
from sojourn.record.command import Refused
from tests.course.story import START

PROTOCOL = protocols.load_shipped("mdma-ptsd")
RATED = tuple(each for each in PROTOCOL.visits if each.rated_by == "independent-rater")
POOL = ("ada", "ben", "cleo")


def draw_of(seed: bytes):
    return lambda text: int.from_bytes(hmac.digest(seed, text.encode(), hashlib.sha256), "big")


def after(ratings: Ratings, made, standing: str = DONE) -> Ratings:
    tasks = dict(ratings.tasks)
    for each in made:
        wanted = Wanted(each.participant, each.visit, each.instrument)
        tasks[each.task] = Task(each.task, wanted, each.rater, standing)
    return replace(ratings, tasks=MappingProxyType(tasks))


def of_visit(number: int, people=("P-1",)) -> list[Wanted]:
    visit = RATED[number]
    return [Wanted(who, visit.key, name) for who in people for name in visit.assessments]


def course_of(seed: bytes, pool=POOL, people=("P-1",)) -> list:
    """Every allocation of these people's ratings, visit after visit."""
    ratings, every = Ratings(), []
    for number in range(len(RATED)):
        made = allocate(ratings, of_visit(number, people), pool, PROTOCOL, draw_of(seed))
        ratings = after(ratings, made)
        every += made
    return every


@given(st.binary(min_size=8, max_size=8), st.integers(2, 5))
@settings(max_examples=60)
def test_nobody_rates_a_participant_twice_in_a_row_and_no_task_tells_its_visit(seed, size):
    pool, people = ("ada", "ben", "cleo", "dan", "eva")[:size], ("P-1", "P-2", "P-3")
    every = course_of(seed, pool, people)
    usual = at_every_rated_visit(PROTOCOL)
    assert usual == {"caps-5"}
    for who in people:
        mine = [each for each in every if each.participant == who]
        rated = [each.rater for each in mine if each.instrument in usual]
        assert len(rated) == len(RATED)
        assert all(one != next_one for one, next_one in pairwise(rated))
        by_visit = {each.visit: each.rater for each in mine if each.instrument in usual}
        for each in mine:
            assert each.instrument in usual or each.rater != by_visit[each.visit]
    assert len({each.task for each in every}) == len(every)
    load = Counter(each.rater for each in every)
    assert max(load.values()) - min(load.get(name, 0) for name in pool) <= len(RATED)


def test_pseudonyms_tell_no_order():
    first, last = [], []
    for number in range(300):
        every = [e for e in course_of(number.to_bytes(8, "big")) if e.instrument == "caps-5"]
        first.append(every[0].task)
        last.append(every[-1].task)
    earlier = sum(a < b for a, b in zip(first, last, strict=True))
    assert abs(earlier - 150) < 4 * (300 / 4) ** 0.5
    assert {len(each) for each in (*first, *last)} == {7}


def test_the_same_seed_gives_the_same_raters_and_what_somebody_has_is_not_given_again():
    assert course_of(b"one") == course_of(b"one") != course_of(b"two")
    made = allocate(Ratings(), of_visit(0), POOL, PROTOCOL, draw_of(b"one"))
    assert allocate(after(Ratings(), made), of_visit(0), POOL, PROTOCOL, draw_of(b"one")) == ()


def test_what_one_gave_back_goes_to_another_under_another_number():
    (made,) = allocate(Ratings(), of_visit(0), POOL, PROTOCOL, draw_of(b"one"))
    back = after(Ratings(), [made], TAKEN_BACK)
    (again,) = allocate(back, of_visit(0), POOL, PROTOCOL, draw_of(b"one"))
    assert again.rater != made.rater
    assert again.task != made.task


def test_only_an_open_task_is_taken_back_and_for_a_reason():
    (made,) = allocate(Ratings(), of_visit(0), POOL, PROTOCOL, draw_of(b"one"))
    open_one = after(Ratings(), [made], "open")
    assert take_back(open_one, made.task, " the rater is ill ").reason == "the rater is ill"
    with pytest.raises(Refused, match="why it is taken back"):
        take_back(open_one, made.task, "ill")
    with pytest.raises(Refused, match="no open task"):
        take_back(after(Ratings(), [made]), made.task, "the rater is ill")


@pytest.mark.parametrize(
    ("raters", "words"), [("ada", "name two"), ("ada ada", "name two"), ("", "already")]
)
def test_a_pool_of_one_is_none(raters, words):
    with pytest.raises(Refused, match=words):
        set_pool(Programme(), SetRaterPool(START, raters, "Raters blind to the visit"), PROTOCOL)
    with pytest.raises(Refused, match="no pool of raters is set"):
        allocate(Ratings(), of_visit(0), raters.split()[:1], PROTOCOL, draw_of(b"one"))
