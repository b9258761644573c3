"""A dose is given only when nothing stands in its way, and what stands there is named."""

from datetime import timedelta

import pytest

from sojourn.course import Refused
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import WithdrawConsent
from sojourn.course.dosing import (
    CloseSession,
    DoseGiven,
    DoseWithheld,
    OpenSession,
    WithholdDose,
)
from sojourn.course.medication import ClearMedication, RecordMedication, StopMedication
from sojourn.course.safety import RaiseConcern, ResolveAlert
from sojourn.course.taper import PlanTaper
from tests.course.story import CHECKLIST, NO_SUICIDALITY, Story


def withheld(story: Story, **dose) -> tuple[str, ...]:
    fact = story.dose(**dose)
    assert isinstance(fact, DoseWithheld), fact
    return fact.reasons


@pytest.mark.proves("dose-cleared")
def test_a_dose_is_given_when_nothing_stands_in_its_way():
    story = Story().ready()

    assert story.dose() == DoseGiven(
        "dosing-1", "initial", 80, "IND 000000", 7, "ana", "C-0001", "ben", "mg"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"programme_open": False}, "the programme is not open"),
        ({"authorisation": ""}, "no legal authorisation is in force on this day"),
        (
            {"practitioners": frozenset({"ana"})},
            "1 of 2 practitioners who may be in a session are present "
            "(ben: no credential is on record)",
        ),
        (
            {"consent_needed": "2.0", "consent_versions": ("1.0", "2.0")},
            "no consent is in force: version 1.0 was replaced by 2.0; sign again",
        ),
    ],
)
def test_what_the_programme_lacks_withholds_the_dose_for_that_reason_alone(change, reason):
    story = Story().ready().with_clearance(**change)

    assert withheld(story) == (reason,)


def test_withdrawn_consent_withholds_the_dose():
    story = Story().ready()
    story.ask(WithdrawConsent(story.at, "wants to stop here"))

    assert withheld(story) == ("no consent is in force: withdrawn on 2026-02-20",)


def test_someone_not_randomised_gets_no_dose():
    story = Story().prepared().pass_time(days=4).in_session()

    assert withheld(story) == ("the participant is not randomised",)


@pytest.mark.proves("dose-cleared")
def test_an_unconfirmed_checklist_item_withholds_the_dose():
    story = Story().randomised().pass_time(days=4)
    story.ask(OpenSession(story.at, "dosing-1", ("ana", "ben"), CHECKLIST[1:]))
    story.vitals("before-initial")

    assert withheld(story) == (
        "C-SSRS (suicidal ideation and behaviour) was not assessed today",
        "checklist not signed today: Pregnancy test negative, or not applicable",
    )


@pytest.mark.proves("dose-cleared")
@pytest.mark.parametrize("empty", [4, 5, 6, 7, 8, 9, 10])
def test_a_question_on_suicide_left_open_withholds_the_dose_and_someone_must_ask(empty):
    story = Story().randomised().pass_time(days=4)
    story.ask(OpenSession(story.at, "dosing-1", ("ana", "ben"), CHECKLIST))
    answers = (*NO_SUICIDALITY[: empty - 1], None, *NO_SUICIDALITY[empty:])
    story.ask(RecordAssessment(story.at, "dosing-1", "c-ssrs", answers), "therapist")
    story.vitals("before-initial")

    [alert] = story.course.open_alerts
    assert alert.label.startswith("not all answered")
    story.ask(ResolveAlert(story.at, alert.key, "will ask before the session"))
    assert withheld(story) == (
        f"C-SSRS is not complete: item {empty} unanswered; ask and correct it",
    )


def test_answers_of_another_day_do_not_count():
    story = Story().randomised().pass_time(days=4).in_session().pass_time(days=1)

    assert "C-SSRS (suicidal ideation and behaviour) was not assessed today" in withheld(story)


@pytest.mark.parametrize(("minutes", "given"), [(0, True), (60, True), (61, False)])
def test_vital_signs_must_be_as_fresh_as_the_site_has_set(minutes, given):
    story = Story().ready().pass_time(minutes=minutes)

    fact = story.dose()

    if given:
        assert isinstance(fact, DoseGiven)
    else:
        assert fact.reasons == ("no vital signs were taken in the last 60 minutes",)


