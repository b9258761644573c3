"""What a report says before and around its numbers: the cut, the plan, the estimand, the seal."""

from sojourn import conduct
from sojourn.analysis.report import Inputs, Layout, Section, guessing
from sojourn.analysis.report.believing import by_guess
from sojourn.analysis.report.intercurrent import tables
from sojourn.conduct.programme import DatabaseLock, Programme, ProtocolVersion
from sojourn.ledger import programmes
from sojourn.ledger.cut import Cut
from sojourn.ledger.read import read_stream
from sojourn.protocols.estimand import Estimand, IntercurrentEvent
from sojourn.protocols.model import Protocol
from sojourn.reporting.plans import Planned

# What each strategy makes of the ratings after the event: ICH E9(R1), section A.3.2.
STRATEGIES = {
    "treatment-policy": "Treatment policy: ratings count whether or not it happened",
    "hypothetical": "Hypothetical: ratings after it do not count, and the model stands in for what "
    "they would have been without it",
    "composite": "Composite: from then on it counts as a change of {failure} points, seen or not",
    "while-on-treatment": "While on treatment: the last rating before it is the outcome",
    "principal-stratum": "Principal stratum: asked of those to whom it would never happen. No "
    "record tells who they are, so nothing is set aside and this report does not answer it",
}
READ_AS = {
    "treatment-stopped": "Read off the record as a withdrawal, a loss to follow-up, a decision "
    "against the next dose, or a session that ended without a dose, where no dose followed",
    "excluded-medicine": "Read off the record as a medicine of an excluded class begun after "
    "inclusion, on a day that is known",
    "death": "Read off the record as a fatal adverse event",
    "unblinded": "Read off the record as the day on which someone who treats them saw the arm",
}
IN_WORDS = (
    "In words alone in this programme's protocol: no rating is set aside for it, and everything up "
    "to the primary visit is used"
)


def about(
    cut: Cut,
    programme: Programme,
    protocol: Protocol,
    planned: Planned,
    software: str,
    layout: Layout,
    lock: DatabaseLock | None,
) -> Section:
    """Data cut, checkpoint, protocol and plan."""
    sealed = not layout.opened and not layout.single
    lines = (
        f"Data cut: {cut.as_of:%Y-%m-%d %H:%M:%S %Z}, the first {cut.position} entries of the "
        "record.",
        f"Merkle root of those entries: {cut.root}.",
        f"Protocol {protocol.key} {protocol.version}, SHA-256 {programme.protocol_digest}.",
        *(_amended(each) for each in programme.versions[1:]),
        *planned.lines(),
        _database(lock),
        f"Computed by {software}. Each figure has a key: sojourn trace shows its entries.",
        *(("The allocation is sealed to this report: nothing is by arm.",) if sealed else ()),
    )
    return Section("about", "About this report", lines)


def _amended(version: ProtocolVersion) -> str:
    return (
        f"Amended to version {version.version} on {version.since:%Y-%m-%d} ({version.approval}). "
        "Departures are held against the version each participant followed."
    )


def lock_at(cut: Cut) -> DatabaseLock | None:
    """The lock the database was under at the data cut; None where it was not locked."""
    entries = read_stream(programmes.PREFIX + cut.programme)
    by_then = (each for each in entries if each.position <= cut.position)
    return conduct.fold(cut.programme, by_then).database_lock


def _database(lock: DatabaseLock | None) -> str:
    if lock is None:
        return "The database was not locked at the data cut: what is here may still be corrected."
    return (
        f"Database locked {lock.locked_at:%Y-%m-%d %H:%M} by {lock.by} (entry {lock.position}). "
        "What concerns safety enters after a lock too."
    )


def estimand(inputs: Inputs, protocol: Protocol, population: str) -> Section:
    """The estimand written out, and what its intercurrent events do to the ratings."""
    of = protocol.outcome.estimand
    told = inputs.layout.opened or inputs.layout.single
    lines = (
        f"Treatment: {of.treatment}." if told else "Treatment: as in the protocol.",
        f"Population: {of.population}.",
        f"Variable: {of.variable}.",
        *(_event(each, of) for each in of.intercurrent_events),
        *(() if of.intercurrent_events else ("Intercurrent events: none expected.",)),
        f"Summary: {of.summary}.",
        "These rules hold for the primary analysis and those that start from it (sensitivity, "
        "subgroups, sites and therapists). What only describes uses every rating and says so.",
    )
    return Section("estimand", "Estimand", lines, tables(inputs, population))


def _event(each: IntercurrentEvent, of: Estimand) -> str:
    if each.event is None or each.strategy is None:
        return f"Intercurrent event: {each.text}. {IN_WORDS}."
    strategy = STRATEGIES[each.strategy].format(failure=of.failure)
    return f"Intercurrent event: {each.text}. {strategy}. {READ_AS[each.event]}."


def blinding(inputs: Inputs, cut: Cut, planned: Planned) -> Section:
    """Who looked behind the seal, and whether the blind held."""
    if not planned.sealed:
        return Section("blinding", "Blinding", ("The programme is not blinded.",))
    before = [
        each
        for each in read_stream(programmes.OPENINGS + cut.programme)
        if each.position <= cut.position
    ]
    opened = inputs.layout.opened
    seen = {e.occurrence.participant for e in inputs.arisen if e.occurrence.event == "unblinded"}
    lines = [
        f"Openings of the allocation up to the data cut: {len(before)}.",
        f"Participants unblinded in an emergency up to then: {len(seen)}.",
    ]
    if opened and planned.opened:
        lines.append(
            f"First opened {planned.opened.recorded_at:%Y-%m-%d %H:%M} by "
            f"{planned.opened.author}, {planned.opened.role} (entry {planned.opened.position})."
        )
    people = planned.used.primary.population
    found = guessing.groups(inputs, people)
    if not found:
        lines.append(guessing.NOT_ASKED)
        return Section("blinding", "Blinding", tuple(lines))
    lines.append("Who was not asked is in no index. An index says how people guessed, not why.")
    made = [guessing.asked(inputs, people, found)]
    if opened and len(inputs.layout.arms) == 2:
        flags = (planned.secondary("blinding"), planned.secondary("expectancy"))
        try:
            made += guessing.indices(inputs, found, flags[0])
            made += by_guess(inputs, people, found, flags)
        except ValueError as error:
            lines.append(f"What was guessed could not be analysed: {error}.")
    else:
        lines.append("What was guessed is told by arm alone, where two arms are compared.")
    return Section("blinding", "Blinding", tuple(lines), tuple(made))
