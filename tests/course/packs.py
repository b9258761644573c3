"""The shipped packs as stories: who suits each, what its publication gives, and when."""

from dataclasses import dataclass, replace
from typing import Any

from sojourn import protocols
from sojourn.course.assessment import RecordAssessment
from sojourn.course.dosing import RecordVitals
from sojourn.course.eligibility import RecordCharacteristics
from sojourn.course.preparation import HoldPreparation
from sojourn.course.screening import ConfirmEligibility, Randomise
from sojourn.course.visits import HoldScreeningVisit
from tests.course.story import CLEARED, SETTINGS, SEVERE, Story

WELL = {
    "suicide-risk": "low",
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
}
LIMITS = dict(SETTINGS) | {"qtc-ms-session-max": 450, "dose-mg-max": 900}


@dataclass(frozen=True)
class Pack:
    """One pack. ``levels`` are what each session may give; days are those free of a medicine.

    None among the days: nothing is on file beside this drug, so that a prescriber decides.
    """

    key: str
    suitable: dict[str, str]
    baseline: tuple[str, tuple[int, ...], str]
    levels: tuple[frozenset[int], ...]
    least_days: int
    lasting_min: int
    days_free: dict[str, int]
    arm: str = ""
    supplemental: bool = False
    qtc_limit: int | None = None
    no_rule: frozenset[str] = frozenset()  # a prescriber decides, until it has left the body
    screening: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def protocol(self) -> Any:
        return protocols.load_shipped(self.key)

    @property
    def checklist(self) -> tuple[str, ...]:
        return tuple(item.key for item in self.protocol.dosing.checklist)

    @property
    def discharge(self) -> tuple[str, ...]:
        return tuple(each.key for each in self.protocol.dosing.discharge)

    @property
    def settings(self) -> tuple[tuple[str, int], ...]:
        asked = {each.key: each.lowest for each in self.protocol.site_settings}
        return tuple((asked | {k: v for k, v in LIMITS.items() if k in asked}).items())

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        asked = {
            each.key: str(each.lowest) if each.is_number else each.options[-1][0]
            for each in self.protocol.characteristics
        }
        known = {k: v for k, v in WELL.items() if k in asked}
        return tuple((asked | known | self.suitable).items())

    def story(self) -> "PackStory":
        return PackStory(
            protocol=self.protocol, clearance=replace(CLEARED, settings=self.settings), pack=self
        )


@dataclass
class PackStory(Story):
    """The chapters of ``Story`` by the visits that the pack itself plans."""

    pack: Any = None

    def circumstances(self, role: str) -> Any:
        return replace(super().circumstances(role), allocation=(1, self.pack.arm))

    def eligible(self) -> "PackStory":
        self.consented()
        self.ask(RecordCharacteristics(self.at, self.pack.answers, "interview"), "prescriber")
        self.ask(HoldScreeningVisit(self.at, "screening"))
        for instrument, answers in self.pack.screening:
            self.ask(RecordAssessment(self.at, "screening", instrument, answers), "therapist")
        self.ask(HoldScreeningVisit(self.pass_time(days=21).at, "taper"))
        self.ask(ConfirmEligibility(self.at, "meets every criterion"))
        return self

    def prepared(self) -> "PackStory":
        self.eligible()
        for visit in self.protocol.visits:
            if visit.phase == "preparation":
                self.pass_time(days=7)
                self.ask(HoldPreparation(self.at, visit.key, ("ana", "ben"), 60))
        instrument, answers, role = self.pack.baseline
        self.ask(RecordAssessment(self.at, "baseline", instrument, answers), role)
        return self

    def randomised(self) -> "PackStory":
        self.prepared()
        if self.protocol.randomisation:
            self.ask(Randomise(self.at))
        return self

    def vital_signs(self, moment: str, systolic: int = 120, qtc: int | None = 420) -> RecordVitals:
        measured = qtc if self.pack.qtc_limit else None
        return RecordVitals(self.at, moment, systolic, 80, 75, 370, qtc_ms=measured)


PTSD = Pack(
    "mdma-ptsd",
    {"trauma": "witnessed", "ptsd": "yes", "ptsd-months": "60"},
    ("caps-5", SEVERE, "independent-rater"),
    (frozenset({80}), frozenset({80, 120}), frozenset({80, 120})),
    21,
    480,
    {"Zoloft 50 mg": 29, "phenelzine": 14, "Imitrex": 1, "Prozac": 87},
    arm="mdma",
    supplemental=True,
)
AUTISM = Pack(
    "mdma-social-anxiety-autism",
    {"autism": "yes", "social-anxiety": "yes"},
    ("lsas", (2,) * 48, "independent-rater"),
    (frozenset({75, 100}), frozenset({75, 100, 125})),
    21,
    480,
    PTSD.days_free,
    arm="mdma",
)
DEPRESSION = Pack(
    "psilocybin-treatment-resistant-depression",
    {"depression": "yes", "failed-treatments": "2"},
    ("madrs", (3,) * 10, "independent-rater"),
    (frozenset({25}),),
    84,
    480,
    {"Zoloft 50 mg": 36, "phenelzine": 17, "Imitrex": 1, "Prozac": 94},
    arm="psilocybin-25",
    screening=(("hamd-17", (2, 2, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 0, 0)),),
)
ANXIETY = Pack(
    "lsd-anxiety",
    {"anxiety-disorder": "yes"},
    ("stai", (2,) * 40, "therapist"),
    (frozenset({200}), frozenset({200})),
    28,
    720,
    DEPRESSION.days_free,
    arm="lsd",
)
OPIOIDS = Pack(
    "ibogaine-opioid-detoxification",
    {
        "opioid-use-disorder": "yes",
        "abstinence-failed": "yes",
        "weight-kg": "70",
        "electrolytes": "normal",
    },
    ("sows", (2,) * 16, "therapist"),
    (frozenset({700}),),
    365,
    1440,
    {"Zoloft 50 mg": 29, "phenelzine": 14, "Imitrex": 1, "Prozac": 87},
    qtc_limit=450,
    no_rule=frozenset({"Imitrex"}),
)
PACKS = (PTSD, AUTISM, DEPRESSION, ANXIETY, OPIOIDS)
