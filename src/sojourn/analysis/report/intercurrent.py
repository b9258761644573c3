"""Which ratings count under the estimand: its events applied, and everyone accounted for."""

from collections.abc import Iterable, Mapping

import polars as pl

from sojourn.analysis.estimand import AnalysisSet, Estimand, analysis_set
from sojourn.analysis.report.inputs import Arisen, Inputs, Participant, columns
from sojourn.analysis.report.model import Cell, Figure, Table, count

PRINCIPAL, POLICY = "principal-stratum", "treatment-policy"
EVENTS = {
    "treatment-stopped": "Treatment stopped before its last session",
    "excluded-medicine": "A medicine of an excluded class was begun",
    "death": "Death",
    "unblinded": "Unblinded in an emergency",
}
STATUSES = {
    "used": "Rating counts",
    "missing": "No rating",
    "not-used": "Rating set aside",
    "not-made": "No rating after",
    "composite": "Counts as failure after",
    "last-on-treatment": "Last rating before it stands in, after",
    "none-on-treatment": "No rating before",
}
FUNCTION = "analysis.estimand.analysis_set"


def counted(inputs: Inputs, population: str, *, every: bool = False) -> AnalysisSet:
    """The change from baseline that counts for each of the population at each visit.

    ``every`` uses every rating, as a treatment policy for all events would.
    """
    layout = inputs.layout
    handled = () if every else tuple(e for e in layout.handled if e.strategy != PRINCIPAL)
    known = {each.event for each in handled}
    visits = {visit: layout.planned.get(visit, 0) for visit in layout.after_baseline}
    people = inputs.population(population)
    return analysis_set(
        Estimand("", "", "", handled, ""),
        inputs.observations.filter(pl.col("visit").is_in(list(visits))).select(
            "participant", "visit", "day", value=pl.col("change")
        ),
        [each.occurrence for each in inputs.arisen if each.occurrence.event in known],
        arms={each.key: each.arm for each in people},
        visits=visits,
        outcome_visit=layout.outcome,
        failure=layout.failure,
    )


def analysed_people(
    inputs: Inputs, population: str, *, every: bool = False
) -> tuple[Participant, ...]:
    """Those of the population with a baseline and a change that counts after it."""
    values = counted(inputs, population, every=every).values
    rated = set(values.filter(pl.col("value").is_not_null())["participant"])
    baselines = inputs.observations.filter(
        (pl.col("visit") == inputs.layout.baseline) & pl.col("total").is_not_null()
    )
    started = set(baselines["participant"])
    return tuple(each for each in inputs.population(population) if each.key in rated & started)


def entries_used(
    inputs: Inputs, people: Iterable[Participant], visits: Iterable[str]
) -> tuple[int, ...]:
    """The entries of these people's ratings, and of the events that settle which of them count."""
    people = tuple(people)
    keys = {each.key for each in people}
    settling = {e.event for e in inputs.layout.handled if e.strategy not in (PRINCIPAL, POLICY)}
    told = {
        place
        for each in inputs.arisen
        if each.occurrence.event in settling and each.occurrence.participant in keys
        for place in each.sources
    }
    return tuple(sorted(told | set(inputs.entries(people, visits))))


def tables(inputs: Inputs, population: str) -> tuple[Table, ...]:
    """How often each event came, and what counts at the primary visit because of it."""
    if not inputs.layout.handled:
        return ()
    head = ("", *inputs.layout.arms)
    rows: list[tuple[Cell, ...]] = []
    for each in inputs.layout.handled:
        cells = []
        for arm, people in columns(inputs, inputs.population(population)):
            found = _of(inputs.arisen, each.event, {one.key for one in people})
            sources = _places(found.values(), [p for p in people if p.key in found])
            name = f"intercurrent/{each.event}/{arm}"
            cells.append(count(name, len(found), "course.intercurrent.intercurrent", sources))
        rows.append((EVENTS.get(each.event, each.event), each.strategy, *cells))
    return (
        Table("People with an intercurrent event", ("", "Strategy", *head[1:]), tuple(rows)),
        Table("What counts at the primary visit", head, _accounted(inputs, population)),
        Table(
            "Ratings on record that the primary analysis sets aside", head,
            (("All visits", *_set_aside(inputs, population)),),
        ),
    )  # fmt: skip


def _accounted(inputs: Inputs, population: str) -> tuple[tuple[Cell, ...], ...]:
    visit = inputs.layout.outcome
    values = counted(inputs, population).values.filter(pl.col("visit") == visit)
    people = {each.key: each for each in inputs.population(population)}
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row in values.iter_rows(named=True):
        unmade = row["status"] == "not-used" and row["observed"] is None
        status = "not-made" if unmade else row["status"]
        by_arm = found.setdefault((status, row["event"]), {})
        by_arm.setdefault(row["arm"], []).append(row["participant"])
    rows: list[tuple[Cell, ...]] = []
    for status, event in sorted(found, key=lambda each: (list(STATUSES).index(each[0]), each[1])):
        cells = []
        for arm in inputs.layout.arms:
            names = found[status, event].get(arm, [])
            events = _of(inputs.arisen, event, set(names))
            sources = {place for name in names for place in inputs.ratings.get((name, visit), ())}
            sources.update(_places(events.values(), [people[name] for name in names]))
            name = f"estimand/{status}/{event}/{arm}"
            cells.append(count(name, len(names), FUNCTION, sources))
        what = EVENTS.get(event, event)
        rows.append((f"{STATUSES[status]}: {what.lower()}" if event else STATUSES[status], *cells))
    return tuple(rows)


def _set_aside(inputs: Inputs, population: str) -> tuple[Figure, ...]:
    values = counted(inputs, population).values
    aside = values.filter(pl.col("observed").is_not_null() & (pl.col("status") != "used"))
    people = {each.key: each for each in inputs.population(population)}
    made = []
    for arm in inputs.layout.arms:
        rows = list(aside.filter(pl.col("arm") == arm).iter_rows(named=True))
        sources: set[int] = set()
        for row in rows:
            who = row["participant"]
            sources.update(inputs.ratings.get((who, row["visit"]), ()))
            found = _of(inputs.arisen, row["event"], {who})
            sources.update(_places(found.values(), [people[who]]))
        made.append(count(f"estimand/set-aside/{arm}", len(rows), FUNCTION, sources))
    return tuple(made)


def _of(arisen: Iterable[Arisen], event: str, people: set[str]) -> Mapping[str, Arisen]:
    return {
        each.occurrence.participant: each
        for each in arisen
        if each.occurrence.event == event and each.occurrence.participant in people
    }


def _places(found: Iterable[Arisen], people: Iterable[Participant]) -> set[int]:
    told = {place for each in found for place in each.sources}
    return told | {place for each in people for place in each.allocated}
