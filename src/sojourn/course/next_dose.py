"""Whether the next session goes on: decided after each one, by those the protocol names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, NextDose, changed, with_item
from sojourn.protocols.model import Dosing
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

DECISIONS = (("go-on", "Go on"), ("wait", "Wait"), ("stop", "Stop"))
DECIDERS = ("prescriber", "therapist")


@dataclass(frozen=True, slots=True)
class DecideNextDose:
    name: ClassVar[str] = "dosing.decide-next-dose"
    title: ClassVar[str] = "Decide on the next dose"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = DECIDERS
    signed: ClassVar[str] = "I have reviewed the last session; this is my decision on the next."

    at: Annotated[datetime, Ask("Decided at")]
    visit: Annotated[str, Ask("Next session", choices_from="dosing-visits")]
    decision: Annotated[str, Ask("Decision", choices=DECISIONS)]
    reasons: Annotated[str, Ask("Reasons", lines=3)]


@dataclass(frozen=True, slots=True)
class NextDoseDecided:
    """``after_session`` is the number of the session the decision follows."""

    kind: ClassVar[str] = "dosing.next-dose-decided"
    schema: ClassVar[int] = 1
    after_session: int
    visit: str
    decision: str
    reasons: str


def hindrances(course: Course, number: int, dosing: Dosing) -> Iterator[str]:
    """What speaks against session ``number``: no decision yet, or one to wait or stop."""
    if number == 1:
        return
    for role in DECIDERS:
        decided = course.next_dose.get((number - 1, role))
        if decided is None:
            if role in dosing.next_dose_decided_by:
                yield f"the {role} has not decided whether to go on after session {number - 1}"
        elif decided.decision != "go-on":
            yield f"the {role} decided to {decided.decision}: {decided.reasons}"


def decide_next(
    course: Course, command: DecideNextDose, circumstances: Circumstances
) -> tuple[Fact, ...]:
    visit = visits.find(circumstances, command.visit, "dosing")
    visits.refuse_twice(course, visit.key)
    number = visit.session or 0
    if number < 2:
        raise Refused("the first session follows from eligibility; decide on later ones", "visit")
    before = course.session(number - 1)
    if before is None or before.closed_at is None:
        raise Refused(f"session {number - 1} has not ended; the decision follows it", "visit")
    if command.at < before.closed_at:
        raise Refused(f"session {number - 1} closed at {before.closed_at:%Y-%m-%d %H:%M}", "at")
    reasons = command.reasons.strip()
    return (NextDoseDecided(number - 1, visit.key, command.decision, reasons),)


def decided(course: Course, fact: NextDoseDecided, entry: Entry) -> Course:
    decision = NextDose(entry.occurred_at, entry.author, fact.decision, fact.reasons)
    key = (fact.after_session, entry.role)
    return changed(course, next_dose=with_item(course.next_dose, key, decision))


DECIDE: Mapping[type, Any] = {DecideNextDose: decide_next}
EVOLVE: Mapping[type, Any] = {NextDoseDecided: decided}
