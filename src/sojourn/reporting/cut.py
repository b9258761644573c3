"""The data cut: what the record of a programme said at one place in it, as frames.

Everything is folded from entries up to that place, never read from lists, so that the same cut
gives the same numbers whatever was written since.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sojourn import analysis, instruments
from sojourn import course as courses
from sojourn.analysis.report import EVERYONE, Deviation, Happened, Inputs, Layout, Participant
from sojourn.analysis.safety import Event
from sojourn.conduct.randomisation import AllocationMade
from sojourn.course.assessment import score_of
from sojourn.course.correction import Corrected, effective
from sojourn.course.schedule import plan
from sojourn.course.state import Course
from sojourn.instruments import Score, change
from sojourn.ledger import clock, opening, programmes
from sojourn.ledger.checkpoint import root_at
from sojourn.ledger.read import last_of, read_stream, streams
from sojourn.ledger.registry import kinds
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused
from sojourn.record.entry import Entry

Progress = Callable[[int, int], None]
Arm = tuple[str, tuple[int, ...]]  # its label, and the entries that tell it
STEPS = (
    "screening.participant-registered",
    "screening.failed",
    "screening.eligibility-confirmed",
    "screening.randomised",
    "followup.completed",
    "followup.withdrawn",
    "followup.lost",
    "consent.withdrawn",
)
NOT_CODED = "Not coded"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the record is cut: the moment, the last position that counts and the root up to it."""

    programme: str
    as_of: datetime
    position: int
    root: str


@dataclass(frozen=True, slots=True)
class _Told:
    """One participant's entries up to the cut, as corrected, and the course they add up to."""

    entries: tuple[Entry, ...]
    course: Course
    corrections: dict[int, tuple[int, ...]]  # positions of corrections by corrected sequence

    def places(self, holds: Callable[[Entry], bool]) -> tuple[int, ...]:
        """Positions of the entries that ``holds`` picks, and of their corrections."""
        return tuple(
            place
            for entry in self.entries
            if holds(entry)
            for place in (entry.position, *self.corrections.get(entry.sequence, ()))
        )


def cut_at(programme: str, as_of: datetime | None) -> Cut:
    """The cut at ``as_of``; at the programme's last entry where no moment is given.

    Raises
    ------
    Refused
        If the programme had no entry by then.
    """
    whole = (f"{programmes.PREFIX}{programme}", f"course:{programme}:", f"allocation:{programme}:")
    last = last_of(whole, as_of)
    if last is None:
        raise Refused(f"programme '{programme}' has no entry by {as_of}; give a later moment")
    position, recorded_at = last
    return Cut(programme, clock.here(as_of or recorded_at), position, root_at(position))


def gather(
    cut: Cut, protocol: Protocol, reference: str, *, opened: bool, progress: Progress | None = None
) -> Inputs:
    """The frames of the cut; by arm only if ``opened``, with ``reference`` (a key) first.

    A blinded programme's allocation must have been opened on the record before.
    """
    labels = {arm.key: arm.label for arm in protocol.arms}
    arms = _allocations(cut, protocol, labels) if opened else {}
    order = (reference, *(key for key in labels if key != reference))
    layout = Layout(
        instruments.load_shipped()[protocol.outcome.instrument].name,
        protocol.outcome.baseline_visit,
        protocol.outcome.visit,
        tuple(
            (visit.key, visit.label)
            for visit in protocol.visits
            if protocol.outcome.instrument in visit.assessments
        ),
        tuple(labels[key] for key in order) if opened else (EVERYONE,),
        opened,
    )
    names = tuple(streams(f"course:{cut.programme}:"))
    people: list[Participant] = []
    rows: list[tuple[object, ...]] = []
    ratings: dict[tuple[str, str], tuple[int, ...]] = {}
    events: list[Happened] = []
    deviations: list[Deviation] = []
    for done, stream in enumerate(names, start=1):
        told = _told(stream, cut.position)
        if told is not None:
            reasons = dict(protocol.withdrawal_reasons)
            person = _participant(told, cut, _arm_of(told, arms, labels, opened), reasons)
            people.append(person)
            for row, visit, sources in _observations(told, protocol, person.arm):
                rows.append(row)
                ratings[person.key, visit] = sources
            events += _events(told)
            deviations += _deviations(told, protocol)
        if progress:
            progress(done, len(names))
    return Inputs(
        layout, tuple(people), analysis.frame(rows), ratings, tuple(events), tuple(deviations)
    )


def _allocations(cut: Cut, protocol: Protocol, labels: dict[str, str]) -> dict[str, Arm]:
    if protocol.randomisation is None or not protocol.randomisation.blinded:
        return {}
    clear = opening.allocations(cut.programme)
    return {
        entry.fact.participant: (labels[clear[entry.fact.participant]], (entry.position,))
        for stream in streams(f"allocation:{cut.programme}:")
        for entry in read_stream(stream)
        if isinstance(entry.fact, AllocationMade) and entry.position <= cut.position
    }


