"""A dosing day from the checklist to the morning after, told at both edges of each rule."""

from datetime import timedelta

import pytest

from sojourn.course import Refused
from sojourn.course.assessment import RecordAssessment
from sojourn.course.checklist import ChecklistItemSigned, SignChecklist
from sojourn.course.discharge import CheckMorning, MorningChecked, SignDischarge
from sojourn.course.dosing import CloseSession, DoseGiven, DoseWithheld, GiveDose, OpenSession
from sojourn.course.integration import HoldIntegration
from sojourn.course.next_dose import DecideNextDose, hindrances
from sojourn.course.room import (
    EnterRoom,
    LeaveRoom,
    NoteObservation,
    ObservationNoted,
    PractitionerLeft,
    TooFewPresent,
    WriteNote,
)
from sojourn.course.safety import AlertRaised
from tests.course.story import CHECKLIST, DISCHARGE, NO_SUICIDALITY, PROTOCOL, Story, dose_of

BOTH = ("ana", "ben")


def before_the_session() -> Story:
    return Story().randomised().pass_time(days=4)


def dosed() -> Story:
    story = Story().ready()
    story.dose()
    return story


def at_the_end() -> Story:
    story = dosed().pass_time(minutes=480)
    story.vitals("end")
    return story


# --- the checklist ------------------------------------------------------------


def test_each_item_is_signed_before_the_session_opens_by_the_one_who_checked_it():
    story = before_the_session()

    facts = story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST[:2]))

    assert facts == tuple(ChecklistItemSigned("dosing-1", key) for key in CHECKLIST[:2])
    assert story.course.checklist["dosing-1", CHECKLIST[0]].by == "ana"


def test_signed_items_need_no_word_at_the_opening_and_the_dose_is_given():
    story = before_the_session()
    story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST))
    [opened] = story.ask(OpenSession(story.at, "dosing-1", BOTH))
    story.ask(RecordAssessment(story.at, "dosing-1", "c-ssrs", NO_SUICIDALITY), "therapist")
    story.vitals("before-initial")

    assert (opened.confirmed, opened.unconfirmed) == ((), ())
    assert isinstance(story.dose(), DoseGiven)


def test_an_item_forgotten_at_the_opening_can_be_signed_until_the_dose_and_not_after():
    story = before_the_session()
    story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST[1:]))
    story.ask(OpenSession(story.at, "dosing-1", BOTH))
    story.ask(RecordAssessment(story.at, "dosing-1", "c-ssrs", NO_SUICIDALITY), "therapist")
    story.vitals("before-initial")
    assert story.dose().reasons == (
        "checklist not signed today: Pregnancy test negative, or not applicable",
    )

    story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST[:1]))
    assert isinstance(story.dose(), DoseGiven)
    with pytest.raises(Refused, match="the checklist comes before it"):
        story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST[:1]))


def test_what_was_signed_yesterday_is_signed_anew():
    story = before_the_session()
    story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST))
    story.pass_time(days=1)

    [opened] = story.ask(OpenSession(story.at, "dosing-1", BOTH))
    assert opened.unconfirmed == CHECKLIST
    story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST))


def test_an_item_is_signed_once_a_day_and_only_if_the_list_has_it():
    story = before_the_session()
    story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST[:1]))
    with pytest.raises(Refused, match="signed today already, by ana"):
        story.ask(SignChecklist(story.at, "dosing-1", CHECKLIST[:1]))
    with pytest.raises(Refused, match="has no item 'incense'"):
        story.ask(SignChecklist(story.at, "dosing-1", ("incense",)))
    with pytest.raises(Refused, match="at least one item"):
        story.ask(SignChecklist(story.at, "dosing-1", ()))


# --- the dose -----------------------------------------------------------------


def test_a_dose_says_who_gave_it_from_which_container_before_which_witness():
    given = dosed().course.sessions["dosing-1"].initial

    assert (given.given_by, given.container, given.witness) == ("ana", "C-0001", "ben")


