"""Emergency unblinding: one participant's arm, shown once to the one who had to know it.

Two people stand for it, except at night where the site allows one alone; then an alert says
so at once. The arm is in no entry here: it stays under the seal, and whoever asked sees it
(ICH E6(R3) on unblinding for safety, unverified).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course.circumstances import Circumstances
from sojourn.course.safety import UNBLINDING_ALONE, new_alert
from sojourn.course.state import Course, changed, with_item
from sojourn.course.unblinding_state import Unblinding
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

ASKING = ("prescriber", "therapist")
ANSWERING = ("prescriber", "therapist", "coordinator", "pharmacist", "sponsor", "monitor")
ALONE_FROM, ALONE_UNTIL = "unblinding-alone-from-hour", "unblinding-alone-until-hour"
ANSWERS = (("confirmed", "The arm must be known now"), ("declined", "It need not be known"))
WORDS = 12  # characters of a reason
RATER = "independent-rater"


@dataclass(frozen=True, slots=True)
class RequestUnblinding:
    name: ClassVar[str] = "safety.request-unblinding"
    title: ClassVar[str] = "Ask for emergency unblinding"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ASKING

    at: Annotated[datetime, Ask("Asked at")]
    reason: Annotated[
        str,
        Ask("Why the arm must be known to treat them", help="Not what you guess.", lines=3),
    ]
    alone: Annotated[
        bool,
        Ask(
            "Nobody can be reached to confirm it",
            help="Allowed at night only, where the site says so. Those who oversee it are told.",
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class AnswerUnblinding:
    name: ClassVar[str] = "safety.answer-unblinding"
    title: ClassVar[str] = "Answer a request to unblind"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ANSWERING

    at: Annotated[datetime, Ask("Answered at")]
    request: Annotated[str, Ask("Request", choices_from="unblinding-requests")]
    answer: Annotated[str, Ask("Answer", choices=ANSWERS)]
    comment: Annotated[str, Ask("In your own words", lines=2)]


@dataclass(frozen=True, slots=True)
class RevealAllocation:
    """Asked for by the page that then shows the arm, never by a form."""

    name: ClassVar[str] = "safety.reveal-allocation"
    title: ClassVar[str] = "See the arm"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ASKING

    at: Annotated[datetime, Ask("Seen at")]
    request: Annotated[str, Ask("Request")]


@dataclass(frozen=True, slots=True)
class UnblindingRequested:
    kind: ClassVar[str] = "safety.unblinding-requested"
    schema: ClassVar[int] = 1
    request: str
    reason: str
    alone: bool


@dataclass(frozen=True, slots=True)
class UnblindingAnswered:
    kind: ClassVar[str] = "safety.unblinding-answered"
    schema: ClassVar[int] = 1
    request: str
    answer: str
    comment: str


@dataclass(frozen=True, slots=True)
class ParticipantUnblinded:
    """That the arm was seen, and who had rated the participant till then; never which arm."""

    kind: ClassVar[str] = "safety.participant-unblinded"
    schema: ClassVar[int] = 1
    request: str
    raters: tuple[str, ...]


def request(
    course: Course, command: RequestUnblinding, circumstances: Circumstances
) -> tuple[Fact, ...]:
    plan = circumstances.protocol.randomisation
    if plan is None or not plan.blinded:
        raise Refused(f"protocol {circumstances.protocol.key} is not blinded")
    if course.randomised_at is None:
        raise Refused("the participant is not randomised; there is no arm to know")
    reason = command.reason.strip()
    if len(reason) < WORDS:
        raise Refused("say in a few words why the arm must be known", "reason")
    waiting = [each for each in course.unblindings.values() if each.open]
    if waiting:
        raise Refused(f"{waiting[0].by} asked at {waiting[0].at:%Y-%m-%d %H:%M} already")
    if command.alone:
        _refuse_by_day(circumstances)
    key = f"unblinding-{len(course.unblindings) + 1}"
    asked = f"Emergency unblinding asked for by {circumstances.author}: {reason}"
    what = "alone, at night" if command.alone else "a second person is to answer"
    # Who oversees the site answers for a night on which nobody else was asked.
    rule = UNBLINDING_ALONE if command.alone else "unblinding-asked"
    return (
        UnblindingRequested(key, reason, command.alone),
        new_alert(course, rule, f"{asked} ({what})", ""),
    )


def _refuse_by_day(circumstances: Circumstances) -> None:
    clearance = circumstances.clearance
    first, until = clearance.setting(ALONE_FROM), clearance.setting(ALONE_UNTIL)
    if first is None or until is None:
        raise Refused("this site lets nobody unblind alone; call a second person", "alone")
    # The server's own clock decides, not the time that is written in the form.
    if not at_night(circumstances.now.hour, first, until):
        raise Refused(
            f"alone is for {first}:00 to {until}:00 only and it is {circumstances.now:%H:%M}; "
            "call a second person",
            "alone",
        )


def at_night(hour: int, first: int, until: int) -> bool:
    """Whether ``hour`` lies in the night from ``first`` to before ``until``; none if equal."""
    if first <= until:
        return first <= hour < until
    return hour >= first or hour < until


def answer(
    course: Course, command: AnswerUnblinding, circumstances: Circumstances
) -> tuple[Fact, ...]:
    asked = _asked(course, command.request)
    if asked.answer:
        raise Refused(f"it was {asked.answer} by {asked.answered_by}", "request")
    if asked.alone:
        raise Refused(f"{asked.by} asked alone, at night; nobody answers it", "request")
    if asked.by == circumstances.author:
        raise Refused("you asked for it; someone else answers", "request")
    if command.at < asked.at:
        raise Refused(f"it was asked at {asked.at:%Y-%m-%d %H:%M}; give a later time", "at")
    if len(command.comment.strip()) < 4:
        raise Refused("say in a few words what you looked at", "comment")
    return (UnblindingAnswered(asked.key, command.answer, command.comment.strip()),)


def reveal(
    course: Course, command: RevealAllocation, circumstances: Circumstances
) -> tuple[Fact, ...]:
    asked = _asked(course, command.request)
    if asked.by != circumstances.author:
        raise Refused(f"{asked.by} asked for it; nobody else sees the arm", "request")
    if asked.shown_at:
        raise Refused(f"the arm was shown at {asked.shown_at:%Y-%m-%d %H:%M}, once", "request")
    if not asked.may_be_shown:
        raise Refused("nobody has confirmed it yet; a second person answers first", "request")
    raters = tuple(
        sorted({each.author for each in course.assessments.values() if each.role == RATER})
    )
    told = f"; keep it from the rater ({', '.join(raters)})" if raters else ""
    label = f"{course.participant} was unblinded: {asked.by} has seen the arm{told}"
    return (
        ParticipantUnblinded(asked.key, raters),
        new_alert(course, "unblinded", label, ""),
    )


def _asked(course: Course, key: str) -> Unblinding:
    found = course.unblindings.get(key)
    if found is None:
        raise Refused(f"there is no request '{key}'", "request")
    return found


def requested(course: Course, fact: UnblindingRequested, entry: Entry) -> Course:
    made = Unblinding(fact.request, fact.reason, entry.author, entry.occurred_at, fact.alone)
    return changed(course, unblindings=with_item(course.unblindings, made.key, made))


def answered(course: Course, fact: UnblindingAnswered, entry: Entry) -> Course:
    return _changed(
        course,
        fact.request,
        answer=fact.answer,
        answered_by=entry.author,
        answered_at=entry.occurred_at,
        comment=fact.comment,
    )


def unblinded(course: Course, fact: ParticipantUnblinded, entry: Entry) -> Course:
    return _changed(course, fact.request, shown_at=entry.occurred_at, raters=fact.raters)


def _changed(course: Course, key: str, **changes: Any) -> Course:
    made = replace(course.unblindings[key], **changes)
    return changed(course, unblindings=with_item(course.unblindings, key, made))


DECIDE: Mapping[type, Any] = {
    RequestUnblinding: request,
    AnswerUnblinding: answer,
    RevealAllocation: reveal,
}
EVOLVE: Mapping[type, Any] = {
    UnblindingRequested: requested,
    UnblindingAnswered: answered,
    ParticipantUnblinded: unblinded,
}
