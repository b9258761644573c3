"""An alarm in the course: raised once, acknowledged by someone, passed on when by nobody."""

from datetime import timedelta

import pytest

from sojourn.course.alerting import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertEscalated,
    EscalateAlert,
    RaiseAlarm,
    escalates_at,
)
from sojourn.course.safety import AlertRaised, ResolveAlert
from sojourn.record.command import Refused
from tests.course.story import PROTOCOL, Story

RULE = "systolic-emergency"  # goes to the prescriber after a minute


def raised(story: Story, rule: str = RULE):
    return story.ask(RaiseAlarm(story.at, rule, "Systolic pressure 204 mmHg", "dosing-1"), "system")


@pytest.fixture
def story() -> Story:
    return Story().ready()


def test_an_alarm_nobody_has_seen_is_not_hidden_behind_a_second(story):
    assert isinstance(raised(story)[0], AlertRaised)
    assert raised(story) == ()
    story.ask(AcknowledgeAlert(story.at, "alert-1", "measuring again"))
    assert [fact.alert for fact in raised(story)] == ["alert-2"]


def test_acknowledging_names_who_and_what_and_leaves_the_alert_open(story):
    raised(story)
    (fact,) = story.ask(AcknowledgeAlert(story.at, "alert-1", " measuring again "))
    assert fact == AlertAcknowledged("alert-1", "ana", "measuring again")
    (alert,) = story.course.open_alerts
    assert alert.acknowledged_by == "ana"
    with pytest.raises(Refused, match="was acknowledged by ana"):
        story.ask(AcknowledgeAlert(story.at, "alert-1", "me too"))


def test_an_alert_is_not_acknowledged_before_it_was_raised_nor_after_it_was_acted_on(story):
    raised(story)
    with pytest.raises(Refused, match="give a later time"):
        story.ask(AcknowledgeAlert(story.at - timedelta(minutes=1), "alert-1", "seen"))
    story.ask(ResolveAlert(story.at, "alert-1", "Pressure back to 140"))
    with pytest.raises(Refused, match="was acted on"):
        story.ask(AcknowledgeAlert(story.at, "alert-1", "seen"))
    with pytest.raises(Refused, match="no alert 'alert-9'"):
        story.ask(AcknowledgeAlert(story.at, "alert-9", "seen"))


@pytest.mark.proves("suicidality-alert")
def test_it_goes_to_the_prescriber_once_its_time_is_up_and_only_once(story):
    raised(story)
    with pytest.raises(Refused, match="not before"):
        story.ask(EscalateAlert(story.at + timedelta(seconds=59), "alert-1"))
    (fact,) = story.ask(EscalateAlert(story.at + timedelta(seconds=60), "alert-1"))
    assert fact == AlertEscalated("alert-1", "prescriber", 60)
    assert story.course.alerts["alert-1"].escalated_to == "prescriber"
    with pytest.raises(Refused, match="goes no further"):
        story.ask(EscalateAlert(story.at + timedelta(seconds=61), "alert-1"))


def test_what_was_acknowledged_or_has_no_one_to_go_to_goes_no_further(story):
    raised(story)
    story.ask(AcknowledgeAlert(story.at, "alert-1", "on it"))
    raised(story, "systolic-high")
    for alert in story.course.open_alerts:
        assert escalates_at(PROTOCOL, alert) is None
        with pytest.raises(Refused, match="goes no further"):
            story.ask(EscalateAlert(story.at + timedelta(minutes=5), alert.key))


@pytest.mark.parametrize("command", [RaiseAlarm, EscalateAlert])
def test_no_person_raises_or_escalates_in_the_servers_name(story, command):
    assert command.roles == ("system",)


def test_the_fold_knows_what_the_story_knew(story):
    raised(story)
    story.ask(EscalateAlert(story.at + timedelta(seconds=60), "alert-1"))
    story.ask(AcknowledgeAlert(story.at, "alert-1", "on it"))
    assert story.folded() == story.course
