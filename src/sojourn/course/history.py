"""What was tried before: earlier treatments, whether they had a fair trial, and how they ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, PriorTreatment, changed
from sojourn.protocols.eligibility import TreatmentKind
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

OUTCOMES = (
    ("remission", "Free of PTSD at its end"),
    ("response", "Clearly better"),
    ("partial", "Somewhat better"),
    ("none", "No change"),
    ("worse", "Worse"),
    ("unknown", "Not known"),
)
USUAL_DOSE = (("yes", "Yes"), ("no", "No"), ("not-applicable", "Not applicable or not known"))
WITHOUT_BENEFIT = frozenset({"none", "worse", "partial"})


@dataclass(frozen=True, slots=True)
class RecordPriorTreatment:
    name: ClassVar[str] = "screening.record-prior-treatment"
    title: ClassVar[str] = "Record an earlier treatment"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "therapist", "coordinator")

    at: Annotated[datetime, Ask("Recorded at")]
    kind_of_treatment: Annotated[str, Ask("Kind", choices_from="treatment-kinds")]
    treatment: Annotated[str, Ask("Which", help="The medicine or the method.")]
    outcome: Annotated[str, Ask("How it ended", choices=OUTCOMES)]
    left_early: Annotated[bool, Ask("Left before its planned end")]
    usual_dose: Annotated[str, Ask("Reached the usual dose", choices=USUAL_DOSE)]
    weeks: Annotated[int | None, Ask("Weeks", at_least=0, at_most=2000, optional=True)] = None
    sessions: Annotated[int | None, Ask("Sessions", at_least=0, at_most=2000, optional=True)] = None
    reason: Annotated[str, Ask("Why it was ended", optional=True)] = ""


@dataclass(frozen=True, slots=True)
class PriorTreatmentRecorded:
    kind: ClassVar[str] = "screening.prior-treatment-recorded"
    schema: ClassVar[int] = 1
    kind_of_treatment: str
    treatment: str
    outcome: str
    left_early: bool
    usual_dose: str
    weeks: int | None
    sessions: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One earlier treatment, judged. ``adequate`` is None where too little is known."""

    treatment: PriorTreatment
    kind: TreatmentKind | None
    adequate: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Resistance:
    """Earlier treatments summed up by form. Each count is of treatments, not of people."""

    tried: tuple[Tried, ...]
    adequate_medicines_without_benefit: int
    adequate_psychotherapies_without_benefit: int
    left_early: int
    not_known: int


def resistance(course: Course, protocol: Protocol) -> Resistance:
    """What an adequate trial of treatment has and has not achieved so far."""
    kinds = {each.key: each for each in protocol.prior_treatments}
    tried = tuple(_judged(each, kinds.get(each.kind)) for each in course.prior_treatments)
    failed = [
        each.kind.form
        for each in tried
        if each.adequate and each.kind and each.treatment.outcome in WITHOUT_BENEFIT
    ]
    return Resistance(
        tried,
        failed.count("medicine"),
        failed.count("psychotherapy"),
        sum(each.treatment.left_early for each in tried),
        sum(each.adequate is None for each in tried),
    )


def record(
    course: Course, command: RecordPriorTreatment, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    kinds = [each.key for each in circumstances.protocol.prior_treatments]
    if command.kind_of_treatment not in kinds:
        raise Refused(
            f"'{command.kind_of_treatment}' is no kind of treatment here; "
            f"there are: {', '.join(kinds) or 'none'}",
            "kind_of_treatment",
        )
    return (
        PriorTreatmentRecorded(
            command.kind_of_treatment,
            command.treatment.strip(),
            command.outcome,
            command.left_early,
            command.usual_dose,
            command.weeks,
            command.sessions,
            command.reason,
        ),
    )


def recorded(course: Course, fact: PriorTreatmentRecorded, entry: Entry) -> Course:
    dose = {"yes": True, "no": False}.get(fact.usual_dose)
    treatment = PriorTreatment(
        fact.kind_of_treatment,
        fact.treatment,
        fact.weeks,
        fact.sessions,
        dose,
        fact.left_early,
        fact.outcome,
        fact.reason,
    )
    return changed(course, prior_treatments=(*course.prior_treatments, treatment))


def _judged(treatment: PriorTreatment, kind: TreatmentKind | None) -> Tried:
    if kind is None:
        return Tried(treatment, None, None, "this protocol has no rule for it")
    if kind.adequate_sessions is not None:
        adequate, why = _reached(treatment.sessions, kind.adequate_sessions, "sessions")
        return Tried(treatment, kind, adequate, why)
    if kind.adequate_weeks is None:
        return Tried(treatment, kind, None, "no rule says when it is enough")
    adequate, why = _reached(treatment.weeks, kind.adequate_weeks, "weeks")
    if adequate is not False and kind.form == "medicine":
        if treatment.usual_dose is False:
            return Tried(treatment, kind, False, "below the usual dose")
        if treatment.usual_dose is None:
            return Tried(treatment, kind, None, "the dose is not known")
    return Tried(treatment, kind, adequate, why)


def _reached(value: int | None, needed: int, unit: str) -> tuple[bool | None, str]:
    if value is None:
        return None, f"the number of {unit} is not known"
    if value < needed:
        return False, f"{value} {unit}; {needed} count as enough"
    return True, f"{value} {unit}"


DECIDE: Mapping[type, Any] = {RecordPriorTreatment: record}
EVOLVE: Mapping[type, Any] = {PriorTreatmentRecorded: recorded}