@pytest.mark.proves("dose-cleared")
@pytest.mark.parametrize(("systolic", "alert"), [(160, False), (161, True)])
def test_pressure_above_the_limit_raises_an_alert_and_withholds(systolic, alert):
    story = Story().ready().pass_time(minutes=5)

    facts = story.vitals("before-initial", systolic=systolic)

    assert [fact.kind for fact in facts[1:]] == (["safety.alert-raised"] if alert else [])
    if alert:
        crossed = "systolic 161 mmHg is above the site's limit 160"
        assert withheld(story) == (f"an alert is open: {crossed}", crossed)


def test_after_an_alert_is_acted_on_and_pressure_is_normal_the_dose_is_given():
    story = Story().ready().pass_time(minutes=5)
    story.vitals("before-initial", systolic=175)
    story.pass_time(minutes=20)
    story.ask(ResolveAlert(story.at, "alert-1", "rested; measured again by the physician"))
    story.vitals("before-initial", systolic=130)

    assert isinstance(story.dose(), DoseGiven)


def test_an_open_concern_withholds_the_dose():
    story = Story().ready()
    story.ask(RaiseConcern(story.at, "seems confused today"))

    assert withheld(story) == ("an alert is open: seems confused today",)


@pytest.mark.proves("dose-cleared")
def test_a_limit_the_site_never_set_withholds_the_dose():
    story = Story().ready()
    story.with_clearance(
        settings=tuple(each for each in story.clearance.settings if each[0] != "pulse-bpm-max")
    )

    assert withheld(story) == ("the site has set no limit for pulse",)


@pytest.mark.proves("medicines-washout")
@pytest.mark.parametrize(("days", "given"), [(28, False), (29, True)])
def test_a_running_ssri_withholds_the_dose_until_its_washout_ends(days, given):
    story = Story().ready()
    story.ask(RecordMedication(story.at, "Sertraline", "depression"), "prescriber")
    assert withheld(story)[0].startswith("sertraline (SSRI) is being taken")
    story.ask(
        PlanTaper(story.at, "sertraline", f"{story.at.date()} stop", f"{story.at.date()}", "mild")
    )

    stopped = story.at.date() - timedelta(days=days)
    story.ask(StopMedication(story.at, "sertraline", stopped), "prescriber")
    if given:
        assert isinstance(story.dose(), DoseGiven)
        return
    [reason] = withheld(story)
    assert reason == f"washout of sertraline (SSRI) ends on {stopped + timedelta(days=29)}"


def test_a_second_stretch_of_a_medicine_never_hides_the_first():
    story = Story().ready()
    story.ask(RecordMedication(story.at, "sertraline", "depression"), "prescriber")
    long_ago = (story.at - timedelta(days=3000)).date()
    story.ask(
        RecordMedication(
            story.at, "Sertraline", "first episode", long_ago, long_ago + timedelta(days=200)
        ),
        "prescriber",
    )

    assert list(story.course.medications) == ["sertraline", "sertraline (2)"]
    assert withheld(story)[0].startswith("sertraline (SSRI) is being taken")


@pytest.mark.parametrize("written", ["Zoloft 50 mg", "Prozac", "St. John’s Wort", "Nardil"])
def test_a_brand_name_stops_a_dose_as_the_substance_does(written):
    story = Story().ready()
    story.ask(RecordMedication(story.at, written, "depression"), "prescriber")

    assert "is being taken" in withheld(story)[0]


@pytest.mark.proves("medicines-washout")
def test_a_misspelt_name_is_asked_back_and_nothing_is_written():
    story = Story().ready()
    before = len(story.entries)

    with pytest.raises(Refused, match="did you mean phenelzine") as refusal:
        story.ask(RecordMedication(story.at, "fenelzine", "depression"), "prescriber")

    assert refusal.value.field == "medicine"
    assert len(story.entries) == before


