"""From the estimand as written to the values that count: ICH E9(R1) strategies, one rule each.

Treatment policy uses a value whatever happened before it. Hypothetical leaves out what came
after the event, to be modelled as if it had not happened. Composite makes the event an
outcome: what came after, seen or not, is the failure value. While on treatment takes the last
value before the event as the outcome. A principal stratum can't be read off the data and is
refused.

Source: ICH E9(R1) 2019, section A.3.2.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

ATTRIBUTES = ("treatment", "population", "variable", "intercurrent_events", "summary")
# Of two events on one day, the first of these settles the value.
STRATEGIES = ("composite", "hypothetical", "while-on-treatment", "treatment-policy")
STATUSES = (
    "used", "missing", "not-used", "composite", "last-on-treatment", "none-on-treatment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handled:
    """A kind of intercurrent event, and the strategy for it."""

    event: str
    strategy: str


@dataclass(frozen=True, slots=True)
class Estimand:
    """The five attributes of ICH E9(R1)."""

    treatment: str
    population: str
    variable: str
    intercurrent_events: tuple[Handled, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """That an intercurrent event happened to a participant, on a day of their course."""

    participant: str
    event: str
    day: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many participants of an arm have a status at a visit, and by which event."""

    arm: str
    visit: str
    status: str
    event: str
    participants: int


@dataclass(frozen=True, slots=True)
class AnalysisSet:
    """What enters the analysis.

    ``values`` has one row for each participant of the set and visit: participant, arm, visit,
    day, value (null where none counts), observed (the value as seen), status (one of
    ``STATUSES``) and event (the one that settled it, or empty). ``departs`` gives the first
    visit after a hypothetical event by participant, as reference-based imputation asks for.
    """

    values: pl.DataFrame
    departs: Mapping[str, str]
    counts: tuple[Count, ...]


def written(attributes: Mapping[str, object]) -> Estimand:
    """The estimand of plain data: texts, and events as mappings of event and strategy.

    That no event is expected is said by an empty list.

    Raises
    ------
    ValueError
        For an attribute that is absent or unknown, an event twice, or a strategy that is not
        one of ``STRATEGIES``.
    """
    absent = [name for name in ATTRIBUTES if attributes.get(name) in (None, "")]
    if absent:
        raise ValueError(f"the estimand has no '{absent[0]}'; its attributes are {ATTRIBUTES}")
    stray = sorted(set(attributes) - set(ATTRIBUTES))
    if stray:
        raise ValueError(f"'{stray[0]}' is no attribute of an estimand: {ATTRIBUTES}")
    given = attributes["intercurrent_events"]
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError("intercurrent_events: give a list of event and strategy")
    return Estimand(
        str(attributes["treatment"]),
        str(attributes["population"]),
        str(attributes["variable"]),
        _handled(given),
        str(attributes["summary"]),
    )


def analysis_set(
    estimand: Estimand,
    observations: pl.DataFrame,
    occurrences: Iterable[Occurrence],
    *,
    arms: Mapping[str, str],
    visits: Mapping[str, int],
    outcome_visit: str,
    failure: float | None = None,
) -> AnalysisSet:
    """Which value of each participant counts at each visit.

    ``observations`` has participant, visit, day and value; ``arms`` the arm of everyone in
    the population; ``visits`` the planned day of each, used where the visit did not take place.
    A value counts as after an event if its day is later than the event's. The earliest event
    with a strategy other than treatment policy settles it. ``failure`` is the value that a
    composite event stands for.

    Raises
    ------
    ValueError
        For columns or visits that are not known, a participant twice at a visit, an event the
        estimand does not handle, or a composite event without ``failure``.
    """
    _check(estimand, observations, visits, outcome_visit, failure)
    strategies = {each.event: each.strategy for each in estimand.intercurrent_events}
    happened = _happened(occurrences, strategies, arms)
    plan = _grid(arms, visits).join(
        observations.select(
            "participant", "visit", "day", pl.col("value").cast(pl.Float64).fill_nan(None)
        ),
        on=["participant", "visit"],
        how="left",
    )
    plan = plan.with_columns(day=pl.coalesce("day", "planned"))
    first = (
        plan.select("participant", "visit", "day")
        .join(happened, on="participant")
        .filter(pl.col("day") > pl.col("event_day"))
        .sort("event_day", "precedence", "event")
        .unique(["participant", "visit"], keep="first")
        .select("participant", "visit", "event", "strategy")
    )
    settled = plan.join(first, on=["participant", "visit"], how="left").sort("person", "order")
    last = pl.when(pl.col("strategy").is_null()).then(pl.col("value"))
    settled = settled.with_columns(last=last.forward_fill().over("person"))
    values = _settle(settled, outcome_visit, failure)
    departs = (
        settled.filter(pl.col("strategy") == "hypothetical")
        .group_by("participant", maintain_order=True)
        .agg(pl.col("visit").first())
    )
    first_after = MappingProxyType(dict(departs.iter_rows()))
    return AnalysisSet(values, first_after, _counts(values, tuple(visits)))


