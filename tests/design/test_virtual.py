"""A seeded cohort resembles the trial it is calibrated to."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from sojourn.design.aftermath import LOST, SEVERE
from sojourn.design.calibration import AssumedMedicine, CalibrationError, load_shipped
from sojourn.design.virtual import PotentialOutcome, VirtualParticipant, cohort
from sojourn.instruments import Change, Score, change, score
from sojourn.instruments import load_shipped as instruments
from sojourn.medicines import Taken, WashoutRule, findings, washout_ends
from sojourn.medicines import load_shipped as formulary
from sojourn.protocols import load_shipped as protocol

TODAY = date(2026, 11, 24)
PACK, MAPP2 = protocol("mdma-ptsd"), load_shipped("mapp2")
SEEDS = (2023, 1, 77)
ARMS = ("mdma", "placebo")
RULE = WashoutRule(PACK.dosing.washout.half_lives, PACK.dosing.washout.settling_days)


@cache
def people(seed: int = 2023) -> tuple[VirtualParticipant, ...]:
    return cohort(PACK, MAPP2, seed=seed, today=TODAY)


def treated(seed: int = 2023) -> list[VirtualParticipant]:
    """Those who would be randomised in the end."""
    return [each for each in people(seed) if each.outcomes]


def waiting(person: VirtualParticipant) -> bool:
    return person.scene is not None and person.scene.key.startswith("in-")


def baseline(person: VirtualParticipant) -> Score:
    given = next(each for each in person.before if each.instrument == "caps-5")
    return score(instruments()["caps-5"], given.answers)


def outcome(person: VirtualParticipant, arm: str, visit: str = "week-18") -> Change:
    caps5 = instruments()["caps-5"]
    given = next(
        each
        for each in person.under(arm).answers
        if (each.visit, each.instrument) == (visit, "caps-5")
    )
    return change(caps5, baseline(person), score(caps5, given.answers))


def under(arm: str) -> list[PotentialOutcome]:
    return [person.under(arm) for person in treated()]


def test_the_same_seed_and_day_give_the_same_people() -> None:
    assert cohort(PACK, MAPP2, seed=5, today=TODAY) == cohort(PACK, MAPP2, seed=5, today=TODAY)


def test_another_seed_gives_other_people() -> None:
    assert people(1) != people(2023)


def test_the_flow_is_the_published_one() -> None:
    # Given 121 enrolled and 104 randomised in the publication
    failed = [each for each in people() if each.failed_criterion]
    not_yet = [each for each in people() if waiting(each)]
    # Then those beside the 104 failed screening or are not randomised yet.
    assert len(people()) == 121
    assert len(people()) - len(failed) - len(not_yet) == 104


def test_numbers_follow_enrolment() -> None:
    assert [each.participant for each in people()][:3] == ["D-001", "D-002", "D-003"]
    dates = [each.enrolled_on for each in people()]
    assert dates == sorted(dates)
    assert max(dates) <= TODAY


@pytest.mark.parametrize("seed", SEEDS)
def test_everyone_has_ptsd_at_baseline_as_severe_as_published(seed: int) -> None:
    scores = [baseline(each) for each in treated(seed)]
    totals = [each.total or 0 for each in scores]
    assert all(each.diagnosis for each in scores)
    assert min(totals) >= 28
    assert np.mean(totals) == pytest.approx(39.06, abs=0.65)
    assert np.std(totals) == pytest.approx(6.65, abs=0.7)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("arm", ARMS)
def test_mean_change_is_within_two_and_a_half_points_of_the_published(seed: int, arm: str) -> None:
    points = [outcome(each, arm).points or 0 for each in treated(seed)]
    published = MAPP2.arm(arm).change
    assert abs(np.mean(points) - published.mean) < 2.5
    assert np.std(points) == pytest.approx(published.sd, rel=0.2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("key", ["response", "loss-of-diagnosis", "remission"])
def test_the_three_outcomes_are_within_ten_percentage_points(seed: int, arm: str, key: str) -> None:
    values = [getattr(outcome(each, arm), key.replace("-", "_")) for each in treated(seed)]
    published = next(each for each in MAPP2.arm(arm).outcomes if each.key == key)
    assert None not in values
    assert np.mean(values) == pytest.approx(published.share, abs=0.10)


@pytest.mark.parametrize("arm", ARMS)
def test_the_course_by_visit_falls_as_published(arm: str) -> None:
    for visit in MAPP2.arm(arm).course:
        later = [
            (baseline(each).total or 0) + (outcome(each, arm, visit.visit).points or 0)
            for each in treated()
        ]
        assert np.mean(later) == pytest.approx(visit.mean, abs=0.5)


@pytest.mark.parametrize("arm", ARMS)
def test_adverse_events_befall_the_published_share(arm: str) -> None:
    having = Counter(term for each in under(arm) for term in {event.term for event in each.events})
    for event in MAPP2.arm(arm).events:
        assert having[event.term] / len(treated()) == pytest.approx(event.share, abs=0.01)


@pytest.mark.parametrize("arm", ARMS)
def test_severe_events_befall_the_published_share(arm: str) -> None:
    severe = [each for each in under(arm) if any(e.grade == SEVERE for e in each.events)]
    published = MAPP2.arm(arm).severe_events.share
    assert len(severe) / len(treated()) == pytest.approx(published, abs=0.01)


def test_every_event_belongs_to_a_session_of_the_protocol() -> None:
    events = [event for arm in ARMS for each in under(arm) for event in each.events]
    assert {event.session for event in events} == {1, 2, 3}
    assert {event.grade for event in events} == {1, 2, 3}


@pytest.mark.parametrize("arm", ARMS)
def test_the_published_share_leaves_and_nobody_mid_course(arm: str) -> None:
    settled = [each for each in treated() if each.scene is None]
    leaving = [each for each in settled if each.under(arm).leaving]
    assert len(leaving) / len(settled) == pytest.approx(MAPP2.arm(arm).leaving, abs=0.01)
    assert not any(each.under(arm).leaving for each in treated() if each.scene)


def test_exactly_one_is_lost_whatever_the_arm() -> None:
    lost = [
        each.participant
        for each in treated()
        for arm in ARMS
        if (leaving := each.under(arm).leaving) and leaving.reason == LOST
    ]
    assert len(lost) == 2
    assert len(set(lost)) == 1


def test_every_other_reason_for_leaving_is_one_of_the_protocol() -> None:
    reasons = {leaving.reason for arm in ARMS for each in under(arm) if (leaving := each.leaving)}
    assert reasons - {LOST} <= set(dict(PACK.withdrawal_reasons))


def test_a_participant_has_one_outcome_for_each_arm_of_the_protocol() -> None:
    for person in treated():
        assert [each.arm for each in person.outcomes] == ["mdma", "placebo"]


@pytest.mark.parametrize("arm", ARMS)
def test_answers_are_there_for_all_planned_assessments_but_a_few_after_a_year(arm: str) -> None:
    planned = {(visit.key, key) for visit in PACK.visits for key in visit.assessments}
    absent: Counter[str] = Counter()
    for person in treated():
        given = (*person.before, *person.under(arm).answers)
        keys = {(each.visit, each.instrument) for each in given}
        assert len(keys) == len(given)
        assert keys <= planned
        absent.update({visit for visit, _ in planned - keys})
    assert set(absent) == {"month-12"}
    assert absent["month-12"] < 0.25 * len(treated())


def test_all_answers_fit_their_instruments() -> None:
    for person in treated()[:30]:
        for each in (*person.before, *(a for o in person.outcomes for a in o.answers)):
            result = score(instruments()[each.instrument], each.answers)
            assert result.missing == ()


def test_ideation_with_intent_is_left_to_the_scene_that_shows_it() -> None:
    ratings = [
        each
        for arm in ARMS
        for drawn in under(arm)
        for each in drawn.answers
        if each.instrument == "c-ssrs"
    ]
    assert any(each.answers[0] for each in ratings)
    assert not any(score(instruments()["c-ssrs"], each.answers).alerts for each in ratings)


def test_mood_dips_on_days_two_to_four() -> None:
    moods: dict[int, list[int]] = {}
    for arm in ARMS:
        for each in under(arm):
            for contact in each.contacts:
                if contact.mood is not None:
                    moods.setdefault(int(contact.visit[-1]), []).append(contact.mood)
    dip = np.mean([np.mean(moods[day]) for day in (2, 3, 4)])
    rest = np.mean([np.mean(moods[day]) for day in (1, 5, 6, 7)])
    assert dip < rest - 1


def test_a_few_contacts_fail_but_never_with_someone_shown_mid_course() -> None:
    missed = Counter(
        person.scene is not None
        for person in treated()
        for arm in ARMS
        for contact in person.under(arm).contacts
        if contact.mood is None
    )
    assert missed[False] > 50
    assert missed[True] == 0


def mean_reading(arm: str, moment: str, vital: str) -> float:
    readings = [each for drawn in under(arm) for each in drawn.readings]
    return float(np.mean([getattr(r, vital) for r in readings if r.moment == moment]))


@pytest.mark.parametrize(
    ("vital", "rise"), [("systolic_mmhg", 20), ("pulse_bpm", 12), ("temperature_tenths_c", 6)]
)
def test_vital_signs_rise_under_mdma_and_not_under_placebo(vital: str, rise: int) -> None:
    mdma, placebo = (mean_reading(arm, "before-initial", vital) for arm in ARMS)
    assert mdma == pytest.approx(placebo, abs=3)
    assert mean_reading("mdma", "during", vital) - mdma > rise
    assert abs(mean_reading("placebo", "during", vital) - placebo) < 5


def test_the_shares_beyond_the_peaks_are_about_those_of_vizeli_2017() -> None:
    peaks = [r for each in under("mdma") for r in each.readings if r.moment == "during"]
    assert np.mean([each.systolic_mmhg > 160 for each in peaks]) == pytest.approx(0.33, abs=0.1)
    assert np.mean([each.pulse_bpm > 100 for each in peaks]) == pytest.approx(0.29, abs=0.1)
    warm = [each.temperature_tenths_c > 380 for each in peaks]
    assert np.mean(warm) == pytest.approx(0.19, abs=0.1)


def test_diastolic_is_always_below_systolic() -> None:
    readings = [each for arm in ARMS for drawn in under(arm) for each in drawn.readings]
    assert all(each.diastolic_mmhg < each.systolic_mmhg for each in readings)


def test_medicines_are_washed_out_before_the_first_session() -> None:
    takers = [each for each in treated() if each.medicine]
    assert len(takers) > 20
    for person in takers:
        assert person.medicine is not None
        name, ended = person.medicine.name, person.on("screening") + timedelta(days=8)
        found = findings(
            formulary(), (Taken(name, (name,), None, ended),), person.on("dosing-1"), RULE
        )
        assert not [each for each in found if each.weight == "hard-stop"]


@pytest.mark.parametrize("medicine", MAPP2.assumed.medicines, ids=lambda each: each.name)
def test_each_assumed_medicine_is_listed_with_the_same_washout(medicine: AssumedMedicine) -> None:
    agent = formulary().find(medicine.name)
    assert agent is not None
    ends = washout_ends(agent, TODAY, RULE)
    assert ends == TODAY + timedelta(days=medicine.washout_days)


def test_women_and_ages_are_those_of_the_trial() -> None:
    women = np.mean([each.sex == "female" for each in treated()])
    ages = [each.enrolled_on.year - each.birth_year for each in treated()]
    assert women == pytest.approx(74 / 104, abs=0.01)
    assert np.mean(ages) == pytest.approx(39.1, abs=0.7)
    assert min(ages) >= 18


def test_each_scene_stands_where_it_should_today() -> None:
    in_scene = [each for each in people() if each.scene]
    assert len(in_scene) == 17
    for person in in_scene:
        assert person.scene is not None
        assert (TODAY - person.on(person.scene.visit)).days == person.scene.days_ago


def test_those_who_finished_are_past_their_last_visit() -> None:
    past = [each for each in treated() if each.scene is None and each.on("month-12") < TODAY]
    assert len(past) >= 80


def test_screen_failures_name_a_criterion_someone_can_fail() -> None:
    known = {each.key for each in PACK.criteria if not each.instrument}
    failed = [each for each in people() if each.failed_criterion]
    assert len(failed) == 12
    assert {each.failed_criterion for each in failed} <= known
    assert not any(each.outcomes for each in failed)


@pytest.mark.parametrize("participants", [8, 24, 240])
def test_a_cohort_can_be_smaller_or_larger(participants: int) -> None:
    drawn = cohort(PACK, MAPP2, seed=3, today=TODAY, participants=participants)
    to_randomise = [each for each in drawn if each.outcomes and not waiting(each)]
    assert len(to_randomise) == participants


def test_an_arm_without_calibration_is_refused() -> None:
    strange = replace(PACK, arms=(replace(PACK.arms[0], key="low-dose"),))
    with pytest.raises(CalibrationError, match="no arm 'low-dose'"):
        cohort(strange, MAPP2, seed=1, today=TODAY)


def test_an_instrument_nobody_can_answer_is_named() -> None:
    visits = tuple(
        replace(each, assessments=("hamd-17",)) if each.key == "screening" else each
        for each in PACK.visits
    )
    with pytest.raises(ValueError, match="'hamd-17' is answered"):
        cohort(replace(PACK, visits=visits), MAPP2, seed=1, today=TODAY)