@pytest.mark.parametrize(
    ("given_by", "container", "witness", "field"),
    [
        ("ana", "C-1", "", "witness"),
        ("ana", "C-1", "ana", "witness"),
        ("ana", "C-1", "eve", "witness"),
        ("eve", "C-1", "ana", "given_by"),
        ("", "C-1", "ana", "given_by"),
        ("ana", " ", "ben", "container"),
    ],
)
def test_a_dose_without_two_people_of_the_room_or_without_container_is_refused(
    given_by, container, witness, field
):
    story = Story().ready()
    with pytest.raises(Refused) as refusal:
        story.ask(GiveDose(story.at, "initial", 80, given_by, container, witness))
    assert refusal.value.field == field


def test_a_witness_on_a_break_is_no_witness():
    story = Story().ready()
    story.ask(LeaveRoom(story.at, "ben"))
    with pytest.raises(Refused, match="'ben' is not in the room; there are: ana"):
        story.ask(dose_of(story.at, "initial", 80))


# --- who is there -------------------------------------------------------------


def test_one_alone_in_the_room_is_marked_at_once_and_no_dose_is_given_until_the_other_is_back():
    story = Story().ready()
    story.with_clearance(practitioners=frozenset({"ana", "ben", "eve"}))

    facts = story.ask(LeaveRoom(story.at, "ben", "a call"))
    assert facts == (
        PractitionerLeft("dosing-1", "ben", "a call"),
        TooFewPresent("dosing-1", 1, 2),
    )
    assert story.course.open_session.present == ("ana",)

    story.ask(EnterRoom(story.at, "ben"))
    assert isinstance(story.dose(), DoseGiven)


def test_with_a_third_in_the_room_a_break_leaves_enough():
    story = Story().ready()
    story.with_clearance(practitioners=frozenset({"ana", "ben", "eve"}))
    story.ask(EnterRoom(story.at, "eve"))

    assert story.ask(LeaveRoom(story.at, "ben")) == (PractitionerLeft("dosing-1", "ben", ""),)
    assert isinstance(
        story.ask(GiveDose(story.at, "initial", 80, "ana", "C-1", "eve"))[0], DoseGiven
    )


def test_only_someone_in_good_standing_comes_in_and_only_someone_inside_leaves():
    story = Story().ready()
    with pytest.raises(Refused, match="eve: no valid credential"):
        story.ask(EnterRoom(story.at, "eve"))
    with pytest.raises(Refused, match="'ana' is in the room already"):
        story.ask(EnterRoom(story.at, "ana"))
    with pytest.raises(Refused, match="'eve' is not in the room"):
        story.ask(LeaveRoom(story.at, "eve"))


# --- taps ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "about"),
    [
        ("nausea", "on", ""),
        ("nausea", "off", ""),
        ("tears", "", ""),
        ("distress", "0", ""),
        ("distress", "10", ""),
        ("position", "apart", "ben"),
    ],
)
def test_a_tap_is_kept_as_the_protocol_describes_it(key, value, about):
    story = dosed()
    assert story.ask(NoteObservation(story.at, key, value, about)) == (
        ObservationNoted("dosing-1", key, value, about, False),
    )
    assert story.course.open_session.latest(key, about).value == value


@pytest.mark.parametrize(
    ("key", "value", "about"),
    [
        ("nausea", "", ""),
        ("nausea", "maybe", ""),
        ("tears", "on", ""),
        ("distress", "-1", ""),
        ("distress", "11", ""),
        ("distress", "²", ""),
        ("position", "ceiling", "ben"),
        ("position", "apart", "eve"),
        ("levitation", "on", ""),
    ],
)
def test_a_tap_the_protocol_does_not_describe_is_refused(key, value, about):
    story = dosed()
    with pytest.raises(Refused):
        story.ask(NoteObservation(story.at, key, value, about))


def test_a_tap_that_arrives_late_counts_when_it_was_made():
    story = dosed().pass_time(minutes=20)
    story.ask(NoteObservation(story.at, "nausea", "off"))
    story.ask(NoteObservation(story.at - timedelta(minutes=10), "nausea", "on"))

    assert story.course.open_session.latest("nausea").value == "off"


def test_a_tap_made_in_the_session_is_kept_though_it_arrives_after_the_closing():
    story = at_the_end()
    story.ask(CloseSession(story.at, "overnight-stay"))
    before = story.at
    story.pass_time(minutes=30)

    story.ask(NoteObservation(before - timedelta(minutes=1), "tears"))
    story.ask(WriteNote(before, "slept a little"))

    assert story.course.sessions["dosing-1"].latest("tears")
    assert story.course.sessions["dosing-1"].notes[0].text == "slept a little"
    with pytest.raises(Refused, match="no dosing session is open"):
        story.ask(NoteObservation(story.at, "tears"))


