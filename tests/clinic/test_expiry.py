"""When an authorisation runs out nobody is dosed and nobody registered, and care goes on."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from sojourn.conduct.authorisation import FoundProgramme, OpenProgramme, RecordAuthorisation
from sojourn.conduct.practitioners import ApproveConsentVersion, RecordCredential
from sojourn.conduct.programme import ATTESTATIONS
from sojourn.conduct.standing import RecordAttestation
from sojourn.course import Refused
from sojourn.course.adverse_events import RecordAdverseEvent, UpdateAdverseEvent
from sojourn.course.dosing import DoseGiven, DoseWithheld
from sojourn.course.followup import WithdrawParticipant
from sojourn.course.medication import RecordMedication
from sojourn.course.screening import RegisterParticipant
from sojourn.ledger import desk, programmes
from sojourn.protocols import shipped_text
from sojourn.record.command import meaning_of
from tests.course.story import SEVERE, SITE_SETTINGS, START, Story

KEY = "ours"
FIRST_DAY = START - timedelta(days=30)


@dataclass
class Recorded(Story):
    """A story told through the desk, on a programme's real record."""

    def ask(self, command, role=""):
        by = desk.Person("ana", role or command.roles[0])
        participant = getattr(command, "participant", "P-1")
        signed = bool(meaning_of(type(command)))
        written = desk.execute(KEY, participant, command, by, signed=signed)
        if participant == "P-1":
            self.course = desk.load_course(KEY, "P-1")
        return tuple(entry.fact for entry in written)


def found(until, sites="") -> None:
    lead = {"author": "lead", "role": "sponsor"}
    on = FIRST_DAY.date()
    programmes.found(KEY, shipped_text("mdma-ptsd"), FoundProgramme(FIRST_DAY, "Ours"), **lead)
    papers = [RecordAuthorisation(FIRST_DAY, "IND 1", "us-ind", on, until, sites=sites)]
    for name in ("ana", "ben"):
        papers.append(RecordCredential(FIRST_DAY, name, "psychiatrist", f"L-{name}", on))
        papers += [
            RecordAttestation(FIRST_DAY, name, subject, on, on + timedelta(days=700))
            for subject, _ in ATTESTATIONS
        ]
    papers.append(ApproveConsentVersion(FIRST_DAY, "1.0", on, "IRB", False))
    papers.append(OpenProgramme(FIRST_DAY, SITE_SETTINGS))
    for command in papers:
        programmes.execute(KEY, command, **lead)


def after_one_session() -> Recorded:
    story = Recorded().ready()
    story.session_done(1)
    story.after_session(1)
    story.rated("rating-1", SEVERE)
    return story.pass_time(days=12)


@pytest.fixture
def second_session_on(db):
    """The day of the second session in this story, found by telling it up to there."""
    story = Story().ready()
    story.session_done(1)
    story.after_session(1)
    return story.pass_time(days=12).at.date()


def test_on_its_last_day_a_dose_may_still_be_given(second_session_on):
    found(until=second_session_on)
    story = after_one_session().in_session(2)
    assert isinstance(story.dose(80), DoseGiven)


@pytest.mark.proves("legal-ground")
def test_on_the_day_after_the_dose_is_withheld_for_that_reason_alone(second_session_on):
    last = second_session_on - timedelta(days=1)
    found(until=last)
    fact = after_one_session().in_session(2).dose(80)
    assert isinstance(fact, DoseWithheld)
    assert fact.reasons == (f"authorisation IND 1 ended on {last}",)


def test_care_and_follow_up_go_on_after_the_end(second_session_on):
    found(until=second_session_on - timedelta(days=20))
    story = Recorded().ready()
    story.session_done(1)
    story.after_session(1)  # contacts and integration, the later ones after the end
    assert story.at.date() > second_session_on - timedelta(days=20)

    story.rated("rating-1", SEVERE)
    at, day = story.at, story.at.date()
    event = ("Insomnia", 1, False, "possible", "", "recovering", "unpleasant", day)
    story.ask(RecordAdverseEvent(at, *event))
    key = next(iter(story.course.adverse_events))
    story.ask(UpdateAdverseEvent(at, key, 1, False, "recovered", day))
    story.ask(RecordMedication(at, "paracetamol", "headache", day))
    story.ask(WithdrawParticipant(at, "other", "goes on with other care"), "coordinator")

    assert ("rating-1", "caps-5") in story.course.assessments
    assert story.course.adverse_events[key].outcome == "recovered"
    assert story.course.ended


def test_nobody_new_is_registered_after_the_end(db):
    found(until=START.date())
    Recorded().registered()
    late = RegisterParticipant(START + timedelta(days=1), "P-2", "site-1", 1980, "female")
    with pytest.raises(Refused, match=f"authorisation IND 1 ended on {START.date()}; nobody new"):
        Recorded().ask(late)


@pytest.mark.proves("legal-ground")
def test_a_site_the_authorisation_does_not_cover_is_refused_by_name(db):
    found(until=None, sites="site-1\nsite-9")
    Recorded().registered()
    elsewhere = RegisterParticipant(START, "P-2", "site-2", 1980, "female")
    with pytest.raises(Refused, match="covers site-1, site-9, not site 'site-2'") as refusal:
        Recorded().ask(elsewhere)
    assert refusal.value.field == "site"
