"""Visits fall inside their windows, in an order the protocol can live with."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.design import timetable
from sojourn.protocols import load_shipped

PACK = load_shipped("mdma-ptsd")
seeds = st.integers(0, 2**32 - 1)


def days(seed: int, washout_days: int = 0) -> dict[str, int]:
    rng = np.random.default_rng(seed)
    return dict(timetable.draw_days(rng, PACK, washout_days=washout_days))


@given(seed=seeds, washout=st.integers(0, 60))
def test_every_visit_falls_inside_its_window(seed: int, washout: int) -> None:
    drawn = days(seed, washout)
    for visit in PACK.visits:
        after_anchor = drawn[visit.key] - drawn[visit.anchor]
        assert visit.window.earliest <= after_anchor <= visit.window.latest


@given(seed=seeds)
def test_baseline_and_preparation_come_before_the_first_session(seed: int) -> None:
    drawn = days(seed)
    assert drawn["baseline"] < drawn["preparation-3"] < drawn["dosing-1"]


@given(seed=seeds)
def test_sessions_keep_the_least_days_between(seed: int) -> None:
    drawn = days(seed)
    assert PACK.dosing is not None
    for earlier, later in (("dosing-1", "dosing-2"), ("dosing-2", "dosing-3")):
        assert drawn[later] - drawn[earlier] >= PACK.dosing.least_days_between


@given(seed=seeds)
def test_each_rating_comes_before_the_next_session(seed: int) -> None:
    drawn = days(seed)
    assert drawn["rating-1"] < drawn["dosing-2"]
    assert drawn["rating-2"] < drawn["dosing-3"]
    assert drawn["integration-3-3"] < drawn["week-18"]


@given(seed=seeds, washout=st.integers(0, 70))
def test_preparation_waits_for_the_washout(seed: int, washout: int) -> None:
    drawn = days(seed, washout)
    assert drawn["taper"] - drawn["screening"] >= washout


def test_an_anchor_that_comes_later_is_named() -> None:
    first, *others = PACK.visits
    backwards = replace(PACK, visits=(*others, first))
    with pytest.raises(ValueError, match="visit 'taper' is anchored to 'screening'"):
        timetable.draw_days(np.random.default_rng(1), backwards, washout_days=0)


def test_every_scene_stands_at_a_visit_of_the_shipped_protocol() -> None:
    keys = {visit.key for visit in PACK.visits} | {timetable.ENROLMENT}
    for scene in (*timetable.MID_COURSE, *timetable.NOT_YET_RANDOMISED):
        assert scene.visit in keys
        assert set(scene.skipped) <= keys


def test_the_overdue_visit_is_past_its_window() -> None:
    scene = next(each for each in timetable.MID_COURSE if each.key == "overdue")
    assert scene.skipped
    for key in scene.skipped:
        visit = PACK.visit(key)
        assert visit is not None
        assert visit.anchor == scene.visit
        assert visit.window.latest < scene.days_ago
