"""A correction stands beside what it corrects; the course reads as corrected."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sojourn.course import Refused, fold
from sojourn.course.assessment import AssessmentRecorded
from sojourn.course.correction import Corrected, correct, effective, find, without
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


def test_the_course_reads_as_corrected_and_the_wrong_entry_stays():
    story, wrong, right = corrected_story()

    course = fold(story.entries, KINDS.read)

    assert course.assessments["baseline", "caps-5"].answers == right.answers
    assert wrong in story.entries


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
