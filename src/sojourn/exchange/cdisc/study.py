"""What every row of an export may know of the trial, and of the one participant it is about."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sojourn.course import schedule
from sojourn.course.assessment import AssessmentRecorded, score_of
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course
from sojourn.exchange.cdisc.codes import Form, Questions
from sojourn.exchange.cdisc.elements import treatment_epoch
from sojourn.instruments import AnswerError, Score
from sojourn.ledger.cut import Told
from sojourn.protocols.model import Protocol, Visit
from sojourn.record.entry import Entry

# Stands for the arm, and for all that tells it, while the allocation is closed.
BLINDED = "BLINDED"
BLINDED_ARM = "Blinded treatment"


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm as exports name it. ``number`` is its order, from 1; 0 when blinded."""

    code: str
    label: str
    role: Literal["experimental", "comparator", "single", ""]
    number: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A visit of the protocol; ``day`` counts from the first planned dosing session as day 1."""

    number: int
    label: str
    day: int | None


@dataclass(frozen=True, slots=True)
class Study:
    """The trial at the cut. ``clears`` says what the programme's record held at a site on a day."""

    key: str
    title: str
    as_of: datetime
    opened: bool
    founded_at: int  # position of the entry the programme was founded by
    protocol: Protocol
    visits: Mapping[str, Planned]
    arms: tuple[Arm, ...]
    country: Callable[[str], str | None]  # three letters by site
    circumstances: Circumstances
    followed: Callable[[Course], Protocol]  # the version that a participant follows
    questions: Questions

    @property
    def treatment_epoch(self) -> str:
        return treatment_epoch(self.protocol)

    def visit(self, key: str) -> dict[str, str | int | None]:
        """VISITNUM, VISIT and VISITDY of a planned visit; nothing for one that is not."""
        planned = self.visits.get(key)
        if planned is None:
            return {}
        return {"VISITNUM": planned.number, "VISIT": planned.label, "VISITDY": planned.day}


@dataclass(frozen=True, slots=True)
class Rating:
    """An entry that holds a questionnaire or rating, with its form and, where it has one, score."""

    entry: Entry
    form: Form
    score: Score | None

    @property
    def recorded(self) -> AssessmentRecorded:
        return fact(self.entry)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Subject:
    """One participant: what they told up to the cut, and the arm as far as it may be known."""

    study: Study
    told: Told
    arm: Arm | None  # None while not randomised
    arm_entries: tuple[int, ...]
    of_kind: Mapping[str, tuple[Entry, ...]]
    doses: tuple[datetime, ...]
    reference: datetime | None  # day 1: the first dose; where nothing is dosed, randomisation
    ratings: tuple[Rating, ...]
    plan: tuple[schedule.Planned, ...]

    @property
    def course(self) -> Course:
        return self.told.course

    def facts(self, kind: str) -> tuple[Entry, ...]:
        """The entries of one kind, as corrected, in order."""
        return self.of_kind.get(kind, ())

    def day(self, moment: date | datetime | None) -> int | None:
        """The study day of a moment: no day 0, as SDTM counts."""
        if moment is None or self.reference is None:
            return None
        days = (_date(moment) - self.reference.date()).days
        return days + 1 if days >= 0 else days

    def epoch(self, moment: date | datetime | None) -> str | None:
        """The epoch in which something happened; a date alone counts as its end."""
        if moment is None:
            return None
        course, outcome = self.course, self.study.protocol.outcome.visit
        last = course.visits.get(outcome)
        if last and last.held and _date(moment) > last.at.date():
            return "FOLLOW-UP"
        if self.reference and _reached(moment, self.reference):
            return self.study.treatment_epoch
        if course.eligible_at and _reached(moment, course.eligible_at):
            return "BASELINE"
        return "SCREENING"


def subject(study: Study, told: Told, allotted: Mapping[str, tuple[Arm, int]]) -> Subject:
    """The participant as rows see them. ``allotted`` is empty unless the allocation is open."""
    grouped: dict[str, list[Entry]] = {}
    for entry in told.entries:
        grouped.setdefault(entry.fact.kind, []).append(entry)
    doses = sorted(each.occurred_at for each in grouped.get("dosing.dose-given", ()))
    of_kind = {kind: tuple(entries) for kind, entries in grouped.items()}
    arm, where = _arm(study, told.course, allotted, of_kind)
    first = doses[0] if doses else None
    if study.protocol.dosing is None:
        first = told.course.randomised_at
    rated = tuple(_ratings(study, of_kind.get("assessment.recorded", ())))
    plan = schedule.plan(told.course, study.followed(told.course))
    return Subject(study, told, arm, where, of_kind, tuple(doses), first, rated, plan)


def _ratings(study: Study, entries: Iterable[Entry]) -> Iterator[Rating]:
    for entry in entries:
        form = study.questions.forms.get(fact(entry).instrument)
        if form is not None:
            yield Rating(entry, form, _score(fact(entry), form))


def _score(recorded: AssessmentRecorded, form: Form) -> Score | None:
    if form.total is None:
        return None
    try:
        return score_of(recorded, form.instrument)
    except AnswerError:  # neither answers nor a total: nothing to score
        return None


def _arm(
    study: Study,
    course: Course,
    allotted: Mapping[str, tuple[Arm, int]],
    of_kind: Mapping[str, tuple[Entry, ...]],
) -> tuple[Arm | None, tuple[int, ...]]:
    if course.randomised_at is None:
        return None, ()
    if not study.opened:
        return study.arms[0], ()
    found = allotted.get(course.participant)
    if found is not None:
        return found[0], (found[1],)
    arm = next((each for each in study.arms if each.key == course.arm), None)
    told_by = ("screening.allocation-recorded", "screening.randomised")
    return arm, tuple(each.position for kind in told_by for each in of_kind.get(kind, ()))


def arms(protocol: Protocol, *, opened: bool) -> tuple[Arm, ...]:
    """The arms as an export of that kind may name them."""
    if not opened:
        return (Arm(BLINDED, BLINDED_ARM, "", 0),)
    return tuple(
        Arm(each.key.upper()[:20], each.label, each.role, number, each.key)
        for number, each in enumerate(protocol.arms, start=1)
    )


def planned_visits(protocol: Protocol) -> dict[str, Planned]:
    """Every visit in the protocol's order, numbered from 1, with its planned study day."""
    first = next(protocol.dosing_visits(), None)
    origin = _offset(protocol, first) if first else 0
    found: dict[str, Planned] = {}
    for number, visit in enumerate(protocol.visits, start=1):
        days = _offset(protocol, visit) - origin
        found[visit.key] = Planned(number, visit.label, days + 1 if days >= 0 else days)
    return found


def _offset(protocol: Protocol, visit: Visit) -> int:
    """Days from enrolment to the target of a visit, through its anchors."""
    anchor = protocol.visit(visit.anchor)
    return visit.window.target + (_offset(protocol, anchor) if anchor else 0)


def iso(moment: date | datetime | None) -> str | None:
    """ISO 8601 in the site's own time, to the second; a date stays a date."""
    if moment is None:
        return None
    # Of a moment, what stands before the fraction of the second and the zone.
    return moment.isoformat()[:19]


def fact(entry: Entry) -> Any:
    """The fact of an entry whose kind the caller has asked for."""
    return entry.fact


def _date(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _reached(moment: date | datetime, since: datetime) -> bool:
    if isinstance(moment, datetime):
        return moment >= since
    return moment >= since.date()
