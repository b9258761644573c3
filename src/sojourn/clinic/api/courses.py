"""What is told of participants and their courses."""

from datetime import date, datetime

from ninja import Field, Schema

from sojourn.clinic.api.reads import PLAIN, Paged, one_of
from sojourn.course.state import STATUSES


class ListedOut(Schema):
    """One line of the list; null is what a blinded rater is not shown."""

    participant: str
    site: str
    status: str
    registered_on: date | None
    arm: str | None = Field(description="Empty while it is sealed.")
    sessions_dosed: int | None
    next_visit: str | None
    next_target_on: date | None


class ListOut(Schema):
    """A page of participants in the order of their numbers."""

    participants: list[ListedOut]
    next_after: str = Field(description="Send it as 'after' for the next page; empty on the last.")


class ListAsked(Paged):
    """Which participants."""

    search: str = Field("", max_length=32, pattern=PLAIN, description="How the number begins.")
    status: one_of("", *STATUSES) = ""  # type: ignore[valid-type]


class VisitOut(Schema):
    """A visit of the protocol with its window, in dates."""

    visit: str
    label: str
    phase: str
    standing: str
    earliest: date | None
    target: date | None
    latest: date | None
    on: date | None
    due: str | None


class RatingOut(Schema):
    """One instrument at one visit."""

    visit: str
    instrument: str
    at: datetime
    answers: list[int | None]
    total: int | None


class DoseOut(Schema):
    """A dose given; the label says the same for every arm."""

    at: datetime
    which: str
    level: int
    unit: str


class WithheldOut(Schema):
    """A dose held back, and why."""

    at: datetime
    which: str
    reasons: list[str]


class SessionOut(Schema):
    """A dosing session."""

    visit: str
    number: int
    opened_at: datetime
    closed_at: datetime | None
    practitioners: list[str]
    doses: list[DoseOut]
    withheld: list[WithheldOut]


class AlertOut(Schema):
    """An open alert."""

    key: str
    rule: str
    label: str
    raised_at: datetime


class EventOut(Schema):
    """An adverse event."""

    key: str
    term: str
    coded_term: str
    grade: int
    serious: bool
    relatedness: str
    expectedness: str
    outcome: str
    valence: str
    special_interest: str
    started_on: date
    ended_on: date | None


class MedicationOut(Schema):
    """One stretch of taking one medicine."""

    name: str
    substances: list[str]
    indication: str
    dose: str
    started_on: date | None
    stopped_on: date | None
    ended: bool


class ConsentOut(Schema):
    """One signing of the consent form."""

    version: str
    signed_at: datetime
    withdrawn_at: datetime | None
    scope: str


class DeviationOut(Schema):
    """A protocol deviation; empty classification while nobody gave one."""

    key: str
    category: str
    label: str
    classification: str


class TeamOut(Schema):
    """What a blinded rater is not shown."""

    sex: str
    birth_year: int | None
    eligible_at: datetime | None
    randomised_at: datetime | None
    randomisation_number: int | None
    arm: str = Field(description="Empty while it is sealed.")
    ended_reason: str
    held: str = Field(description="'frozen' or 'locked'; empty when neither.")
    sessions: list[SessionOut]
    alerts: list[AlertOut]
    adverse_events: list[EventOut]
    medications: list[MedicationOut]
    consents: list[ConsentOut]
    deviations: list[DeviationOut]


class AskedOut(Schema):
    """A query about an entry."""

    key: str
    entry: int | None
    about: str
    visit: str
    standing: str
    question: str
    due_on: date


class ToRateOut(Schema):
    """A rating this member may record now."""

    visit: str
    instrument: str
    label: str


class CourseOut(Schema):
    """One participant's course, now or as the record knew it."""

    participant: str
    site: str
    status: str
    registered_at: datetime | None
    ended: str | None
    ended_at: datetime | None
    version: int | None = Field(description="For If-Match; null for a blinded rater.")
    visits: list[VisitOut] = Field(description="For a blinded rater those of theirs that are due.")
    ratings: list[RatingOut]
    ratings_due: list[ToRateOut]
    queries: list[AskedOut]
    team: TeamOut | None = Field(description="Null for a blinded rater.")
