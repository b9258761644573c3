"""Consent: what must be shown before it is signed, what it reaches, and what ends it."""

from dataclasses import replace

import pytest

from sojourn.course import Refused
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.aftercare import RecordContact
from sojourn.course.consent import RecordAgreements, RecordConsentElsewhere, WithdrawConsent
from sojourn.course.dosing import DoseWithheld
from sojourn.course.eligibility import RecordCharacteristics
from sojourn.course.screening import Randomise
from tests.course.story import Story, consent_to


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"understanding": "not-shown"}, "understanding", "explain again"),
        ({"capacity": "doubtful"}, "capacity", "nobody signs today"),
        ({"signatures": ("participant",)}, "signatures", "signature of the investigator"),
        ({"signatures": ()}, "signatures", "signature of the participant"),
        ({"form_version": "0.9"}, "form_version", "'0.9' is not approved; approved: 1.0"),
        ({"document_digest": "abc"}, "document_digest", "is no SHA-256"),
        ({"language": ""}, "language", "Language of the talk and the form is missing"),
    ],
)
def test_a_consent_that_is_not_whole_is_not_signed(change, field, message):
    story = Story().registered()
    with pytest.raises(Refused, match=message) as refusal:
        story.ask(replace(consent_to("1.0", story.at), **change))
    assert refusal.value.field == field
    assert story.course.consents == ()


def test_a_signed_consent_says_who_explained_it_in_which_language_and_who_signed():
    [consent] = Story().consented().course.consents
    assert (consent.explained_by, consent.language) == ("ana", "English")
    assert consent.signatures == ("participant", "investigator")


def test_withdrawn_from_treatment_nobody_is_dosed_and_follow_up_goes_on():
    story = Story().ready().session_done().pass_time(days=1)
    story.ask(WithdrawConsent(story.at, "no more sessions, calls are fine", "treatment"))

    story.ask(RecordContact(story.at, "contact-1-1", 6, 7, "none"))
    story.pass_time(days=27)
    with pytest.raises(Refused, match="withdrawn on"):
        story.in_session(2)


@pytest.mark.proves("consent")
def test_withdrawn_from_treatment_on_the_day_withholds_the_dose():
    story = Story().ready()
    story.ask(WithdrawConsent(story.at, "afraid of it", "treatment"))
    fact = story.dose()
    assert isinstance(fact, DoseWithheld)
    assert fact.reasons == ("no consent is in force: withdrawn on 2026-02-20",)


@pytest.mark.proves("consent")
def test_withdrawn_altogether_nothing_more_is_recorded_but_for_safety():
    story = Story().ready().session_done().pass_time(days=1)
    story.ask(WithdrawConsent(story.at, "leave me alone", "all"))
    with pytest.raises(Refused, match="no consent is in force"):
        story.ask(RecordContact(story.at, "contact-1-1", 6, 7, "none"))
    story.ask(
        RecordAdverseEvent(
            story.at, "low mood", 2, False, "possible", "", "recovering", "unpleasant",
            story.at.date(), code="depression",
        )
    )  # fmt: skip
    assert story.course.adverse_events


def test_who_left_treatment_may_leave_altogether_and_not_twice():
    story = Story().consented()
    story.ask(WithdrawConsent(story.at, "no sessions", "treatment"))
    with pytest.raises(Refused, match="withdrawn already"):
        story.ask(WithdrawConsent(story.at, "again", "treatment"))
    story.ask(WithdrawConsent(story.at, "nothing at all", "all"))
    with pytest.raises(Refused, match="no consent in force"):
        story.ask(WithdrawConsent(story.at, "again", "all"))


@pytest.mark.proves("consent")
def test_a_new_version_that_asks_for_it_must_be_signed_before_the_next_dose():
    story = Story().ready()
    story.with_clearance(consent_versions=("1.0", "2.0"), consent_needed="2.0")
    assert story.dose().reasons == (
        "no consent is in force: version 1.0 was replaced by 2.0; sign again",
    )
    story.ask(consent_to("2.0", story.at))
    assert story.dose().kind == "dosing.dose-given"


def test_nobody_is_randomised_after_leaving_treatment():
    story = Story().prepared()
    story.ask(WithdrawConsent(story.at, "no drug", "treatment"))
    with pytest.raises(Refused, match="withdrawn on"):
        story.ask(Randomise(story.at))


def test_agreements_on_touch_and_recording_change_at_any_time():
    story = Story().consented()
    story.ask(RecordAgreements(story.at, "supportive", True, "a hand on the shoulder"))
    story.ask(RecordAgreements(story.at, "none", True))
    assert story.course.agreements.touch == "none"


def test_a_consent_kept_elsewhere_comes_only_with_a_file():
    story = Story().registered()
    with pytest.raises(Refused, match="is for import"):
        story.ask(RecordConsentElsewhere(story.at, "1.0"), "coordinator")
    story.ask(RecordConsentElsewhere(story.at, "1.0"), "import")
    story.ask(RecordCharacteristics(story.at, (("ptsd", "yes"),), "records"), "prescriber")
    assert story.course.characteristics["ptsd"].value == "yes"
