"""No sequence of commands, to the programme or about the person, reaches a dose against a rule.

The programme's own record changes at any time: papers end, are withdrawn, suspended or
renewed. What must hold is worked out again from the bare facts, not from the code that decided.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sojourn import conduct
from sojourn.conduct.authorisation import (
    AuthorisationRecorded,
    AuthorisationRevoked,
    FoundProgramme,
    OpenProgramme,
    PauseProgramme,
    ProgrammeOpened,
    ProgrammePaused,
    ProgrammeResumed,
    RecordAuthorisation,
    ResumeProgramme,
    RevokeAuthorisation,
)
from sojourn.conduct.practitioners import (
    ApproveConsentVersion,
    ConsentVersionApproved,
    CredentialRecorded,
    CredentialWithdrawn,
    RecordCredential,
    WithdrawCredential,
)
from sojourn.conduct.programme import ATTESTATIONS
from sojourn.conduct.standing import (
    AttestationRecorded,
    LiftSuspension,
    PractitionerSuspended,
    RecordAttestation,
    SuspendPractitioner,
    SuspensionLifted,
)
from sojourn.course import Refused
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import ConsentSigned, WithdrawConsent
from sojourn.course.dosing import (
    CloseSession,
    DoseGiven,
    OpenSession,
    RecordVitals,
    SessionOpened,
)
from sojourn.ledger.programmes import clearance
from sojourn.record.entry import Entry
from tests.course.story import (
    CHECKLIST,
    NO_SUICIDALITY,
    PROTOCOL,
    SITE_SETTINGS,
    START,
    Story,
    consent_to,
    day_of,
    dose_of,
)

TEAM = ("ana", "ben")
LONG = timedelta(days=300)
SHORT = timedelta(days=90)


@dataclass(frozen=True)
class Written:
    """A fact of the programme, and how many entries the course had when it was written."""

    fact: object
    after: int
    on: date


class AnyProgramme(RuleBasedStateMachine):
    """A programme in order and a person ready for the first session; then anything."""

    @initialize()
    def begin(self):
        self.programme = conduct.Programme(key="test")
        self.written: list[Written] = []
        self.story = Story()
        self.story.with_clearance(consent_versions=("1.0",))
        on = day_of(START)
        self.tell(FoundProgramme(START, "Ours"))
        self.tell(RecordAuthorisation(START, "IND 1", "us-ind", on, on + LONG, sites="site-1"))
        for each in TEAM:
            self.tell(RecordCredential(START, each, "MD", f"L-{each}", on, on + LONG))
            for subject, _ in ATTESTATIONS:
                self.tell(RecordAttestation(START, each, subject, on, on + SHORT))
        self.tell(ApproveConsentVersion(START, "1.0", on, "IRB", False))
        self.tell(OpenProgramme(START, SITE_SETTINGS))
        self.story.randomised().pass_time(days=4)
        self.follow()

    def tell(self, command, role="sponsor"):
        """A command to the programme; refused or not, the machine goes on."""
        at = self.story.at
        try:
            facts = conduct.decide(
                self.programme, command, PROTOCOL, author="lead", role=role,
                now=at + timedelta(minutes=5),
            )  # fmt: skip
        except Refused:
            return
        for fact in facts:
            entry = Entry("programme:test", self.programme.version + 1, fact, at, at, "lead", role)
            self.programme = conduct.evolve(self.programme, entry)
            self.written.append(Written(fact, len(self.story.entries), at.date()))

    def follow(self):
        self.story.clearance = clearance(self.programme, self.story.at.date(), "site-1")

    def ask(self, command, role=""):
        self.follow()
        try:
            self.story.ask(command, role)
        except Refused:
            return

    @rule(days=st.sampled_from([1, 20, 21, 28, 90, 250]))
    def days_pass(self, days):
        self.story.pass_time(days=days)

    @rule(
        ends=st.sampled_from([-1, 0, 30, None]),
        sites=st.sampled_from(["", "site-1", "site-2"]),
        number=st.integers(1, 6),
    )
    def authorise(self, ends, sites, number):
        on = self.story.at.date()
        until = None if ends is None else on + timedelta(days=ends)
        since = on - timedelta(days=2)
        self.tell(
            RecordAuthorisation(self.story.at, f"A{number}", "us-ind", since, until, sites=sites)
        )

    @rule(reference=st.sampled_from(["IND 1", "A1", "A2"]))
    def revoke(self, reference):
        self.tell(RevokeAuthorisation(self.story.at, reference, "clinical hold"))

    @rule(who=st.sampled_from(TEAM), kind=st.sampled_from(["licence", "training"]))
    def renew(self, who, kind):
        on = self.story.at.date()
        self.tell(RecordCredential(self.story.at, who, "MD", "new", on, on + LONG, kind))

    @rule(who=st.sampled_from(TEAM), subject=st.sampled_from([key for key, _ in ATTESTATIONS]))
    def attest_again(self, who, subject):
        on = self.story.at.date()
        self.tell(RecordAttestation(self.story.at, who, subject, on, on + SHORT))

    @rule(who=st.sampled_from(TEAM))
    def withdraw(self, who):
        self.tell(WithdrawCredential(self.story.at, who, "left"))

    @rule(who=st.sampled_from(TEAM))
    def suspend(self, who):
        self.tell(SuspendPractitioner(self.story.at, who, "a complaint"), "monitor")

    @rule(who=st.sampled_from(TEAM))
    def lift(self, who):
        self.tell(LiftSuspension(self.story.at, who, "settled"))

    @rule(version=st.sampled_from(["2.0", "3.0"]), again=st.booleans())
    def approve_a_consent_form(self, version, again):
        on = self.story.at.date()
        self.tell(ApproveConsentVersion(self.story.at, version, on, "IRB", again))

    @rule()
    def pause(self):
        self.tell(PauseProgramme(self.story.at, "question"))

    @rule()
    def resume(self):
        self.tell(ResumeProgramme(self.story.at, "answered"))

    @rule(version=st.sampled_from(["1.0", "2.0", "3.0"]))
    def sign(self, version):
        self.ask(consent_to(version, self.story.at))

    @rule()
    def withdraw_from_treatment(self):
        self.ask(WithdrawConsent(self.story.at, "stop", "treatment"))

    @rule(days=st.integers(20, 24))
    def go_for_the_next_session(self, days):
        self.story.pass_time(days=days)
        number = 1 + sum(key.startswith("dosing-") for key in self.story.course.visits)
        visit = f"dosing-{number}"
        self.ask(OpenSession(self.story.at, visit, TEAM, CHECKLIST))
        self.ask(RecordAssessment(self.story.at, visit, "c-ssrs", NO_SUICIDALITY), "therapist")
        self.ask(RecordVitals(self.story.at, "before-initial", 120, 80, 75, 370))
        self.ask(dose_of(self.story.at, "initial", 80))
        self.story.pass_time(hours=8, minutes=1)
        self.ask(RecordVitals(self.story.at, "end", 120, 80, 75, 370))
        self.ask(CloseSession(self.story.at, "overnight-stay"))

    @rule(
        days=st.integers(20, 24),
        left_out=st.sampled_from(
            [None, None, None, *TEAM, "licences", "attestations", "a complaint"]
        ),
    )
    def put_in_order_and_go(self, days, left_out):
        """What a careful lead would do; now and then someone or something is forgotten."""
        on, at = self.story.at.date(), self.story.at
        self.tell(ResumeProgramme(at, "in order again"))
        self.tell(RecordAuthorisation(at, f"R{on}", "us-ind", on, on + LONG))
        for who in TEAM:
            if who == left_out:
                continue
            self.lift(who)
            if left_out == "licences":
                self.withdraw(who)
            self.renew(who, "training" if left_out == "licences" else "licence")
            for subject, _ in ATTESTATIONS:
                if left_out != "attestations":
                    self.attest_again(who, subject)
        if left_out == "a complaint":
            self.suspend("ben")
        _, needed = self.programme.consents(on)
        self.sign(needed)
        self.go_for_the_next_session(days)

    @invariant()
    def every_dose_stood_on_valid_papers(self):
        if not hasattr(self, "story"):
            return
        doses = [each for each in self.story.entries if isinstance(each.fact, DoseGiven)]
        event(f"doses given: {len(doses)}")
        for dose in doses:
            self.check(dose)

    def before(self, dose, *kinds):
        return [
            each
            for each in self.written
            if each.after < dose.sequence and isinstance(each.fact, kinds)
        ]

    def check(self, dose):
        on = dose.occurred_at.date()
        state = self.before(dose, ProgrammeOpened, ProgrammePaused, ProgrammeResumed)
        assert not isinstance(state[-1].fact, ProgrammePaused)
        revoked = {each.fact.reference for each in self.before(dose, AuthorisationRevoked)}
        assert any(
            each.fact.reference == dose.fact.authorisation
            and each.fact.reference not in revoked
            and each.fact.valid_from <= on
            and (each.fact.valid_until is None or on <= each.fact.valid_until)
            and each.fact.sites in ((), ("site-1",))
            for each in self.before(dose, AuthorisationRecorded)
        )
        [opened] = [
            each
            for each in self.story.entries
            if isinstance(each.fact, SessionOpened) and each.fact.visit == dose.fact.visit
        ]
        assert len(set(opened.fact.practitioners)) >= 2
        licensed = [self.papers_of(who, dose, on) for who in opened.fact.practitioners]
        assert any(licensed)
        self.check_consent(dose)

    def papers_of(self, who, dose, on):
        """Checks that ``who`` was fit; whether a licence was among the papers."""
        valid = []
        for each in self.before(dose, CredentialRecorded, CredentialWithdrawn):
            if each.fact.practitioner != who:
                continue
            if isinstance(each.fact, CredentialWithdrawn):
                valid = []
            elif each.fact.valid_from <= on <= (each.fact.valid_until or on):
                valid.append(each.fact.credential_kind)
        assert valid, (who, on)
        for subject, _ in ATTESTATIONS:
            assert any(
                (each.fact.practitioner, each.fact.subject) == (who, subject)
                and each.fact.valid_from <= on <= each.fact.valid_until
                for each in self.before(dose, AttestationRecorded)
            )
        turns = [
            each.fact
            for each in self.before(dose, PractitionerSuspended, SuspensionLifted)
            if each.fact.practitioner == who
        ]
        assert not turns or isinstance(turns[-1], SuspensionLifted)
        return "licence" in valid

    def check_consent(self, dose):
        signed = [
            each.fact.version
            for each in self.story.entries
            if each.sequence < dose.sequence and isinstance(each.fact, ConsentSigned)
        ]
        approved = [each.fact for each in self.before(dose, ConsentVersionApproved)]
        order = [each.version for each in approved]
        again = [each.version for each in approved if each.sign_again]
        needed = again[-1] if again else order[0]
        assert order.index(signed[-1]) >= order.index(needed)


AnyProgramme.TestCase.settings = settings(
    max_examples=300,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnyProgramme = AnyProgramme.TestCase
