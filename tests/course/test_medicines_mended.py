"""What is learned late about a medicine: no earlier decision covers it, no slip hides it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.course import Refused, medication
from sojourn.course.correction import correct
from sojourn.course.medication import (
    ClearMedication,
    MedicationRecorded,
    RecordMedication,
    StopMedication,
)
from tests.course.story import KINDS, Story


def corrected_to(story: Story, medicine: str, substances: tuple[str, ...]) -> None:
    wrong = next(each for each in story.entries if isinstance(each.fact, MedicationRecorded))
    right = replace(wrong.fact, medicine=medicine, substances=substances)
    for fact in correct(wrong, (right,), wrong.occurred_at, KINDS.write(right)[1:]):
        story.record_as_it_is(fact, story.at)
    story.course = story.folded()


@pytest.mark.parametrize(
    ("medicine", "substances", "weight"),
    [("Phenelzine", ("phenelzine",), "hard-stop"), ("Zubinol", (), "unknown")],
)
def test_a_decision_on_one_medicine_does_not_clear_what_it_is_corrected_to(
    medicine, substances, weight
):
    story = Story().randomised()
    story.ask(RecordMedication(story.at, "Xyrbelin", "sleep", as_written=True))
    story.ask(ClearMedication(story.at, "xyrbelin", "a herbal tea", "lemon balm"))
    circumstances = story.circumstances("prescriber")
    assert medication.hindrances(story.course, circumstances, story.at.date()) == ()

    corrected_to(story, medicine, substances)

    [found] = medication.hindrances(story.course, circumstances, story.at.date())
    assert found.weight == weight


def test_a_decision_still_holds_when_only_the_dose_is_corrected():
    story = Story().randomised()
    story.ask(RecordMedication(story.at, "Xyrbelin", "sleep", as_written=True))
    story.ask(ClearMedication(story.at, "xyrbelin", "a herbal tea", "lemon balm"))
    wrong = next(each for each in story.entries if isinstance(each.fact, MedicationRecorded))
    right = replace(wrong.fact, dose="one cup")
    for fact in correct(wrong, (right,), wrong.occurred_at, KINDS.write(right)[1:]):
        story.record_as_it_is(fact, story.at)
    story.course = story.folded()

    assert medication.hindrances(story.course, story.circumstances("prescriber"), story.at) == ()


def test_a_start_still_to_come_is_refused_for_it_would_hide_what_is_taken_today():
    story = Story().randomised()
    next_year = story.at.date() + timedelta(days=365)

    with pytest.raises(Refused, match="is still to come") as refused:
        story.ask(RecordMedication(story.at, "Phenelzine", "mood", started_on=next_year))
    assert refused.value.field == "started_on"


def test_an_earlier_last_day_is_a_correction_and_not_a_second_end():
    story = Story().randomised()
    today = story.at.date()
    story.ask(RecordMedication(story.at, "Sertraline", "mood"))
    story.ask(StopMedication(story.at, "sertraline", today))

    with pytest.raises(Refused, match="would shorten its washout"):
        story.ask(StopMedication(story.at, "sertraline", today - timedelta(days=90)))


def test_a_forbidden_medicine_learned_of_after_a_dose_raises_an_alert():
    story = Story().ready()
    story.dose()
    story.pass_time(minutes=40)

    story.ask(RecordMedication(story.at, "Nardil", "mood"))
    story.ask(RecordMedication(story.at, "Paracetamol", "headache"))

    [alert] = story.course.open_alerts
    assert (alert.rule, alert.visit) == ("medicine-after-dose", "dosing-1")
    assert "phenelzine" in alert.label


def test_a_medicine_begun_after_the_dose_raises_none():
    story = Story().ready()
    story.dose()
    story.pass_time(days=10)

    story.ask(RecordMedication(story.at, "Sertraline", "mood", story.at.date()))

    assert story.course.open_alerts == ()
