"""A dose that was given against a rule: recorded as it was, with every rule it broke.

Nothing here lets a dose be given. The session room withholds what may not be given
(``dosing``); this is for what nevertheless happened, so that the record tells the truth. It
always raises an alert, which the prescriber or the programme lead must act on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import clearing, safety, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.deviation_state import AgainstRule, Classified
from sojourn.course.deviations import CLASSES, WORDS
from sojourn.course.dosing import TEAM, DoseGiven, SessionClosed, SessionOpened
from sojourn.course.state import Course, Session, changed, with_item
from sojourn.protocols.model import Dosing, Visit
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class RecordDoseAgainstRule:
    name: ClassVar[str] = "deviation.record-dose"
    title: ClassVar[str] = "Record a dose that was given against a rule"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Was given at", help="When it happened, not now.")]
    visit: Annotated[str, Ask("Session", choices_from="all-dosing-visits")]
    level_mg: Annotated[int, Ask("Level on the label", at_least=1, at_most=10_000)]
    given_by: Annotated[str, Ask("Given by", choices_from="practitioners")]
    happened: Annotated[
        bool,
        Ask(
            "Has this dose already been given?",
            help="This asks for no permission. A dose still to come is given in the session room, "
            "where the rules decide.",
        ),
    ]
    classification: Annotated[str, Ask("How grave", choices=CLASSES)]
    cause: Annotated[str, Ask("How it came about", lines=3, longest=1000)]
    decided_by: Annotated[str, Ask("Who decided to give it", longest=120)]
    action: Annotated[str, Ask("What was done since", lines=3, longest=1000)]
    container: Annotated[str, Ask("Container number", help="As on the label.", optional=True)] = ""
    witness: Annotated[
        str, Ask("Witness, if there was one", choices_from="practitioners", optional=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class DeviationRecorded:
    """``dose`` is which dose of the session it was; ``rules`` are those it broke, in words."""

    kind: ClassVar[str] = "deviation.recorded"
    schema: ClassVar[int] = 1
    deviation: str
    visit: str
    dose: str
    rules: tuple[str, ...]
    classification: str
    cause: str
    decided_by: str
    action: str


def record(
    course: Course, command: RecordDoseAgainstRule, circumstances: Circumstances
) -> tuple[Fact, ...]:
    dosing = circumstances.protocol.dosing
    if dosing is None:
        raise Refused(f"protocol {circumstances.protocol.key} gives no study drug")
    visit = visits.find(circumstances, command.visit, "dosing")
    _attested(command, circumstances)
    held = course.sessions.get(visit.key)
    session = held or _never_opened(visit, command)
    if any(each.at == command.at for each in session.doses):
        raise Refused(f"a dose at {command.at:%Y-%m-%d %H:%M} is recorded already", "at")
    dose = _which(session)
    rules = tuple(_broken(course, session, dose, command, circumstances, opened=bool(held)))
    if not rules:
        raise Refused(
            "no rule stood against this dose at that time; record it in the session room", "at"
        )
    given = DoseGiven(
        visit.key,
        dose,
        command.level_mg,
        circumstances.clearance.authorisation,
        circumstances.clearance.programme_version,
        command.given_by,
        command.container.strip(),
        command.witness,
        dosing.unit if dosing else "mg",
    )
    label = f"Dose given against a rule in session {session.number}: {'; '.join(rules)}"
    return (
        *((given,) if held else _around(session, dosing, given)),
        DeviationRecorded(
            f"dose-against-rule-{len(course.deviations) + 1}",
            visit.key,
            dose,
            rules,
            command.classification,
            command.cause.strip(),
            command.decided_by.strip(),
            command.action.strip(),
        ),
        safety.new_alert(course, safety.DOSE_AGAINST_RULE, label, visit.key),
    )


def recorded(course: Course, fact: DeviationRecorded, entry: Entry) -> Course:
    at, by = entry.occurred_at, entry.author
    made = AgainstRule(
        fact.deviation, at, fact.visit, fact.dose, fact.rules, fact.decided_by, fact.action
    )
    graded = Classified(fact.classification, fact.cause, at, by)
    return changed(
        course,
        deviations=with_item(course.deviations, fact.deviation, made),
        classified=with_item(course.classified, fact.deviation, graded),
    )


def _attested(command: RecordDoseAgainstRule, circumstances: Circumstances) -> None:
    if not command.happened:
        raise Refused(
            "this is only for a dose that was already given; one still to come is asked for in "
            "the session room, where the rules decide",
            "happened",
        )
    if command.at >= circumstances.now:
        raise Refused(f"{command.at:%Y-%m-%d %H:%M} is not past; give when it happened", "at")
    for field in ("cause", "action"):
        if len(getattr(command, field).strip()) < WORDS:
            raise Refused("say it in a few words", field)
    if not command.decided_by.strip():
        raise Refused("name who decided to give it", "decided_by")


def _never_opened(visit: Visit, command: RecordDoseAgainstRule) -> Session:
    who = tuple(dict.fromkeys(each for each in (command.given_by, command.witness) if each))
    return Session(visit.key, visit.session or 0, command.at, who, who)


def _which(session: Session) -> str:
    """A dose beyond the planned two is recorded too: it was taken."""
    if session.initial is None:
        return "initial"
    return "supplemental" if session.supplemental is None else "further"


def _around(session: Session, dosing: Dosing, given: DoseGiven) -> tuple[Fact, ...]:
    """The session that nobody opened, so that what follows a session follows this one too."""
    unsigned = tuple(item.key for item in dosing.checklist)
    opened = SessionOpened(session.visit, session.number, session.present, (), unsigned)
    return opened, given, SessionClosed(session.visit, "", "No session was opened for this dose.")


def _broken(
    course: Course,
    session: Session,
    dose: str,
    command: RecordDoseAgainstRule,
    circumstances: Circumstances,
    *,
    opened: bool,
) -> Iterator[str]:
    dosing = circumstances.protocol.dosing
    if not opened:
        yield "no session was opened"
    elif command.at < session.opened_at:
        yield "the session was not open yet"
    elif session.closed_at:
        ended = command.at > session.closed_at
        yield "the session had ended" if ended else "it was not recorded before the session closed"
    which = "initial" if dose == "initial" else "supplemental"
    then = _as_it_was(course, session, command.at)
    yield from clearing.hindrances(then, session, which, command.at, circumstances)
    levels = clearing.levels(dosing, session, which, course) if dosing else ()
    if dosing and (dose == "further" or command.level_mg not in levels):
        allowed = ", ".join(map(str, levels)) or "none"
        more = " more" if dose == "further" else ""
        level = f"{command.level_mg} {dosing.unit}{more}"
        yield f"{level} is not a dose of this protocol here; allowed: {allowed}"
    if not command.container.strip():
        yield "the container number is not known"
    if command.witness in ("", command.given_by):
        yield "nobody else was witness to it"


def _as_it_was(course: Course, session: Session, at: datetime) -> Course:
    """The course without an ending and sessions that came after that moment."""
    sessions = {
        key: each
        for key, each in course.sessions.items()
        if each.opened_at <= at or key == session.visit
    }
    ended = course.ended if course.ended_at and course.ended_at <= at else None
    return changed(course, sessions=sessions, ended=ended)


DECIDE: Mapping[type, Any] = {RecordDoseAgainstRule: record}
EVOLVE: Mapping[type, Any] = {DeviationRecorded: recorded}
