"""What a visitor sees of queries, source verification and locks, and may do about them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sojourn.clinic.access import Visitor
from sojourn.conduct import blinding
from sojourn.course import UNDER_A_LOCK, WHILE_FROZEN, locking, queries, verification
from sojourn.course.quality_state import Query
from sojourn.course.state import Course
from sojourn.ledger import clock, programmes
from sojourn.protocols.model import Protocol
from sojourn.record.entry import Entry

Choices = tuple[tuple[str, str], ...]
EVERYTHING = 100  # percent, while no monitoring plan is set


def sees(visitor: Visitor, about: str, visit: str) -> bool:
    """Whether this visitor may see an entry of that kind and visit, and so what is asked of it."""
    known = programmes.planned_visit(visitor.standing, visit)
    return blinding.may_see(visitor.role, about) and (
        known is None or blinding.may_see_visit(visitor.role, known.rated_by)
    )


def seen(visitor: Visitor, course: Course) -> tuple[Query, ...]:
    """The queries of a course that this visitor may see, those not closed first."""
    found = [each for each in course.queries.values() if sees(visitor, each.about, each.visit)]
    return tuple(sorted(found, key=lambda each: (each.standing == "closed", each.due_on)))


def choices(visitor: Visitor, course: Course) -> Mapping[str, Choices]:
    """The queries that this visitor may answer, close or reopen."""
    mine = seen(visitor, course)
    theirs = [each for each in mine if queries.may_close(each, visitor.person.name, visitor.role)]
    return {
        "queries-to-answer": _labels(each for each in mine if each.standing != "closed"),
        "queries-to-close": _labels(each for each in theirs if each.standing != "closed"),
        "queries-to-reopen": _labels(each for each in theirs if each.standing != "open"),
    }


def sensible(course: Course, offered: Mapping[str, Choices]) -> Mapping[str, bool]:
    """Whether each command about quality has something to act on."""
    held = locking.state(course)
    return {
        "quality.answer-query": bool(offered["queries-to-answer"]),
        "quality.close-query": bool(offered["queries-to-close"]),
        "quality.reopen-query": bool(offered["queries-to-reopen"]),
        "quality.verify-source": bool(course.entered),
        "quality.freeze": bool(course.ended) and not held,
        "quality.unfreeze": held == "frozen",
        "quality.lock": held == "frozen",
        "quality.unlock": held == "locked",
    }


def enters(course: Course, command: type[Any]) -> bool:
    """Whether the freeze or lock of a course lets this command in."""
    held = locking.state(course)
    if not held or issubclass(command, UNDER_A_LOCK):
        return True
    return held == "frozen" and issubclass(command, WHILE_FROZEN)


def to_verify(
    visitor: Visitor, entries: Iterable[Entry], course: Course, asked: Mapping[str, str]
) -> Choices:
    """The unverified entries to choose from: all, of one visit, or those the sample asks for."""
    plan = visitor.standing.programme.monitoring_plan
    shares = (plan.critical_percent, plan.other_percent) if plan else (EVERYTHING, EVERYTHING)
    found = verification.to_verify(entries, course)
    if visit := asked.get("visit"):
        found = tuple(each for each in found if getattr(each.fact, "visit", "") == visit)
    if asked.get("sample"):
        found = tuple(each for each in found if verification.sampled(each, *shares))
    protocol = visitor.standing.protocol
    return tuple((str(each.sequence), _entry(each, protocol)) for each in found)


def askable(visitor: Visitor, entries: Iterable[Entry], course: Course) -> frozenset[int]:
    """Sequences of the entries that this visitor may ask about."""
    if visitor.role not in queries.ASKING or not enters(course, queries.OpenQuery):
        return frozenset()
    return frozenset(
        each.sequence
        for each in entries
        if not each.fact.kind.startswith((*queries.NOT_ASKED_ABOUT, "record."))
    )


def verified(entries: Iterable[Entry], course: Course) -> frozenset[int]:
    """Sequences of the entries that are verified against source as they read now."""
    return frozenset(
        each.sequence for each in entries if verification.is_verified(course, each.sequence)
    )


def _labels(found: Iterable[Query]) -> Choices:
    return tuple((each.key, f"{each.key}: {each.question}") for each in found)


def _entry(entry: Entry, protocol: Protocol) -> str:
    visit = protocol.visit(getattr(entry.fact, "visit", ""))
    parts = [
        f"{entry.sequence}",
        verification.KINDS[entry.fact.kind],
        *([visit.label] if visit else []),
        *(
            str(getattr(entry.fact, name))
            for name in ("instrument", "term", "name", "medicine", "which", "moment")
            if getattr(entry.fact, name, "")
        ),
        f"{clock.here(entry.occurred_at):%Y-%m-%d %H:%M}",
    ]
    return ", ".join(parts)
