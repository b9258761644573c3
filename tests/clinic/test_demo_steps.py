"""A virtual course becomes the commands staff would give: who, when, in which order."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import pytest

from sojourn.clinic.demo.enrolling import (
    DEMONSTRATION_LIMITS,
    before_randomisation,
    randomisation,
)
from sojourn.clinic.demo.steps import RATER, Step
from sojourn.clinic.demo.treating import DAYS_UNTIL_LOST, after_randomisation
from sojourn.course.aftercare import RecordContact
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import SignConsent
from sojourn.course.dosing import CloseSession, GiveDose, OpenSession
from sojourn.course.eligibility import RecordCharacteristics
from sojourn.course.followup import CompleteCourse, DeclareLost, WithdrawParticipant
from sojourn.course.judging import judge
from sojourn.course.medication import RecordMedication, StopMedication
from sojourn.course.screening import (
    ConfirmEligibility,
    FailScreening,
    RegisterParticipant,
)
from sojourn.course.state import Course
from sojourn.course.visits import MissVisit
from sojourn.design.aftermath import LOST, Leaving
from sojourn.design.calibration import load_shipped
from sojourn.design.virtual import VirtualParticipant, cohort
from sojourn.protocols import load_shipped as protocol
from tests.course.story import Story, consent_to

PACK = protocol("mdma-ptsd")
KITS = {visit.key: f"100{visit.session}" for visit in PACK.dosing_visits()}
TODAY = date(2026, 11, 24)
ARMS = ("mdma", "placebo")


@cache
def people() -> tuple[VirtualParticipant, ...]:
    return cohort(PACK, load_shipped("mapp2"), seed=2023, today=TODAY)


def finisher() -> VirtualParticipant:
    return next(
        each
        for each in people()
        if each.scene is None and each.outcomes and not any(o.leaving for o in each.outcomes)
    )


def asked(steps: Iterable[Step], kind: type[Any]) -> list[tuple[Step, Any]]:
    """Steps that give a command of that kind whatever the course, with the command."""
    found = []
    for step in steps:
        at = datetime.combine(step.day, time(), UTC) + timedelta(minutes=step.minute)
        command = step.ask(Course(), at)
        if isinstance(command, kind):
            found.append((step, command))
    return found


def after(person: VirtualParticipant, arm: str) -> tuple[Step, ...]:
    return after_randomisation(person, person.under(arm), PACK, KITS)


def test_registration_comes_first_and_consent_before_anything_clinical() -> None:
    for person in people():
        steps = before_randomisation(person, PACK)
        assert asked(steps[:1], RegisterParticipant)
        assert asked(steps[1:2], SignConsent)


def test_steps_stand_in_the_order_of_the_days() -> None:
    for person in people()[:30]:
        for steps in (
            before_randomisation(person, PACK),
            *(after_randomisation(person, each, PACK, KITS) for each in person.outcomes),
        ):
            moments = [(step.day, step.minute) for step in steps]
            assert moments == sorted(moments)


@pytest.mark.parametrize("arm", ARMS)
def test_each_command_is_given_by_someone_whose_role_may(arm: str) -> None:
    person = finisher()
    commands = asked((*before_randomisation(person, PACK), *after(person, arm)), object)
    assert len(commands) > 60
    for step, command in commands:
        if command is not None:
            assert step.by.role in command.roles


def standing_of(person: VirtualParticipant, found: RecordCharacteristics) -> dict[str, str]:
    """Verdict of every rule on what screening found of this person."""
    story = Story(protocol=PACK)
    story.clearance = replace(story.clearance, settings=tuple(DEMONSTRATION_LIMITS.items()))
    story.ask(RegisterParticipant(story.at, "P-1", "s", person.birth_year, person.sex))
    story.ask(consent_to("1.0", story.at))
    story.ask(replace(found, at=story.at), "prescriber")
    judged = judge(story.course, story.circumstances("prescriber"))
    return {each.criterion.key: each.verdict for each in judged if each.criterion.met_when}


def wanted() -> dict[str, str]:
    return {
        each.key: "met" if each.kind == "inclusion" else "not-met"
        for each in PACK.criteria
        if each.met_when
    }


def test_whoever_is_eligible_satisfies_every_rule() -> None:
    for person in [each for each in people() if not each.failed_criterion][:20]:
        [(_, found)] = asked(before_randomisation(person, PACK), RecordCharacteristics)
        assert standing_of(person, found) == wanted()


def test_whoever_fails_screening_fails_by_one_criterion_and_stops_there() -> None:
    failed = [each for each in people() if each.failed_criterion]
    for person in failed:
        steps = before_randomisation(person, PACK)
        [(_, found)] = asked(steps, RecordCharacteristics)
        [(last, failure)] = asked(steps, FailScreening)
        verdicts = standing_of(person, found)
        assert [key for key, each in verdicts.items() if each != wanted()[key]] == [
            person.failed_criterion
        ]
        assert last == steps[-1]
        assert failure.reason.startswith("Eligibility: ")
        assert not asked(steps, ConfirmEligibility)


def test_a_medicine_is_recorded_at_enrolment_and_stopped_before_eligibility() -> None:
    person = next(each for each in people() if each.medicine and each.outcomes)
    steps = before_randomisation(person, PACK)
    [(recorded, medicine)] = asked(steps, RecordMedication)
    [(stopped, stop)] = asked(steps, StopMedication)
    [(eligible, _)] = asked(steps, ConfirmEligibility)
    assert person.medicine is not None
    assert medicine.medicine == stop.medicine == person.medicine.name
    assert recorded.day == person.enrolled_on
    assert stopped.day + timedelta(days=person.medicine.washout_days) <= eligible.day


def test_randomisation_waits_for_preparation_and_baseline() -> None:
    for person in people():
        if person.outcomes:
            day = randomisation(person, PACK).day
            assert day == max(person.on("preparation-3"), person.on("baseline"))
            assert day < person.on("dosing-1")


@pytest.mark.parametrize("arm", ARMS)
def test_three_sessions_are_opened_with_the_whole_checklist(arm: str) -> None:
    opened = asked(after(finisher(), arm), OpenSession)
    assert PACK.dosing is not None
    assert [command.visit for _, command in opened] == ["dosing-1", "dosing-2", "dosing-3"]
    for _, command in opened:
        assert len(command.practitioners) == PACK.dosing.practitioners_present
        assert len(command.confirmed) == len(PACK.dosing.checklist)


@pytest.mark.parametrize("raised", [True, False])
def test_levels_are_those_of_the_protocol_and_rise_for_those_raised(raised: bool) -> None:
    person = replace(finisher(), raised_level=raised)
    levels = [command.level_mg for _, command in asked(after(person, "mdma"), GiveDose)]
    assert levels == ([80, 120, 120] if raised else [80, 80, 80])


def test_level_and_time_of_doses_tell_nothing_of_the_arm() -> None:
    for person in people():
        if len(person.outcomes) == 2 and not any(each.leaving for each in person.outcomes):
            mdma, placebo = (
                [(step.day, step.minute, command) for step, command in asked(steps, GiveDose)]
                for steps in (after(person, arm) for arm in ARMS)
            )
            assert mdma == placebo


def test_without_a_session_there_is_nothing_to_close() -> None:
    assert asked(after(finisher(), "mdma"), CloseSession) == []


@pytest.mark.parametrize("arm", ARMS)
def test_ratings_are_given_by_the_independent_rater_and_by_nobody_else(arm: str) -> None:
    person = finisher()
    steps = (*before_randomisation(person, PACK), *after(person, arm))
    for step, command in asked(steps, RecordAssessment):
        visit = PACK.visit(command.visit)
        assert visit is not None
        assert (step.by == RATER) == (visit.rated_by == "independent-rater")


def test_every_day_of_aftercare_is_a_contact_or_a_missed_one() -> None:
    planned = {visit.key for visit in PACK.visits if visit.phase == "aftercare"}
    steps = after(finisher(), "placebo")
    called = {command.visit for _, command in asked(steps, RecordContact)}
    missed = {
        command.visit
        for _, command in asked(steps, MissVisit)
        if command.visit.startswith("contact-")
    }
    assert called | missed == planned
    assert not called & missed


def test_the_course_is_completed_on_the_last_visits_day() -> None:
    person = finisher()
    [(step, _)] = asked(after(person, "mdma"), CompleteCourse)
    assert step.day == person.on("month-12")


def leaver(reason: str) -> tuple[VirtualParticipant, tuple[Step, ...], date]:
    person = finisher()
    leaving = Leaving("dosing-1", 10, reason)
    outcome = replace(person.under("placebo"), leaving=leaving)
    steps = after_randomisation(person, outcome, PACK, KITS)
    return person, steps, person.on("dosing-1") + timedelta(days=10)


def test_whoever_withdraws_does_nothing_more_and_gives_a_reason() -> None:
    _, steps, day = leaver("burden")
    [(last, command)] = asked(steps, WithdrawParticipant)
    assert command.reason == "burden"
    assert last == steps[-1]
    assert last.day == day
    assert all(step.day < day for step in steps[:-1])
    assert not asked(steps, CompleteCourse)


def test_whoever_vanishes_is_declared_lost_weeks_after_the_last_contact() -> None:
    _, steps, day = leaver(LOST)
    [(last, command)] = asked(steps, DeclareLost)
    assert last.day == day + timedelta(days=DAYS_UNTIL_LOST)
    assert command.last_contact_on == max(step.day for step in steps[:-1])
    assert command.last_contact_on < day
