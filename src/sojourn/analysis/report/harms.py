"""Adverse events by system and term: people with one, and how many events; deaths."""

from dataclasses import replace

from sojourn.analysis import safety
from sojourn.analysis.report.inputs import Happened, Inputs, Participant
from sojourn.analysis.report.model import (
    Cell,
    Figure,
    Section,
    Table,
    number,
    ranged,
    share,
    shown,
)


def harms(inputs: Inputs, planned: bool) -> Section:
    """Every event after a first dose, then serious ones, the others, those of special interest.

    Pleasant effects count too where they were recorded as events.
    """
    people = [each for each in inputs.people if each.days_at_risk is not None and each.included]
    exposures = [safety.Exposure(each.key, each.arm, each.days_at_risk or 1) for each in people]
    if not exposures:
        return Section("harms", "Adverse events", ("Nobody has been given a dose.",))
    events = [each.event for each in inputs.events]
    made = (
        ("Any event, by system and term", "all", safety.by_system(events, exposures)),
        ("Serious events", "serious", safety.by_system(events, exposures, serious=True)),
        (
            "Events that were not serious, by system and term",
            "other",
            safety.by_system([each for each in events if not each.serious], exposures),
        ),
        (
            "Events of special interest",
            "special-interest",
            safety.of_special_interest(events, exposures),
        ),
    )
    tables = [_table(inputs, people, title, key, found, planned) for title, key, found in made]
    tables.insert(1, _rates(inputs, people, made[0][2], planned))
    tables.append(_deaths(inputs, people, planned))
    lines = (
        "Participants with at least one event of those with a dose, and events, from the first "
        "dose to the end of their course. Not counted, as they began before or after that or are "
        f"of nobody with a dose: {made[0][2].outside}.",
    )
    return Section("harms", "Adverse events", lines, tuple(tables))


def _table(
    inputs: Inputs,
    people: list[Participant],
    title: str,
    key: str,
    found: safety.Table,
    planned: bool,
) -> Table:
    lines: dict[tuple[str, str], dict[str, safety.Row]] = {}
    for row in found.rows:
        lines.setdefault((row.group, row.term), {})[row.arm] = row
    rows: list[tuple[Cell, ...]] = []
    for (group, term), by_arm in sorted(lines.items()):
        label = f"– {term}" if term else group or "Any"
        cells = [
            _figure(inputs, people, key, by_arm[arm], planned) if arm in by_arm else "–"
            for arm in inputs.layout.arms
        ]
        if not group or any(isinstance(cell, Figure) and cell.sources for cell in cells):
            rows.append((label, *cells))
    return Table(title, ("", *inputs.layout.arms), tuple(rows), planned=planned)


def _deaths(inputs: Inputs, people: list[Participant], planned: bool) -> Table:
    """Fatal events of those with a dose, whatever the cause and whenever they happened."""
    died = {
        each.occurrence.participant: each.sources
        for each in inputs.arisen
        if each.occurrence.event == "death"
    }
    cells: list[Cell] = []
    for arm in inputs.layout.arms:
        here = [each for each in people if each.arm == arm]
        dead = [each.key for each in here if each.key in died]
        sources = {place for each in here for place in (*each.dosed, *each.allocated)}
        sources.update(place for key in dead for place in died[key])
        made = share(f"harms/deaths/{arm}", len(dead), len(here), "count", sources)
        cells.append(replace(made, planned=planned))
    row = ("Died, from any cause", *cells)
    return Table("Deaths", ("", *inputs.layout.arms), (row,), planned=planned)


def _rates(inputs: Inputs, people: list[Participant], found: safety.Table, planned: bool) -> Table:
    """Any event and each system, over the time that people were at risk."""
    rows: list[tuple[Cell, ...]] = []
    lines = [row for row in found.rows if not row.term]
    for group in sorted({row.group for row in lines}):
        by_arm = {row.arm: row for row in lines if row.group == group}
        for part, words in (("incidence", "people with a first event"), ("event_rate", "events")):
            cells = [
                _rate(inputs, people, by_arm[arm], part, planned) if arm in by_arm else "–"
                for arm in inputs.layout.arms
            ]
            rows.append((f"{group or 'Any'}: {words}", *cells))
    return Table(
        "For each 100 person-years since the first dose (exact 95% interval); person-years",
        ("", *inputs.layout.arms), tuple(rows),
        "The time of people with a first event ends with it. Rates take the hazard as constant.",
        planned,
    )  # fmt: skip


def _rate(
    inputs: Inputs, people: list[Participant], row: safety.Row, part: str, planned: bool
) -> Cell:
    rate: safety.Rate = getattr(row, part)
    about = ("analysis.safety.by_system", row.people, _sources(inputs, people, "all", row), planned)
    figure = ranged(
        f"harms/{part}/{row.group}/{row.arm}", rate.per_100_years, (rate.low, rate.high), about,
        after=f"; {shown(rate.person_years)}",
    )  # fmt: skip
    values = (*figure.values, ("person_years", number(rate.person_years)))
    return replace(figure, values=(*values, ("count", str(rate.count))))


def _figure(
    inputs: Inputs, people: list[Participant], key: str, row: safety.Row, planned: bool
) -> Figure:
    sources = _sources(inputs, people, key, row)
    percent = f" ({100 * row.participants / row.people:.0f}%)" if row.people else ""
    low, high = row.interval
    return Figure(
        f"harms/{key}/{row.group}/{row.term}/{row.arm}",
        f"{row.participants}/{row.people}{percent}, {row.events}",
        (("participants", str(row.participants)), ("of", str(row.people)),
         ("events", str(row.events)), ("low", number(low)), ("high", number(high)),
         ("events_per_100_years", number(row.event_rate.per_100_years))),
        "analysis.safety.by_system" if key != "special-interest"
        else "analysis.safety.of_special_interest",
        row.people, tuple(sorted(sources)), planned,
    )  # fmt: skip


def _sources(inputs: Inputs, people: list[Participant], key: str, row: safety.Row) -> set[int]:
    """The entries of the line's events, and of the doses and arms of those at risk."""
    at_risk = {each.key: each for each in people if each.arm == row.arm}
    sources: set[int] = set()
    for each in inputs.events:
        person = at_risk.get(each.event.participant)
        if person and _counts(each, key, row) and 1 <= each.event.day <= (person.days_at_risk or 0):
            sources.update(each.sources)
    for person in at_risk.values():
        sources.update((*person.dosed, *person.allocated))
    return sources


def _counts(each: Happened, key: str, row: safety.Row) -> bool:
    event = each.event
    if key in ("serious", "other") and event.serious != (key == "serious"):
        return False
    if key == "special-interest" and not event.special_interest:
        return False
    group = event.special_interest if key == "special-interest" else event.system
    return row.group in ("", group) and row.term in ("", event.term)