def _handled(given: Iterable[object]) -> tuple[Handled, ...]:
    made = []
    for each in given:
        if not isinstance(each, Mapping) or set(each) != {"event", "strategy"}:
            raise ValueError(f"intercurrent event {each!r}: give its event and strategy")
        if each["strategy"] not in STRATEGIES:
            raise ValueError(
                f"strategy '{each['strategy']}' of '{each['event']}' is not one of {STRATEGIES}"
            )
        made.append(Handled(str(each["event"]), str(each["strategy"])))
    names = [each.event for each in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"intercurrent event '{twice[0]}' has two strategies; keep one")
    return tuple(made)


def _check(
    estimand: Estimand,
    observations: pl.DataFrame,
    visits: Mapping[str, int],
    outcome_visit: str,
    failure: float | None,
) -> None:
    absent = {"participant", "visit", "day", "value"} - set(observations.columns)
    if absent:
        raise ValueError(f"observations have no '{min(absent)}'; they have {observations.columns}")
    stray = set(observations["visit"]) - set(visits) | ({outcome_visit} - set(visits))
    if stray:
        raise ValueError(f"visit '{min(map(str, stray))}' is not planned: {list(visits)}")
    if observations.select("participant", "visit").is_duplicated().any():
        raise ValueError("a participant has two values at a visit; keep one")
    composite = [e.event for e in estimand.intercurrent_events if e.strategy == "composite"]
    if composite and failure is None:
        raise ValueError(f"'{composite[0]}' is composite: say which value stands for failure")


def _happened(
    occurrences: Iterable[Occurrence], strategies: Mapping[str, str], arms: Mapping[str, str]
) -> pl.DataFrame:
    """Events of the population that can settle a value, with their strategy."""
    rows = []
    for each in occurrences:
        if each.event not in strategies:
            raise ValueError(f"the estimand has no strategy for '{each.event}'; write one")
        strategy = strategies[each.event]
        if each.participant in arms and strategy != "treatment-policy":
            rows.append(
                (each.participant, each.event, each.day, strategy, STRATEGIES.index(strategy))
            )
    schema = {
        "participant": pl.String,
        "event": pl.String,
        "event_day": pl.Int64,
        "strategy": pl.String,
        "precedence": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _grid(arms: Mapping[str, str], visits: Mapping[str, int]) -> pl.DataFrame:
    people = pl.DataFrame(
        {"participant": list(arms), "arm": list(arms.values())},
        schema={"participant": pl.String, "arm": pl.String},
    ).with_row_index("person")
    plan = pl.DataFrame(
        {"visit": list(visits), "planned": list(visits.values())},
        schema={"visit": pl.String, "planned": pl.Int64},
    ).with_row_index("order")
    return people.join(plan, how="cross")


def _settle(settled: pl.DataFrame, outcome_visit: str, failure: float | None) -> pl.DataFrame:
    strategy, value = pl.col("strategy"), pl.col("value")
    ends = (strategy == "while-on-treatment") & (pl.col("visit") == outcome_visit)
    has_last = pl.col("last").is_not_null()
    status = (
        pl.when(strategy.is_null() & value.is_null()).then(pl.lit("missing"))
        .when(strategy.is_null()).then(pl.lit("used"))
        .when(strategy == "composite").then(pl.lit("composite"))
        .when(ends & has_last).then(pl.lit("last-on-treatment"))
        .when(ends).then(pl.lit("none-on-treatment"))
        .otherwise(pl.lit("not-used"))
    )  # fmt: skip
    counts = (
        pl.when(strategy.is_null()).then(value)
        .when(strategy == "composite").then(pl.lit(failure, dtype=pl.Float64))
        .when(ends).then(pl.col("last"))
    )  # fmt: skip
    return settled.select(
        "participant",
        "arm",
        "visit",
        "day",
        value=counts,
        observed=value,
        status=status,
        event=pl.col("event").fill_null(""),
    )


def _counts(values: pl.DataFrame, visits: Sequence[str]) -> tuple[Count, ...]:
    found = values.group_by("arm", "visit", "status", "event").agg(participants=pl.len())
    rows = [Count(**row) for row in found.iter_rows(named=True)]
    return tuple(
        sorted(
            rows,
            key=lambda each: (
                each.arm, visits.index(each.visit), STATUSES.index(each.status), each.event,
            ),
        )
    )  # fmt: skip
