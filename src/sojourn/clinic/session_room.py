"""What the session room shows: read from the course and its entries, for one moment."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sojourn.conduct.blinding import GUESSES
from sojourn.course import clearing, discharge
from sojourn.course.circumstances import Circumstances
from sojourn.course.correction import CORRECTABLE, Corrected
from sojourn.course.dosing import SessionOpened
from sojourn.course.room import needed
from sojourn.course.state import Course, Session, Signed
from sojourn.protocols.model import ChecklistItem, Protocol, Visit
from sojourn.protocols.session_room import DischargeCriterion, Observation
from sojourn.record.entry import Entry

LINES = 25
TITLES = {
    "dosing.session-opened": "Session opened",
    "dosing.session-closed": "Session closed",
    "dosing.too-few-present": "Too few in the room",
    "safety.alert-raised": "Alert",
    "safety.alert-resolved": "Alert acted on",
}


@dataclass(frozen=True, slots=True)
class Button:
    """One observation as it stands: what a tap on it says next."""

    observation: Observation
    says: str
    on: bool
    count: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The supplemental dose: when it may be given, and how that stands now."""

    opens_at: datetime
    closes_at: datetime
    standing: str  # 'coming', 'open' or 'over'


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the session as its team reads it."""

    sequence: int
    at: datetime
    by: str
    text: str
    undoable: bool
    struck: str  # why it was corrected; empty when it stands


def next_visit(course: Course, protocol: Protocol) -> Visit | None:
    """The dosing session that comes next, None when each has taken place or was missed."""
    return next((each for each in protocol.dosing_visits() if each.key not in course.visits), None)


def checklist_rows(
    course: Course, visit: str, day: date, circumstances: Circumstances
) -> list[tuple[ChecklistItem, Signed | None, str]]:
    """Each item of the checklist, who signed it that day, and nothing that speaks against it."""
    dosing = circumstances.protocol.dosing
    rows = []
    for item in dosing.checklist if dosing else ():
        signed = course.checklist.get((visit, item.key))
        rows.append((item, signed if signed and signed.at.date() == day else None, ""))
    return rows


def buttons(session: Session, protocol: Protocol) -> list[tuple[str, list[Button]]]:
    """The observations under their headings, each with its present state; places are apart."""
    groups: dict[str, list[Button]] = {}
    room = protocol.dosing.room if protocol.dosing else None
    for each in room.observations if room else ():
        if each.form == "place":
            continue
        seen = session.latest(each.key)
        on = each.form == "toggle" and seen is not None and seen.value == "on"
        count = sum(1 for tap in session.observed if tap.observation == each.key)
        says = f"observe {each.key}"
        if each.form == "toggle":
            says += " off" if on else " on"
        value = seen.value if seen else ""
        groups.setdefault(each.group, []).append(Button(each, says, on, count, value))
    return list(groups.items())


def places(session: Session, protocol: Protocol) -> list[tuple[Observation, str, str]]:
    """(what is asked, practitioner, where they are now) for each practitioner in the room."""
    room = protocol.dosing.room if protocol.dosing else None
    found = []
    for each in room.observations if room else ():
        if each.form == "place":
            for who in session.present:
                seen = session.latest(each.key, who)
                found.append((each, who, seen.value if seen else ""))
    return found


def window(session: Session, protocol: Protocol, now: datetime) -> Window | None:
    """When the supplemental dose may be given; None before the initial dose or without one."""
    plan = protocol.dosing.supplemental if protocol.dosing else None
    if plan is None or session.initial is None or session.supplemental is not None:
        return None
    opens = session.initial.at + timedelta(minutes=plan.from_min)
    closes = session.initial.at + timedelta(minutes=plan.until_min)
    standing = "coming" if now < opens else "open" if now <= closes else "over"
    return Window(opens, closes, standing)


def adverse_event_prompts(course: Course, session: Session, protocol: Protocol) -> list[str]:
    """Terms to consider as adverse events: noted in this session and not recorded since."""
    room = protocol.dosing.room if protocol.dosing else None
    recorded = {
        each.term.casefold()
        for each in course.adverse_events.values()
        if each.started_on >= session.opened_at.date()
    }
    seen = {each.observation for each in session.observed if each.value != "off"}
    return [
        each.adverse_event
        for each in (room.observations if room else ())
        if each.key in seen and each.adverse_event and each.adverse_event.casefold() not in recorded
    ]


def discharge_rows(
    course: Course, session: Session, at: datetime, circumstances: Circumstances
) -> list[tuple[DischargeCriterion, Signed | None, str]]:
    """Each criterion, who signed it, and what the record says against it now."""
    return [
        (
            each,
            session.discharge.get(each.key),
            discharge.does_not_hold(course, session, each, at, circumstances),
        )
        for each in discharge.planned(circumstances)
    ]


def hindrances(
    course: Course, session: Session, at: datetime, circumstances: Circumstances
) -> tuple[str, ...]:
    """What would withhold the next dose now; none once both doses were given."""
    if session.initial and session.supplemental:
        return ()
    return clearing.hindrances(course, session, session.next_dose, at, circumstances)


def too_few(session: Session, circumstances: Circumstances) -> bool:
    """Whether fewer are in the room than the protocol asks for."""
    return len(session.present) < needed(circumstances)


def lines(entries: Sequence[Entry], visit: str, protocol: Protocol) -> list[Line]:
    """The last entries since the session of that visit was opened, the newest first."""
    start = next(
        (
            number
            for number, entry in enumerate(entries)
            if isinstance(entry.fact, SessionOpened) and entry.fact.visit == visit
        ),
        len(entries),
    )
    own = entries[start:]
    struck = {e.fact.corrects: e.reason for e in own if isinstance(e.fact, Corrected)}
    shown = [
        each
        for each in own
        if not isinstance(each.fact, Corrected) and not each.fact.kind.startswith(GUESSES)
    ]
    # Late taps stand where they were made.
    shown.sort(key=lambda each: (each.occurred_at, each.sequence))
    labels = _labels(protocol)
    return [
        Line(
            sequence=each.sequence,
            at=each.occurred_at,
            by=each.author,
            text=_text(each, labels),
            undoable=each.fact.kind in CORRECTABLE and each.sequence not in struck,
            struck=struck.get(each.sequence, ""),
        )
        for each in reversed(shown[-LINES:])
    ]


def _labels(protocol: Protocol) -> dict[str, str]:
    dosing = protocol.dosing
    if dosing is None:
        return {}
    named: list[Any] = [*dosing.checklist, *dosing.discharge]
    labels = {each.key: each.label for each in named}
    for each in dosing.room.observations if dosing.room else ():
        labels[each.key] = each.label
        labels |= {f"{each.key} {key}": label for key, label in each.choices}
    return labels


def _text(entry: Entry, labels: dict[str, str]) -> str:
    fact: Any = entry.fact
    match fact.kind:
        case "dosing.observation-noted":
            label = labels.get(fact.observation, fact.observation)
            value = labels.get(f"{fact.observation} {fact.value}", fact.value)
            said = f"{label}: {value}" if value else label
            return f"{fact.about}, {said[0].lower()}{said[1:]}" if fact.about else said
        case "dosing.note-written":
            return str(fact.text)
        case "dosing.vitals-recorded":
            return (
                f"Vital signs {fact.systolic_mmhg}/{fact.diastolic_mmhg} mmHg, "
                f"pulse {fact.pulse_bpm}, {fact.temperature_tenths_c / 10:.1f} °C"
                f"{f', QTc {fact.qtc_ms} ms' if fact.qtc_ms is not None else ''}"
            )
        case "dosing.dose-given":
            hands = f", given by {fact.given_by}, witness {fact.witness}" if fact.given_by else ""
            held = f", container {fact.container}" if fact.container else ""
            level = f"{fact.level_mg} {fact.unit} on the label"
            return f"{fact.which.capitalize()} dose, {level}{held}{hands}"
        case "dosing.dose-withheld":
            return f"{fact.which.capitalize()} dose withheld: {'; '.join(fact.reasons)}"
        case "dosing.practitioner-left":
            return f"{fact.practitioner} left the room" + (f": {fact.reason}" * bool(fact.reason))
        case "dosing.practitioner-entered":
            return f"{fact.practitioner} came into the room"
        case "dosing.too-few-present":
            return f"Only {fact.present} of {fact.needed} practitioners in the room"
        case "dosing.checklist-item-signed":
            return f"Checked: {labels.get(fact.item, fact.item)}"
        case "dosing.discharge-criterion-signed":
            return f"Checked for going home: {labels.get(fact.criterion, fact.criterion)}"
        case "safety.alert-raised":
            return f"Alert: {fact.label}"
        case "safety.alert-resolved":
            return f"Alert acted on: {fact.action}"
        case "safety.adverse-event-recorded":
            return f"Adverse event: {fact.term}, grade {fact.grade}"
    return TITLES.get(fact.kind) or _plain(fact)


def _plain(fact: Any) -> str:
    title = fact.kind.partition(".")[2].replace("-", " ").capitalize()
    names = [each.name for each in dataclasses.fields(fact)]
    return f"{title}: {fact.instrument}" if "instrument" in names else title