def test_nothing_is_noted_before_the_session_opened():
    story = dosed()
    with pytest.raises(Refused, match="give a later time"):
        story.ask(NoteObservation(story.at - timedelta(minutes=1), "tears"))


# --- going home ---------------------------------------------------------------


def test_home_with_every_criterion_signed():
    story = at_the_end().signed_for_home()
    story.ask(CloseSession(story.at, "escorted-home"))

    assert story.course.sessions["dosing-1"].homeward == "escorted-home"


@pytest.mark.parametrize("missing", range(len(DISCHARGE)))
def test_each_unsigned_criterion_keeps_them_and_is_named(missing):
    story = at_the_end()
    signed = tuple(key for key in DISCHARGE if key != DISCHARGE[missing])
    story.ask(SignDischarge(story.at, signed))
    label = PROTOCOL.dosing.discharge[missing].label

    with pytest.raises(Refused) as refusal:
        story.ask(CloseSession(story.at, "escorted-home"))
    assert f"not ready to go home: {label}: not signed." in refusal.value.message


@pytest.mark.parametrize(("minutes", "holds"), [(479, False), (480, True)])
def test_the_planned_hours_are_signed_only_once_they_have_passed(minutes, holds):
    story = dosed().pass_time(minutes=minutes)
    if holds:
        story.ask(SignDischarge(story.at, ("planned-hours",)))
    else:
        with pytest.raises(Refused, match="479 of 480 minutes have passed"):
            story.ask(SignDischarge(story.at, ("planned-hours",)))


@pytest.mark.parametrize(("systolic", "holds"), [(160, True), (161, False)])
def test_vital_signs_are_signed_as_back_only_within_the_sites_limits(systolic, holds):
    story = dosed().pass_time(minutes=480)
    story.vitals("end", systolic=systolic)
    if holds:
        story.ask(SignDischarge(story.at, ("vitals-back",)))
    else:
        with pytest.raises(Refused, match="systolic 161 mmHg is above the site's limit 160"):
            story.ask(SignDischarge(story.at, ("vitals-back",)))


def test_a_criterion_signed_and_no_longer_true_keeps_them():
    story = at_the_end().signed_for_home()
    story.vitals("during", systolic=190)
    with pytest.raises(Refused, match="systolic 190"):
        story.ask(CloseSession(story.at, "escorted-home"))


@pytest.mark.parametrize("homeward", ["overnight-stay", "transferred"])
def test_a_night_at_the_site_or_a_transfer_waits_for_no_criterion(homeward):
    story = at_the_end()
    story.ask(CloseSession(story.at, homeward, "short of breath"))
    assert story.course.open_session is None


def test_an_emergency_does_not_wait_for_last_vital_signs_but_says_why():
    story = dosed().pass_time(minutes=50)
    with pytest.raises(Refused, match="say why"):
        story.ask(CloseSession(story.at, "transferred"))
    story.ask(CloseSession(story.at, "transferred", "chest pain"))


def test_who_leaves_against_advice_raises_an_alert():
    story = dosed().pass_time(minutes=200)
    with pytest.raises(Refused, match="say why"):
        story.ask(CloseSession(story.at, "against-advice"))
    facts = story.ask(CloseSession(story.at, "against-advice", "wanted to be alone"))
    assert isinstance(facts[1], AlertRaised)
    assert facts[1].label == "Left session 1 against advice: wanted to be alone"


def test_without_a_dose_nothing_has_to_wear_off():
    story = Story().ready()
    with pytest.raises(Refused, match="no dose was given"):
        story.ask(SignDischarge(story.at, DISCHARGE[:1]))
    story.ask(CloseSession(story.at, "escorted-home"))


# --- the morning after --------------------------------------------------------


