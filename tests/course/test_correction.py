"""A correction stands beside what it corrects; the course reads as corrected."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.course import Refused, decide, fold
from sojourn.course.adverse_events import RecordAdverseEvent, UpdateAdverseEvent
from sojourn.course.assessment import AssessmentRecorded
from sojourn.course.correction import (
    Corrected,
    correct,
    effective,
    find,
    under_its_name,
    without,
)
from sojourn.course.medication import RecordMedication, StopMedication
from sojourn.course.taper import PlanTaper
from tests.course.story import KINDS, SEVERE, Story


def baseline(story: Story):
    return next(
        entry
        for entry in story.entries
        if isinstance(entry.fact, AssessmentRecorded) and entry.fact.visit == "baseline"
    )


def corrected_story():
    story = Story().prepared()
    wrong = baseline(story)
    right = replace(wrong.fact, answers=(3, *SEVERE[1:]))
    facts = correct(wrong, (right,), wrong.occurred_at, KINDS.write(right)[1:])
    for fact in facts:
        story.entries.append(replace(story.entries[-1], sequence=len(story.entries) + 1, fact=fact))
    return story, wrong, right


@pytest.mark.proves("append-only")
def test_the_course_reads_as_corrected_and_the_wrong_entry_stays():
    story, wrong, right = corrected_story()

    course = fold(story.entries, KINDS.read)

    assert course.assessments["baseline", "caps-5"].answers == right.answers
    assert wrong in story.entries


@pytest.mark.proves("as-known-then")
def test_before_the_correction_the_course_reads_as_it_was_known_then():
    story, wrong, _ = corrected_story()

    course = fold(story.entries[:-1], KINDS.read)

    assert course.assessments["baseline", "caps-5"].answers == wrong.fact.answers


def test_the_latest_correction_counts():
    story, wrong, right = corrected_story()
    again = replace(right, answers=(4, *SEVERE[1:]))
    [fact] = correct(wrong, (again,), wrong.occurred_at, KINDS.write(again)[1:])
    story.entries.append(replace(story.entries[-1], sequence=len(story.entries) + 1, fact=fact))

    assert fold(story.entries, KINDS.read).assessments["baseline", "caps-5"].answers[0] == 4


def test_a_corrected_time_moves_the_entry_in_time_but_not_in_place():
    story = Story().prepared()
    wrong = baseline(story)
    earlier = wrong.occurred_at - timedelta(hours=2)
    [fact] = correct(wrong, (wrong.fact,), earlier, KINDS.write(wrong.fact)[1:])
    story.entries.append(replace(story.entries[-1], sequence=len(story.entries) + 1, fact=fact))

    read = effective(story.entries, KINDS.read)

    assert next(each for each in read if each.sequence == wrong.sequence).occurred_at == earlier
    assert not any(isinstance(each.fact, Corrected) for each in read)


@pytest.mark.proves("who-when-why")
def test_a_correction_that_changes_nothing_is_refused():
    wrong = baseline(Story().prepared())
    with pytest.raises(Refused, match="nothing was changed"):
        correct(wrong, (wrong.fact,), wrong.occurred_at, KINDS.write(wrong.fact)[1:])


def test_a_decision_is_not_corrected_but_followed_by_another():
    story = Story().randomised()
    last = story.entries[-1]
    with pytest.raises(Refused, match="is a decision"):
        find(story.entries, last.sequence)
    with pytest.raises(Refused, match="no entry 999"):
        find(story.entries, 999)


def test_an_entry_does_not_turn_into_another_kind():
    story = Story().prepared()
    wrong = baseline(story)
    other = story.entries[0].fact
    with pytest.raises(Refused, match="can't become"):
        correct(wrong, (other,), wrong.occurred_at, KINDS.write(other)[1:])


def test_what_a_correction_is_decided_on_lacks_the_wrong_entry_alone():
    story = Story().prepared()
    wrong = baseline(story)
    assert len(without(story.entries, wrong.sequence)) == len(story.entries) - 1


def corrected(story: Story, wrong, command, role="therapist"):
    """What the desk does: decide on the history without the wrong entry, then append."""
    before = fold(without(story.entries, wrong.sequence), KINDS.read)
    facts = decide(before, command, story.circumstances(role))
    facts = under_its_name(wrong, facts)
    for fact in correct(wrong, facts, command.at, KINDS.write(facts[0])[1:]):
        story.record_as_it_is(fact, command.at)
    return fold(story.entries, KINDS.read)


def recorded_event(story: Story, term: str, *, serious: bool = False):
    story.ask(
        RecordAdverseEvent(
            story.at,
            term,
            3 if serious else 2,
            serious,
            "possible",
            "",
            "recovered",
            "unpleasant",
            story.at.date(),
            seriousness=("hospitalisation",) if serious else (),
        )
    )
    return story.entries[-1]


def test_correcting_one_adverse_event_never_swallows_another():
    story = Story().consented()
    first = recorded_event(story, "headache")
    recorded_event(story, "nausea")
    right = RecordAdverseEvent(
        story.at,
        "migraine",
        3,
        True,
        "possible",
        "",
        "recovered",
        "unpleasant",
        story.at.date(),
        code="headache",
        seriousness=("medically-important",),
    )

    course = corrected(story, first, right)

    assert {each.key: each.term for each in course.adverse_events.values()} == {
        "ae-1": "migraine",
        "ae-2": "nausea",
    }
    [alert] = course.open_alerts
    assert alert.visit == "ae-1"
    assert {event for event, _ in course.clocks} == {"ae-1"}


def test_an_event_followed_up_can_still_be_corrected():
    story = Story().consented()
    first = recorded_event(story, "headache")
    story.ask(UpdateAdverseEvent(story.at, "ae-1", 3, False, "recovering"))
    right = replace(
        RecordAdverseEvent(
            story.at,
            "tension headache",
            2,
            False,
            "possible",
            "",
            "recovered",
            "unpleasant",
            story.at.date(),
            code="headache",
        )
    )

    course = corrected(story, first, right)

    assert course.adverse_events["ae-1"].term == "tension headache"
    assert course.adverse_events["ae-1"].grade == 3


def test_a_medication_keeps_what_was_recorded_about_it_when_its_name_is_corrected():
    story = Story().consented()
    story.ask(RecordMedication(story.at, "citalopram", "depression"))
    wrong = story.entries[-1]
    story.ask(PlanTaper(story.at, "citalopram", f"{story.at.date()} stop", "2026-02-01", "mild"))
    story.ask(StopMedication(story.at, "citalopram", story.at.date()))

    course = corrected(
        story, wrong, RecordMedication(story.at, "escitalopram", "depression"), "prescriber"
    )

    [medication] = course.medications.values()
    assert medication.substances == ("escitalopram",)
    assert medication.stopped_on == story.at.date()
