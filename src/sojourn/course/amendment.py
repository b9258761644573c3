"""Which version of the protocol a course follows: the one it enrolled under, until it is moved.

Nobody is moved by an amendment itself. Each participant is moved explicitly, under the consent
form that belongs to the new version, and what has happened stays planned as it was then.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent
from sojourn.course.amendment_state import Move
from sojourn.course.circumstances import Circumstances
from sojourn.course.schedule import plan
from sojourn.course.state import Course
from sojourn.protocols import amending
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

Texts = Callable[[str], Protocol]  # the protocol whose text has that SHA-256


@dataclass(frozen=True, slots=True)
class MoveToVersion:
    name: ClassVar[str] = "protocol.move"
    title: ClassVar[str] = "Move to the amended protocol"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "coordinator", "sponsor")
    signed: ClassVar[str] = "I have seen what changes for this participant and move them."

    at: Annotated[datetime, Ask("Moved at")]
    protocol_version: Annotated[str, Ask("Version", choices_from="amended-versions")]
    reason: Annotated[str, Ask("Why now", lines=2)]


@dataclass(frozen=True, slots=True)
class VersionFollowed:
    """Enrolled under a version later than the one the programme was founded on."""

    kind: ClassVar[str] = "protocol.version-followed"
    schema: ClassVar[int] = 1
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class MovedToVersion:
    kind: ClassVar[str] = "protocol.moved-to-version"
    schema: ClassVar[int] = 1
    version: str
    digest: str
    reason: str


def followed(
    course: Course, founding: Protocol, text: Texts, at: datetime | None = None
) -> Protocol:
    """The protocol of this course now, or as it was followed at that moment.

    ``founding`` is the version the programme was founded on.
    """
    protocol = text(course.enrolled_under) if course.enrolled_under else founding
    for move in course.moves:
        if at is not None and at <= move.since:
            break
        protocol = carried_over(course, protocol, text(move.digest), move)
    return protocol


def carried_over(course: Course, before: Protocol, after: Protocol, move: Move) -> Protocol:
    """``after`` for this course from that move on.

    A visit new in it whose window had closed by then is not asked for: nobody could have come.
    """
    kept = move.kept | settled(course, move.since)
    protocol = amending.carried_over(before, after, kept, move.since)
    old = {each.key for each in before.visits}
    needed = amending.referred_to(protocol)
    too_late = [
        each.visit.key
        for each in plan(course, protocol)
        if each.visit.key not in old
        and each.visit.key not in needed
        and each.on is None
        and each.latest is not None
        and each.latest < move.since.date()
    ]
    if not too_late:
        return protocol
    return replace(protocol, visits=amending.without(protocol.visits, too_late))


def settled(course: Course, until: datetime) -> frozenset[str]:
    """Visits something was recorded of that happened by then."""
    return frozenset(
        (
            *(key for key, each in course.visits.items() if each.at <= until),
            *(visit for (visit, _), each in course.assessments.items() if each.at <= until),
            *(key for key, each in course.sessions.items() if each.opened_at <= until),
        )
    )


def obstacles(course: Course, before: Protocol, after: Protocol) -> Iterator[str]:
    """What of the past the new version makes impossible; nothing where all of it has a place."""
    arms = {each.key for each in after.arms}
    lost = sorted(each.key for each in before.arms if each.key not in arms)
    if course.arm and course.arm not in arms:
        lost = [course.arm]
    # Under a seal nobody knows whose arm is gone: it may be theirs.
    if course.randomised_at and lost and (course.arm in lost or not course.arm):
        yield f"randomised on {course.randomised_at:%Y-%m-%d}, and it has no arm {lost[0]} any more"
    given = sum(1 for each in course.sessions.values() if each.initial)
    planned = len(after.dosing.sessions) if after.dosing else 0
    if given > planned:
        yield f"{given} dosing sessions were given; it has {planned}"
    if given and before.dosing and after.dosing and before.dosing.unit != after.dosing.unit:
        yield f"doses were given in {before.dosing.unit}; it counts them in {after.dosing.unit}"
    for visit in (each for each in before.visits if each.key in _all_settled(course)):
        other = after.visit(visit.key)
        if other and (other.phase, other.session) != (visit.phase, visit.session):
            yield (
                f"{visit.label} took place in {visit.phase}; it has '{visit.key}' in {other.phase}"
            )
    turned = amending.turned_round(before, after)
    if turned:
        yield f"it counts '{turned}' from a visit that was counted from '{turned}' before"


def move(course: Course, command: MoveToVersion, circumstances: Circumstances) -> tuple[Fact, ...]:
    amended = circumstances.amended
    before = circumstances.protocol
    if amended is None or amended.protocol.version != command.protocol_version:
        raise Refused(
            f"version '{command.protocol_version}' is not in force here", "protocol_version"
        )
    if amended.protocol.digest == before.digest:
        raise Refused(f"they follow {before.version} already", "protocol_version")
    if course.open_session:
        raise Refused(f"{course.open_session.visit} is still open; close the session first")
    if command.at < amended.since:
        raise Refused(f"it holds since {amended.since:%Y-%m-%d %H:%M}; give a later time", "at")
    if late := settled(course, circumstances.now) - settled(course, command.at):
        raise Refused(
            f"{min(late)} was recorded for after {command.at:%Y-%m-%d %H:%M}; give a later time",
            "at",
        )
    for obstacle in obstacles(course, before, amended.protocol):
        raise Refused(f"version {amended.protocol.version} does not fit: {obstacle}")
    if lacking := consent_lacking(course, amended.consent_version, circumstances):
        raise Refused(f"{lacking}; let them sign it first")
    if not command.reason.strip():
        raise Refused("say why they are moved now", "reason")
    return (
        MovedToVersion(amended.protocol.version, amended.protocol.digest, command.reason.strip()),
    )


def consent_lacking(course: Course, needed: str, circumstances: Circumstances) -> str:
    """Why they can't be moved under the form they signed; empty when they can.

    ``needed`` is the form that belongs to the new version; empty when the form stays. Who has
    signed nothing yet signs the form in force anyway.
    """
    if not course.consents:
        return ""
    if why := consent.hindrance(course, circumstances, treatment=False):
        return why
    approved = circumstances.clearance.consent_versions
    signed = course.consents[-1].version
    if needed and (needed not in approved or approved.index(signed) < approved.index(needed)):
        return f"they signed consent form {signed}; this version asks for {needed}"
    return ""


def _all_settled(course: Course) -> frozenset[str]:
    visits = (*course.visits, *course.sessions, *(visit for visit, _ in course.assessments))
    return frozenset(visits)


def enrolled(course: Course, fact: VersionFollowed, entry: Entry) -> Course:
    return replace(course, enrolled_under=fact.digest)


def moved(course: Course, fact: MovedToVersion, entry: Entry) -> Course:
    # Also what the fold knew then stays: a missed visit of that version may be held later on.
    made = Move(fact.digest, fact.version, entry.occurred_at, _all_settled(course))
    return replace(course, moves=(*course.moves, made))


DECIDE: Mapping[type, Any] = {MoveToVersion: move}
EVOLVE: Mapping[type, Any] = {VersionFollowed: enrolled, MovedToVersion: moved}
