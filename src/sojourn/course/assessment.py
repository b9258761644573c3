"""Assessments: instruments answered at a visit, scored when read and never overwritten."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent, safety, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Assessment, Course, VisitDone, changed, with_item
from sojourn.instruments import AnswerError, Instrument, Score, score, score_total
from sojourn.protocols.model import Visit
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class RecordAssessment:
    """Answers in item order, None where unanswered; or a total where no answers are kept."""

    name: ClassVar[str] = "assessment.record"
    title: ClassVar[str] = "Record an assessment"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = (
        "independent-rater",
        "therapist",
        "prescriber",
        "coordinator",
        "import",
    )

    at: Annotated[datetime, Ask("Assessed at")]
    visit: Annotated[str, Ask("Visit", choices_from="assessed-visits")]
    instrument: Annotated[str, Ask("Instrument", choices_from="instruments")]
    answers: Annotated[tuple[int | None, ...], Ask("Answers", choices_from="items", optional=True)]
    total: Annotated[int | None, Ask("Total", at_least=0, optional=True)] = None


@dataclass(frozen=True, slots=True)
class AssessmentRecorded:
    kind: ClassVar[str] = "assessment.recorded"
    schema: ClassVar[int] = 1
    visit: str
    instrument: str
    answers: tuple[int | None, ...]
    total: int | None
    settles_visit: bool  # a rating visit has taken place once it holds a rating


def may_rate(role: str, visit: Visit) -> bool:
    """Whether this role rates at ``visit``: an independent rater there alone where one is asked."""
    return (visit.rated_by == "independent-rater") == (role == "independent-rater")


def score_of(
    assessment: Assessment | RecordAssessment | AssessmentRecorded, instrument: Instrument
) -> Score:
    """The score of recorded answers, or of the total when only that was recorded."""
    if assessment.answers:
        return score(instrument, assessment.answers)
    if assessment.total is None:
        raise AnswerError("total", f"give the answers or the total of {instrument.name}")
    return score_total(instrument, assessment.total)


def score_at(
    course: Course, visit: str, instrument: str, circumstances: Circumstances
) -> Score | None:
    """The score at that visit, or None when nothing was recorded there."""
    assessment = course.assessments.get((visit, instrument))
    definition = circumstances.instruments.get(instrument)
    if assessment is None or definition is None:
        return None
    return score_of(assessment, definition)


def record(
    course: Course, command: RecordAssessment, circumstances: Circumstances
) -> tuple[Fact, ...]:
    asked = circumstances.instruments.get(command.instrument)
    # What can raise an alert is asked for the person's safety, and they may still agree to it.
    consent.require(course, circumstances, safety=asked is not None and bool(asked.alerts))
    visit = visits.find(circumstances, command.visit)
    if command.instrument not in visit.assessments:
        planned = ", ".join(visit.assessments) or "none"
        raise Refused(
            f"'{command.instrument}' is not planned at {visit.label}; planned: {planned}",
            "instrument",
        )
    instrument = circumstances.instruments.get(command.instrument)
    if instrument is None:
        raise Refused(f"instrument '{command.instrument}' is not installed", "instrument")
    if (command.visit, command.instrument) in course.assessments:
        raise Refused(
            f"{instrument.name} at {visit.label} is recorded already; correct that entry instead",
            "instrument",
        )
    # A file tells who rated in its own columns, if at all: its import may bring any rating.
    if circumstances.role != "import" and not may_rate(circumstances.role, visit):
        who = "an independent rater" if visit.rated_by == "independent-rater" else "the team"
        raise Refused(f"{visit.label} is rated by {who}, not by a {circumstances.role}", "visit")
    try:
        result = score_of(command, instrument)
    except AnswerError as error:
        raise Refused(str(error), "answers" if command.answers else "total") from error
    done = course.visits.get(visit.key)
    settles = visit.phase in ("assessment", "followup") and (done is None or not done.held)
    fact = AssessmentRecorded(
        command.visit, command.instrument, command.answers, command.total, settles
    )
    labels = (
        *((each.key, each.label) for each in result.alerts),
        *((each.key, f"not all answered: {each.label}; ask") for each in result.unsettled),
    )
    alerts = (
        safety.new_alert(course, f"suicidality-{key}", label, visit.key, after=number)
        for number, (key, label) in enumerate(labels)
    )
    return (fact, *alerts)


def recorded(course: Course, fact: AssessmentRecorded, entry: Entry) -> Course:
    assessment = Assessment(
        fact.visit,
        fact.instrument,
        entry.occurred_at,
        fact.answers,
        fact.total,
        entry.sequence,
        entry.author,
        entry.role,
    )
    course = changed(
        course,
        assessments=with_item(course.assessments, (fact.visit, fact.instrument), assessment),
    )
    if not fact.settles_visit:
        return course
    return visits.with_visit(course, fact.visit, VisitDone(entry.occurred_at, held=True))


DECIDE: Mapping[type, Any] = {RecordAssessment: record}
EVOLVE: Mapping[type, Any] = {AssessmentRecorded: recorded}
