"""Who a participant is stays out of the record; that it is known, and its erasure, are on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from sojourn.course import safety
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, changed
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

DUPLICATE = "possible-duplicate"


@dataclass(frozen=True, slots=True)
class Match:
    """Another participant on this record who may be the same person."""

    programme: str
    participant: str
    kind: Literal["same", "close"]


@dataclass(frozen=True, slots=True)
class RecordIdentity:
    """Given by the vault once it has kept what it was told; ``matches`` are what it found."""

    name: ClassVar[str] = "identity.record"
    title: ClassVar[str] = "Record who the participant is"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("coordinator", "prescriber", "therapist", "sponsor")

    at: Annotated[datetime, Ask("Recorded at")]
    fields: tuple[str, ...]
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class EraseIdentity:
    name: ClassVar[str] = "identity.erase"
    title: ClassVar[str] = "Erase who the participant is"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)

    at: Annotated[datetime, Ask("Erased at")]
    ground: Annotated[str, Ask("On what ground", help="A request, and who weighed it.", lines=2)]


@dataclass(frozen=True, slots=True)
class IdentityRecorded:
    """Only which fields are known; their content is in the vault."""

    kind: ClassVar[str] = "identity.recorded"
    schema: ClassVar[int] = 1
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentityErased:
    kind: ClassVar[str] = "identity.erased"
    schema: ClassVar[int] = 1
    ground: str


def record(
    course: Course, command: RecordIdentity, circumstances: Circumstances
) -> tuple[Fact, ...]:
    if not command.fields:
        raise Refused("say at least name and date of birth", "family_name")
    known = {alert.label for alert in course.open_alerts if alert.rule == DUPLICATE}
    labels = [each for each in map(_label, command.matches) if each not in known]
    return (
        IdentityRecorded(command.fields),
        *(
            safety.new_alert(course, DUPLICATE, label, "", after=number)
            for number, label in enumerate(labels)
        ),
    )


def erase(course: Course, command: EraseIdentity, circumstances: Circumstances) -> tuple[Fact, ...]:
    if not course.identity_known:
        raise Refused("nothing is kept about who this participant is")
    return (IdentityErased(command.ground),)


def recorded(course: Course, fact: IdentityRecorded, entry: Entry) -> Course:
    return changed(course, identity_known=True)


def erased(course: Course, fact: IdentityErased, entry: Entry) -> Course:
    return changed(course, identity_known=False)


def _label(match: Match) -> str:
    likeness = "has the same name and day of birth" if match.kind == "same" else "is much alike"
    return (
        f"may be screened twice: {match.participant} of {match.programme} {likeness}; "
        "find out whether this is one person"
    )


DECIDE: Mapping[type, Any] = {RecordIdentity: record, EraseIdentity: erase}
EVOLVE: Mapping[type, Any] = {IdentityRecorded: recorded, IdentityErased: erased}
