"""Who took part: flow, baseline, course over the visits."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean, stdev

from sojourn.analysis import outcomes
from sojourn.analysis.flow import ENDINGS, Flow, Person
from sojourn.analysis.flow import flow as accounted
from sojourn.analysis.report.inputs import Inputs, Participant, columns, places
from sojourn.analysis.report.intercurrent import analysed_people
from sojourn.analysis.report.model import (
    Cell,
    Figure,
    FlowPicture,
    Section,
    Table,
    TrajectoryPicture,
    count,
    number,
    share,
    shown,
)

CONSORT = "After CONSORT 2025, doi 10.1371/journal.pmed.1004587."
STEPS = (
    ("allocated", "Randomised"),
    ("dosed", "Received at least one dose"),
    ("completed", "Completed"),
    ("withdrawn", "Withdrew"),
    ("lost", "Lost to follow-up"),
    ("in-progress", "Still taking part"),
    ("rated", "Rated at the primary visit"),
    ("analysed", "In the primary analysis"),
)


def flow(inputs: Inputs, population: str, dosing: bool) -> Section:
    """Everyone ever registered, and what became of those randomised.

    Raises
    ------
    sojourn.analysis.flow.Unaccounted
        If the parts would not add up.
    """
    whole = accounted(
        Person(each.status, each.arm, each.included, each.reason) for each in inputs.people
    )
    steps = [
        (key, "Enrolled" if inputs.layout.single and key == "allocated" else label)
        for key, label in STEPS
        if dosing or key != "dosed"
    ]
    by_arm = columns(inputs, (each for each in inputs.people if each.included))
    analysed = {each.key for each in analysed_people(inputs, population)}
    parts = {
        (key, arm): _part(inputs, key, arm, people, analysed)
        for key, _ in steps
        for arm, people in by_arm
    }
    rows: list[tuple[Cell, ...]] = [
        (label, *(parts[key, arm] for arm, _ in by_arm)) for key, label in steps
    ]
    for reason in sorted({each.reason for each in inputs.people if each.included} - {""}):
        rows.append((f"Withdrew: {reason}", *(
            count(f"flow/reason/{reason}/{arm}", len(chosen), "analysis.flow.flow",
                  places(chosen, lambda each: each.flow))
            for arm, people in by_arm
            for chosen in [[each for each in people if each.reason == reason]]
        )))  # fmt: skip
    picture = _flow_picture(whole, parts, by_arm, dict(steps))
    tables = (
        Table("Enrolment", ("", "People"), _enrolment(inputs)),
        Table(
            "Follow-up and analysis" if inputs.layout.single else "Allocation, follow-up, analysis",
            ("", *inputs.layout.arms),
            tuple(rows),
        ),
    )
    return Section("flow", "Participant flow", (CONSORT,), tables, picture)


def baseline(inputs: Inputs, population: str) -> Section:
    """Age, sex, site, what was taken before and severity of the analysed population."""
    by_arm = columns(inputs, inputs.population(population))
    scores = {
        row["participant"]: row["total"]
        for row in inputs.observations.iter_rows(named=True)
        if row["visit"] == inputs.layout.baseline and row["total"] is not None
    }
    rows: list[tuple[Cell, ...]] = [
        ("People", *(
            count(f"baseline/people/{arm}", len(people), "count",
                  places(people, lambda each: each.flow))
            for arm, people in by_arm
        )),
        ("Age, mean (SD), n", *(
            mean(f"baseline/age/{arm}", [each.age for each in people if each.age is not None],
                 places([e for e in people if e.age is not None], lambda each: each.registered))
            for arm, people in by_arm
        )),
    ]  # fmt: skip
    for title, of in (
        ("Sex", "sex"), ("Site", "site"), ("MDMA before", "prior-mdma"),
        ("SSRI before", "prior-ssri"),
    ):  # fmt: skip
        levels = sorted({each.level(of) for _, people in by_arm for each in people})
        if levels == [""] and of.startswith("prior-"):
            continue  # nobody was asked
        for level in levels:
            cells = []
            for arm, people in by_arm:
                chosen = [each for each in people if each.level(of) == level]
                sources = places(people, partial(Participant.telling, factor=of))
                name = f"baseline/{of}/{level}/{arm}"
                cells.append(share(name, len(chosen), len(people), "count", sources))
            rows.append((f"{title}: {level or 'not recorded'}", *cells))
    cells = []
    for arm, people in by_arm:
        known = [each for each in people if each.key in scores]
        sources = inputs.entries(known, [inputs.layout.baseline])
        values = [scores[each.key] for each in known]
        cells.append(mean(f"baseline/severity/{arm}", values, sources))
    rows.append((f"{inputs.layout.instrument} at baseline, mean (SD), n", *cells))
    table = Table("At baseline", ("", *inputs.layout.arms), tuple(rows))
    note = "Differences between arms at baseline are not tested: they are due to chance."
    lines = (note,) if inputs.layout.opened else ()
    return Section("baseline", "Baseline", lines, (table,))


def mean(
    name: str, values: Sequence[int], sources: Iterable[int], *, planned: bool = True
) -> Figure:
    """Mean with standard deviation and how many."""
    if not values:
        return Figure(name, "–", (("n", "0"),), "mean", 0, (), planned)
    spread = stdev(values) if len(values) > 1 else None
    middle = fmean(values)
    text = shown(middle) + (f" ({shown(spread)})" if spread is not None else "")
    numbers = (("mean", number(middle)), ("sd", number(spread)), ("n", str(len(values))))
    places = tuple(sorted(set(sources)))
    return Figure(name, f"{text}, {len(values)}", numbers, "mean", len(values), places, planned)


def trajectories(inputs: Inputs, population: str, planned: bool) -> Section:
    """Mean severity at each rated visit, as observed, with the interval of the mean."""
    people = inputs.population(population)
    by_key = {each.key: each for each in people}
    observed = inputs.rated(people)
    points = outcomes.trajectories(observed, [key for key, _ in inputs.layout.rated])
    cells: dict[tuple[str, str], Figure] = {}
    for point in points:
        here = [
            by_key[row["participant"]]
            for row in observed.iter_rows(named=True)
            if (row["visit"], row["arm"]) == (point.visit, point.arm) and row["total"] is not None
        ]
        interval = f" ({shown(point.low)} to {shown(point.high)})" if point.low is not None else ""
        cells[point.visit, point.arm] = Figure(
            f"trajectory/{point.visit}/{point.arm}",
            f"{shown(point.mean)}{interval}, {point.n}",
            (
                ("mean", number(point.mean)),
                ("low", number(point.low)),
                ("high", number(point.high)),
                ("n", str(point.n)),
            ),
            "analysis.outcomes.trajectories",
            point.n,
            inputs.entries(here, [point.visit]),
            planned,
        )
    visits = [key for key, _ in inputs.layout.rated if any(visit == key for visit, _ in cells)]
    rows = tuple(
        (inputs.layout.label(key), *(cells.get((key, arm), "–") for arm in inputs.layout.arms))
        for key in visits
    )
    title = f"Mean {inputs.layout.instrument} (95% interval), n"
    lines = ("As observed: nobody missing is counted, in or out.",)
    picture = TrajectoryPicture(title, points, inputs.layout.rated) if points else None
    table = Table(title, ("Visit", *inputs.layout.arms), rows, planned=planned)
    return Section("trajectories", "Course over the visits", lines, (table,), picture)


def _enrolment(inputs: Inputs) -> tuple[tuple[Cell, ...], ...]:
    names: dict[str, tuple[str, Callable[[Participant], bool]]] = {
        "registered": ("Assessed for eligibility", lambda each: True),
        "screening": ("In screening", lambda each: each.status == "screening"),
        "screen-failed": ("Not eligible", lambda each: each.status == "screen-failed"),
        "enrolled": ("Eligible", lambda each: each.status in ENDINGS),
    }
    if not inputs.layout.single:
        names["not-randomised"] = (
            "Eligible, not randomised",
            lambda each: each.status in ENDINGS and not each.included,
        )
        names["randomised"] = ("Randomised", lambda each: each.included)
    before: list[tuple[Cell, ...]] = []
    for key, (label, holds) in names.items():
        chosen = [each for each in inputs.people if holds(each)]
        sources = {place for each in chosen for place in each.flow}
        before.append((label, count(f"flow/{key}", len(chosen), "analysis.flow.flow", sources)))
    return tuple(before)


def _flow_picture(
    whole: Flow,
    parts: Mapping[tuple[str, str], Figure],
    by_arm: Sequence[tuple[str, Sequence[Participant]]],
    labels: Mapping[str, str],
) -> FlowPicture:
    single = labels["allocated"] != "Randomised"
    aside = [f"Not eligible: {whole.screen_failed}", f"In screening: {whole.in_screening}"]
    if not single:
        aside.append(f"Eligible, not randomised: {whole.not_randomised.allocated}")
    return FlowPicture(
        (
            (f"Assessed for eligibility: {whole.registered}",),
            tuple(aside),
            (f"{labels['allocated']}: {whole.enrolled if single else whole.randomised}",),
        ),
        tuple(
            tuple(
                (*([arm] if keys[0] == "allocated" else []), *(
                    f"{labels[key]}: {parts[key, arm].text}" for key in keys
                    if (key, arm) in parts
                ))
                for keys in (
                    ("allocated", "dosed"),
                    ("completed", "withdrawn", "lost", "in-progress"),
                    ("rated", "analysed"),
                )
            )
            for arm, _ in by_arm
        ),
    )  # fmt: skip


def _part(
    inputs: Inputs, key: str, arm: str, people: Sequence[Participant], analysed: Collection[str]
) -> Figure:
    outcome = inputs.layout.outcome
    rated = {who for who, visit in inputs.ratings if visit == outcome}
    tests: dict[str, Callable[[Participant], bool]] = {
        "allocated": lambda each: True,
        "dosed": lambda each: each.doses > 0,
        "rated": lambda each: each.key in rated,
        "analysed": lambda each: each.key in analysed,
    }
    holds = tests.get(key)
    chosen = [each for each in people if (holds(each) if holds else each.status == key)]
    sources = set(places(chosen, lambda each: each.dosed if key == "dosed" else each.flow))
    if key in ("rated", "analysed"):
        visits = (outcome,) if key == "rated" else inputs.layout.after_baseline
        sources = set(inputs.entries(chosen, visits))
    return count(f"flow/{key}/{arm}", len(chosen), "analysis.flow.flow", sources)
