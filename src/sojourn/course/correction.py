"""Corrections: the wrong entry stays, the right one says which it replaces and why.

A corrected course is the fold over the *effective* history: each corrected
entry reads as its latest correction, in its own place and with its own time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from sojourn.course.state import Course, changed
from sojourn.record.command import Refused
from sojourn.record.entry import Entry, Fact

Reader = Callable[[str, int, str], Fact]
# Decisions are not corrected: what was decided was decided, and is followed by another decision.
CORRECTABLE = frozenset(
    {
        "assessment.recorded",
        "medication.recorded",
        "medication.stopped",
        "visit.held",
        "aftercare.contact-recorded",
        "dosing.vitals-recorded",
        "dosing.observation-noted",
        "dosing.note-written",
        "safety.adverse-event-recorded",
        "screening.participant-registered",
        "blinding.guess-recorded",
    }
)
# Nobody else knows what was meant, and nobody else may see it.
CORRECTED_BY_ITS_AUTHOR = frozenset({"blinding.guess-recorded"})
# What others refer to a fact by; it stays when the rest is corrected.
IDENTITY = {"medication.recorded": "key", "safety.adverse-event-recorded": "event"}


@dataclass(frozen=True, slots=True)
class Corrected:
    """Replaces the fact of entry ``corrects``; ``text`` is the right fact's canonical JSON.

    ``happened_at`` is the right time in ISO 8601, empty when the time stands.
    """

    kind: ClassVar[str] = "record.corrected"
    schema: ClassVar[int] = 1
    corrects: int
    of_kind: str
    of_schema: int
    text: str
    happened_at: str


def effective(entries: Iterable[Entry], read: Reader) -> tuple[Entry, ...]:
    """The entries as they read after every correction among them; corrections drop out."""
    entries = tuple(entries)
    latest = {
        entry.fact.corrects: entry.fact for entry in entries if isinstance(entry.fact, Corrected)
    }
    if not latest:
        return entries
    return tuple(
        _corrected(entry, latest[entry.sequence], read) if entry.sequence in latest else entry
        for entry in entries
        if not isinstance(entry.fact, Corrected)
    )


def without(entries: Sequence[Entry], sequence: int) -> tuple[Entry, ...]:
    """The history as if that entry had not been written: what its correction is decided on."""
    return tuple(entry for entry in entries if entry.sequence != sequence)


def find(entries: Sequence[Entry], sequence: int) -> Entry:
    """The correctable entry of that sequence.

    Raises
    ------
    Refused
        If there is none, or it is a decision, which is not corrected.
    """
    entry = next((each for each in entries if each.sequence == sequence), None)
    if entry is None:
        raise Refused(f"this course has no entry {sequence}")
    if entry.fact.kind not in CORRECTABLE:
        raise Refused(f"entry {sequence} is a decision ({entry.fact.kind}); decide anew instead")
    return entry


def require_author(wrong: Entry, author: str) -> None:
    """Refuse to let anyone but its author correct what only they can know.

    Raises
    ------
    Refused
        Naming the entry.
    """
    if wrong.fact.kind in CORRECTED_BY_ITS_AUTHOR and wrong.author != author:
        raise Refused(f"entry {wrong.sequence} is corrected only by who wrote it")


def as_it_reads(entries: Sequence[Entry], sequence: int, read: Reader) -> Entry:
    """The correctable entry of that sequence, as its latest correction has it.

    Raises
    ------
    Refused
        If there is none, or it is not corrected.
    """
    find(entries, sequence)
    return find(effective(entries, read), sequence)


def as_consented(before: Course, then: Course, now: Course, at: datetime) -> Course:
    """``before`` with the consent under which the wrong entry was made.

    A withdrawal since then leaves a typing error to be put right, but brings nothing that
    happened at or after it onto the record. ``then`` is the course up to the wrong entry.
    """
    ended = now.consents[-1].withdrawn_at if now.consents else None
    if ended and at >= ended:
        return before
    return changed(before, consents=then.consents)


def under_its_name(wrong: Entry, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """``facts`` decided anew, the first under the name that the rest of the record knows.

    What follows from it (an alert, a reporting clock) keeps pointing at it.
    """
    right, *others = facts
    field = IDENTITY.get(right.kind)
    if field is None or right.kind != wrong.fact.kind:
        return facts
    name, fresh = getattr(wrong.fact, field), getattr(right, field)
    renamed = (
        replace(each, **dict.fromkeys(_pointing_at(each, fresh), name))  # type: ignore[type-var]
        for each in others
    )
    return (replace(right, **{field: name}), *renamed)  # type: ignore[type-var]


def _pointing_at(fact: Fact, name: str) -> tuple[str, ...]:
    return tuple(field for field in ("visit", "event") if getattr(fact, field, None) == name)


def correct(
    wrong: Entry, facts: Sequence[Fact], happened_at: datetime, schema_and_text: tuple[int, str]
) -> tuple[Fact, ...]:
    """The correction of ``wrong`` by the first of ``facts``; the rest (alerts) follow as they are.

    ``schema_and_text`` is the stored form of that first fact.
    """
    right, *others = facts
    if right.kind != wrong.fact.kind:
        raise Refused(
            f"entry {wrong.sequence} is '{wrong.fact.kind}'; it can't become '{right.kind}'"
        )
    moved = "" if happened_at == wrong.occurred_at else happened_at.isoformat()
    if right == wrong.fact and not moved:
        raise Refused("nothing was changed; a correction changes something")
    schema, text = schema_and_text
    return (Corrected(wrong.sequence, right.kind, schema, text, moved), *others)


def _corrected(entry: Entry, correction: Corrected, read: Reader) -> Entry:
    fact = read(correction.of_kind, correction.of_schema, correction.text)
    at = correction.happened_at
    if not at:
        return replace(entry, fact=fact)
    # In the zone of the entry, so that its date is the same people's day.
    moved = datetime.fromisoformat(at).astimezone(entry.occurred_at.tzinfo)
    return replace(entry, fact=fact, occurred_at=moved)
