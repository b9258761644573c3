"""Adverse events: coded, judged, followed up, and never left out for having felt good."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.course import Refused, decide, fold
from sojourn.course.adverse_events import (
    AdverseEventRecorded,
    RecordAdverseEvent,
    UpdateAdverseEvent,
)
from sojourn.course.correction import correct, under_its_name, without
from sojourn.course.event_rules import ACTIONS, LEARNED, OUTCOMES, RELATEDNESS
from sojourn.course.reporting import RecordReportSent, WaiveReport, WriteNarrative
from sojourn.ledger.upcasters import UPCASTERS
from sojourn.vigilance.clocks import SERIOUSNESS
from tests.course.story import KINDS, SETTINGS, Story

CRITERIA = tuple(key for key, _ in SERIOUSNESS)
WITH_FOLLOW_UP = (*SETTINGS, ("event-follow-up-days", 7))


def event(story: Story, term: str = "Nausea", grade: int = 1, serious: bool = False, **more):
    fields = {
        "relatedness": "probable",
        "expectedness": "",
        "outcome": "recovered",
        "valence": "unpleasant",
        "started_on": story.at.date(),
    } | more
    return RecordAdverseEvent(story.at, term, grade=grade, serious=serious, **fields)


def consented() -> Story:
    return Story().with_clearance(jurisdictions=("US",)).consented()


def refusal(story: Story, command) -> Refused:
    with pytest.raises(Refused) as refused:
        story.ask(command, "therapist")
    return refused.value


def serious(story: Story, **more):
    return event(story, "Syncope", 3, True, **({"seriousness": ("hospitalisation",)} | more))


@pytest.mark.proves("adverse-events")
def test_an_event_carries_its_term_its_class_and_how_it_became_known():
    story = consented()
    (fact,) = story.ask(
        event(story, "Nausea", learned="prompted", action_taken="none"), "therapist"
    )
    assert isinstance(fact, AdverseEventRecorded)
    assert (fact.code, fact.dictionary) == ("nausea", "ctcae-5.0")
    assert fact.system_organ_class == "Gastrointestinal disorders"
    assert (fact.learned, fact.action_taken, fact.expectedness) == ("prompted", "none", "expected")


def test_everyday_words_are_offered_and_a_person_confirms():
    story = consented()
    refused = refusal(story, event(story, "throwing up"))
    assert refused.field == "code"
    assert "confirm one of: Vomiting" in refused.message
    (fact,) = story.ask(event(story, "throwing up", code="vomiting"), "therapist")
    assert (fact.term, fact.coded_term) == ("throwing up", "Vomiting")


def test_a_term_nobody_knows_is_refused_with_its_mend():
    story = consented()
    assert "try other words" in refusal(story, event(story, "xqzzy")).message
    assert "no term of the dictionary" in refusal(story, event(story, code="xqzzy")).message


@pytest.mark.proves("adverse-events")
def test_only_grades_that_exist_for_the_term():
    story = consented()
    refused = refusal(story, event(story, "Nausea", 4, True, seriousness=("life-threatening",)))
    assert refused.message == "'Nausea' has no grade 4; it has 1, 2, 3"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"grade": 5}, "outcome", "contradict"),
        ({"outcome": "fatal"}, "outcome", "contradict"),
        ({"serious": True}, "seriousness", "which criteria"),
        ({"seriousness": ("disability",)}, "serious", "makes it serious"),
        ({"seriousness": ("bad luck",), "serious": True}, "seriousness", "is no criterion"),
        ({"seriousness": ("death",), "serious": True}, "seriousness", "must agree"),
        ({"ended_on": date(2025, 1, 1)}, "ended_on", "lies before the start"),
        ({"ended_on": date(2031, 1, 1)}, "ended_on", "still to come"),
        ({"started_on": date(2031, 1, 1)}, "started_on", "still to come"),
        ({"expectedness": "unexpected"}, "expectedness_reason", "says 'expected'; say why"),
        ({"relatedness": "perhaps"}, "relatedness", "is not one of"),
        ({"term": "  "}, "code", "not coded"),
        ({"term": "N" * 201}, "term", "within 200 letters"),
    ],
)
def test_what_contradicts_itself_is_refused(change, field, words):
    story = consented()
    fields = {"term": "Nausea", "grade": 1, "serious": False} | change
    refused = refusal(story, event(story, **fields))
    assert refused.field == field
    assert words in refused.message


def test_an_event_that_ended_is_not_still_going_on():
    story = consented()
    command = event(story, outcome="recovering", ended_on=story.at.date())
    assert "yet the outcome is 'recovering'" in refusal(story, command).message


@pytest.mark.proves("adverse-events")
def test_expectedness_follows_the_reference_list_and_its_worst_grade():
    story = consented()
    told = [
        story.ask(event(story, term, grade, code=code), "therapist")[0].expectedness
        for term, grade, code in (
            ("Nausea", 2, ""),
            ("Nausea", 3, ""),
            ("jaw clenching", 1, "gastrointestinal-disorders-other-specify"),
            ("belly noise", 1, "gastrointestinal-disorders-other-specify"),
            ("Amnesia", 1, ""),
        )
    ]
    assert told == ["expected", "unexpected", "expected", "unexpected", "unexpected"]


def test_without_a_reference_list_a_person_says_what_was_expected():
    story = consented()
    story.protocol = replace(story.protocol, expected_events=())
    assert refusal(story, event(story)).field == "expectedness"
    (fact,) = story.ask(event(story, expectedness="expected"), "therapist")
    assert (fact.expectedness, fact.expectedness_reason) == ("expected", "")


def test_to_differ_from_the_list_takes_a_reason():
    story = consented()
    (fact,) = story.ask(
        event(story, expectedness="unexpected", expectedness_reason="lasted nine days, not hours"),
        "therapist",
    )
    assert (fact.expectedness, fact.expectedness_reason) == (
        "unexpected",
        "lasted nine days, not hours",
    )


@pytest.mark.proves("adverse-events")
@pytest.mark.parametrize(
    ("term", "code", "interest"),
    [
        ("Euphoria", "", "abuse-related"),
        ("wanting more of it", "psychiatric-disorders-other-specify", "abuse-related"),
        ("took the drug at home", "social-circumstances-other-specify", "abuse-related"),
        ("thoughts of ending it", "suicidal-ideation", "suicidality"),
        ("heart racing", "palpitations", "cardiac"),
        ("unwanted touch", "social-circumstances-other-specify", "misconduct"),
    ],
)
def test_feeling_good_is_no_reason_to_leave_a_signal_out(term, code, interest):
    story = consented()
    (fact,) = story.ask(event(story, term, code=code, valence="pleasant"), "therapist")
    assert (fact.special_interest, fact.valence) == (interest, "pleasant")


def test_an_open_event_is_asked_about_again_when_the_site_says():
    story = consented().with_clearance(settings=WITH_FOLLOW_UP)
    story.ask(event(story, outcome="not-recovered"), "therapist")
    day = story.at.date()
    assert story.course.adverse_events["ae-1"].follow_up_on == day + timedelta(days=7)
    story.pass_time(days=3)
    story.ask(UpdateAdverseEvent(story.at, "ae-1", 1, False, "recovering"))
    assert story.course.adverse_events["ae-1"].follow_up_on == day + timedelta(days=10)
    story.ask(UpdateAdverseEvent(story.at, "ae-1", 1, False, "recovered", story.at.date()))
    assert story.course.adverse_events["ae-1"].follow_up_on is None


def test_without_an_interval_an_open_event_is_due_at_once():
    story = consented()
    story.ask(event(story, outcome="unknown"), "therapist")
    assert story.course.adverse_events["ae-1"].follow_up_on == story.at.date()


@pytest.mark.proves("reporting-clocks")
def test_a_serious_event_starts_its_clocks_from_when_the_site_learned_of_it():
    story = consented()
    command = serious(story, relatedness="possible")
    facts = story.ask(command, "therapist")
    assert facts[1].label == "Serious: Syncope; report within 24 h"
    assert {(each.key, each.due_at - story.at) for each in story.course.clocks.values()} == {
        ("site-to-sponsor", timedelta(hours=24)),
        ("us-fda-15", timedelta(days=15)),
    }


def test_danger_to_life_shortens_the_clock():
    story = consented()
    story.ask(serious(story, seriousness=("life-threatening",)), "therapist")
    assert ("ae-1", "us-fda-7") in story.course.clocks


@pytest.mark.parametrize(
    "more",
    [
        {"relatedness": "unlikely"},
        {"expectedness": "expected", "expectedness_reason": "listed in our brochure"},
    ],
)
def test_an_unrelated_or_expected_one_goes_to_the_sponsor_alone(more):
    story = consented()
    story.ask(serious(story, **more), "therapist")
    assert [key for _, key in story.course.clocks] == ["site-to-sponsor"]


def test_an_event_that_becomes_serious_starts_its_clocks_then():
    story = consented()
    story.ask(event(story), "therapist")
    story.pass_time(days=2)
    update = UpdateAdverseEvent(
        story.at, "ae-1", 3, True, "not-recovered", seriousness=("hospitalisation",)
    )
    kinds = [fact.kind for fact in story.ask(update)]
    assert kinds == [
        "safety.adverse-event-updated",
        "safety.alert-raised",
        "safety.reporting-clock-started",
        "safety.reporting-clock-started",
    ]
    # Worse than the reference list knows, it is no longer expected: the authority is told too.
    assert story.course.adverse_events["ae-1"].expectedness == "unexpected"
    assert all(each.started_at == story.at for each in story.course.clocks.values())


def test_a_clock_stops_when_the_report_was_sent_and_not_twice():
    story = consented()
    story.ask(serious(story), "therapist")
    sent = RecordReportSent(story.at, "ae-1:us-fda-15", "FDA, Division of Psychiatry", "SR-1")
    story.ask(sent)
    clock = story.course.clocks["ae-1", "us-fda-15"]
    assert (clock.stopped_at, clock.sent_to, clock.reference) == (
        story.at,
        "FDA, Division of Psychiatry",
        "SR-1",
    )
    assert "was settled at" in refusal(story, sent).message


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (lambda at: RecordReportSent(at, "ae-9:us-fda-15", "FDA", "1"), "was started"),
        (lambda at: RecordReportSent(at, "ae-1:us-fda-15", "FDA", "  "), "number or receipt"),
        (
            lambda at: RecordReportSent(at - timedelta(days=1), "ae-1:us-fda-15", "FDA", "1"),
            "became known at",
        ),
        (lambda at: WriteNarrative(at, "ae-1", "fell"), "a few sentences"),
        (lambda at: WriteNarrative(at, "ae-9", "He fell and was taken to hospital."), "is no"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(command, words):
    story = consented()
    story.ask(serious(story), "therapist")
    assert words in refusal(story, command(story.at)).message


def test_that_no_report_is_due_is_decided_with_a_reason_and_not_by_a_therapist():
    story = consented()
    story.ask(serious(story), "therapist")
    waive = WaiveReport(story.at, "ae-1:us-fda-15", "found to be unrelated: epilepsy since 2009")
    assert "not for a therapist" in refusal(story, waive).message
    story.ask(waive, "prescriber")
    assert story.course.clocks["ae-1", "us-fda-15"].waived.startswith("found to be unrelated")


@pytest.mark.proves("reporting-clocks")
def test_correcting_a_serious_event_keeps_the_earliest_deadline():
    story = consented()
    story.ask(serious(story), "therapist")
    wrong = next(each for each in story.entries if isinstance(each.fact, AdverseEventRecorded))
    due = story.course.clocks["ae-1", "us-fda-15"].due_at
    story.pass_time(days=1)
    right = event(story, "Seizure", 3, True, seriousness=("hospitalisation",))
    before = fold(without(story.entries, wrong.sequence), KINDS.read)
    facts = under_its_name(wrong, decide(before, right, story.circumstances("therapist")))
    for fact in correct(wrong, facts, right.at, KINDS.write(facts[0])[1:]):
        story.record_as_it_is(fact, story.at)
    course = fold(story.entries, KINDS.read)
    assert {key for key, _ in course.clocks} == {"ae-1"}
    assert course.clocks["ae-1", "us-fda-15"].due_at == due


def test_what_was_recorded_before_coding_stays_unknown():
    old = {
        "event": "ae-1", "term": "Nausea", "grade": 2, "serious": True, "relatedness": "possible",
        "expectedness": "expected", "outcome": "recovered", "valence": "unpleasant",
        "started_on": "2026-01-05", "ended_on": None, "special_interest": "",
    }  # fmt: skip
    read = UPCASTERS["safety.adverse-event-recorded", 1](old)
    assert {read[key] for key in ("code", "learned", "action_taken", "coded_term")} == {""}
    assert read["seriousness"] == []


events = st.fixed_dictionaries(
    {
        "term": st.sampled_from(("Syncope", "Suicide attempt", "Cardiac arrest", "Nausea")),
        "grade": st.integers(1, 5),
        "serious": st.booleans(),
        "seriousness": st.lists(st.sampled_from(CRITERIA), unique=True, max_size=3).map(tuple),
        "relatedness": st.sampled_from([key for key, _ in RELATEDNESS]),
        "outcome": st.sampled_from([key for key, _ in OUTCOMES]),
        "learned": st.sampled_from([key for key, _ in LEARNED]),
        "action_taken": st.sampled_from([key for key, _ in ACTIONS]),
    }
)


@pytest.mark.proves("reporting-clocks")
@settings(max_examples=60, deadline=None)
@given(st.lists(events, max_size=6), st.lists(st.tuples(st.integers(0, 5), events), max_size=4))
def test_every_serious_event_has_a_clock_that_runs_or_was_stopped(first, later):
    story = consented()
    for each in first:
        _try(story, event(story, **each))
    for number, each in later:
        story.pass_time(days=1)
        changed = {key: each[key] for key in ("grade", "serious", "outcome", "seriousness")}
        _try(story, UpdateAdverseEvent(story.at, f"ae-{number}", **changed))
    for clock in list(story.course.clocks.values())[::2]:
        story.ask(RecordReportSent(story.at, f"{clock.event}:{clock.key}", "sponsor", "R-1"))
    course = story.folded()
    assert course == story.course
    for each in course.adverse_events.values():
        if each.serious:
            clock = course.clocks[each.key, "site-to-sponsor"]
            assert clock.started_at <= clock.due_at
    assert {event for event, _ in course.clocks} <= set(course.adverse_events)


def _try(story: Story, command) -> None:
    try:
        story.ask(command, "therapist")
    except Refused as refused:
        assert refused.message  # noqa: PT017  whatever was drawn, nothing else goes wrong
