"""A programme as data: who may take part, what happens when, and within which limits.

The words are those of ICH E6(R3) and E9(R1). Each value comes from a pack, a
YAML file a clinician can read; ``sojourn.protocols.load`` checks it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from sojourn.protocols.blinding_check import BlindingCheck
from sojourn.protocols.diary import Aftercare, Diary
from sojourn.protocols.eligibility import (
    Characteristic,
    Count,
    Criterion,
    Key,
    Text,
    TreatmentKind,
)
from sojourn.protocols.estimand import Estimand
from sojourn.protocols.jurisdiction import AuthorityReport
from sojourn.protocols.monitoring import Monitoring
from sojourn.protocols.session_room import DischargeCriterion, SessionRoom

Days = Annotated[int, Field(ge=-3650, le=3650, strict=True)]
Milligrams = Annotated[int, Field(ge=1, le=1000, strict=True)]
Micrograms = Annotated[int, Field(ge=1, le=1000, strict=True)]
MilligramsPerKilogram = Annotated[int, Field(ge=1, le=50, strict=True)]
Minutes = Annotated[int, Field(ge=0, le=7 * 24 * 60, strict=True)]

Phase = Literal[
    "screening", "preparation", "dosing", "integration", "aftercare", "assessment", "followup"
]
Seriousness = Literal[
    "death",
    "life-threatening",
    "hospitalisation",
    "disability",
    "congenital-anomaly",
    "medically-important",
]


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a published value comes from."""

    key: Key
    text: Text
    doi: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """``percent_of_label`` says how much of the number on the label this arm holds.

    None: all of it in an experimental arm; in a comparator it is not said.
    """

    key: Key
    label: Text
    role: Literal["experimental", "comparator", "single"]
    ratio: Count = 1
    percent_of_label: Annotated[int, Field(ge=0, le=100, strict=True)] | None = None

    def holds(self, level: int) -> int | None:
        """What a dose of that ``level`` on the label holds in this arm; None when not known."""
        if self.percent_of_label is not None:
            return level * self.percent_of_label // 100
        return level if self.role != "comparator" else None


@dataclass(frozen=True, slots=True)
class Window:
    """Days after the anchor. ``earliest <= target <= latest``."""

    earliest: Days
    target: Days
    latest: Days


@dataclass(frozen=True, slots=True)
class Visit:
    """One planned meeting, call or rating.

    ``anchor`` is the key of the visit the window counts from; the word
    'enrolment' stands for the day the participant was registered. In a pack,
    ``for_each_session`` and ``days`` write one visit out many times:
    ``{session}`` and ``{day}`` are filled in.
    """

    key: Key
    label: Text
    phase: Phase
    anchor: Key
    window: Window
    assessments: tuple[Key, ...] = ()
    rated_by: Literal["staff", "independent-rater", "participant"] = "staff"
    minutes: Minutes = 0
    session: int | None = None  # the dosing session it belongs to
    required: bool = True
    source: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True)
class SiteSetting:
    """A limit the site must set before a programme opens; never a silent default."""

    key: Key
    label: Text
    unit: str
    lowest: int  # the smallest value that makes sense
    highest: int
    published: str = ""  # what a publication used, shown beside the question
    source: str = ""
    verified: bool = False
    required: bool = True  # whether the programme can't open before it is set


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    key: Key
    label: Text


@dataclass(frozen=True, slots=True)
class DosingSession:
    """Published dose levels of one session, of the stated salt or base.

    One of three says how they are counted: milligrams, micrograms, or milligrams for
    each kilogram of body weight.
    """

    number: Count
    initial_mg: tuple[Milligrams, ...] = ()
    initial_ug: tuple[Micrograms, ...] = ()
    initial_mg_per_kg: tuple[MilligramsPerKilogram, ...] = ()

    @property
    def unit(self) -> str:
        """What the levels count, as people read it."""
        return "µg" if self.initial_ug else "mg/kg" if self.initial_mg_per_kg else "mg"

    @property
    def initial(self) -> tuple[int, ...]:
        """The levels as published, in ``unit``."""
        return self.initial_mg or self.initial_ug or self.initial_mg_per_kg


@dataclass(frozen=True, slots=True)
class Supplemental:
    """A second dose in the same session: a share of the first, inside a window."""

    percent_of_initial: Annotated[int, Field(ge=1, le=100)]
    from_min: Minutes  # after the initial dose, inclusive
    until_min: Minutes  # after the initial dose, inclusive


@dataclass(frozen=True, slots=True)
class Washout:
    """How long an interacting medicine must have been ended before a dose.

    So many of its longest half-lives, then ``settling_days`` where its class asks
    for time to settle. A longer convention of the medicine itself holds.
    """

    half_lives: Annotated[int, Field(ge=1, le=20)]
    settling_days: Annotated[int, Field(ge=0, le=365)]
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class Dosing:
    substance: Text
    basis: Text  # what the milligrams count: salt or free base
    sessions: tuple[DosingSession, ...]
    least_days_between: Count
    most_days_between: Count
    lasting_min: Minutes
    practitioners_present: Count
    checklist: tuple[ChecklistItem, ...]
    washout: Washout
    source: Text
    verified: bool
    # What is given, as medicines and legal routes call it; empty in packs from before it was asked.
    study_drug: str = ""
    # The most of one session: one of these, in the unit of the label.
    session_total_max_mg: Milligrams | None = None
    session_total_max_ug: Micrograms | None = None
    session_total_max_setting: str = ""  # a limit the site sets, where doses follow body weight
    weight: str = ""  # the characteristic that holds body weight in kg, where doses follow it
    supplemental: Supplemental | None = None
    excluded_classes: tuple[Key, ...] = ()  # keys of medicines classes
    room: SessionRoom | None = None
    discharge: tuple[DischargeCriterion, ...] = ()
    # Roles that must each decide to go on before a later session; empty: nobody is asked.
    next_dose_decided_by: tuple[Literal["prescriber", "therapist"], ...] = ()

    @property
    def unit(self) -> str:
        """The unit of the number on a label: milligrams, or micrograms."""
        return "µg" if any(each.initial_ug for each in self.sessions) else "mg"

    @property
    def session_total_max(self) -> int | None:
        """The most of one session that the protocol itself names, in ``unit``."""
        return self.session_total_max_mg or self.session_total_max_ug


