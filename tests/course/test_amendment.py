"""An amended protocol: nobody is moved by it, and who is moved keeps what has happened."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn import protocols
from sojourn.course import amendment, deviations, fold
from sojourn.course.amendment import MovedToVersion, MoveToVersion
from sojourn.course.amendment_preview import preview
from sojourn.course.circumstances import Amended
from sojourn.course.schedule import plan
from sojourn.course.visits import MissVisit
from sojourn.ledger import projections
from sojourn.ledger.rows import FollowedRow
from sojourn.protocols import amending
from sojourn.protocols.model import Window
from sojourn.record.command import Refused
from sojourn.record.entry import Entry
from tests.course.story import CLEARED, KINDS, PROTOCOL, START, Story, consent_to

TEXT = protocols.shipped_text("mdma-ptsd")
SAME = protocols.load_text(TEXT.replace('version: "1.0"', 'version: "1.1"', 1), "same")
DAY = timedelta(days=1)


def amended(**visits):
    """Version 2.0; each visit with another window, or None where it is left out."""
    kept = [
        replace(each, window=visits.get(each.key.replace("-", "_"), each.window))
        for each in PROTOCOL.visits
        if visits.get(each.key.replace("-", "_"), each.window) is not None
    ]
    gone = [e.key for e in PROTOCOL.visits if visits.get(e.key.replace("-", "_"), 1) is None]
    every = {each.key: each for each in PROTOCOL.visits} | {each.key: each for each in kept}
    left = amending.without(tuple(every.values()), gone)
    return replace(PROTOCOL, visits=left, version="2.0", digest="2" * 64)


def follows(course, *versions):
    known = {each.digest: each for each in (PROTOCOL, SAME, *versions)}
    return amendment.followed(course, PROTOCOL, known.__getitem__)


def about(story: Story, newest, consent_version=""):
    since = Amended(newest, START, PROTOCOL.digest, consent_version)
    return replace(story.circumstances("prescriber"), amended=since)


def moved(story: Story, newest, consent_version=""):
    command = MoveToVersion(story.at, newest.version, "the site follows it now")
    (fact,) = amendment.move(story.course, command, about(story, newest, consent_version))
    story.record(fact, story.at, "prescriber")
    return story.course


@cache
def whole_course() -> tuple[Entry, ...]:
    story = Story().ready().session_done(1)
    story.after_session(1)
    story.ask(MissVisit(story.at, "rating-1", "ill that week"))
    return tuple(story.entries)


def move_after(entries, newest, at=None):
    last = entries[-1]
    fact = MovedToVersion(newest.version, newest.digest, "an amendment")
    moment = at or last.occurred_at
    return Entry(last.stream, last.sequence + 1, fact, moment, moment, "ana", "prescriber")


@pytest.mark.proves("amendments")
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_move_to_a_version_that_changes_nothing_changes_nothing(data):
    entries = whole_course()
    past = entries[: data.draw(st.integers(1, len(entries)))]
    course = fold(past, KINDS.read)
    after = fold((*past, move_after(past, SAME)), KINDS.read)
    then = follows(after)

    assert then.digest == SAME.digest
    assert plan(after, then) == plan(course, PROTOCOL)
    assert deviations.found(after, then) == deviations.found(course, PROTOCOL)
    rows = [
        projections.rows(projections.Context("p", "course:p:P-1", protocol, protocol), each, past)
        for protocol, each in ((PROTOCOL, course), (then, after))
    ]
    assert {key: row for key, row in rows[1].items() if key[0] is not FollowedRow} == rows[0]


@pytest.mark.proves("amendments")
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_who_is_moved_keeps_whatever_happened_as_it_was_planned(data):
    entries = whole_course()
    past = entries[: data.draw(st.integers(1, len(entries)))]
    course = fold(past, KINDS.read)
    optional = sorted({e.key for e in PROTOCOL.visits} - amending.referred_to(PROTOCOL))
    gone = set(data.draw(st.lists(st.sampled_from(optional), unique=True)))
    later = data.draw(st.integers(-30, 30))
    changed = tuple(
        replace(
            each,
            window=Window(
                each.window.earliest + later, each.window.target + later, each.window.latest + later
            ),
        )
        for each in amending.without(PROTOCOL.visits, gone)
    )
    newest = replace(PROTOCOL, visits=changed, version="2.0", digest="2" * 64)
    after = fold((*past, move_after(past, newest)), KINDS.read)
    then = follows(after, newest)

    assert after.visits == course.visits
    assert after.assessments == course.assessments
    before = {each.visit.key: each for each in plan(course, PROTOCOL)}
    moved_plan = {each.visit.key: each for each in plan(after, then)}
    for key in amendment.settled(course, past[-1].occurred_at):
        was, now = before[key], moved_plan[key]
        assert (now.visit.assessments, now.standing, now.on) == (
            was.visit.assessments,
            was.standing,
            was.on,
        )
        if course.visits.get(was.visit.anchor) or was.visit.anchor == "enrolment":
            assert (now.earliest, now.latest) == (was.earliest, was.latest)
    settled = amendment.settled(course, past[-1].occurred_at)
    assert {key for key in moved_plan if key not in settled} <= {e.key for e in newest.visits}


def outside(course, protocol):
    return [e.visit for e in deviations.found(course, protocol) if e.category == "visit-window"]


def test_what_is_to_come_is_planned_as_the_new_version_has_it():
    story = Story().prepared()
    newest = amended(dosing_1=Window(2, 9, 20), preparation_1=Window(0, 1, 2))

    course = moved(story, newest)
    then = follows(course, newest)

    assert then.visit("dosing-1").window == Window(2, 9, 20)
    assert then.visit("preparation-1").window == PROTOCOL.visit("preparation-1").window


def test_a_visit_held_late_by_the_new_version_was_no_deviation_when_it_was_held():
    story = Story().prepared()
    newest = amended(preparation_2=Window(0, 1, 2))
    assert outside(story.course, newest) != outside(story.course, PROTOCOL) == []

    course = moved(story, newest)

    assert outside(course, follows(course, newest)) == []


def test_a_dose_is_held_against_the_version_followed_when_it_was_given():
    story = Story().ready().session_done(1)
    known = deviations.found(story.course, PROTOCOL)
    dosing = replace(PROTOCOL.dosing, lasting_min=3000)
    newest = replace(PROTOCOL, dosing=dosing, version="2.0", digest="2" * 64)
    assert deviations.found(story.course, newest) != known

    course = moved(story.pass_time(minutes=1), newest)

    assert deviations.found(course, follows(course, newest)) == known


def test_what_counted_from_a_visit_left_out_counts_from_where_that_was_planned():
    story = Story().eligible()
    newest = amended(preparation_2=None)

    course = moved(story, newest)
    planned = {each.visit.key: each for each in plan(course, follows(course, newest))}
    before = {each.visit.key: each for each in plan(course, PROTOCOL)}

    assert "preparation-2" not in planned
    assert planned["preparation-3"].target == before["preparation-3"].target


def test_a_new_visit_whose_days_had_passed_is_not_asked_for():
    story = Story().prepared()
    early, late = (
        replace(PROTOCOL.visit("taper"), key=key, label=key, anchor="enrolment", window=window)
        for key, window in (("sleep-week-1", Window(0, 7, 7)), ("sleep-day-90", Window(85, 90, 95)))
    )
    newest = replace(
        PROTOCOL, visits=(*PROTOCOL.visits, early, late), version="2.0", digest="2" * 64
    )

    then = follows(moved(story, newest), newest)

    assert then.visit("sleep-week-1") is None
    assert then.visit("sleep-day-90") is not None


def test_a_missed_visit_may_still_be_held_as_it_was_planned():
    story = Story().eligible()
    story.ask(MissVisit(story.at, "preparation-1", "ill"))
    newest = amended(preparation_1=None)
    course = moved(story, newest)
    story.protocol = follows(course, newest)

    assert story.protocol.visit("preparation-1") is not None


def test_more_doses_given_than_the_new_version_has_are_refused():
    story = Story().ready().session_done(1)
    story.pass_time(minutes=1)
    dosing = replace(PROTOCOL.dosing, sessions=())
    newest = replace(PROTOCOL, dosing=dosing, version="2.0", digest="2" * 64)

    with pytest.raises(Refused, match="1 dosing sessions were given; it has 0"):
        moved(story, newest)


def test_a_randomised_participant_keeps_their_arm():
    story = Story().randomised()
    newest = replace(PROTOCOL, arms=PROTOCOL.arms[:1], version="2.0", digest="2" * 64)

    with pytest.raises(Refused, match="it has no arm"):
        moved(story, newest)


def test_a_visit_that_took_place_keeps_its_stage():
    story = Story().prepared()
    visits = tuple(
        replace(each, phase="integration") if each.key == "preparation-1" else each
        for each in PROTOCOL.visits
    )
    newest = replace(PROTOCOL, visits=visits, version="2.0", digest="2" * 64)

    with pytest.raises(Refused, match="took place in preparation"):
        moved(story, newest)


def test_visits_that_count_from_each_other_are_refused():
    story = Story().eligible()
    visits = tuple(
        replace(each, anchor="preparation-2")
        if each.key == "preparation-1"
        else replace(each, anchor="taper")
        if each.key == "preparation-2"
        else each
        for each in PROTOCOL.visits
    )
    newest = replace(PROTOCOL, visits=visits, version="2.0", digest="2" * 64)

    with pytest.raises(Refused, match="counts"):
        moved(story, newest)


def test_nobody_is_moved_before_they_signed_the_form_of_the_new_version():
    story = Story().prepared()
    story.with_clearance(consent_versions=("1.0", "2.0"))
    newest = amended()

    with pytest.raises(Refused, match=r"signed consent form 1\.0; this version asks for 2\.0"):
        moved(story, newest, "2.0")

    story.ask(consent_to("2.0", story.at))
    assert moved(story, newest, "2.0").moves[-1].version == "2.0"


def test_a_move_is_not_dated_before_what_happened_since():
    story = Story().prepared()
    command = MoveToVersion(story.at - DAY, "2.0", "late paper")

    with pytest.raises(Refused, match="give a later time"):
        amendment.move(story.course, command, about(story, amended()))


def test_nobody_is_moved_in_a_session():
    story = Story().ready()

    with pytest.raises(Refused, match="still open"):
        moved(story, amended())


def test_the_preview_names_what_would_change():
    story = Story().prepared()
    newest = amended(dosing_1=Window(2, 9, 20), integration_1_2=None)

    shown = preview(story.course, about(story, newest))

    assert ("Integration 1.2", "removed") in {(e.label, e.change) for e in shown.visits}
    assert ("Dosing session 1", "other days") in {(e.label, e.change) for e in shown.visits}
    assert shown.kept == len(amendment.settled(story.course, story.at))
    assert (shown.obstacles, shown.consent, shown.rules) == ((), "", ())
    assert preview(story.course, about(story, PROTOCOL)) is None
    assert story.clearance == CLEARED
