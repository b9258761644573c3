"""Courses told as stories: given what happened, when this is asked, then that is recorded."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sojourn import instruments, medicines, protocols
from sojourn.course import FACTS, Circumstances, Clearance, Course, decide, evolve, fold
from sojourn.course.aftercare import RecordContact
from sojourn.course.assessment import RecordAssessment
from sojourn.course.consent import SignConsent
from sojourn.course.discharge import SignDischarge
from sojourn.course.dosing import CloseSession, GiveDose, OpenSession, RecordVitals
from sojourn.course.eligibility import RecordCharacteristics
from sojourn.course.integration import HoldIntegration
from sojourn.course.preparation import HoldPreparation
from sojourn.course.screening import (
    ConfirmEligibility,
    Randomise,
    RegisterParticipant,
)
from sojourn.course.visits import HoldScreeningVisit
from sojourn.ledger.upcasters import UPCASTERS
from sojourn.record.entry import Entry, Fact
from sojourn.record.kinds import Kinds

PROTOCOL = protocols.load_shipped("mdma-ptsd")
KINDS = Kinds(FACTS, UPCASTERS)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SETTINGS = (
    ("systolic-mmhg-max", 160),
    ("diastolic-mmhg-max", 100),
    ("pulse-bpm-max", 110),
    ("temperature-tenths-c-max", 380),
    ("vitals-fresh-min", 60),
    ("qtc-ms-max-male", 450),
    ("qtc-ms-max-female", 460),
    ("serious-report-hours", 24),
    ("diary-mood-lowest", 2),
    ("diary-mood-drop", 4),
    ("diary-missed-days", 2),
)
# Every limit a site must set before it opens; those that no story is about, at their lowest.
SITE_SETTINGS = tuple(
    ({each.key: each.lowest for each in PROTOCOL.site_settings} | dict(SETTINGS)).items()
)
CLEARED = Clearance(
    programme_open=True,
    authorisation="IND 000000",
    practitioners=frozenset({"ana", "ben"}),
    licensed=frozenset({"ana"}),
    consent_versions=("1.0",),
    consent_needed="1.0",
    settings=SETTINGS,
    programme_version=7,
)
NO_SUICIDALITY = (0,) * 11
SEVERE = (2,) * 20 + (1, 24, 3, 3, 2, 0, 2, 0, 0, 0)
SUITABLE = tuple(
    {
        **{each.key: "no" for each in PROTOCOL.characteristics if not each.choices},
        "trauma": "witnessed",
        "ptsd": "yes",
        "ptsd-months": "60",
        "suicide-risk": "low",
        "suicide-attempts": "0",
        "mdma-times": "0",
        "expectation": "6",
        "blood-pressure-history": "none",
        "systolic-mmhg": "124",
        "diastolic-mmhg": "79",
        "qtc-ms": "415",
        "pregnancy": "negative",
        "contraception": "effective",
        "recording-agreed": "yes",
        "contact-named": "yes",
        "fluent": "yes",
        "swallows": "yes",
    }.items()
)
CHECKLIST = tuple(item.key for item in PROTOCOL.dosing.checklist)
DISCHARGE = tuple(each.key for each in PROTOCOL.dosing.discharge)


@dataclass
class Story:
    """A course that grows by commands; ``at`` is the moment the story has reached."""

    course: Course = field(default_factory=Course)
    entries: list[Entry] = field(default_factory=list)
    clearance: Clearance = CLEARED
    at: datetime = START
    protocol: Any = PROTOCOL
    author: str = "ana"

    def circumstances(self, role: str) -> Circumstances:
        return Circumstances(
            protocol=self.protocol,
            instruments=instruments.load_shipped(),
            formulary=medicines.load_shipped(),
            drug_names=medicines.open_names(),
            clearance=self.clearance,
            author=self.author,
            role=role,
            now=self.at + timedelta(minutes=5),
            allocation=(1, "mdma"),
        )

    def ask(self, command: Any, role: str = "") -> tuple[Fact, ...]:
        """Decide and record; the facts that followed."""
        role = role or command.roles[0]
        facts = decide(self.course, command, self.circumstances(role))
        for fact in facts:
            self.record(fact, command.at, role)
        return facts

    def record(self, fact: Fact, at: datetime, role: str = "therapist") -> None:
        self.course = evolve(self.course, self.record_as_it_is(fact, at, role))

    def record_as_it_is(self, fact: Fact, at: datetime, role: str = "therapist") -> Entry:
        """Append without evolving: a correction changes the course by a new fold alone."""
        who = self.author
        entry = Entry("course:test:P-1", len(self.entries) + 1, fact, at, self.at, who, role)
        self.entries.append(entry)
        return entry

    def pass_time(self, **time: float) -> "Story":
        self.at += timedelta(**time)
        return self

    def with_clearance(self, **changes: Any) -> "Story":
        self.clearance = replace(self.clearance, **changes)
        return self

    def folded(self) -> Course:
        return fold(self.entries, KINDS.read)

    # --- chapters ---------------------------------------------------------

    def registered(self) -> "Story":
        self.ask(RegisterParticipant(self.at, "P-1", "site-1", 1980, "female"))
        return self

    def consented(self) -> "Story":
        self.registered().ask(consent_to("1.0", self.at))
        return self

    def eligible(self) -> "Story":
        self.consented()
        self.ask(RecordCharacteristics(self.at, SUITABLE, "interview and records"), "prescriber")
        self.ask(HoldScreeningVisit(self.at, "screening"))
        self.ask(HoldScreeningVisit(self.pass_time(days=21).at, "taper"))
        self.ask(ConfirmEligibility(self.at, "meets every criterion"))
        return self

    def prepared(self) -> "Story":
        self.eligible()
        for number in (1, 2, 3):
            self.pass_time(days=7)
            self.ask(HoldPreparation(self.at, f"preparation-{number}", ("ana", "ben"), 90))
            if number == 1:
                self.rated("baseline", SEVERE)
        return self

    def randomised(self) -> "Story":
        self.prepared().ask(Randomise(self.at))
        return self

    def rated(self, visit: str, answers: tuple[int | None, ...]) -> "Story":
        self.ask(RecordAssessment(self.at, visit, "caps-5", answers), "independent-rater")
        return self

    def in_session(self, number: int = 1) -> "Story":
        """The session is open, suicidality assessed and vital signs fresh: ready for the dose."""
        visit = f"dosing-{number}"
        self.ask(OpenSession(self.at, visit, ("ana", "ben"), CHECKLIST))
        self.ask(RecordAssessment(self.at, visit, "c-ssrs", NO_SUICIDALITY), "therapist")
        self.vitals("before-initial")
        return self

    def ready(self) -> "Story":
        return self.randomised().pass_time(days=4).in_session()

    def vitals(self, moment: str, systolic: int = 125, pulse: int = 72) -> tuple[Fact, ...]:
        return self.ask(RecordVitals(self.at, moment, systolic, 80, pulse, 368))

    def dose(self, level_mg: int = 80, which: str = "initial") -> Fact:
        return self.ask(dose_of(self.at, which, level_mg))[0]

    def session_done(self, number: int = 1, level_mg: int = 80) -> "Story":
        self.dose(level_mg)
        self.pass_time(minutes=100)
        self.vitals("before-supplemental")
        self.dose(level_mg // 2, "supplemental")
        self.pass_time(hours=7)
        self.vitals("end")
        self.ask(CloseSession(self.at, "overnight-stay"))
        return self

    def signed_for_home(self) -> "Story":
        self.ask(SignDischarge(self.at, DISCHARGE))
        return self

    def after_session(self, number: int) -> "Story":
        for day in range(1, 8):
            self.pass_time(days=1)
            self.ask(RecordContact(self.at, f"contact-{number}-{day}", 6, 7, "none"))
            if day == 1:
                self.ask(HoldIntegration(self.at, f"integration-{number}-1", ("ana", "ben"), 90))
        self.ask(HoldIntegration(self.at, f"integration-{number}-2", ("ana", "ben"), 90))
        self.pass_time(days=9)
        self.ask(HoldIntegration(self.at, f"integration-{number}-3", ("ana", "ben"), 90))
        return self


def consent_to(version: str, at: datetime) -> SignConsent:
    both = ("participant", "investigator")
    return SignConsent(at, version, "ana", "English", "shown", "present", both)


def dose_of(at: datetime, which: str, level_mg: int) -> GiveDose:
    return GiveDose(at, which, level_mg, "ana", "C-0001", "ben")


def day_of(moment: datetime) -> date:
    return moment.date()
