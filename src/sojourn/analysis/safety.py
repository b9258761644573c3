"""Adverse events by arm, system and term: people, events, rates and differences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import polars as pl
from scipy import stats

from sojourn.analysis.outcomes import exact_interval
from sojourn.analysis.risk import Measure, risk_difference

DAYS_A_YEAR = 365.25
PER_YEARS = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One adverse event. ``day`` counts from 1, the first day at risk; ``grade`` is None where
    nobody graded it, ``special_interest`` empty where it is of none."""

    participant: str
    system: str
    term: str
    day: int
    grade: int | None
    serious: bool
    special_interest: str = ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How many days one participant of the safety set was at risk, from the first dose on."""

    participant: str
    arm: str
    days: int


@dataclass(frozen=True, slots=True)
class Rate:
    """Events or people for each 100 person-years, with the exact Poisson interval."""

    count: int
    person_years: float
    per_100_years: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table in one arm: any event, a group (``term`` empty), or a term in it.

    ``participants`` of ``people`` had one or more, ``interval`` the exact one of that share.
    ``incidence`` counts each participant's first event over the time until it;
    ``event_rate`` counts every event over all the time. ``grades`` pairs each worst grade with
    how many participants had it; None where all of theirs are ungraded.
    """

    arm: str
    group: str
    term: str
    participants: int
    people: int
    interval: tuple[float | None, float | None]
    events: int
    incidence: Rate
    event_rate: Rate
    grades: tuple[tuple[int | None, int], ...]

    @property
    def share(self) -> float | None:
        return self.participants / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of each arm, every line in every arm. ``outside`` events began before the first
    day at risk or after the last, or to people not in the safety set, and are in no line."""

    rows: tuple[Row, ...]
    outside: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Share with the event in ``arm`` less the reference's, with the hybrid score interval."""

    arm: str
    reference: str
    group: str
    term: str
    difference: Measure


def by_system(
    events: Iterable[Event], exposures: Sequence[Exposure], *, serious: bool = False
) -> Table:
    """Any event, then each system and its terms; only the serious ones if asked.

    Raises
    ------
    ValueError
        For a participant with two exposures, or one of no time.
    """
    chosen = [each for each in events if each.serious or not serious]
    return _table(chosen, exposures, "system")


def of_special_interest(events: Iterable[Event], exposures: Sequence[Exposure]) -> Table:
    """Any event of special interest, then each kind of them and its terms.

    Raises
    ------
    ValueError
        As ``by_system``.
    """
    chosen = [each for each in events if each.special_interest]
    return _table(chosen, exposures, "special_interest")


def differences(table: Table, reference: str) -> tuple[Difference, ...]:
    """Every other arm's lines against the reference's.

    Raises
    ------
    ValueError
        If the reference is no arm of the table.
    """
    base = {(row.group, row.term): row for row in table.rows if row.arm == reference}
    if not base:
        raise ValueError(f"'{reference}' is no arm of the table")
    return tuple(
        Difference(
            row.arm,
            reference,
            row.group,
            row.term,
            risk_difference(
                row.participants,
                row.people,
                base[row.group, row.term].participants,
                base[row.group, row.term].people,
            ),
        )
        for row in table.rows
        if row.arm != reference
    )


def poisson_rate(count: int, days: float, confidence: float = 0.95) -> Rate:
    """``count`` over ``days`` at risk, as a rate by person-years.

    Source: Garwood 1936, doi 10.1093/biomet/28.3-4.437.
    """
    years = days / DAYS_A_YEAR
    if years <= 0:
        return Rate(count, 0.0, None, None, None)
    tail = (1 - confidence) / 2
    low = float(stats.chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * count + 2)) / 2
    each = PER_YEARS / years
    return Rate(count, years, count * each, low * each, high * each)


def _table(events: list[Event], exposures: Sequence[Exposure], group: str) -> Table:
    people = _people(exposures)
    names = [field.name for field in fields(Event)]
    rows = [tuple(getattr(each, name) for name in names) for each in events]
    schema = {
        "participant": pl.String,
        "system": pl.String,
        "term": pl.String,
        "day": pl.Int64,
        "grade": pl.Int64,
        "serious": pl.Boolean,
        "special_interest": pl.String,
    }
    every = pl.DataFrame(rows, schema=schema, orient="row").rename({group: "group"})
    inside = every.join(people, on="participant").filter(pl.col("day").is_between(1, "days"))
    totals = people.group_by("arm").agg(people=pl.len(), days=pl.col("days").sum()).sort("arm")
    made = []
    for keys in ([], ["group"], ["group", "term"]):
        made += _lines(inside, totals, keys)
    made.sort(key=lambda row: (row.group, row.term, row.arm))
    return Table(tuple(made), len(every) - len(inside))


def _people(exposures: Sequence[Exposure]) -> pl.DataFrame:
    for each in exposures:
        if each.days < 1:
            raise ValueError(f"participant '{each.participant}' was at risk for {each.days} days")
    frame = pl.DataFrame(
        [(each.participant, each.arm, each.days) for each in exposures],
        schema={"participant": pl.String, "arm": pl.String, "days": pl.Int64},
        orient="row",
    )
    twice = frame.filter(pl.col("participant").is_duplicated())
    if len(twice):
        raise ValueError(f"participant '{twice['participant'][0]}' has two exposures; add them up")
    return frame


def _lines(inside: pl.DataFrame, totals: pl.DataFrame, keys: list[str]) -> list[Row]:
    """The lines at one level, one for each key found in any arm, in every arm."""
    person = inside.group_by("arm", "participant", *keys).agg(
        events=pl.len(), first=pl.col("day").min(), days=pl.col("days").first(),
        worst=pl.col("grade").max(),
    )  # fmt: skip
    counted = person.group_by("arm", *keys).agg(
        participants=pl.len(),
        events=pl.col("events").sum(),
        saved=(pl.col("days") - pl.col("first")).sum(),
        worst=pl.col("worst"),
    )
    every = totals
    if keys:
        every = totals.join(inside.select(keys).unique(), how="cross")
    joined = every.join(counted, on=["arm", *keys], how="left")
    return [_row(row) for row in joined.iter_rows(named=True)]


def _row(row: dict[str, object]) -> Row:
    numbers = {
        name: int(str(row[name] or 0))
        for name in ("participants", "people", "events", "saved", "days")
    }
    worst = row["worst"] if isinstance(row["worst"], list) else []
    participants, people = numbers["participants"], numbers["people"]
    levels = sorted(set(worst), key=lambda grade: (grade is None, grade or 0))
    return Row(
        str(row["arm"]),
        str(row.get("group", "")),
        str(row.get("term", "")),
        participants,
        people,
        exact_interval(participants, people),
        numbers["events"],
        poisson_rate(participants, numbers["days"] - numbers["saved"]),
        poisson_rate(numbers["events"], numbers["days"]),
        tuple((grade, worst.count(grade)) for grade in levels),
    )
