"""What one participant's entries up to the cut say, and which of them tell it."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from sojourn import instruments
from sojourn.analysis.estimand import Occurrence
from sojourn.analysis.report import Arisen, Guessed, Happened, Participant
from sojourn.analysis.safety import Event
from sojourn.course.assessment import score_of
from sojourn.course.intercurrent import intercurrent
from sojourn.instruments import Score, change
from sojourn.ledger.cut import Told
from sojourn.medicines import Formulary
from sojourn.protocols.model import Protocol
from sojourn.record.entry import Entry
from sojourn.reporting.history import TOLD_BY, levels

Arm = tuple[str, tuple[int, ...]]  # its label, and the entries that tell it
STEPS = (
    "screening.participant-registered",
    "screening.failed",
    "screening.eligibility-confirmed",
    "screening.randomised",
    "followup.completed",
    "followup.withdrawn",
    "followup.lost",
    "consent.withdrawn",
)
NOT_CODED = "Not coded"


def participant(
    told: Told, as_of: datetime, arm: Arm, reasons: dict[str, str], formulary: Formulary
) -> Participant:
    """How far they came by ``as_of``, under which arm, and what they brought with them."""
    course = told.course
    end = (course.ended_at or as_of).date()
    first = min(course.sessions.values(), key=lambda each: each.number, default=None)
    doses = sorted(each.initial.at.date() for each in course.sessions.values() if each.initial)
    year = course.registered_at.year if course.registered_at else None
    return Participant(
        course.participant,
        arm[0],
        course.site,
        course.sex,
        year - course.birth_year if year and course.birth_year else None,
        course.status,
        reasons.get(course.ended_reason, course.ended_reason)
        if course.ended == "withdrawn"
        else "",
        bool(arm[0]),
        len(doses),
        _days(course.eligible_at.date() if course.eligible_at else None, end),
        _days(doses[0] if doses else None, end),
        told.places(of_kinds(*STEPS)),
        told.places(of_kinds("screening.participant-registered")),
        told.places(of_kinds("dosing.dose-given")),
        arm[1],
        " and ".join(sorted(first.practitioners)) if first else "",
        told.places(_of_visit(first.visit, "dosing.session-opened")) if first else (),
        tuple(levels(course, formulary)),
        told.places(of_kinds(*TOLD_BY)),
    )


def observations(
    told: Told, protocol: Protocol, arm: str
) -> Iterator[tuple[tuple[object, ...], str, tuple[int, ...]]]:
    """Rows of ``analysis.COLUMNS`` for the outcome instrument, as lists keep them."""
    course, outcome = told.course, protocol.outcome
    definition = instruments.load_shipped()[outcome.instrument]
    start = course.registered_at.date() if course.registered_at else date.min
    baseline: Score | None = None
    for each in sorted(course.assessments.values(), key=lambda one: one.at):
        if each.instrument != outcome.instrument:
            continue
        score = score_of(each, definition)
        later = each.visit != outcome.baseline_visit
        if not later:
            baseline = score
        against = change(definition, baseline, score) if baseline else None
        row = (
            course.participant,
            arm,
            each.visit,
            (each.at.date() - start).days,
            score.total,
            against.points if against else None,
            against.response if against and later else None,
            against.loss_of_diagnosis if against and later else None,
            against.remission if against and later else None,
        )
        yield row, each.visit, told.places(_at_sequence(each.sequence))


def events(told: Told) -> Iterator[Happened]:
    """Their adverse events, on days since the first dose; day 0 where there was none."""
    doses = [each.initial.at.date() for each in told.course.sessions.values() if each.initial]
    first = min(doses, default=None)
    for each in told.course.adverse_events.values():
        day = (each.started_on - first).days + 1 if first else 0
        event = Event(
            told.course.participant,
            each.system_organ_class or NOT_CODED,
            (each.coded_term or each.term).capitalize(),
            day,
            each.grade,
            each.serious,
            each.special_interest,
        )
        yield Happened(event, told.places(_about_event(each.key)))


def arisen(told: Told, protocol: Protocol, formulary: Formulary) -> Iterator[Arisen]:
    """Their intercurrent events, on days since registration as observations count them."""
    start = told.course.registered_at
    if start is None:
        return
    for each in intercurrent(told.course, protocol, formulary):
        day = (each.on - start.date()).days
        occurrence = Occurrence(told.course.participant, each.event, day)
        yield Arisen(occurrence, told.places(_telling(each.kinds, each.about)))


def guesses(told: Told, protocol: Protocol) -> Iterator[Guessed]:
    """What was believed about their arm, in the words of the protocol's arms."""
    labels = {arm.key: arm.label for arm in protocol.arms}
    for each in told.course.guesses.values():
        yield Guessed(
            told.course.participant,
            each.occasion,
            each.guesser,
            labels.get(each.guess, each.guess),
            each.certainty_percent,
            told.places(_at_sequence(each.sequence)),
        )


def _telling(names: tuple[str, ...], about: str) -> Callable[[Entry], bool]:
    def holds(entry: Entry) -> bool:
        fact: Any = entry.fact
        keys = {getattr(fact, name, "") for name in ("key", "event", "visit")}
        return fact.kind in names and (not about or about in keys)

    return holds


def _days(since: date | None, until: date) -> int | None:
    return None if since is None else max(1, (until - since).days + 1)


def of_kinds(*names: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.fact.kind in names


def _at_sequence(sequence: int) -> Callable[[Entry], bool]:
    return lambda entry: entry.sequence == sequence


def _about_event(key: str) -> Callable[[Entry], bool]:
    def holds(entry: Entry) -> bool:
        fact: Any = entry.fact
        return bool(fact.kind.startswith("safety.adverse-event-") and fact.event == key)

    return holds


def _of_visit(
    key: str,
    *names: str,
) -> Callable[[Entry], bool]:
    settling = names or (
        "visit.held", "visit.missed", "assessment.recorded", "dosing.session-opened",
        "aftercare.contact-recorded",
    )  # fmt: skip

    def holds(entry: Entry) -> bool:
        return entry.fact.kind in settling and getattr(entry.fact, "visit", "") == key

    return holds
