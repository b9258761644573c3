"""Who does what on which day: the steps a demonstration is made of."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sojourn.course.assessment import RecordAssessment
from sojourn.course.state import Course
from sojourn.design.measured import Answers
from sojourn.ledger.desk import Person
from sojourn.protocols.model import Visit

COORDINATOR = Person("coordinator", "coordinator")
PRESCRIBER = Person("prescriber", "prescriber")
THERAPIST = Person("therapist", "therapist")
THERAPIST_2 = Person("therapist2", "therapist")
PHARMACIST = Person("pharmacist", "pharmacist")
RATER = Person("rater", "independent-rater")
FIDELITY_RATERS = ("fidelity", "fidelity2")
LEAD = Person("lead", "sponsor")
PRACTITIONERS = (THERAPIST.name, THERAPIST_2.name)

Ask = Callable[[Course, datetime], Any]
AnswersAt = Mapping[tuple[str, str], Answers]  # by visit and instrument


@dataclass(frozen=True, slots=True)
class Step:
    """Something a member of staff writes down on a day.

    ``ask`` makes the command from the course as it then stands; None when there
    is nothing to write after all.
    """

    day: date
    minute: int  # of the day
    by: Person
    ask: Ask


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps as the days bring them."""
    return tuple(sorted(steps, key=lambda step: (step.day, step.minute)))


def by_visit(answers: Iterable[Answers]) -> AnswersAt:
    """Answers found by visit and instrument."""
    return {(each.visit, each.instrument): each for each in answers}


def answered(
    day: date,
    minute: int,
    by: Person,
    visit: Visit,
    answers: AnswersAt,
) -> Iterator[Step]:
    """One step for each instrument planned at ``visit`` that has answers."""
    for number, instrument in enumerate(visit.assessments):
        given = answers.get((visit.key, instrument))
        if given is not None:
            yield Step(day, minute + 15 * number, by, _record(given))


def _record(given: Answers) -> Ask:
    return lambda course, at: RecordAssessment(at, given.visit, given.instrument, given.answers)
