"""Earlier treatments: what counts as a fair trial, and what it says about resistance."""

import pytest

from sojourn.course import Refused
from sojourn.course.history import RecordPriorTreatment, resistance
from tests.course.story import PROTOCOL, Story


def tried(*treatments):
    story = Story().consented()
    for treatment in treatments:
        story.ask(RecordPriorTreatment(story.at, *treatment))
    return resistance(story.course, PROTOCOL)


@pytest.mark.parametrize(
    ("weeks", "dose", "adequate", "why"),
    [
        (8, "yes", True, "8 weeks"),
        (7, "yes", False, "7 weeks; 8 count as enough"),
        (12, "no", False, "below the usual dose"),
        (12, "not-applicable", None, "the dose is not known"),
        (None, "yes", None, "the number of weeks is not known"),
        (None, "no", False, "below the usual dose"),
        (3, "not-applicable", False, "3 weeks; 8 count as enough"),
    ],
)
def test_a_medicine_is_tried_with_the_usual_dose_for_long_enough(weeks, dose, adequate, why):
    [judged] = tried(("ssri-snri", "sertraline", "none", False, dose, weeks)).tried
    assert (judged.adequate, judged.why) == (adequate, why)


@pytest.mark.parametrize(("sessions", "adequate"), [(8, True), (7, False), (None, None)])
def test_a_psychotherapy_is_tried_with_enough_sessions(sessions, adequate):
    [judged] = tried(
        ("prolonged-exposure", "PE", "none", False, "not-applicable", None, sessions)
    ).tried
    assert judged.adequate is adequate


def test_resistance_counts_adequate_trials_without_benefit_and_who_left_early():
    summary = tried(
        ("ssri-snri", "sertraline", "none", False, "yes", 12),
        ("ssri-snri", "paroxetine", "partial", False, "yes", 10),
        ("ssri-snri", "venlafaxine", "response", False, "yes", 20),
        ("ssri-snri", "citalopram", "none", True, "yes", 2),
        ("prolonged-exposure", "PE", "worse", True, "not-applicable", None, 9),
        ("emdr", "EMDR", "none", True, "not-applicable", None, 3),
        ("emdr", "EMDR again", "unknown", False, "not-applicable", None, None),
    )
    assert summary.adequate_medicines_without_benefit == 2
    assert summary.adequate_psychotherapies_without_benefit == 1
    assert summary.left_early == 3
    assert summary.not_known == 1


def test_a_kind_the_protocol_does_not_know_is_refused_with_those_it_does():
    story = Story().consented()
    with pytest.raises(Refused, match="'hypnosis' is no kind of treatment here; there are: ssri"):
        story.ask(RecordPriorTreatment(story.at, "hypnosis", "x", "none", False, "yes"))
