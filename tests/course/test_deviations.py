"""Deviations found in a course: each at both edges, under a key that stays."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.course import Refused
from sojourn.course.aftercare import RecordContact
from sojourn.course.deviations import ClassifyDeviation, found, known
from sojourn.course.dosing import CloseSession, DoseGiven
from sojourn.course.guessing import RecordParticipantsGuess
from sojourn.course.integration import HoldIntegration
from sojourn.course.visits import MissVisit
from tests.course.story import PROTOCOL, SEVERE, Story


def of(story: Story, category: str, days: int = 0) -> list:
    day = story.at.date() + timedelta(days=days)
    return [each for each in known(story.course, PROTOCOL, day) if each.category == category]


@pytest.mark.proves("deviations")
@pytest.mark.parametrize(
    ("day", "says"),
    [(3, "1 day before its window"), (4, ""), (12, ""), (13, "1 day after its window")],
)
def test_a_visit_out_of_its_window_is_found_at_either_edge(day, says):
    story = Story().ready().session_done().pass_time(days=day)
    story.ask(HoldIntegration(story.at, "integration-1-2", ("ana", "ben"), 90))

    outside = [each.label for each in of(story, "visit-window") if "integration" in each.key]

    assert [says in label for label in outside] == ([True] if says else [])


def test_a_missed_visit_says_why():
    story = Story().ready().session_done().pass_time(days=1)
    story.ask(MissVisit(story.at, "integration-1-1", "snowed in"), "therapist")

    [missed] = of(story, "visit-missed")

    assert missed.key == "visit-missed:integration-1-1"
    assert "snowed in" in missed.label


def test_an_assessment_is_missing_from_the_day_after_its_visit():
    story = Story().ready().session_done().pass_time(days=1)
    story.ask(RecordContact(story.at, "contact-1-1", 6, 7, "none"))
    key = "assessment-missing:contact-1-1:c-ssrs"

    assert key not in {each.key for each in of(story, "assessment")}
    assert key in {each.key for each in of(story, "assessment", days=1)}


@pytest.mark.parametrize(
    ("role", "author", "words"),
    [
        ("therapist", "eve", "a therapist, not by an independent rater"),
        ("independent-rater", "ana", "ana, who is in the participant's sessions"),
        ("independent-rater", "eve", ""),
        ("import", "eve", ""),
    ],
)
def test_a_rating_by_the_wrong_person_is_found(role, author, words):
    story = Story().ready().session_done().pass_time(days=20).rated("rating-1", SEVERE)
    rated = story.course.assessments["rating-1", "caps-5"]
    story.course = replace(
        story.course,
        assessments={("rating-1", "caps-5"): replace(rated, role=role, author=author)},
    )

    labels = [each.label for each in of(story, "rater")]

    assert [words in label for label in labels] == ([True] if words else [])


def test_a_session_as_planned_has_no_deviation_of_dose_or_vital_signs():
    story = Story().ready().session_done()

    for category in ("dose", "vitals", "session"):
        assert of(story, category) == []


def test_vital_signs_that_nobody_took_are_found():
    story = Story().ready()
    story.dose()
    story.ask(CloseSession(story.at, "transferred", "felt unwell"))

    assert [each.key for each in of(story, "vitals")] == ["vitals:dosing-1:end"]
    [short] = of(story, "session")
    assert "0 min after the dose; planned are 480 min" in short.label


@pytest.mark.proves("deviations")
@pytest.mark.parametrize(
    ("minutes", "level", "says"),
    [
        (89, 40, "89 min after the first"),
        (90, 40, ""),
        (120, 40, ""),
        (121, 40, "121 min after the first"),
        (100, 60, "60 mg is no supplemental level"),
    ],
)
def test_a_dose_off_the_plan_is_found_though_nobody_said_so(minutes, level, says):
    """As a record brought in from elsewhere could hold it."""
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=minutes)
    story.record(DoseGiven("dosing-1", "supplemental", level, "", 1, "", "", "", "mg"), story.at)

    labels = [each.label for each in of(story, "dose")]

    assert [says in label for label in labels] == ([True] if says else [])


def test_a_guess_that_was_not_given_is_found_after_its_days_and_a_late_one_when_given():
    story = Story().ready().session_done()

    assert of(story, "guess", days=7) == []
    missing = of(story, "guess", days=8)
    assert {each.key for each in missing} == {
        "guess:session-1:participant:",
        "guess:session-1:therapist:ana",
        "guess:session-1:therapist:ben",
    }
    story.pass_time(days=9)
    story.ask(RecordParticipantsGuess(story.at, "session-1", "mdma", 90, "effects"))
    late = next(each for each in of(story, "guess") if "participant" in each.key)
    assert "was given on" in late.label
    assert "mdma" not in late.label


@pytest.mark.proves("deviations")
def test_nothing_is_found_in_a_course_that_is_as_planned_up_to_the_first_session():
    story = Story().randomised()
    keys = {each.category for each in known(story.course, PROTOCOL, story.at.date())}

    assert keys <= {"assessment", "rater"}  # the story tells no C-SSRS at preparation


def missed() -> Story:
    story = Story().ready().session_done().pass_time(days=1)
    story.ask(MissVisit(story.at, "integration-1-1", "snowed in"), "therapist")
    return story


@pytest.mark.proves("deviations")
def test_a_deviation_is_classified_and_explained_by_a_fact_that_keeps_its_key():
    story = missed()
    asked = ClassifyDeviation(story.at, "visit-missed:integration-1-1", "minor", "held by phone")

    [fact] = story.ask(asked, "monitor")

    assert fact.classification == "minor"
    assert story.course.classified[fact.deviation].comment == "held by phone"
    with pytest.raises(Refused, match="classified so already"):
        story.ask(asked, "monitor")


@pytest.mark.parametrize(
    ("key", "comment", "field"),
    [
        ("visit-missed:integration-1-2", "held by phone", "deviation"),
        ("visit-missed:integration-1-1", "so", "comment"),
    ],
)
def test_what_is_no_deviation_or_not_explained_is_refused(key, comment, field):
    story = missed()

    with pytest.raises(Refused) as refusal:
        story.ask(ClassifyDeviation(story.at, key, "minor", comment), "monitor")

    assert refusal.value.field == field


def test_a_therapist_does_not_grade_the_teams_own_deviations():
    story = missed()
    asked = ClassifyDeviation(story.at, "visit-missed:integration-1-1", "minor", "held by phone")

    with pytest.raises(Refused, match="not for a therapist"):
        story.ask(asked, "therapist")


def test_keys_are_distinct_and_stay_when_the_course_goes_on():
    story = missed()
    before = {each.key for each in found(story.course, PROTOCOL)}
    story.pass_time(days=19).rated("rating-1", SEVERE)

    after = [each.key for each in found(story.course, PROTOCOL)]

    assert len(after) == len(set(after))
    assert before <= set(after)
