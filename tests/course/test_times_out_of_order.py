"""What is entered late counts from when it happened: nothing later can have cleared a dose."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sojourn.course import Refused
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import WithdrawConsent
from sojourn.course.dosing import (
    CloseSession,
    DoseGiven,
    DoseWithheld,
    OpenSession,
    RecordVitals,
)
from sojourn.course.safety import RaiseConcern, ResolveAlert
from tests.course.story import CHECKLIST, NO_SUICIDALITY, Story, consent_to, dose_of


def dose_at(story: Story, at: datetime, which: str = "initial", level_mg: int = 80):
    return story.ask(dose_of(at, which, level_mg))[0]


def reasons(fact) -> tuple[str, ...]:
    assert isinstance(fact, DoseWithheld), fact
    return fact.reasons


def test_an_alert_that_was_open_at_the_time_withholds_a_dose_entered_after_it_was_settled():
    story = Story().ready()
    story.ask(RaiseConcern(story.at, "she says she wants to go home"))
    then = story.pass_time(minutes=10).at
    [alert] = story.course.open_alerts
    story.pass_time(minutes=10).ask(ResolveAlert(story.at, alert.key, "talked; she wants to stay"))

    assert reasons(dose_at(story, then)) == (
        "an alert was open then: she says she wants to go home",
    )
    assert isinstance(dose_at(story, story.at), DoseGiven)


def test_an_alert_raised_and_settled_after_the_dose_does_not_touch_it():
    story = Story().ready()
    then = story.at
    story.pass_time(minutes=10).ask(RaiseConcern(story.at, "she feels cold"))
    [alert] = story.course.open_alerts
    story.pass_time(minutes=5).ask(ResolveAlert(story.at, alert.key, "brought a blanket"))

    assert isinstance(dose_at(story, then), DoseGiven)


def test_consent_signed_after_a_dose_does_not_reach_back_to_it():
    story = Story().ready()
    story.ask(WithdrawConsent(story.at, "needs to think", "treatment"))
    then = story.pass_time(minutes=10).at
    story.pass_time(minutes=10).ask(consent_to("1.0", story.at))

    [reason] = reasons(dose_at(story, then))
    assert reason.startswith("no consent was in force then: signed on 2026-02-20")
    assert isinstance(dose_at(story, story.at), DoseGiven)


@pytest.mark.parametrize(
    ("decided", "reason"),
    [
        ("eligible_at", "eligibility was confirmed only on"),
        ("randomised_at", "the participant was randomised only on"),
    ],
)
def test_a_decision_taken_after_a_dose_does_not_reach_back_to_it(decided, reason):
    story = Story().ready()
    later = story.at + timedelta(minutes=1)
    story.course = replace(story.course, **{decided: later})

    [found] = reasons(story.dose())
    assert found.startswith(reason)


def test_suicidality_asked_after_the_dose_was_not_asked_before_it():
    story = Story().randomised().pass_time(days=4)
    story.ask(OpenSession(story.at, "dosing-1", ("ana", "ben"), CHECKLIST))
    story.vitals("before-initial")
    then = story.at
    story.pass_time(minutes=30)
    story.ask(RecordAssessment(story.at, "dosing-1", "c-ssrs", NO_SUICIDALITY), "therapist")

    assert reasons(dose_at(story, then)) == (
        "C-SSRS (suicidal ideation and behaviour) was not assessed before the dose",
    )
    assert isinstance(dose_at(story, story.at), DoseGiven)


def test_vital_signs_before_the_supplemental_dose_are_taken_before_it():
    story = Story().ready()
    story.dose()
    then = story.pass_time(minutes=100).at
    story.vitals("during")
    story.pass_time(minutes=10).vitals("before-supplemental")

    assert reasons(dose_at(story, then, "supplemental", 40)) == (
        "vital signs before the supplemental dose are missing",
    )
    assert isinstance(dose_at(story, story.at, "supplemental", 40), DoseGiven)


def test_of_two_readings_in_one_minute_the_later_entry_counts():
    story = Story().ready()
    story.vitals("before-initial", systolic=190)
    [alert] = story.course.open_alerts
    story.ask(ResolveAlert(story.at, alert.key, "lies down, measured again"))

    assert reasons(story.dose()) == ("systolic 190 mmHg is above the site's limit 160",)


def test_a_session_does_not_end_before_its_dose():
    story = Story().ready()
    opened = story.at
    story.pass_time(minutes=30).vitals("end")
    story.dose()

    with pytest.raises(Refused, match="was given at"):
        story.ask(CloseSession(opened, "overnight-stay", "felt unwell"))


def test_vital_signs_at_the_end_follow_the_last_dose():
    story = Story().ready()
    story.vitals("end")
    story.pass_time(minutes=30).dose()
    story.pass_time(hours=9)

    with pytest.raises(Refused, match="vital signs at the end are missing"):
        story.ask(CloseSession(story.at, "overnight-stay"))


def test_vital_signs_found_on_paper_after_the_session_still_find_their_way_into_it():
    story = Story().ready()
    opened = story.at
    story.session_done()
    story.pass_time(hours=1)

    story.ask(RecordVitals(opened + timedelta(hours=3), "during", 190, 90, 80, 368))

    assert len(story.course.sessions["dosing-1"].vitals) == 4
    assert [each.rule for each in story.course.open_alerts] == ["vital-signs"]


def test_a_reading_of_a_closed_session_never_lands_in_the_one_now_open():
    story = Story().ready()
    then = story.at + timedelta(hours=2)
    story.session_done()
    story.after_session(1).pass_time(days=14).in_session(2)

    story.ask(RecordVitals(then, "during", 120, 75, 70, 368))

    assert len(story.course.sessions["dosing-1"].vitals) == 4
    assert len(story.course.sessions["dosing-2"].vitals) == 1
