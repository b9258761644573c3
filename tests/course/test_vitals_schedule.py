"""Which vital signs are due next in a session."""

from datetime import timedelta

from sojourn.course.dosing import OpenSession, WithholdDose
from sojourn.course.vitals_schedule import next_due
from tests.course.story import CHECKLIST, PROTOCOL, SETTINGS, Story

EVERY_30 = {**dict(SETTINGS), "vitals-every-min": 30}


def due(story: Story, settings=EVERY_30):
    session = story.course.sessions["dosing-1"]
    return next_due(story.course, session, PROTOCOL, settings, story.at)


def minutes_after_dose(story: Story) -> float:
    session = story.course.sessions["dosing-1"]
    return (due(story).at - session.initial.at).total_seconds() / 60


def test_the_baseline_is_due_when_the_session_opens():
    story = Story().randomised().pass_time(days=4)
    story.ask(OpenSession(story.at, "dosing-1", ("ana", "ben"), CHECKLIST))
    assert due(story).moment == "before-initial"
    assert due(story).overdue(story.at + timedelta(minutes=1))
    story.vitals("before-initial")
    assert due(story) is None


def test_after_the_dose_readings_follow_the_sites_interval():
    story = Story().ready()
    story.dose()
    assert (due(story).moment, minutes_after_dose(story)) == ("during", 30)
    story.pass_time(minutes=34).vitals("during")
    assert minutes_after_dose(story) == 64


def test_the_check_before_a_supplemental_dose_comes_when_its_window_opens():
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=70).vitals("during")
    assert (due(story).moment, minutes_after_dose(story)) == ("before-supplemental", 90)
    story.pass_time(minutes=25).vitals("before-supplemental")
    assert due(story).moment == "during"


def test_a_withheld_supplemental_dose_needs_no_check():
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=70).vitals("during")
    story.ask(WithholdDose(story.at, "supplemental", "declined by the participant"))
    assert due(story).moment == "during"


def test_after_the_window_only_the_interval_and_the_end_are_left():
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=130).vitals("during")
    assert due(story).moment == "during"
    story.pass_time(minutes=330).vitals("during")
    assert (due(story).moment, minutes_after_dose(story)) == ("end", 480)
    story.pass_time(minutes=25).vitals("end")
    assert due(story) is None


def test_an_interval_the_site_has_not_set_is_not_made_up():
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=130)
    assert due(story, dict(SETTINGS)).moment == "end"


def test_a_closed_session_has_nothing_due():
    story = Story().ready().session_done()
    assert due(story) is None