def _told(stream: str, position: int) -> _Told | None:
    entries = tuple(each for each in read_stream(stream) if each.position <= position)
    course = courses.fold(entries, kinds().read)
    if not course.participant:
        return None
    corrections: dict[int, tuple[int, ...]] = {}
    for entry in entries:
        if isinstance(entry.fact, Corrected):
            before = corrections.get(entry.fact.corrects, ())
            corrections[entry.fact.corrects] = (*before, entry.position)
    return _Told(effective(entries, kinds().read), course, corrections)


def _arm_of(told: _Told, sealed: dict[str, Arm], labels: dict[str, str], opened: bool) -> Arm:
    course = told.course
    if course.randomised_at is None:
        return "", ()
    if not opened:
        return EVERYONE, ()
    in_clear = told.places(_is("screening.allocation-recorded", "screening.randomised"))
    return sealed.get(course.participant) or (labels[course.arm], in_clear)


def _participant(told: _Told, cut: Cut, arm: Arm, reasons: dict[str, str]) -> Participant:
    course = told.course
    end = (course.ended_at or cut.as_of).date()
    doses = sorted(each.initial.at.date() for each in course.sessions.values() if each.initial)
    year = course.registered_at.year if course.registered_at else None
    return Participant(
        course.participant,
        arm[0],
        course.site,
        course.sex,
        year - course.birth_year if year and course.birth_year else None,
        course.status,
        reasons.get(course.ended_reason, course.ended_reason)
        if course.ended == "withdrawn"
        else "",
        bool(arm[0]),
        len(doses),
        _days(course.eligible_at.date() if course.eligible_at else None, end),
        _days(doses[0] if doses else None, cut.as_of.date()),
        told.places(_is(*STEPS)),
        told.places(_is("screening.participant-registered")),
        told.places(_is("dosing.dose-given")),
        arm[1],
    )


def _observations(
    told: _Told, protocol: Protocol, arm: str
) -> Iterator[tuple[tuple[object, ...], str, tuple[int, ...]]]:
    """Rows of ``analysis.COLUMNS`` for the outcome instrument, as lists keep them."""
    course, outcome = told.course, protocol.outcome
    definition = instruments.load_shipped()[outcome.instrument]
    start = course.registered_at.date() if course.registered_at else date.min
    baseline: Score | None = None
    for each in sorted(course.assessments.values(), key=lambda one: one.at):
        if each.instrument != outcome.instrument:
            continue
        score = score_of(each, definition)
        later = each.visit != outcome.baseline_visit
        if not later:
            baseline = score
        against = change(definition, baseline, score) if baseline else None
        row = (
            course.participant,
            arm,
            each.visit,
            (each.at.date() - start).days,
            score.total,
            against.points if against else None,
            against.response if against and later else None,
            against.loss_of_diagnosis if against and later else None,
            against.remission if against and later else None,
        )
        yield row, each.visit, told.places(_at_sequence(each.sequence))


def _events(told: _Told) -> Iterator[Happened]:
    doses = [each.initial.at.date() for each in told.course.sessions.values() if each.initial]
    first = min(doses, default=None)
    for each in told.course.adverse_events.values():
        day = (each.started_on - first).days + 1 if first else 0
        event = Event(
            told.course.participant,
            each.system_organ_class or NOT_CODED,
            (each.coded_term or each.term).capitalize(),
            day,
            each.grade,
            each.serious,
            each.special_interest,
        )
        yield Happened(event, told.places(_about_event(each.key)))


def _deviations(told: _Told, protocol: Protocol) -> Iterator[Deviation]:
    who = told.course.participant
    for each in plan(told.course, protocol):
        sources = told.places(_of_visit(each.visit.key))
        if each.outside_window:
            yield Deviation(who, "Outside its window", each.visit.label, sources)
        if each.standing == "missed":
            yield Deviation(who, "Missed", each.visit.label, sources)
    for session in told.course.sessions.values():
        visit = protocol.visit(session.visit)
        if session.withheld and visit:
            sources = told.places(_of_visit(session.visit, "dosing.dose-withheld"))
            yield Deviation(who, "Dose withheld", visit.label, sources)


def _days(since: date | None, until: date) -> int | None:
    return None if since is None else max(1, (until - since).days + 1)


def _is(*names: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.fact.kind in names


def _at_sequence(sequence: int) -> Callable[[Entry], bool]:
    return lambda entry: entry.sequence == sequence


def _about_event(key: str) -> Callable[[Entry], bool]:
    def holds(entry: Entry) -> bool:
        fact: Any = entry.fact
        return bool(fact.kind.startswith("safety.adverse-event-") and fact.event == key)

    return holds


def _of_visit(
    key: str,
    *names: str,
) -> Callable[[Entry], bool]:
    settling = names or (
        "visit.held", "visit.missed", "assessment.recorded", "dosing.session-opened",
        "aftercare.contact-recorded",
    )  # fmt: skip

    def holds(entry: Entry) -> bool:
        return entry.fact.kind in settling and getattr(entry.fact, "visit", "") == key

    return holds
