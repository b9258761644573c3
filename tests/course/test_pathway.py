"""The pathway from registration to the end, and what each stage refuses."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.course import COMMANDS, Course, Refused
from sojourn.course.adverse_events import (
    RecordAdverseEvent,
)
from sojourn.course.aftercare import RecordContact
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import WithdrawConsent
from sojourn.course.dosing import CloseSession, OpenSession, RecordVitals
from sojourn.course.followup import CompleteCourse, DeclareLost, WithdrawParticipant
from sojourn.course.integration import HoldIntegration
from sojourn.course.preparation import HoldPreparation
from sojourn.course.safety import ResolveAlert
from sojourn.course.schedule import plan
from sojourn.course.screening import (
    ConfirmEligibility,
    FailScreening,
    Randomise,
    RegisterParticipant,
)
from sojourn.course.visits import HoldScreeningVisit, MissVisit
from tests.course.story import NO_SUICIDALITY, PROTOCOL, SEVERE, START, Story, consent_to


def event(at, term="Nausea", grade=1, serious=False, outcome="recovered", **more):
    more |= {"seriousness": ("hospitalisation",)} if serious else {}
    return RecordAdverseEvent(
        at, term, grade, serious, "probable", "", outcome, "unpleasant", at.date(), **more
    )


@pytest.mark.proves("whole-course")
def test_a_whole_course_runs_from_registration_to_completion():
    story = Story().ready()
    for number in (1, 2, 3):
        if number > 1:
            story.pass_time(days=28 - 16).in_session(number)
        story.session_done(number, 80 if number == 1 else 120)
        story.after_session(number)
        if number < 3:
            story.rated(f"rating-{number}", SEVERE)
    story.pass_time(days=45).rated("week-18", (0,) * 30)
    story.ask(CompleteCourse(story.at))

    assert story.course.status == "completed"
    assert sum(1 for each in story.course.sessions.values() if each.initial) == 3
    assert {each.standing for each in plan(story.course, PROTOCOL)} == {"done", "not-needed"}
    assert story.folded() == story.course


@pytest.mark.proves("sequence-of-steps")
def test_nothing_happens_before_registration():
    story = Story()
    with pytest.raises(Refused, match="not registered"):
        story.ask(consent_to("1.0", story.at))


@pytest.mark.parametrize("number", ["", "ana maria", "P/1", "P--", "x" * 33, "é1"])
def test_a_participant_number_that_could_name_a_person_is_refused(number):
    with pytest.raises(Refused) as refusal:
        Story().ask(RegisterParticipant(START, number, "site-1", 1980, "female"))
    assert refusal.value.field == "participant"


def test_nobody_is_registered_while_the_programme_is_closed():
    with pytest.raises(Refused, match="not open"):
        Story().with_clearance(programme_open=False).registered()


@pytest.mark.proves("sequence-of-steps")
def test_screening_waits_for_consent():
    story = Story().registered()
    with pytest.raises(Refused, match="no consent is in force"):
        story.ask(HoldScreeningVisit(story.at, "screening"))


@pytest.mark.proves("consent")
def test_a_consent_form_nobody_approved_is_refused_with_those_that_are():
    story = Story().registered()
    with pytest.raises(Refused, match=r"'0\.9' is not approved; approved: 1\.0"):
        story.ask(consent_to("0.9", story.at))


def test_consent_can_be_withdrawn_only_while_it_stands():
    story = Story().consented()
    story.ask(WithdrawConsent(story.at, "no longer wishes"))
    with pytest.raises(Refused, match="no consent in force"):
        story.ask(WithdrawConsent(story.at, "again"))


def test_eligibility_is_not_confirmed_while_a_criterion_is_open():
    story = Story().consented()
    with pytest.raises(Refused, match="criteria are not satisfied or not answered"):
        story.ask(ConfirmEligibility(story.at, "seems fine"))


def test_only_a_prescriber_confirms_eligibility():
    story = Story().consented()
    with pytest.raises(Refused, match="for prescriber"):
        story.ask(ConfirmEligibility(story.at, "fine"), "therapist")


def test_screening_failure_ends_the_course():
    story = Story().consented()
    story.ask(FailScreening(story.at, "arrhythmia on the ECG"))
    assert story.course.status == "screen-failed"
    with pytest.raises(Refused, match="course has ended"):
        story.ask(HoldScreeningVisit(story.at, "screening"))


@pytest.mark.proves("sequence-of-steps")
def test_randomisation_waits_for_a_baseline_severe_enough():
    story = Story().eligible()
    for number in (1, 2, 3):
        story.pass_time(days=7)
        story.ask(HoldPreparation(story.at, f"preparation-{number}", ("ana",), 90))
    with pytest.raises(Refused, match="CAPS-5 of 28 or more"):
        story.ask(Randomise(story.at))
    story.rated("baseline", (1,) * 20 + (1, 24, 2, 2, 2, 0, 2, 0, 0, 0))
    with pytest.raises(Refused, match="CAPS-5 of 28 or more"):
        story.ask(Randomise(story.at))


@pytest.mark.proves("allocation")
def test_a_blinded_randomisation_writes_no_arm():
    story = Story().randomised()
    assert story.course.randomisation_number == 1
    assert story.course.arm == ""


def test_preparation_names_practitioners_with_valid_credentials():
    story = Story().eligible()
    with pytest.raises(Refused, match="eve: no valid credential is on record"):
        story.ask(HoldPreparation(story.at, "preparation-1", ("ana", "eve"), 90))


def test_a_visit_takes_place_once():
    story = Story().prepared()
    with pytest.raises(Refused, match="took place on"):
        story.ask(HoldPreparation(story.at, "preparation-1", ("ana",), 90))


@pytest.mark.proves("sequence-of-steps")
def test_sessions_come_in_order():
    story = Story().randomised().pass_time(days=4)
    with pytest.raises(Refused, match="Dosing session 1 comes first"):
        story.ask(OpenSession(story.at, "dosing-2", ("ana", "ben"), ()))


def test_integration_and_contacts_wait_for_the_session_to_end():
    story = Story().ready()
    with pytest.raises(Refused, match="has not ended; integration follows it"):
        story.ask(HoldIntegration(story.at, "integration-1-1", ("ana",), 90))
    with pytest.raises(Refused, match="has not ended; contacts follow it"):
        story.ask(RecordContact(story.at, "contact-1-1", 5, 7, "none"))


def test_a_session_does_not_end_early_without_a_reason_nor_without_last_vitals():
    story = Story().ready()
    story.dose()
    story.pass_time(hours=3)
    with pytest.raises(Refused, match="180 of 480 planned minutes"):
        story.ask(CloseSession(story.at, "escorted-home"))
    with pytest.raises(Refused, match="vital signs at the end are missing"):
        story.ask(CloseSession(story.at, "escorted-home", "wished to go"))
    story.vitals("end")
    story.ask(CloseSession(story.at, "overnight-stay", "wished to rest"))
    assert story.course.open_session is None


def test_a_worrying_contact_raises_an_alert_that_names_the_mood():
    story = Story().ready().session_done().pass_time(days=2)
    facts = story.ask(RecordContact(story.at, "contact-1-2", 1, 3, "act", "hopeless"))
    assert facts[1].label == "Day 2 contact after session 1: a clinician must act (mood 1 of 10)"
    assert story.course.open_alerts


@pytest.mark.proves("suicidality-alert")
def test_suicidal_intent_raises_an_alert_that_stays_until_someone_acts():
    story = Story().consented()
    answers = (1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
    story.ask(RecordAssessment(story.at, "screening", "c-ssrs", answers), "therapist")
    [alert] = story.course.open_alerts
    assert alert.rule == "suicidality-ideation"

    with pytest.raises(Refused, match="say in a few words"):
        story.ask(ResolveAlert(story.at, alert.key, "ok"))
    story.ask(ResolveAlert(story.at, alert.key, "seen by the physician; safety plan made"))
    assert not story.course.open_alerts
    with pytest.raises(Refused, match="was acted on"):
        story.ask(ResolveAlert(story.at, alert.key, "once more, to be sure"))


def test_two_alerts_of_one_assessment_have_two_keys():
    story = Story().consented()
    answers = (1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0)
    story.ask(RecordAssessment(story.at, "screening", "c-ssrs", answers), "therapist")
    assert [alert.key for alert in story.course.open_alerts] == ["alert-1", "alert-2"]


def test_a_rating_belongs_to_the_independent_rater():
    story = Story().prepared()
    with pytest.raises(Refused, match="rated by an independent rater"):
        story.ask(RecordAssessment(story.at, "week-18", "caps-5", SEVERE), "therapist")


def test_a_rater_does_not_record_what_belongs_to_the_team():
    story = Story().consented()
    with pytest.raises(Refused, match="rated by the team"):
        story.ask(
            RecordAssessment(story.at, "screening", "c-ssrs", NO_SUICIDALITY), "independent-rater"
        )


def test_an_answer_out_of_range_names_its_item():
    story = Story().consented()
    with pytest.raises(Refused, match="item 3: 5 is outside 0 to 1"):
        story.ask(
            RecordAssessment(story.at, "screening", "c-ssrs", (0, 0, 5) + (0,) * 8), "therapist"
        )


def test_an_assessment_is_corrected_and_not_repeated():
    story = Story().prepared()
    with pytest.raises(Refused, match="recorded already; correct that entry"):
        story.rated("baseline", SEVERE)


def test_withdrawal_has_a_reason_of_the_protocol():
    story = Story().eligible()
    with pytest.raises(Refused, match="is not one of: choice"):
        story.ask(WithdrawParticipant(story.at, "because"))
    story.ask(WithdrawParticipant(story.at, "burden", "too far to travel"))
    assert (story.course.status, story.course.ended_reason) == ("withdrawn", "burden")


def test_someone_lost_is_lost_and_not_withdrawn():
    story = Story().eligible()
    story.ask(DeclareLost(story.at, story.at.date() - timedelta(days=30), 5))
    assert story.course.status == "lost"


@pytest.mark.proves("sequence-of-steps")
def test_no_course_ends_over_an_open_session_or_alert():
    story = Story().ready()
    with pytest.raises(Refused, match="close the session first"):
        story.ask(WithdrawParticipant(story.at, "choice"))
    story = Story().eligible()
    story.ask(event(story.at, "Syncope", 3, True), "therapist")
    with pytest.raises(Refused, match="act on it first"):
        story.ask(WithdrawParticipant(story.at, "choice"))


def test_safety_is_recorded_even_after_the_end():
    story = Story().eligible()
    story.ask(WithdrawParticipant(story.at, "choice"))
    story.ask(event(story.at), "therapist")
    assert story.course.adverse_events


def test_a_missed_session_needs_no_integration():
    story = Story().randomised()
    story.ask(MissVisit(story.at, "dosing-1", "fell ill"), "therapist")
    standings = {each.visit.key: each.standing for each in plan(story.course, PROTOCOL)}
    assert standings["dosing-1"] == "missed"
    assert standings["integration-1-2"] == standings["contact-1-3"] == "not-needed"
    assert standings["dosing-2"] == "planned"


def test_windows_move_with_the_day_the_anchor_took_place():
    story = Story().ready()
    planned = {each.visit.key: each for each in plan(story.course, PROTOCOL)}
    dosed = story.at.date()
    assert planned["dosing-2"].earliest == dosed + timedelta(days=21)
    assert planned["dosing-2"].latest == dosed + timedelta(days=35)
    assert planned["contact-1-3"].target == dosed + timedelta(days=3)


@pytest.mark.parametrize(
    ("days", "due"), [(-1, "upcoming"), (0, "due"), (14, "due"), (15, "overdue")]
)
def test_a_visit_is_due_inside_its_window_and_overdue_after(days, due):
    story = Story().ready()
    planned = {each.visit.key: each for each in plan(story.course, PROTOCOL)}
    assert planned["dosing-2"].due(planned["dosing-2"].earliest + timedelta(days=days)) == due


def test_the_future_is_not_recorded():
    story = Story().registered()
    with pytest.raises(Refused, match="still to come"):
        story.ask(consent_to("1.0", story.at + timedelta(hours=1)))


def test_a_value_out_of_range_is_named_with_its_limit():
    story = Story().ready()
    with pytest.raises(Refused, match="Systolic 320 mmHg is above 300") as refusal:
        story.ask(RecordVitals(story.at, "during", 320, 80, 70, 368))
    assert refusal.value.field == "systolic_mmhg"


@given(st.sampled_from(sorted(COMMANDS)), st.sampled_from(["monitor", "statistician", "nobody"]))
def test_roles_without_a_command_are_refused_whatever_it_is(name, role):
    command = COMMANDS[name]
    if role not in command.roles:
        blank = object.__new__(command)
        with pytest.raises(Refused, match="not for a"):
            Story().ask(blank, role)


def test_a_new_course_is_in_screening():
    assert Course().status == "screening"


def day(story: Story) -> date:
    return story.at.date()
