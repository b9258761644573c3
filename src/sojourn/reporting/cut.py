"""What the record of a programme said at one place in it, as frames."""

from collections.abc import Callable

from sojourn import analysis, instruments, medicines
from sojourn.analysis.estimand import Handled
from sojourn.analysis.report import (
    EVERYONE,
    Arisen,
    Deviation,
    Guessed,
    Happened,
    Inputs,
    Layout,
    Participant,
)
from sojourn.conduct.randomisation import AllocationMade
from sojourn.course.state import Course
from sojourn.ledger import opening
from sojourn.ledger.cut import Cut, Told, told_by
from sojourn.ledger.read import read_stream, streams
from sojourn.protocols.model import Protocol
from sojourn.reporting import told as tell
from sojourn.reporting.departures import departures
from sojourn.reporting.told import Arm

Progress = Callable[[int, int], None]


def gather(
    cut: Cut,
    protocol: Protocol,
    reference: str,
    *,
    opened: bool,
    followed: Callable[[Course], Protocol] | None = None,
    progress: Progress | None = None,
) -> Inputs:
    """The frames of the cut; by arm only if ``opened``, with ``reference`` (a key) first.

    Outcomes are those of ``protocol``; what departed from the protocol is held against the version
    that each participant ``followed``, where the programme was amended.
    A blinded programme's allocation must have been opened on the record before.
    """
    labels = {arm.key: arm.label for arm in protocol.arms}
    arms = _allocations(cut, protocol, labels) if opened else {}
    layout = _layout(protocol, reference, opened=opened)
    formulary = medicines.load_shipped()
    reasons = dict(protocol.withdrawal_reasons)
    names = tuple(streams(f"course:{cut.programme}:"))
    people: list[Participant] = []
    rows: list[tuple[object, ...]] = []
    ratings: dict[tuple[str, str], tuple[int, ...]] = {}
    events: list[Happened] = []
    deviations: list[Deviation] = []
    arisen: list[Arisen] = []
    guesses: list[Guessed] = []
    for done, stream in enumerate(names, start=1):
        told = told_by(stream, cut.position)
        if told is not None:
            arm = _arm_of(told, arms, labels, layout)
            person = tell.participant(told, cut.as_of, arm, reasons, formulary)
            people.append(person)
            for row, visit, sources in tell.observations(told, protocol, person.arm):
                rows.append(row)
                ratings[person.key, visit] = sources
            events += tell.events(told)
            theirs = followed(told.course) if followed else protocol
            deviations += departures(told, theirs, cut.as_of.date())
            arisen += tell.arisen(told, theirs, formulary)
            guesses += tell.guesses(told, protocol)
        if progress:
            progress(done, len(names))
    return Inputs(
        layout,
        tuple(people),
        analysis.frame(rows),
        ratings,
        tuple(events),
        tuple(deviations),
        tuple(arisen),
        tuple(guesses),
    )


def _layout(protocol: Protocol, reference: str, *, opened: bool) -> Layout:
    outcome, single = protocol.outcome, protocol.randomisation is None
    labels = {arm.key: arm.label for arm in protocol.arms}
    order = (reference, *(key for key in labels if key != reference))
    pooled = labels[reference] if single else EVERYONE
    check = protocol.blinding_check
    rated = [each for each in protocol.visits if outcome.instrument in each.assessments]
    return Layout(
        instruments.load_shipped()[outcome.instrument].name,
        outcome.baseline_visit,
        outcome.visit,
        tuple((visit.key, visit.label) for visit in rated),
        tuple(labels[key] for key in order) if opened else (pooled,),
        opened,
        single,
        {visit.key: _planned_day(protocol, visit.key) for visit in rated},
        tuple(
            Handled(each.event, each.strategy)
            for each in outcome.estimand.intercurrent_events
            if each.event and each.strategy
        ),
        outcome.estimand.failure,
        tuple((each.key, each.label) for each in check.occasions) if check else (),
    )


def _planned_day(protocol: Protocol, key: str) -> int:
    """Days from enrolment to that visit when everything goes as planned."""
    visit = protocol.visit(key)
    return 0 if visit is None else visit.window.target + _planned_day(protocol, visit.anchor)


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


def _arm_of(told: Told, sealed: dict[str, Arm], labels: dict[str, str], layout: Layout) -> Arm:
    course = told.course
    if layout.single:
        return (layout.arms[0] if course.eligible_at else ""), ()
    if course.randomised_at is None:
        return "", ()
    if not layout.opened:
        return EVERYONE, ()
    in_clear = told.places(tell.of_kinds("screening.allocation-recorded", "screening.randomised"))
    return sealed.get(course.participant) or (labels[course.arm], in_clear)