@dataclass(frozen=True, slots=True)
class PrimaryOutcome:
    instrument: Key
    baseline_visit: Key
    visit: Key
    estimand: Estimand


@dataclass(frozen=True, slots=True)
class Randomisation:
    """Permuted blocks of ``block_sizes`` within sites, or minimisation over ``factors``.

    A factor is 'site', 'sex' or a characteristic with choices. ``probability_percent`` is the
    biased coin's, for the arm that leaves the least imbalance.
    """

    blinded: bool
    block_sizes: tuple[Count, ...] = ()
    method: Literal["permuted-blocks", "minimisation"] = "permuted-blocks"
    factors: tuple[Key, ...] = ()
    probability_percent: Annotated[int, Field(ge=50, le=100)] | None = None
    strata: tuple[Key, ...] = ()
    after_visit: str = ""  # the visit that must be done before
    source: str = ""


@dataclass(frozen=True, slots=True)
class AuthorisationKind:
    """A legal ground on which this programme may open, and where it holds.

    A pack names the key of a route; the rest comes from the route's jurisdiction.
    """

    key: Key
    jurisdiction: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    label: Text
    authority: Text
    treats: bool = True
    in_force_since: date | None = None
    in_force_until: date | None = None
    reports: tuple[AuthorityReport, ...] = ()


@dataclass(frozen=True, slots=True)
class FidelityItem:
    key: Key
    label: Text


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What shows that a recorded session kept to the therapy, each item from lowest to highest."""

    phases: tuple[Phase, ...]
    items: tuple[FidelityItem, ...]
    lowest: int
    highest: int
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class SpecialInterest:
    """An adverse event of special interest and the words that point to it."""

    key: Key
    label: Text
    terms: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """An adverse event the publications list: expected up to ``worst_grade``, not beyond."""

    term: Text
    worst_grade: Annotated[int, Field(ge=1, le=4)]
    source: Text
    verified: bool
    also: tuple[Text, ...] = ()  # other names for it


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """What must be stopped or reviewed once so many events or people meet every condition.

    The number is ``at_least``, or ``setting``, the key of a site setting.
    """

    key: Key
    label: Text
    counts: Literal["events", "participants"]
    demands: Text
    source: Text
    verified: bool
    at_least: Count | None = None
    setting: str = ""
    serious: bool = False
    related: bool = False
    unexpected: bool = False
    grade_at_least: Annotated[int, Field(ge=1, le=5)] | None = None
    criteria: tuple[Seriousness, ...] = ()  # one must be met
    special_interest: tuple[Key, ...] = ()  # one of these
    terms: tuple[Text, ...] = ()  # coded to one of these


@dataclass(frozen=True, slots=True)
class Protocol:
    """A whole programme. ``digest`` is the SHA-256 of the pack's text.

    ``earlier`` are the versions one participant followed before, each until that moment; a
    pack has none.
    """

    key: Key
    title: Text
    version: Text
    indication: Text
    citations: tuple[Citation, ...]
    authorisations: tuple[AuthorisationKind, ...]
    arms: tuple[Arm, ...]
    visits: tuple[Visit, ...]
    outcome: PrimaryOutcome
    characteristics: tuple[Characteristic, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    prior_treatments: tuple[TreatmentKind, ...] = ()
    site_settings: tuple[SiteSetting, ...] = ()
    randomisation: Randomisation | None = None
    blinding_check: BlindingCheck | None = None
    dosing: Dosing | None = None
    fidelity: Fidelity | None = None
    monitoring: Monitoring | None = None
    aftercare: Aftercare | None = None
    diary: Diary | None = None
    special_interest: tuple[SpecialInterest, ...] = ()
    expected_events: tuple[ExpectedEvent, ...] = ()
    stopping_rules: tuple[StoppingRule, ...] = ()
    withdrawal_reasons: tuple[tuple[Key, Text], ...] = ()
    condition: str = ""  # what is treated, as legal routes that name conditions call it
    notes: tuple[str, ...] = ()
    digest: str = ""
    # Each a Protocol; said so here, the schema for editors would refer to itself.
    earlier: tuple[tuple[datetime, Any], ...] = ()

    def at(self, moment: datetime) -> "Protocol":
        """The version the participant followed at that moment."""
        before: Iterator[Protocol] = (then for until, then in self.earlier if moment <= until)
        return next(before, self)

    def visit(self, key: str) -> Visit | None:
        """The visit called ``key``, or None when the protocol plans no such visit."""
        return next((visit for visit in self.visits if visit.key == key), None)

    def dosing_visits(self) -> Iterator[Visit]:
        """Visits at which the study drug may be given, in order of session."""
        return (visit for visit in self.visits if visit.phase == "dosing")
