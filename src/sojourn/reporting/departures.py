"""Deviations of one course for a report, each with the entries it is found in."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from sojourn.analysis.report import Deviation
from sojourn.course import deviations
from sojourn.ledger.cut import Told
from sojourn.protocols.model import Protocol, Visit
from sojourn.record.entry import Entry

# Kinds of entry that a deviation at a visit is found in. What is missing rests on those around it.
AT_VISIT = (
    "visit.held", "visit.missed", "assessment.recorded", "dosing.session-opened",
    "aftercare.contact-recorded",
)  # fmt: skip
IN_SESSION = ("dosing.session-opened", "dosing.dose-given", "dosing.session-closed")
FOUND_IN: dict[str, tuple[str, ...]] = {
    "dose": (*IN_SESSION, "deviation.recorded"),
    "session": IN_SESSION,
    "vitals": (*IN_SESSION, "dosing.vitals-recorded"),
    "guess": (*AT_VISIT, "dosing.session-closed", "blinding.guess-recorded"),
}
RECORDED = "Dose given against a rule, on record"


def departures(told: Told, protocol: Protocol, day: date) -> Iterator[Deviation]:
    """The deviations that stood on ``day``, and doses withheld."""
    course, labels = told.course, dict(deviations.CATEGORIES)
    for each in deviations.known(course, protocol, day):
        made = course.classified.get(each.key)
        yield Deviation(
            course.participant,
            RECORDED if each.recorded else labels[each.category],
            _label(protocol.visit(each.visit), each.visit),
            told.places(_telling(each)),
            made.classification if made else "",
        )
    for session in course.sessions.values():
        for which in sorted({each.which for each in session.withheld}):
            yield Deviation(
                course.participant,
                f"{which.capitalize()} dose withheld",
                _label(protocol.visit(session.visit), session.visit),
                told.places(_withheld_at(session.visit)),
                foreseen=True,
            )


def _telling(each: deviations.Deviation) -> Callable[[Entry], bool]:
    kinds = FOUND_IN.get(each.category, AT_VISIT)

    def holds(entry: Entry) -> bool:
        fact: Any = entry.fact
        if fact.kind == "deviation.classified":
            return bool(fact.deviation == each.key)
        return fact.kind in kinds and bool(getattr(fact, "visit", "") == each.visit)

    return holds


def _withheld_at(visit: str) -> Callable[[Entry], bool]:
    def holds(entry: Entry) -> bool:
        fact: Any = entry.fact
        return bool(fact.kind == "dosing.dose-withheld" and fact.visit == visit)

    return holds


def _label(visit: Visit | None, key: str) -> str:
    """Its label; the daily contacts after one session are told together."""
    if visit is None:
        return key
    if visit.phase == "aftercare" and visit.session:
        return f"Contacts after session {visit.session}"
    return visit.label
