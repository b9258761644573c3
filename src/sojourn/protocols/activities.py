"""The schedule of activities of a protocol: its visits with their windows, and what each holds.

The table that ICH M11 calls the schedule of activities, drawn from the pack alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sojourn.protocols.model import Citation, Dosing, Protocol, Visit

MEETINGS = (
    ("preparation", "Preparation"),
    ("dosing", "Dosing"),
    ("integration", "Integration"),
    ("aftercare", "Contact"),
)


@dataclass(frozen=True, slots=True)
class ScheduledVisit:
    """One line of the table; ``held`` says for each activity whether this visit holds it."""

    key: str
    label: str
    phase: str
    window: str
    minutes: int
    rated_by: str
    held: tuple[bool, ...]
    sources: tuple[Citation, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every visit in the protocol's order beside every activity it plans."""

    activities: tuple[str, ...]
    visits: tuple[ScheduledVisit, ...]

    @property
    def unverified(self) -> int:
        """How many visits are not as read in a publication."""
        return sum(not each.verified for each in self.visits)


@dataclass(frozen=True, slots=True)
class SessionDose:
    """What one session may give, in words."""

    number: int
    levels: str
    supplemental: str
    most: str


def schedule(protocol: Protocol, instruments: Mapping[str, str]) -> Schedule:
    """The table of ``protocol``; ``instruments`` names each instrument by its key."""
    order = tuple(dict.fromkeys(key for visit in protocol.visits for key in visit.assessments))
    phases = {visit.phase for visit in protocol.visits}
    meetings = [(key, label) for key, label in MEETINGS if key in phases]
    return Schedule(
        (*(label for _, label in meetings), *(instruments.get(key, key) for key in order)),
        tuple(
            ScheduledVisit(
                visit.key,
                visit.label,
                visit.phase,
                window_in_words(visit, protocol),
                visit.minutes,
                visit.rated_by,
                (
                    *(visit.phase == key for key, _ in meetings),
                    *(key in visit.assessments for key in order),
                ),
                cited(protocol, visit.source),
                visit.verified,
            )
            for visit in protocol.visits
        ),
    )


def window_in_words(visit: Visit, protocol: Protocol) -> str:
    """Such as 'day 21 to 35 after Dosing session 1, best day 28'."""
    found = protocol.visit(visit.anchor)
    after = found.label if found else visit.anchor
    window = visit.window
    if window.earliest == window.latest:
        return f"day {window.target} after {after}"
    return f"day {window.earliest} to {window.latest} after {after}, best day {window.target}"


def doses(protocol: Protocol) -> tuple[SessionDose, ...]:
    """What each session may give; empty where nothing is dosed."""
    dosing = protocol.dosing
    if dosing is None:
        return ()
    return tuple(
        SessionDose(
            session.number,
            " or ".join(f"{level} {session.unit}" for level in session.initial),
            _supplemental(dosing),
            _most(protocol, dosing),
        )
        for session in dosing.sessions
    )


def cited(protocol: Protocol, keys: str) -> tuple[Citation, ...]:
    """The citations that ``keys``, a text of keys, names."""
    return tuple(each for each in protocol.citations if each.key in keys.split())


def _supplemental(dosing: Dosing) -> str:
    second = dosing.supplemental
    if second is None:
        return "none"
    return (
        f"{second.percent_of_initial} % of the initial dose, "
        f"{second.from_min} to {second.until_min} min after it"
    )


def _most(protocol: Protocol, dosing: Dosing) -> str:
    if dosing.session_total_max is not None:
        return f"{dosing.session_total_max} {dosing.unit}"
    key = dosing.session_total_max_setting
    found = next((each for each in protocol.site_settings if each.key == key), None)
    return f"set by the site ({found.label.lower()})" if found else "not said"
