"""The dosing day: the checklist, the vitals, the dose, the hours after, the way home.

A dose held back for safety is a fact and is written down with its reasons; only
a command that makes no sense on that day is refused. Levels are those on the
label: in a blinded programme the label hides the arm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import checklist, clearing, consent, discharge, safety, visits
from sojourn.course.circumstances import Circumstances
from sojourn.course.state import (
    Course,
    Dose,
    Session,
    Signed,
    VisitDone,
    Vitals,
    Withheld,
    changed,
    with_item,
    with_session,
)
from sojourn.protocols.model import Dosing
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

TEAM = ("therapist", "prescriber")
MOMENTS = (
    ("before-initial", "Before the initial dose"),
    ("before-supplemental", "Before the supplemental dose"),
    ("during", "During the session"),
    ("end", "At the end"),
)
DOSES = (("initial", "Initial"), ("supplemental", "Supplemental"))
HOMEWARD = (
    ("overnight-stay", "Stays overnight"),
    ("escorted-home", "Taken home by an adult"),
    ("transferred", "Transferred to a hospital"),
    ("against-advice", "Left against advice"),
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    name: ClassVar[str] = "dosing.open-session"
    title: ClassVar[str] = "Open a dosing session"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Opened at")]
    visit: Annotated[str, Ask("Session", choices_from="dosing-visits")]
    practitioners: Annotated[
        tuple[str, ...], Ask("Practitioners present", choices_from="practitioners")
    ]
    confirmed: Annotated[
        tuple[str, ...],
        Ask(
            "Checked by me now",
            help="What nobody has signed today.",
            choices_from="unsigned-checklist",
            optional=True,
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class RecordVitals:
    name: ClassVar[str] = "dosing.record-vitals"
    title: ClassVar[str] = "Record vital signs"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Taken at")]
    moment: Annotated[str, Ask("Moment", choices=MOMENTS)]
    systolic_mmhg: Annotated[int, Ask("Systolic", unit="mmHg", at_least=50, at_most=300)]
    diastolic_mmhg: Annotated[int, Ask("Diastolic", unit="mmHg", at_least=20, at_most=200)]
    pulse_bpm: Annotated[int, Ask("Pulse", unit="/min", at_least=20, at_most=250)]
    temperature_tenths_c: Annotated[
        int, Ask("Temperature", unit="tenths of °C", help="368 is 36.8", at_least=300, at_most=440)
    ]
    spo2_percent: Annotated[
        int | None, Ask("Oxygen saturation", unit="%", at_least=50, at_most=100, optional=True)
    ] = None
    qtc_ms: Annotated[
        int | None,
        Ask("QTc of an ECG", unit="ms", at_least=200, at_most=800, optional=True,
            help="By the correction that the site's protocol names."),
    ] = None  # fmt: skip


@dataclass(frozen=True, slots=True)
class GiveDose:
    name: ClassVar[str] = "dosing.give-dose"
    title: ClassVar[str] = "Give a dose"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Given at")]
    which: Annotated[str, Ask("Dose", choices=DOSES)]
    level_mg: Annotated[int, Ask("Level on the label", choices_from="levels")]
    given_by: Annotated[str, Ask("Given by", choices_from="session-practitioners")] = ""
    container: Annotated[str, Ask("Container number", help="As on the label.")] = ""
    witness: Annotated[
        str,
        Ask("Witness", help="Someone else in the room.", choices_from="session-practitioners"),
    ] = ""


@dataclass(frozen=True, slots=True)
class WithholdDose:
    name: ClassVar[str] = "dosing.withhold-dose"
    title: ClassVar[str] = "Withhold a dose"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Decided at")]
    which: Annotated[str, Ask("Dose", choices=DOSES)]
    reason: Annotated[str, Ask("Reason", lines=2)]


@dataclass(frozen=True, slots=True)
class CloseSession:
    name: ClassVar[str] = "dosing.close-session"
    title: ClassVar[str] = "Close the session"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = TEAM

    at: Annotated[datetime, Ask("Closed at")]
    homeward: Annotated[str, Ask("After the session", choices=HOMEWARD)]
    early_reason: Annotated[
        str,
        Ask(
            "Why it ended early or otherwise than planned",
            help="Needed before the planned hours, for a transfer and for leaving against advice.",
            optional=True,
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """``confirmed`` is what the one who opened it signed at that moment, ``unconfirmed``
    what nobody had signed that day.
    """

    kind: ClassVar[str] = "dosing.session-opened"
    schema: ClassVar[int] = 1
    visit: str
    number: int
    practitioners: tuple[str, ...]
    confirmed: tuple[str, ...]
    unconfirmed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VitalsRecorded:
    kind: ClassVar[str] = "dosing.vitals-recorded"
    schema: ClassVar[int] = 3
    visit: str
    moment: str
    systolic_mmhg: int
    diastolic_mmhg: int
    pulse_bpm: int
    temperature_tenths_c: int
    spo2_percent: int | None
    qtc_ms: int | None


@dataclass(frozen=True, slots=True)
class DoseGiven:
    """Carries what it relied on: the authorisation and the programme's version.

    ``given_by``, ``container`` and ``witness`` are empty where nobody was asked (schema 1).
    ``level_mg`` counts in ``unit``: its name is from when milligrams were the only one.
    """

    kind: ClassVar[str] = "dosing.dose-given"
    schema: ClassVar[int] = 3
    visit: str
    which: str
    level_mg: int
    authorisation: str
    programme_version: int
    given_by: str
    container: str
    witness: str
    unit: str


@dataclass(frozen=True, slots=True)
class DoseWithheld:
    """``level_mg`` counts in ``unit``, as in the dose given."""

    kind: ClassVar[str] = "dosing.dose-withheld"
    schema: ClassVar[int] = 2
    visit: str
    which: str
    level_mg: int
    reasons: tuple[str, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class SessionClosed:
    kind: ClassVar[str] = "dosing.session-closed"
    schema: ClassVar[int] = 1
    visit: str
    homeward: str
    early_reason: str


def open_session(
    course: Course, command: OpenSession, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances, treatment=True)
    dosing = _dosing(circumstances)
    visit = visits.find(circumstances, command.visit, "dosing")
    visits.refuse_twice(course, visit.key)
    if course.open_session:
        raise Refused(f"{course.open_session.visit} is still open; close it first", "visit")
    number = visit.session or 0
    for earlier in circumstances.protocol.dosing_visits():
        if (earlier.session or 0) < number and earlier.key not in course.visits:
            raise Refused(f"{earlier.label} comes first; record it, held or missed", "visit")
    for later in course.sessions.values():
        if later.number > number:
            raise Refused(
                f"{later.visit} came after it and was held; it can't be held now", "visit"
            )
    visits.present(command.practitioners, circumstances)
    confirmed = checklist.known(command.confirmed, dosing, "confirmed")
    unconfirmed = tuple(
        item.key
        for item in checklist.unsigned(course, visit.key, command.at.date(), dosing)
        if item.key not in confirmed
    )
    present = tuple(dict.fromkeys(command.practitioners))
    return (SessionOpened(visit.key, number, present, confirmed, unconfirmed),)


def record_vitals(
    course: Course, command: RecordVitals, circumstances: Circumstances
) -> tuple[Fact, ...]:
    session = visits.session_at(course, command.at)
    if command.diastolic_mmhg >= command.systolic_mmhg:
        raise Refused(
            f"diastolic {command.diastolic_mmhg} is not below systolic {command.systolic_mmhg}",
            "diastolic_mmhg",
        )
    fact = VitalsRecorded(
        session.visit,
        command.moment,
        command.systolic_mmhg,
        command.diastolic_mmhg,
        command.pulse_bpm,
        command.temperature_tenths_c,
        command.spo2_percent,
        command.qtc_ms,
    )
    crossed = clearing.beyond_limits(_vitals(fact, command.at), circumstances.clearance)
    if not crossed:
        return (fact,)
    return (fact, safety.new_alert(course, "vital-signs", "; ".join(crossed), session.visit))


def give(course: Course, command: GiveDose, circumstances: Circumstances) -> tuple[Fact, ...]:
    dosing = _dosing(circumstances)
    session = visits.in_session(course, command.at)
    if getattr(session, command.which) is not None:
        raise Refused(f"the {command.which} dose of {session.visit} was given already", "which")
    if command.which == "supplemental" and session.initial is None:
        raise Refused("no initial dose was given; a supplemental one follows it", "which")
    levels = clearing.levels(dosing, session, command.which, course)
    if command.level_mg not in levels:
        allowed = ", ".join(str(level) for level in levels) or "none"
        raise Refused(
            f"{command.level_mg} {dosing.unit} is not a level of this protocol here; "
            f"allowed: {allowed}",
            "level_mg",
        )
    _check_hands(session, command)
    reasons = clearing.hindrances(course, session, command.which, command.at, circumstances)
    if reasons:
        level = command.level_mg
        return (DoseWithheld(session.visit, command.which, level, reasons, dosing.unit),)
    clearance = circumstances.clearance
    return (
        DoseGiven(
            session.visit,
            command.which,
            command.level_mg,
            clearance.authorisation,
            clearance.programme_version,
            command.given_by,
            command.container.strip(),
            command.witness,
            dosing.unit,
        ),
    )


def withhold(
    course: Course, command: WithholdDose, circumstances: Circumstances
) -> tuple[Fact, ...]:
    session = visits.in_session(course, command.at)
    if getattr(session, command.which) is not None:
        raise Refused(f"the {command.which} dose was given; it can't be withheld", "which")
    dosing = _dosing(circumstances)
    level = max(clearing.levels(dosing, session, command.which, course), default=0)
    return (DoseWithheld(session.visit, command.which, level, (command.reason,), dosing.unit),)


def close(course: Course, command: CloseSession, circumstances: Circumstances) -> tuple[Fact, ...]:
    session = visits.in_session(course, command.at)
    last = session.supplemental or session.initial
    if last is not None and command.at < last.at:
        raise Refused(f"a dose was given at {last.at:%H:%M}; give a later time", "at")
    reason, homeward = command.early_reason.strip(), command.homeward
    if homeward in ("transferred", "against-advice") and not reason:
        raise Refused(f"say why: {dict(HOMEWARD)[homeward].lower()}", "early_reason")
    fact = SessionClosed(session.visit, homeward, reason)
    if homeward == "against-advice":
        label = f"Left session {session.number} against advice: {reason}"
        return (fact, safety.new_alert(course, "left-against-advice", label, session.visit))
    if session.initial is None or homeward == "transferred":
        return (fact,)
    minutes = (command.at - session.initial.at).total_seconds() / 60
    planned = _dosing(circumstances).lasting_min
    if minutes < planned and not reason:
        raise Refused(
            f"{minutes:.0f} of {planned} planned minutes have passed; say why it ends early",
            "early_reason",
        )
    if not any(each.moment == "end" and last and each.at >= last.at for each in session.vitals):
        raise Refused("vital signs at the end are missing; record them first")
    lacking = discharge.lacking(course, session, command.at, circumstances)
    if homeward == "escorted-home" and lacking:
        raise Refused(
            f"not ready to go home: {'; '.join(lacking)}. Wait, or keep them overnight", "homeward"
        )
    return (fact,)


def opened(course: Course, fact: SessionOpened, entry: Entry) -> Course:
    session = Session(
        fact.visit, fact.number, entry.occurred_at, fact.practitioners, fact.practitioners
    )
    signature = Signed(entry.occurred_at, entry.author)
    for key in fact.confirmed:
        course = changed(
            course, checklist=with_item(course.checklist, (fact.visit, key), signature)
        )
    done = VisitDone(entry.occurred_at, held=True)
    return visits.with_visit(with_session(course, session), fact.visit, done)


def vitals_recorded(course: Course, fact: VitalsRecorded, entry: Entry) -> Course:
    session = course.sessions[fact.visit]
    vitals = (*session.vitals, _vitals(fact, entry.occurred_at))
    return with_session(course, replace(session, vitals=vitals))


def given(course: Course, fact: DoseGiven, entry: Entry) -> Course:
    hands = (fact.given_by, fact.container, fact.witness)
    dose = Dose(entry.occurred_at, fact.level_mg, *hands, fact.unit)
    session = course.sessions[fact.visit]
    if fact.which == "initial":
        return with_session(course, replace(session, initial=dose))
    if fact.which == "further":
        return with_session(course, replace(session, further=(*session.further, dose)))
    return with_session(course, replace(session, supplemental=dose))


def withheld(course: Course, fact: DoseWithheld, entry: Entry) -> Course:
    session = course.sessions[fact.visit]
    dose = Withheld(entry.occurred_at, fact.which, fact.level_mg, fact.reasons)
    return with_session(course, replace(session, withheld=(*session.withheld, dose)))


def closed(course: Course, fact: SessionClosed, entry: Entry) -> Course:
    session = replace(
        course.sessions[fact.visit], closed_at=entry.occurred_at, homeward=fact.homeward
    )
    return with_session(course, session)


def _dosing(circumstances: Circumstances) -> Dosing:
    if circumstances.protocol.dosing is None:
        raise Refused(f"protocol {circumstances.protocol.key} gives no study drug")
    return circumstances.protocol.dosing


def _check_hands(session: Session, command: GiveDose) -> None:
    """Two people of the room stand for a dose, and the container is named."""
    for field, who in (("given_by", command.given_by), ("witness", command.witness)):
        if who not in session.present:
            raise Refused(
                f"'{who}' is not in the room; there are: {', '.join(session.present) or 'nobody'}",
                field,
            )
    if command.witness == command.given_by:
        raise Refused(f"{command.witness} gave the dose; someone else is its witness", "witness")
    if not command.container.strip():
        raise Refused("the container number is missing; read it from the label", "container")


def _vitals(fact: VitalsRecorded, at: datetime) -> Vitals:
    return Vitals(
        at,
        fact.moment,
        fact.systolic_mmhg,
        fact.diastolic_mmhg,
        fact.pulse_bpm,
        fact.temperature_tenths_c,
        fact.spo2_percent,
        fact.qtc_ms,
    )


DECIDE: Mapping[type, Any] = {
    OpenSession: open_session,
    RecordVitals: record_vitals,
    GiveDose: give,
    WithholdDose: withhold,
    CloseSession: close,
}
EVOLVE: Mapping[type, Any] = {
    SessionOpened: opened,
    VitalsRecorded: vitals_recorded,
    DoseGiven: given,
    DoseWithheld: withheld,
    SessionClosed: closed,
}