@pytest.mark.proves("medicines-washout")
def test_an_unknown_medicine_waits_for_a_prescriber_who_says_what_it_is():
    story = Story().ready()
    story.ask(RecordMedication(story.at, "herbal mix", "sleep", as_written=True), "prescriber")
    assert withheld(story) == ("herbal mix is not a medicine known here; a prescriber decides",)

    with pytest.raises(Refused, match="nobody knows what 'herbal mix' is"):
        story.ask(ClearMedication(story.at, "herbal mix", "seems harmless"))
    with pytest.raises(Refused, match="no decision can clear it"):
        story.ask(ClearMedication(story.at, "herbal mix", "harmless", "St. John's Wort"))
    story.ask(ClearMedication(story.at, "herbal mix", "no interaction known", "valerian root"))
    assert isinstance(story.dose(), DoseGiven)


@pytest.mark.proves("medicines-washout")
def test_a_medicine_ended_on_a_day_nobody_knows_withholds_the_dose():
    story = Story().ready()
    story.ask(RecordMedication(story.at, "Nardil", "depression", ended=True), "prescriber")
    [reason] = withheld(story)
    assert "record the latest day it can have been" in reason

    latest = story.at.date() - timedelta(days=400)
    story.ask(StopMedication(story.at, "nardil", latest), "prescriber")
    assert "an alert is open" not in reason
    assert story.course.open_alerts == ()
    assert isinstance(story.dose(), DoseGiven)


def test_a_taper_nobody_planned_asks_for_a_prescriber():
    story = Story().ready()
    story.ask(RecordMedication(story.at, "venlafaxine", "depression"), "prescriber")
    story.ask(StopMedication(story.at, "venlafaxine", story.at.date()), "coordinator")

    [alert] = story.course.open_alerts
    assert alert.label == (
        "venlafaxine ended without a taper plan on record; a prescriber reviews it"
    )


@pytest.mark.proves("medicines-washout")
def test_a_listed_medicine_with_a_hard_stop_cannot_be_cleared():
    story = Story().ready()
    story.ask(RecordMedication(story.at, "phenelzine", "depression"), "prescriber")

    with pytest.raises(Refused, match="no decision can clear it"):
        story.ask(ClearMedication(story.at, "phenelzine", "please"))


@pytest.mark.parametrize("level", [0, 79, 120, 500])
def test_a_level_outside_the_protocol_is_refused_by_name(level):
    story = Story().ready()

    with pytest.raises(Refused) as refusal:
        story.dose(level)

    assert refusal.value.field == "level_mg"
    assert "allowed: 80" in refusal.value.message


@pytest.mark.proves("dose-cleared")
@pytest.mark.parametrize(("days", "given"), [(20, False), (21, True)])
def test_the_second_session_keeps_its_distance(days, given):
    story = Story().ready().session_done()
    first = story.course.sessions["dosing-1"].initial.at
    story.at = first + timedelta(days=days)
    story.in_session(2)

    fact = story.dose(120)

    if given:
        assert isinstance(fact, DoseGiven)
    else:
        assert fact.reasons == ("20 days since dosing-1; at least 21 must pass",)


@pytest.mark.parametrize(("minutes", "given"), [(89, False), (90, True), (120, True), (121, False)])
def test_the_supplemental_dose_keeps_to_its_window(minutes, given):
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=minutes)
    story.vitals("before-supplemental")

    fact = story.dose(40, "supplemental")

    if given:
        assert isinstance(fact, DoseGiven)
    else:
        assert fact.reasons == (
            f"{minutes} min after the initial dose; the window is 90 to 120 min",
        )


def test_the_supplemental_dose_needs_its_own_vital_signs():
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=95)
    story.vitals("during")

    assert withheld(story, level_mg=40, which="supplemental") == (
        "vital signs before the supplemental dose are missing",
    )


def test_a_supplemental_dose_without_an_initial_one_makes_no_sense():
    story = Story().ready()

    with pytest.raises(Refused, match="no initial dose was given"):
        story.dose(40, "supplemental")


@pytest.mark.proves("dose-cleared")
def test_no_dose_is_given_twice():
    story = Story().ready()
    story.dose()

    with pytest.raises(Refused, match="given already"):
        story.dose()


def test_a_clinician_may_withhold_and_the_session_may_end():
    story = Story().ready()
    story.ask(WithholdDose(story.at, "initial", "did not sleep"))
    story.ask(CloseSession(story.at, "escorted-home"))

    session = story.course.sessions["dosing-1"]
    assert session.withheld[0].reasons == ("did not sleep",)
    assert session.closed_at is not None
    assert story.course.open_session is None
