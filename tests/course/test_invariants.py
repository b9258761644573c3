"""The therapy's invariants hold whatever is asked, by whom and when.

The machine asks anything at any time, under every pack that comes with Sojourn. What
must hold is worked out again from the bare list of entries, not from the code that decided.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sojourn.course import Refused
from sojourn.course.assessment import AssessmentRecorded, RecordAssessment
from sojourn.course.checklist import ChecklistItemSigned, SignChecklist
from sojourn.course.consent import ConsentSigned, ConsentWithdrawn, WithdrawConsent
from sojourn.course.discharge import DischargeCriterionSigned, SignDischarge
from sojourn.course.dose_against_rule import DeviationRecorded, RecordDoseAgainstRule
from sojourn.course.dosing import (
    CloseSession,
    DoseGiven,
    OpenSession,
    SessionClosed,
    SessionOpened,
    VitalsRecorded,
)
from sojourn.course.eligibility import (
    CharacteristicsRecorded,
    CriterionOverridden,
    OverrideCriterion,
    RecordCharacteristics,
)
from sojourn.course.followup import WithdrawParticipant
from sojourn.course.medication import (
    ClearMedication,
    MedicationCleared,
    MedicationRecorded,
    MedicationStopped,
    RecordMedication,
    StopMedication,
)
from sojourn.course.next_dose import DecideNextDose, NextDoseDecided
from sojourn.course.room import (
    EnterRoom,
    LeaveRoom,
    NoteObservation,
    PractitionerEntered,
    PractitionerLeft,
    TooFewPresent,
)
from sojourn.course.safety import AlertRaised, AlertResolved, RaiseConcern, ResolveAlert
from sojourn.course.screening import EligibilityConfirmed, Randomised
from sojourn.course.visits import MissVisit
from sojourn.protocols import load_shipped, shipped
from tests.course.packs import ANXIETY, AUTISM, DEPRESSION, OPIOIDS, PACKS, PTSD
from tests.course.story import CLEARED, NO_SUICIDALITY, consent_to, dose_of

ROLES = st.sampled_from(["therapist", "prescriber", "coordinator", "independent-rater", "monitor"])
SESSIONS = st.integers(1, 4)
LEVELS = st.sampled_from([25, 40, 60, 75, 80, 100, 120, 125, 180, 200, 700, 900])


class AnyCourse(RuleBasedStateMachine):
    """Someone ready for the first session; from there anything may be asked."""

    pack = PTSD

    @initialize(prepared=st.sampled_from(["randomised", "randomised", "prepared", "consented"]))
    def begin(self, prepared):
        self.story = getattr(self.pack.story(), prepared)()
        self.story.pass_time(days=4)
        self.cleared_at: dict[int, object] = {}

    def ask(self, command, role=""):
        before = len(self.story.entries)
        try:
            self.story.ask(command, role)
        except Refused:
            assert len(self.story.entries) == before
        for entry in self.story.entries[before:]:
            self.cleared_at[entry.sequence] = self.story.clearance

    @rule(minutes=st.sampled_from([1, 10, 30, 91, 100, 119, 125, 240, 485, 600]))
    def minutes_pass(self, minutes):
        self.story.pass_time(minutes=minutes)

    @rule(days=st.sampled_from([1, 7, 19, 21, 22, 28, 36]))
    def days_pass(self, days):
        self.story.pass_time(days=days)

    @rule(
        change=st.sampled_from(
            [
                {"programme_open": False},
                {"authorisation": ""},
                {"practitioners": frozenset({"ana"})},
                {"consent_versions": ("1.0", "2.0"), "consent_needed": "2.0"},
                {"settings": ()},
            ]
        )
    )
    def the_programme_changes(self, change):
        self.story.clearance = replace(self.in_order(), **change)

    @rule()
    def the_programme_is_in_order(self):
        self.story.clearance = self.in_order()

    def in_order(self):
        return replace(CLEARED, settings=self.pack.settings)

    @rule(session=SESSIONS, left_out=st.sampled_from([0, 0, 1]))
    def open_a_session(self, session, left_out):
        confirmed = self.pack.checklist[left_out:]
        self.ask(OpenSession(self.story.at, f"dosing-{session}", ("ana", "ben"), confirmed))

    @rule(session=SESSIONS, part=st.sampled_from([(0, None), (0, 1), (3, None)]))
    def sign_the_checklist(self, session, part):
        items = self.pack.checklist[slice(*part)]
        self.ask(SignChecklist(self.story.at, f"dosing-{session}", items))

    @rule(who=st.sampled_from(["ana", "ben"]))
    def someone_leaves(self, who):
        self.ask(LeaveRoom(self.story.at, who, "a break"))

    @rule(who=st.sampled_from(["ana", "ben", "eve"]))
    def someone_comes(self, who):
        self.ask(EnterRoom(self.story.at, who))

    @rule(
        key=st.sampled_from(["nausea", "tears", "distress", "position", "unheard-of"]),
        value=st.sampled_from(["on", "off", "", "4", "11", "apart"]),
        late_min=st.integers(0, 90),
    )
    def tap(self, key, value, late_min):
        at = self.story.at - timedelta(minutes=late_min)
        self.ask(NoteObservation(at, key, value, "ana"))

    @rule(session=SESSIONS, decision=st.sampled_from(["go-on", "wait", "stop"]), role=ROLES)
    def decide_on_the_next_dose(self, session, decision, role):
        self.ask(DecideNextDose(self.story.at, f"dosing-{session}", decision, "as discussed"), role)

    @rule(
        session=SESSIONS,
        intent=st.sampled_from([0, 0, 0, 1, None]),
        attempt=st.sampled_from([0, 0, 0, 1, None]),
    )
    def rate_suicidality(self, session, intent, attempt):
        answers = (0, 0, 0, 0, intent, 0, 0, 0, attempt, 0, 0)
        self.ask(
            RecordAssessment(self.story.at, f"dosing-{session}", "c-ssrs", answers), "therapist"
        )

    @rule(
        moment=st.sampled_from(["before-initial", "before-supplemental", "during", "end"]),
        systolic=st.sampled_from([110, 130, 150, 160, 161, 190]),
        qtc=st.sampled_from([None, 400, 450, 451, 520]),
    )
    def take_vitals(self, moment, systolic, qtc):
        self.ask(self.story.vital_signs(moment, systolic, qtc))

    @rule(which=st.sampled_from(["initial", "supplemental"]), level=LEVELS, role=ROLES)
    def ask_for_a_dose(self, which, level, role):
        self.ask(dose_of(self.story.at, which, level), role)

    @rule(number=st.integers(1, 3), high=st.booleans())
    def go_straight_for_a_session(self, number, high):
        """What a team would do on the day; the other rules disturb it."""
        visit = f"dosing-{number}"
        self.ask(OpenSession(self.story.at, visit, ("ana", "ben"), self.pack.checklist))
        if (visit, "c-ssrs") not in self.story.course.assessments:
            self.ask(RecordAssessment(self.story.at, visit, "c-ssrs", NO_SUICIDALITY), "therapist")
        self.ask(self.story.vital_signs("before-initial"))
        levels = self.pack.levels[min(number, len(self.pack.levels)) - 1]
        self.ask(dose_of(self.story.at, "initial", max(levels) if high else min(levels)))

    @rule(minutes=st.integers(80, 130), level=st.sampled_from([40, 60]))
    def go_for_the_supplemental_dose(self, minutes, level):
        self.story.pass_time(minutes=minutes)
        self.ask(self.story.vital_signs("before-supplemental"))
        self.ask(dose_of(self.story.at, "supplemental", level))

    @rule(
        days=st.sampled_from([18, 20, 21, 25, 28, 30, 84, 365]),
        minutes=st.integers(85, 125),
        high=st.booleans(),
    )
    def run_the_next_day(self, days, minutes, high):
        """The next session as planned, some weeks after the last one."""
        self.story.pass_time(days=days)
        number = 1 + sum(key.startswith("dosing-") for key in self.story.course.visits)
        high = high and number > 1
        self.go_straight_for_a_session(number=number, high=high)
        self.go_for_the_supplemental_dose(minutes=minutes, level=60 if high else 40)
        self.go_home()

    @rule()
    def go_home(self):
        self.story.pass_time(hours=7)
        self.ask(self.story.vital_signs("end"))
        self.ask(CloseSession(self.story.at, "overnight-stay", "planned"))

    @rule(
        hours=st.sampled_from([0, 1, 7, 13, 25]),
        left_out=st.sampled_from([0, 0, 2]),
        homeward=st.sampled_from(["escorted-home", "transferred", "against-advice"]),
    )
    def leave_for_home(self, hours, left_out, homeward):
        self.story.pass_time(hours=hours)
        session = self.story.course.open_session
        if session and "sara" in self.pack.protocol.visit(session.visit).assessments:
            self.ask(RecordAssessment(self.story.at, session.visit, "sara", (0,) * 8), "therapist")
        self.ask(self.story.vital_signs("end"))
        for criterion in self.pack.discharge[left_out:]:
            self.ask(SignDischarge(self.story.at, (criterion,)))
        self.ask(CloseSession(self.story.at, homeward, "as it was"))

    @rule(role=st.sampled_from(["therapist", "prescriber", "prescriber", "sponsor"]))
    def act_on_an_alert(self, role):
        for alert in self.story.course.open_alerts[:1]:
            self.ask(ResolveAlert(self.story.at, alert.key, "seen by the physician at once"), role)

    @rule(
        session=SESSIONS,
        level=st.sampled_from([40, 80, 100, 180]),
        ago_min=st.sampled_from([-6, 0, 1, 95, 2000]),
        happened=st.sampled_from([True, True, False]),
        witness=st.sampled_from(["ben", ""]),
    )
    def tell_of_a_dose_against_a_rule(self, session, level, ago_min, happened, witness):
        at = self.story.at - timedelta(minutes=ago_min)
        self.ask(
            RecordDoseAgainstRule(
                at,
                f"dosing-{session}",
                level,
                "ana",
                happened,
                "important",
                "nobody read the list",
                "ana",
                "the prescriber was called",
                "C-1",
                witness,
            )
        )

    @rule()
    def raise_a_concern(self):
        self.ask(RaiseConcern(self.story.at, "looks unwell"), "therapist")

    @rule(scope=st.sampled_from(["treatment", "all"]))
    def withdraw_consent(self, scope):
        self.ask(WithdrawConsent(self.story.at, "stop", scope))

    @rule(version=st.sampled_from(["1.0", "2.0", "9"]))
    def sign_again(self, version):
        self.ask(consent_to(version, self.story.at))

    @rule(
        name=st.sampled_from(["Zoloft 50 mg", "phenelzine", "Imitrex", "unheard-of", "Prozac"]),
        ago=st.sampled_from([None, 0, 13, 14, 16, 17, 28, 29, 35, 36, 86, 87, 93, 94, 300]),
        ended=st.booleans(),
        sure=st.booleans(),
    )
    def record_a_medicine(self, name, ago, ended, sure):
        on = None if ago is None else self.story.at.date() - timedelta(days=ago)
        self.ask(
            RecordMedication(
                self.story.at, name, "as needed", None, on, ended=ended, as_written=sure
            ),
            "prescriber",
        )

    @rule(place=st.integers(0, 5), ago=st.sampled_from([0, 13, 14, 28, 29, 87]))
    def stop_a_medicine(self, place, ago):
        known = list(self.story.course.medications) or ["none"]
        on = self.story.at.date() - timedelta(days=ago)
        self.ask(StopMedication(self.story.at, known[place % len(known)], on), "prescriber")

    @rule(place=st.integers(0, 5), what=st.sampled_from(["", "valerian", "phenelzine"]))
    def decide_about_a_medicine(self, place, what):
        known = list(self.story.course.medications) or ["none"]
        self.ask(
            ClearMedication(self.story.at, known[place % len(known)], "weighed", what), "prescriber"
        )

    @rule(
        found=st.sampled_from(
            [
                ("qtc-ms", "415"),
                ("qtc-ms", "461"),
                ("pregnancy", "positive"),
                ("pregnancy", "negative"),
            ]
            + [("blood-pressure-history", each) for each in ("none", "controlled", "uncontrolled")]
        )
    )
    def find_something(self, found):
        self.ask(RecordCharacteristics(self.story.at, (found,), "examined again"), "prescriber")

    @rule(criterion=st.sampled_from(["controlled-hypertension", "pregnancy", "cardiovascular"]))
    def treat_in_spite_of(self, criterion):
        self.ask(OverrideCriterion(self.story.at, criterion, "cardiologist saw her"), "prescriber")

    @rule(session=SESSIONS)
    def miss_a_session(self, session):
        self.ask(MissVisit(self.story.at, f"dosing-{session}", "ill"), "therapist")

    @rule()
    def rate_the_baseline(self):
        instrument, answers, role = self.pack.baseline
        self.ask(RecordAssessment(self.story.at, "baseline", instrument, answers), role)

    @rule()
    def leave(self):
        if len(self.story.entries) > 40:
            self.ask(WithdrawParticipant(self.story.at, "choice"))

    @invariant()
    def every_dose_had_all_it_needs(self):
        story = getattr(self, "story", None)
        if story is None:
            return
        given = [each for each in story.entries if isinstance(each.fact, DoseGiven)]
        lawful = [each for each in given if not self.against_a_rule(each)]
        event(f"doses given: {len(lawful)}, against a rule: {len(given) - len(lawful)}")
        for dose in lawful:
            self.check_programme(dose)
            self.check_person(dose)
            self.check_room(dose)
        self.check_plan(given, lawful)

    def against_a_rule(self, dose):
        """Whether it was told of afterwards; then with its rules, and never without an alert."""
        after = [each.fact for each in self.story.entries[dose.sequence : dose.sequence + 3]]
        told = [fact for fact in after[:2] if isinstance(fact, DeviationRecorded)]
        if not told or (told[0].visit, told[0].dose) != (dose.fact.visit, dose.fact.which):
            return False
        raised = after[after.index(told[0]) + 1]
        assert isinstance(raised, AlertRaised)
        assert raised.rule == "dose-against-rule"
        assert told[0].rules
        assert dose.occurred_at < dose.recorded_at + timedelta(minutes=5)
        return True

    def earlier(self, dose, *kinds):
        return [
            each
            for each in self.story.entries
            if each.sequence < dose.sequence and isinstance(each.fact, kinds)
        ]

    def check_programme(self, dose):
        cleared = self.cleared_at[dose.sequence]
        assert cleared.programme_open
        assert cleared.authorisation == dose.fact.authorisation != ""
        present = self.present_at(dose)
        assert len(present & cleared.practitioners) >= 2
        assert {dose.fact.given_by, dose.fact.witness} <= present
        assert dose.fact.given_by != dose.fact.witness
        assert dose.fact.container

    def present_at(self, entry):
        """Who was in the room, worked out from the coming and going alone."""
        present: set[str] = set()
        for each in self.earlier(entry, SessionOpened, PractitionerLeft, PractitionerEntered):
            if each.fact.visit != entry.fact.visit:
                continue
            if isinstance(each.fact, SessionOpened):
                present = set(each.fact.practitioners)
            elif isinstance(each.fact, PractitionerLeft):
                present.discard(each.fact.practitioner)
            else:
                present.add(each.fact.practitioner)
        return present

    def check_person(self, dose):
        consents = self.earlier(dose, ConsentSigned, ConsentWithdrawn)
        assert isinstance(consents[-1].fact, ConsentSigned)
        needed = self.cleared_at[dose.sequence].consent_needed
        assert consents[-1].fact.version >= needed
        assert self.earlier(dose, EligibilityConfirmed)
        found: dict[str, str] = {}
        overridden = set()
        for each in self.earlier(dose, CharacteristicsRecorded, CriterionOverridden):
            if isinstance(each.fact, CharacteristicsRecorded):
                found.update(each.fact.answers)
            else:
                overridden.add(each.fact.criterion)
        assert overridden <= {"controlled-hypertension"}
        assert int(found["qtc-ms"]) <= 460
        assert found["pregnancy"] != "positive"
        assert found["blood-pressure-history"] != "uncontrolled"
        assert found["blood-pressure-history"] == "none" or overridden
        assert self.earlier(dose, Randomised) or not self.pack.arm
        written, stopped = {}, {}
        for each in self.earlier(dose, MedicationRecorded, MedicationStopped):
            if isinstance(each.fact, MedicationRecorded):
                written[each.fact.key] = each.fact.medicine
                stopped[each.fact.key] = each.fact.stopped_on
            else:
                stopped[each.fact.medicine] = each.fact.stopped_on
        cleared = {each.fact.medicine for each in self.earlier(dose, MedicationCleared)}
        for key, name in written.items():
            free = self.pack.days_free.get(name)
            if key in cleared and (free is None or name in self.pack.no_rule):
                continue  # nothing is on file, and a prescriber decided
            assert free is not None
            assert stopped[key] is not None
            assert (dose.occurred_at.date() - stopped[key]).days >= free
        raised = {each.fact.alert for each in self.earlier(dose, AlertRaised)}
        assert raised == {each.fact.alert for each in self.earlier(dose, AlertResolved)}
        rated = self.earlier(dose, AssessmentRecorded)
        assert any(
            (each.fact.visit, each.fact.instrument) == (dose.fact.visit, "c-ssrs")
            and each.occurred_at.date() == dose.occurred_at.date()
            and None not in each.fact.answers
            for each in rated
        )

    def check_room(self, dose):
        signed = set(self.session_of(dose).fact.confirmed)
        signed |= {
            each.fact.item
            for each in self.earlier(dose, ChecklistItemSigned)
            if each.fact.visit == dose.fact.visit
            and each.occurred_at.date() == dose.occurred_at.date()
        }
        assert signed == set(self.pack.checklist)
        vitals = self.earlier(dose, VitalsRecorded)[-1]
        assert dose.occurred_at - vitals.occurred_at <= timedelta(minutes=60)
        assert vitals.fact.systolic_mmhg <= 160
        assert "systolic-mmhg-max" in dict(self.cleared_at[dose.sequence].settings)
        if self.pack.qtc_limit:
            measured = [
                each.fact.qtc_ms
                for each in self.earlier(dose, VitalsRecorded)
                if each.fact.qtc_ms and dose.occurred_at - each.occurred_at <= timedelta(minutes=60)
            ]
            assert measured[-1] <= self.pack.qtc_limit

    def check_plan(self, given, lawful):
        initial = [each for each in given if each.fact.which == "initial"]
        assert len(initial) <= len(self.pack.levels)
        assert len({each.fact.visit for each in initial}) == len(initial)
        for first, second in pairwise(initial):
            if second not in lawful or first.occurred_at > second.occurred_at:
                continue
            assert (second.occurred_at.date() - first.occurred_at.date()).days >= (
                self.pack.least_days
            )
        for dose in initial:
            if dose not in lawful:
                continue
            number = int(dose.fact.visit[-1])
            assert dose.fact.level_mg in self.pack.levels[number - 1]
        for dose in lawful:
            if dose.fact.which == "supplemental":
                assert self.pack.supplemental
                [first] = [each for each in initial if each.fact.visit == dose.fact.visit]
                waited = dose.occurred_at - first.occurred_at
                assert timedelta(minutes=90) <= waited <= timedelta(minutes=120)
                assert dose.fact.level_mg * 2 == first.fact.level_mg
                assert dose.fact.level_mg + first.fact.level_mg <= 180

    def session_of(self, dose):
        [opened] = [
            each for each in self.earlier(dose, SessionOpened) if each.fact.visit == dose.fact.visit
        ]
        return opened

    @invariant()
    def nobody_goes_home_before_every_criterion_is_signed(self):
        if not hasattr(self, "story"):
            return
        for closed in self.story.entries:
            if not isinstance(closed.fact, SessionClosed):
                continue
            if closed.fact.homeward != "escorted-home":
                continue
            visit = closed.fact.visit
            dosed = [e for e in self.earlier(closed, DoseGiven) if e.fact.visit == visit]
            if not dosed:
                continue
            event("someone went home after a dose")
            signed = {
                each.fact.criterion
                for each in self.earlier(closed, DischargeCriterionSigned)
                if each.fact.visit == visit
            }
            assert signed == set(self.pack.discharge)
            planned = timedelta(minutes=self.pack.lasting_min)
            assert closed.occurred_at - dosed[0].occurred_at >= planned

    @invariant()
    def no_dose_follows_a_decision_to_wait_or_stop(self):
        if not hasattr(self, "story"):
            return
        for dose in self.story.entries:
            if isinstance(dose.fact, DoseGiven) and not self.against_a_rule(dose):
                number = int(dose.fact.visit[-1])
                said = {
                    each.role: each.fact.decision
                    for each in self.earlier(dose, NextDoseDecided)
                    if each.fact.after_session == number - 1
                }
                assert set(said.values()) <= {"go-on"}

    @invariant()
    def an_empty_room_never_goes_unmarked(self):
        if not hasattr(self, "story"):
            return
        for entry in self.story.entries:
            if isinstance(entry.fact, PractitionerLeft):
                following = (
                    self.story.entries[entry.sequence].fact
                    if (entry.sequence < len(self.story.entries))
                    else None
                )
                alone = len(self.present_at(entry)) - 1 < 2
                assert isinstance(following, TooFewPresent) == alone

    @invariant()
    def alerts_stay_open_until_someone_acts(self):
        if not hasattr(self, "story"):
            return
        entries = self.story.entries
        raised = {each.fact.alert for each in entries if isinstance(each.fact, AlertRaised)}
        acted = {each.fact.alert for each in entries if isinstance(each.fact, AlertResolved)}
        assert {alert.key for alert in self.story.course.open_alerts} == raised - acted

    @invariant()
    def the_fold_is_the_course(self):
        if hasattr(self, "story"):
            assert self.story.folded() == self.story.course
            assert self.story.course.status in (
                "screening",
                "in-progress",
                "completed",
                "withdrawn",
                "lost",
                "screen-failed",
            )


AnyCourse.TestCase.settings = settings(
    max_examples=250,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnyCourse = pytest.mark.proves("dose-cleared", "packs")(AnyCourse.TestCase)


class SocialAnxietyPack(AnyCourse):
    pack = AUTISM


class DepressionPack(AnyCourse):
    pack = DEPRESSION


class AnxietyPack(AnyCourse):
    pack = ANXIETY


class OpioidPack(AnyCourse):
    pack = OPIOIDS


for each in (SocialAnxietyPack, DepressionPack, AnxietyPack, OpioidPack):
    each.TestCase.settings = settings(AnyCourse.TestCase.settings, max_examples=15)
TestSocialAnxietyPack = SocialAnxietyPack.TestCase
TestDepressionPack = DepressionPack.TestCase
TestAnxietyPack = AnxietyPack.TestCase
TestOpioidPack = OpioidPack.TestCase


@pytest.mark.proves("packs")
def test_every_shipped_pack_that_doses_is_under_these_invariants():
    dosing = {key for key in shipped() if load_shipped(key).dosing}
    assert {pack.key for pack in PACKS} == dosing


@pytest.mark.proves("packs")
@pytest.mark.parametrize("pack", PACKS, ids=[pack.key for pack in PACKS])
def test_a_person_who_suits_a_pack_is_given_every_session_of_it(pack):
    """Were nobody ever dosed under a pack, its invariants would hold and say nothing."""
    story = pack.story().randomised().pass_time(days=4)
    for number, levels in enumerate(pack.levels, start=1):
        visit = f"dosing-{number}"
        story.ask(OpenSession(story.at, visit, ("ana", "ben"), pack.checklist))
        story.ask(RecordAssessment(story.at, visit, "c-ssrs", NO_SUICIDALITY), "therapist")
        story.ask(story.vital_signs("before-initial"))
        (given,) = story.ask(dose_of(story.at, "initial", max(levels)))
        assert isinstance(given, DoseGiven), given
        assert given.unit == pack.protocol.dosing.unit
        story.pass_time(minutes=pack.lasting_min)
        story.ask(story.vital_signs("end"))
        story.ask(CloseSession(story.at, "overnight-stay"))
        story.pass_time(days=pack.least_days)


@pytest.mark.parametrize("pack", PACKS, ids=[pack.key for pack in PACKS])
def test_the_levels_of_these_invariants_are_those_of_the_shipped_pack(pack):
    dosing = pack.protocol.dosing
    weight = int(pack.suitable.get("weight-kg", "1"))
    given = tuple(frozenset(each * weight for each in s.initial) for s in dosing.sessions)
    assert given == pack.levels
    assert (dosing.lasting_min, bool(dosing.supplemental)) == (pack.lasting_min, pack.supplemental)
    assert dosing.least_days_between == pack.least_days