def test_the_morning_after_a_night_at_the_site_is_recorded_once():
    story = at_the_end()
    story.ask(CloseSession(story.at, "overnight-stay"))
    with pytest.raises(Refused, match="closed at"):
        story.ask(CheckMorning(story.at, "dosing-1", True, 2, "escort"))

    story.pass_time(hours=13)
    facts = story.ask(CheckMorning(story.at, "dosing-1", True, 2, "escort"))
    assert facts == (MorningChecked("dosing-1", True, 2, "escort", ""),)
    with pytest.raises(Refused, match="was recorded"):
        story.ask(CheckMorning(story.at, "dosing-1", True, 2, "escort"))


@pytest.mark.parametrize(
    ("oriented", "leaves_with", "alert"),
    [
        (True, "escort", False),
        (True, "alone", False),
        (True, "stays", True),
        (True, "transferred", True),
        (False, "escort", True),
    ],
)
def test_a_morning_that_is_not_well_raises_an_alert(oriented, leaves_with, alert):
    story = at_the_end()
    story.ask(CloseSession(story.at, "overnight-stay"))
    story.pass_time(hours=13)
    story.ask(CheckMorning(story.at, "dosing-1", oriented, 5, leaves_with))
    assert bool(story.course.open_alerts) == alert


def test_there_is_no_morning_after_going_home():
    story = at_the_end().signed_for_home()
    story.ask(CloseSession(story.at, "escorted-home"))
    story.pass_time(hours=13)
    with pytest.raises(Refused, match="nobody stayed overnight"):
        story.ask(CheckMorning(story.at, "dosing-1", True, 2, "escort"))


# --- the weeks after ----------------------------------------------------------


def test_integration_keeps_themes_homework_and_goals_with_the_session_they_follow():
    story = dosed_and_home()
    [held] = story.ask(
        HoldIntegration(
            story.at, "integration-1-1", BOTH, 90, "the father", "walk each day", "sleep"
        )
    )
    assert (held.note, held.homework, held.goals, held.session) == (
        "the father",
        "walk each day",
        "sleep",
        1,
    )


def dosed_and_home() -> Story:
    return Story().ready().session_done().pass_time(days=1)


@pytest.mark.parametrize("decision", ["wait", "stop"])
@pytest.mark.parametrize("role", ["prescriber", "therapist"])
def test_a_decision_to_wait_or_stop_withholds_the_next_dose_until_it_is_decided_anew(
    decision, role
):
    story = Story().ready().session_done().after_session(1).pass_time(days=14)
    story.ask(DecideNextDose(story.at, "dosing-2", decision, "sleeps badly"), role)
    story.in_session(2)
    fact = story.dose(80)
    assert isinstance(fact, DoseWithheld)
    assert fact.reasons == (f"the {role} decided to {decision}: sleeps badly",)


def test_a_later_decision_of_the_same_role_replaces_the_earlier():
    story = Story().ready().session_done().after_session(1).pass_time(days=14)
    story.ask(DecideNextDose(story.at, "dosing-2", "wait", "sleeps badly"), "prescriber")
    story.ask(DecideNextDose(story.at, "dosing-2", "go-on", "sleeps again"), "prescriber")
    story.in_session(2)
    assert isinstance(story.dose(80), DoseGiven)


def test_where_the_protocol_asks_both_must_have_decided_to_go_on():
    from dataclasses import replace

    asked = replace(PROTOCOL.dosing, next_dose_decided_by=("prescriber", "therapist"))
    story = dosed_and_home()
    assert list(hindrances(story.course, 2, PROTOCOL.dosing)) == []
    assert list(hindrances(story.course, 1, asked)) == []
    assert list(hindrances(story.course, 2, asked)) == [
        "the prescriber has not decided whether to go on after session 1",
        "the therapist has not decided whether to go on after session 1",
    ]
    story.ask(DecideNextDose(story.at, "dosing-2", "go-on", "well"), "prescriber")
    assert len(list(hindrances(story.course, 2, asked))) == 1
    story.ask(DecideNextDose(story.at, "dosing-2", "go-on", "well"), "therapist")
    assert list(hindrances(story.course, 2, asked)) == []


def test_the_decision_follows_the_end_of_the_session_before():
    story = dosed()
    with pytest.raises(Refused, match="session 1 has not ended"):
        story.ask(DecideNextDose(story.at, "dosing-2", "go-on", "well"))
    with pytest.raises(Refused, match="first session follows from eligibility"):
        Story().randomised().ask(DecideNextDose(Story().at, "dosing-1", "go-on", "well"))
