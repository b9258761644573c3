"""A dose that follows body weight, and a heart that is watched: what holds it back."""

import pytest

from sojourn.course import Refused, deviations
from sojourn.course.assessment import RecordAssessment
from sojourn.course.dosing import DoseGiven, DoseWithheld, OpenSession, RecordVitals
from sojourn.course.eligibility import RecordCharacteristics
from sojourn.course.safety import AlertRaised
from tests.course.packs import ANXIETY, OPIOIDS
from tests.course.story import NO_SUICIDALITY, dose_of


def in_session(pack=OPIOIDS):
    story = pack.story().randomised().pass_time(days=1)
    story.ask(OpenSession(story.at, "dosing-1", ("ana", "ben"), pack.checklist))
    story.ask(RecordAssessment(story.at, "dosing-1", "c-ssrs", NO_SUICIDALITY), "therapist")
    return story


def vitals(story, qtc):
    return story.ask(RecordVitals(story.at, "before-initial", 120, 80, 72, 368, qtc_ms=qtc))


def test_the_dose_follows_the_weight_last_recorded():
    story = in_session()
    vitals(story, 420)
    story.ask(RecordCharacteristics(story.at, (("weight-kg", "63"),), "weighed"), "prescriber")

    with pytest.raises(Refused, match="allowed: 630"):
        story.ask(dose_of(story.at, "initial", 700))
    (given,) = story.ask(dose_of(story.at, "initial", 630))

    assert isinstance(given, DoseGiven)
    assert (given.level_mg, given.unit) == (630, "mg")


def test_being_weighed_again_later_makes_no_deviation_of_an_earlier_dose():
    story = in_session()
    vitals(story, 420)
    story.ask(dose_of(story.at, "initial", 700))
    story.pass_time(minutes=30)
    story.ask(RecordCharacteristics(story.at, (("weight-kg", "71"),), "weighed"), "prescriber")

    found = deviations.found(story.course, story.protocol)

    assert "dose" not in {each.category for each in found}


def test_more_than_the_site_gives_in_a_session_is_withheld():
    story = in_session()
    vitals(story, 420)
    story.ask(RecordCharacteristics(story.at, (("weight-kg", "95"),), "weighed"), "prescriber")

    (fact,) = story.ask(dose_of(story.at, "initial", 950))

    assert isinstance(fact, DoseWithheld)
    assert fact.reasons == ("950 mg is above the 900 the site gives in a session",)


@pytest.mark.parametrize(
    ("qtc", "reason"),
    [(None, "no QTc was measured in the last 60 minutes"), (451, "QTc 451 ms is above")],
)
def test_no_dose_without_a_fresh_qtc_within_the_sites_limit(qtc, reason):
    story = in_session()
    vitals(story, qtc)

    (fact,) = story.ask(dose_of(story.at, "initial", 700))

    assert isinstance(fact, DoseWithheld)
    assert any(reason in each for each in fact.reasons), fact.reasons


def test_a_later_pressure_without_an_ecg_does_not_hide_a_long_qtc():
    story = in_session()
    vitals(story, 480)
    story.pass_time(minutes=10)
    vitals(story, None)

    (fact,) = story.ask(dose_of(story.at, "initial", 700))

    assert any("QTc 480 ms is above" in each for each in fact.reasons)


def test_a_long_qtc_raises_an_alert_at_once():
    raised = [each for each in vitals(in_session(), 505) if isinstance(each, AlertRaised)]
    assert "QTc 505 ms is above the site's limit 450" in raised[0].label


def test_a_limit_nobody_set_is_no_limit_to_go_by():
    story = in_session()
    vitals(story, 420)
    kept = tuple(each for each in OPIOIDS.settings if each[0] != "qtc-ms-session-max")
    story.with_clearance(settings=kept)

    (fact,) = story.ask(dose_of(story.at, "initial", 700))

    assert "the site has set no limit for QTc in a session" in fact.reasons


def test_a_label_in_micrograms_says_so():
    story = in_session(ANXIETY)
    vitals(story, None)

    with pytest.raises(Refused, match="25 µg is not a level"):
        story.ask(dose_of(story.at, "initial", 25))
    (given,) = story.ask(dose_of(story.at, "initial", 200))

    assert (given.level_mg, given.unit) == (200, "µg")
