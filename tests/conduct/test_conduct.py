"""A programme opens only on legal ground, keeps its people in order and its allocation sealed."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn import conduct, protocols
from sojourn.conduct import Refused, blinding, randomisation
from sojourn.conduct.authorisation import (
    FoundProgramme,
    OpenProgramme,
    PauseProgramme,
    RecordAuthorisation,
    ResumeProgramme,
    RevokeAuthorisation,
)
from sojourn.conduct.fidelity import RateFidelity, rated_sessions, shared_table
from sojourn.conduct.practitioners import (
    ApproveConsentVersion,
    RecordCredential,
    WithdrawCredential,
    registry,
)
from sojourn.conduct.programme import ATTESTATIONS, Programme
from sojourn.conduct.standing import (
    LiftSuspension,
    RecordAttestation,
    RecordSupervision,
    SuspendPractitioner,
)
from sojourn.record.entry import Entry

MDMA = protocols.load_shipped("mdma-ptsd")
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TODAY = NOW.date()
LIMITS = tuple((each.key, each.lowest) for each in MDMA.site_settings)


@dataclass
class Office:
    programme: Programme = field(default_factory=Programme)

    def ask(self, command, role="sponsor", author="lead"):
        facts = conduct.decide(self.programme, command, MDMA, author=author, role=role, now=NOW)
        for fact in facts:
            sequence = self.programme.version + 1
            entry = Entry("programme:x", sequence, fact, command.at, NOW, "lead", role)
            self.programme = conduct.evolve(self.programme, entry)
        return self

    def founded(self):
        return self.ask(FoundProgramme(NOW, "Our programme"))

    def authorised(self, since=TODAY, until=None):
        return self.founded().ask(RecordAuthorisation(NOW, "IND 1", "us-ind", since, until))


def test_a_programme_with_its_legal_ground_opens():
    office = Office().authorised().ask(OpenProgramme(NOW, LIMITS))
    assert office.programme.status == "open"
    assert office.programme.protocol_digest == MDMA.digest


@pytest.mark.proves("legal-ground")
def test_no_programme_opens_without_a_legal_authorisation():
    with pytest.raises(Refused, match="no legal authorisation is in force"):
        Office().founded().ask(OpenProgramme(NOW, LIMITS))


@pytest.mark.proves("legal-ground")
@pytest.mark.parametrize(
    ("since", "until", "opens"),
    [(0, 0, True), (0, None, True), (1, None, False), (-9, 0, True)],
)
def test_an_authorisation_holds_on_its_first_and_last_day(since, until, opens):
    until_day = None if until is None else TODAY + timedelta(days=until)
    office = Office().authorised(TODAY + timedelta(days=since), until_day)
    if opens:
        office.ask(OpenProgramme(NOW, LIMITS))
    else:
        with pytest.raises(Refused, match="no legal authorisation"):
            office.ask(OpenProgramme(NOW, LIMITS))


def test_an_authorisation_that_has_ended_is_not_recorded_as_a_ground():
    yesterday = TODAY - timedelta(days=1)
    with pytest.raises(Refused, match=f"it ended on {yesterday}; record the one that is in force"):
        Office().authorised(TODAY - timedelta(days=9), yesterday)


def test_a_legal_ground_the_protocol_does_not_know_is_refused():
    with pytest.raises(Refused, match="is not a legal ground of this protocol"):
        Office().founded().ask(RecordAuthorisation(NOW, "X", "my-own-idea", TODAY))


@pytest.mark.proves("legal-ground")
def test_a_revoked_authorisation_no_longer_holds():
    office = Office().authorised().ask(RevokeAuthorisation(NOW, "IND 1", "clinical hold"))
    assert office.programme.authorisation(TODAY) is None


@pytest.mark.parametrize("missing", [each.key for each in MDMA.site_settings if each.required])
def test_no_limit_has_a_silent_default(missing):
    limits = tuple(each for each in LIMITS if each[0] != missing)
    with pytest.raises(Refused, match="is not set; the site decides it"):
        Office().authorised().ask(OpenProgramme(NOW, limits))


def test_a_limit_out_of_range_or_unknown_is_refused():
    with pytest.raises(Refused, match="lies outside"):
        Office().authorised().ask(OpenProgramme(NOW, ((LIMITS[0][0], 999), *LIMITS[1:])))
    with pytest.raises(Refused, match="has no setting 'mood-max'"):
        Office().authorised().ask(OpenProgramme(NOW, (*LIMITS, ("mood-max", 1))))


def test_a_monitor_may_pause_and_only_the_lead_resumes():
    office = Office().authorised().ask(OpenProgramme(NOW, LIMITS))
    office.ask(PauseProgramme(NOW, "safety question"), "monitor")
    with pytest.raises(Refused, match="not for a monitor"):
        office.ask(ResumeProgramme(NOW, "settled"), "monitor")
    assert office.ask(ResumeProgramme(NOW, "settled")).programme.status == "open"


def test_nothing_is_recorded_before_the_programme_is_founded():
    with pytest.raises(Refused, match="is not founded yet"):
        Office().ask(RecordAuthorisation(NOW, "IND 1", "us-ind", TODAY))


def test_a_practitioner_is_fit_on_the_days_of_their_papers_and_until_withdrawn():
    office = Office().founded()
    office.ask(RecordCredential(NOW, "ana", "psychologist", "L1", TODAY, TODAY))
    tomorrow = TODAY + timedelta(days=1)
    for subject, _ in ATTESTATIONS:
        office.ask(RecordAttestation(NOW, "ana", subject, TODAY, tomorrow))
    assert office.programme.fit(TODAY) == office.programme.licensed(TODAY) == {"ana"}
    assert office.programme.unfitness("ana", tomorrow) == (f"credential ended on {TODAY}",)
    office.ask(WithdrawCredential(NOW, "ana", "left"))
    assert office.programme.fit(TODAY) == office.programme.licensed(TODAY) == frozenset()


def test_a_consent_form_to_be_signed_again_raises_what_is_needed():
    office = Office().founded()
    office.ask(ApproveConsentVersion(NOW, "1.0", date(2025, 1, 1), "IRB", False))
    office.ask(ApproveConsentVersion(NOW, "1.1", date(2025, 6, 1), "IRB", False))
    assert office.programme.consents(TODAY) == (("1.0", "1.1"), "1.0")
    office.ask(ApproveConsentVersion(NOW, "2.0", date(2025, 9, 1), "IRB", True))
    assert office.programme.consents(TODAY) == (("1.0", "1.1", "2.0"), "2.0")
    assert office.programme.consents(date(2025, 7, 1)) == (("1.0", "1.1"), "1.0")
    office.ask(ApproveConsentVersion(NOW, "3.0", date(2025, 10, 1), "IRB", True))
    office.ask(ApproveConsentVersion(NOW, "3.1", date(2025, 11, 1), "IRB", False))
    assert office.programme.consents(TODAY)[1] == "3.0"


@pytest.mark.proves("allocation")
@given(st.binary(min_size=16, max_size=32), st.text(max_size=8), st.integers(1, 80))
def test_arms_balance_at_the_end_of_every_block(seed, stratum, number):
    arms = [
        randomisation.arm_of(seed, stratum, each, MDMA.arms, MDMA.randomisation)
        for each in range(1, number + 1)
    ]
    counts = Counter(arms)
    assert abs(counts["mdma"] - counts["placebo"]) <= 3  # half of the largest block


@pytest.mark.proves("allocation")
def test_the_list_follows_from_the_seed_and_differs_by_stratum_and_seed():
    def first_forty(seed, stratum):
        return [
            randomisation.arm_of(seed, stratum, n, MDMA.arms, MDMA.randomisation)
            for n in range(1, 41)
        ]

    assert first_forty(b"a" * 32, "s") == first_forty(b"a" * 32, "s")
    assert first_forty(b"a" * 32, "s") != first_forty(b"b" * 32, "s")
    assert first_forty(b"a" * 32, "s") != first_forty(b"a" * 32, "t")


def test_both_arms_come_first_equally_often():
    firsts = Counter(
        randomisation.arm_of(str(n).encode() * 8, "s", 1, MDMA.arms, MDMA.randomisation)
        for n in range(2000)
    )
    # Binomial(2000, 1/2): four standard deviations; the seeds are fixed.
    assert abs(firsts["mdma"] - 1000) < 90


@pytest.mark.parametrize(
    ("role", "opens"), [("statistician", True), ("pharmacist", True), ("therapist", False),
                        ("independent-rater", False), ("monitor", False), ("sponsor", False)],
)  # fmt: skip
def test_only_unblinded_roles_open_the_allocation(role, opens):
    assert blinding.may_open_allocation(role) is opens


@pytest.mark.parametrize(
    "kind", ["dosing.dose-given", "dosing.vitals-recorded", "safety.adverse-event-recorded",
             "aftercare.contact-recorded", "visit.held", "allocation.made"],
)  # fmt: skip
def test_a_rater_sees_nothing_that_could_tell_the_arm(kind):
    assert not blinding.may_see("independent-rater", kind)


# --- practitioners in good standing -------------------------------------------------


def with_practitioner(office, name="ana", until=None):
    office.ask(RecordCredential(NOW, name, "psychologist", "L1", TODAY, until))
    for subject, _ in ATTESTATIONS:
        office.ask(RecordAttestation(NOW, name, subject, TODAY, TODAY + timedelta(days=30)))
    return office


def test_a_licence_that_expired_yesterday_keeps_its_holder_out_and_says_so():
    office = Office().founded()
    before = TODAY - timedelta(days=400)
    office.ask(RecordCredential(NOW, "ana", "MD", "L1", before, TODAY - timedelta(days=1)))
    [one] = registry(office.programme, TODAY)
    assert not one.licensed
    assert f"credential ended on {TODAY - timedelta(days=1)}" in one.unfit


def test_training_alone_is_no_licence():
    office = Office().founded()
    office.ask(RecordCredential(NOW, "ben", "guide", "Course", TODAY, None, "training"))
    assert office.programme.licensed(TODAY) == frozenset()


@pytest.mark.parametrize("missing", [subject for subject, _ in ATTESTATIONS])
def test_without_each_attestation_nobody_is_fit(missing):
    office = Office().founded()
    office.ask(RecordCredential(NOW, "ana", "MD", "L1", TODAY))
    for subject, _ in ATTESTATIONS:
        if subject != missing:
            office.ask(RecordAttestation(NOW, "ana", subject, TODAY, TODAY + timedelta(days=1)))
    [reason] = office.programme.unfitness("ana", TODAY)
    assert reason.startswith("the attestation on ")
    assert reason.endswith("is missing")


def test_a_suspension_holds_until_it_is_lifted_and_a_monitor_may_suspend():
    office = with_practitioner(Office().founded())
    office.ask(SuspendPractitioner(NOW, "ana", "a complaint is looked into"), "monitor")
    assert office.programme.fit(TODAY) == frozenset()
    with pytest.raises(Refused, match="is suspended already"):
        office.ask(SuspendPractitioner(NOW, "ana", "again"))
    with pytest.raises(Refused, match="not for a monitor"):
        office.ask(LiftSuspension(NOW, "ana", "cleared"), "monitor")
    office.ask(LiftSuspension(NOW, "ana", "cleared"))
    assert office.programme.fit(TODAY) == {"ana"}


def test_supervision_is_by_someone_else_and_counts_its_minutes():
    office = with_practitioner(Office().founded())
    with pytest.raises(Refused, match="can't supervise themselves"):
        office.ask(RecordSupervision(NOW, "ana", ("ana",), 60, "touch"))
    with pytest.raises(Refused, match="no credential of 'eve'"):
        office.ask(RecordSupervision(NOW, "sue", ("eve",), 60, "touch"))
    office.ask(RecordSupervision(NOW, "sue", ("ana",), 60, "touch"))
    [one] = registry(office.programme, TODAY)
    assert (one.supervised_min, one.supervised_on) == (60, TODAY)


def test_an_authorisation_for_another_site_does_not_reach_this_one():
    office = Office().founded()
    office.ask(RecordAuthorisation(NOW, "IND 1", "us-ind", TODAY, None, "", "", "site-1\nsite-2"))
    assert office.programme.authorisation(TODAY, "site-2")
    assert office.programme.authorisation(TODAY, "site-3") is None


# --- keeping to the therapy -----------------------------------------------------------

DIGEST = "ab" * 32


def rating(score=3, participant="P-1", visit="dosing-1", digest=DIGEST):
    answers = tuple((each.key, score) for each in MDMA.fidelity.items)
    return RateFidelity(NOW, participant, visit, digest, answers)


def test_a_rating_is_of_a_recording_by_someone_outside_the_team_in_their_own_name():
    office = with_practitioner(Office().founded())
    office.ask(rating(), "fidelity-rater", "rita")
    assert office.programme.fidelity[0].rater == "rita"
    for change, told in (
        ({"digest": "xyz"}, "no SHA-256"),
        ({"digest": ""}, "is missing"),
        ({"visit": "screening"}, "no session that is rated"),
        ({"score": 9}, "lies outside 0 to 4"),
    ):
        with pytest.raises(Refused, match=told):
            office.ask(rating(**change), "fidelity-rater", "rob")
    with pytest.raises(Refused, match="rated this session on"):
        office.ask(rating(), "fidelity-rater", "rita")
    with pytest.raises(Refused, match="is a practitioner here"):
        office.ask(rating(), "fidelity-rater", "ana")
    with pytest.raises(Refused, match="not for a therapist"):
        office.ask(rating(), "therapist", "tom")


def test_sessions_of_both_raters_are_laid_side_by_side():
    office = Office().founded()
    for number, (one, other) in enumerate([(1, 2), (3, 3), (4, 3)], start=1):
        office.ask(rating(one, f"P-{number}"), "fidelity-rater", "rita")
        office.ask(rating(other, f"P-{number}"), "fidelity-rater", "rob")
    office.ask(rating(0, "P-9"), "fidelity-rater", "rita")
    assert shared_table(office.programme) == ((1.0, 2.0), (3.0, 3.0), (4.0, 3.0))
    assert [each.mean for each in rated_sessions(office.programme)] == [1.5, 3, 3.5, 0]
    assert shared_table(Programme()) == ()


def test_what_held_before_a_withdrawal_stays_so_for_those_days():
    office = Office().founded()
    office.ask(
        RecordCredential(NOW - timedelta(days=9), "ana", "psychologist", "L1", date(2020, 1, 1))
    )
    office.ask(WithdrawCredential(NOW, "ana", "left"))
    assert office.programme.licensed(TODAY - timedelta(days=1)) == {"ana"}
    assert office.programme.licensed(TODAY) == frozenset()


def test_a_suspension_is_not_lifted_before_it_began():
    office = Office().founded()
    office.ask(RecordCredential(NOW, "ana", "psychologist", "L1", TODAY))
    office.ask(SuspendPractitioner(NOW, "ana", "a complaint"))
    with pytest.raises(Refused, match=f"the suspension began on {TODAY}; it can't be lifted"):
        office.ask(LiftSuspension(NOW - timedelta(days=2), "ana", "settled"))


def test_the_number_on_the_paper_is_the_same_with_or_without_blanks():
    office = Office().authorised()
    with pytest.raises(Refused, match="authorisation 'IND 1' is recorded already"):
        office.ask(RecordAuthorisation(NOW, " IND 1 ", "us-ind", TODAY))
