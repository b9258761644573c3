"""Going home: each criterion signed by whoever checked it, or a night at the site and a morning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import assessment, clearing, safety, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import Course, MorningCheck, Session, Signed, with_item, with_session
from sojourn.protocols.session_room import DischargeCriterion
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

LEAVES = (
    ("escort", "Taken home by an adult"),
    ("alone", "Goes home alone"),
    ("stays", "Stays longer"),
    ("transferred", "Transferred to a hospital"),
)


@dataclass(frozen=True, slots=True)
class SignDischarge:
    name: ClassVar[str] = "dosing.sign-discharge"
    title: ClassVar[str] = "Sign discharge criteria"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber")

    at: Annotated[datetime, Ask("Checked at")]
    criteria: Annotated[tuple[str, ...], Ask("I checked", choices_from="discharge")]


@dataclass(frozen=True, slots=True)
class CheckMorning:
    name: ClassVar[str] = "dosing.check-morning"
    title: ClassVar[str] = "Record the morning after a night at the site"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("therapist", "prescriber", "coordinator")

    at: Annotated[datetime, Ask("Seen at")]
    visit: Annotated[str, Ask("Session", choices_from="overnight-sessions")]
    oriented: Annotated[bool, Ask("Oriented to person, place and time")]
    distress: Annotated[int, Ask("Distress, 0 none to 10 most", at_least=0, at_most=10)]
    leaves_with: Annotated[str, Ask("Then", choices=LEAVES)]
    note: Annotated[str, Ask("Note", lines=2, optional=True)] = ""


@dataclass(frozen=True, slots=True)
class DischargeCriterionSigned:
    kind: ClassVar[str] = "dosing.discharge-criterion-signed"
    schema: ClassVar[int] = 1
    visit: str
    criterion: str


@dataclass(frozen=True, slots=True)
class MorningChecked:
    kind: ClassVar[str] = "dosing.morning-checked"
    schema: ClassVar[int] = 1
    visit: str
    oriented: bool
    distress: int
    leaves_with: str
    note: str


def lacking(
    course: Course, session: Session, at: datetime, circumstances: Circumstances
) -> tuple[str, ...]:
    """Every criterion that is not signed or does not hold at that moment; empty when all do."""
    return tuple(
        why
        for criterion in planned(circumstances)
        for why in _against(course, session, criterion, at, circumstances)
    )


def planned(circumstances: Circumstances) -> tuple[DischargeCriterion, ...]:
    """The protocol's criteria for going home."""
    dosing = circumstances.protocol.dosing
    return dosing.discharge if dosing else ()


def does_not_hold(
    course: Course,
    session: Session,
    criterion: DischargeCriterion,
    at: datetime,
    circumstances: Circumstances,
) -> str:
    """Why the record itself speaks against the criterion at that moment; empty when it does not."""
    if criterion.needs == "planned-hours" and session.initial and circumstances.protocol.dosing:
        minutes = int((at - session.initial.at).total_seconds() // 60)
        wanted = circumstances.protocol.dosing.lasting_min
        return f"{minutes} of {wanted} minutes have passed" if minutes < wanted else ""
    if criterion.needs == "vitals-in-limits":
        return "; ".join(clearing.vital_signs(session, at, circumstances.clearance))
    if criterion.needs == "assessment":
        instrument = circumstances.instruments.get(criterion.instrument)
        rated = course.assessments.get((session.visit, criterion.instrument))
        if instrument is None or rated is None:
            return f"{criterion.instrument} was not assessed at this session"
        if assessment.score_of(rated, instrument).missing:
            return f"{instrument.name} is not complete"
    return ""


def sign(course: Course, command: SignDischarge, circumstances: Circumstances) -> tuple[Fact, ...]:
    session = visits.in_session(course, command.at)
    if session.initial is None:
        raise Refused("no dose was given; nothing of it has to wear off before going home")
    if not command.criteria:
        raise Refused("sign at least one criterion", "criteria")
    listed = {each.key: each for each in planned(circumstances)}
    for key in dict.fromkeys(command.criteria):
        if key not in listed:
            raise Refused(f"the protocol has no discharge criterion '{key}'", "criteria")
        why = does_not_hold(course, session, listed[key], command.at, circumstances)
        if why:
            raise Refused(f"{listed[key].label}: {why}", "criteria")
    return tuple(
        DischargeCriterionSigned(session.visit, key) for key in dict.fromkeys(command.criteria)
    )


def check_morning(
    course: Course, command: CheckMorning, circumstances: Circumstances
) -> tuple[Fact, ...]:
    visits.find(circumstances, command.visit, "dosing")
    session = course.sessions.get(command.visit)
    if session is None or session.closed_at is None or session.homeward != "overnight-stay":
        raise Refused(f"nobody stayed overnight after '{command.visit}'", "visit")
    if session.morning:
        raise Refused(f"the morning was recorded at {session.morning.at:%Y-%m-%d %H:%M}", "visit")
    if command.at <= session.closed_at:
        raise Refused(f"the session closed at {session.closed_at:%Y-%m-%d %H:%M}; later", "at")
    fact = MorningChecked(
        session.visit,
        command.oriented,
        command.distress,
        command.leaves_with,
        command.note.strip(),
    )
    if command.oriented and command.leaves_with not in ("stays", "transferred"):
        return (fact,)
    label = f"Morning after session {session.number}: " + (
        dict(LEAVES)[command.leaves_with].lower() if command.oriented else "not oriented"
    )
    return (fact, safety.new_alert(course, "morning-after", label, session.visit))


def signed(course: Course, fact: DischargeCriterionSigned, entry: Entry) -> Course:
    session = course.sessions[fact.visit]
    signature = Signed(entry.occurred_at, entry.author)
    kept = with_item(session.discharge, fact.criterion, signature)
    return with_session(course, replace(session, discharge=kept))


def morning_checked(course: Course, fact: MorningChecked, entry: Entry) -> Course:
    check = MorningCheck(entry.occurred_at, fact.oriented, fact.distress, fact.leaves_with)
    return with_session(course, replace(course.sessions[fact.visit], morning=check))


def _against(
    course: Course,
    session: Session,
    criterion: DischargeCriterion,
    at: datetime,
    circumstances: Circumstances,
) -> Iterator[str]:
    why = does_not_hold(course, session, criterion, at, circumstances)
    if why:
        yield f"{criterion.label}: {why}"
    elif criterion.key not in session.discharge:
        yield f"{criterion.label}: not signed"


DECIDE: Mapping[type, Any] = {SignDischarge: sign, CheckMorning: check_morning}
EVOLVE: Mapping[type, Any] = {
    DischargeCriterionSigned: signed,
    MorningChecked: morning_checked,
}
