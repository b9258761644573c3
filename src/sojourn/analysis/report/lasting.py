"""Whether the change held to the visits after the primary one, and among whom."""

from collections.abc import Iterable

from sojourn.analysis.durability import Held, Kept, Mean, held, kept
from sojourn.analysis.report.inputs import Inputs, Participant, columns
from sojourn.analysis.report.model import Cell, Figure, Section, Table, number, ranged, share

TITLE = "Durability"
ROWS = (
    ("at_end", "Change at {end}, all known"),
    ("followed_at_end", "Change at {end}, those rated at both"),
    ("followed_later", "Change at {later}, those rated at both"),
    ("since_end", "Change in between, those rated at both"),
    ("not_followed_at_end", "Change at {end}, those not rated at {later}"),
)


def lasting(inputs: Inputs, population: str, planned: bool) -> Section:
    """Change and response at each rated visit after the primary one."""
    layout = inputs.layout
    rated = {visit for _, visit in inputs.ratings}
    visits = [visit for visit in layout.later if visit in rated]
    if not visits:
        none = f"Nobody has been rated after {layout.label(layout.outcome)} yet."
        return Section("durability", TITLE, (none,))
    tables: list[Table] = []
    for visit in visits:
        tables += _tables(inputs, population, visit, planned)
    lines = (
        f"From {layout.label(layout.outcome)} on. Everything here is as observed. Those not rated "
        "later include people whose visit is still to come; what became of the others is not "
        "known, and change among those followed is not change among all.",
    )
    return Section("durability", TITLE, lines, tuple(tables))


def _tables(inputs: Inputs, population: str, later: str, planned: bool) -> tuple[Table, Table]:
    layout = inputs.layout
    end, people = layout.outcome, inputs.population(population)
    arms = {each.key: each.arm for each in people}
    observed = inputs.rated(people)
    of = {each.arm: each for each in held(observed, end, later, arms)}
    labels = {"end": layout.label(end), "later": layout.label(later)}
    own = dict(columns(inputs, people))
    rows: list[tuple[Cell, ...]] = [
        (label.format(**labels), *(
            _mean(inputs, of[arm], part, later, own[arm], planned) if arm in of else "–"
            for arm in layout.arms
        ))
        for part, label in ROWS
    ]  # fmt: skip
    found = {each.arm: each for each in kept(observed, end, later, arms)}
    cells = [
        _kept(inputs, found[arm], later, own[arm], planned) if arm in found else "–"
        for arm in layout.arms
    ]
    head = ("", *layout.arms)
    title = f"{labels['end']} to {labels['later']}: mean (95% interval), n"
    responders = f"Responders at {labels['end']} who still respond at {labels['later']}"
    return (
        Table(title, head, tuple(rows), planned=planned),
        Table(
            responders, head, (("Of those rated, n/N (exact 95% interval)", *cells),),
            "A responder who is not rated later counts neither way.", planned,
        ),
    )  # fmt: skip


def _mean(
    inputs: Inputs, held: Held, part: str, later: str, people: Iterable[Participant], planned: bool
) -> Figure:
    mean: Mean = getattr(held, part)
    visits = [inputs.layout.baseline, inputs.layout.outcome]
    if part != "at_end":
        visits.append(later)
    about = ("analysis.durability.held", mean.people, inputs.entries(people, visits), planned)
    name = f"durability/{later}/{part}/{held.arm}"
    return ranged(name, mean.mean, (mean.low, mean.high), about, after=f", {mean.people}")


def _kept(
    inputs: Inputs, found: Kept, later: str, people: Iterable[Participant], planned: bool
) -> Figure:
    responders = [each for each in people if each.key in found.responders]
    visits = (inputs.layout.baseline, inputs.layout.outcome, later)
    sources = inputs.entries(responders, visits)
    function = "analysis.durability.kept"
    plain = share(f"durability/{later}/kept/{found.arm}", found.still, found.known, function,
                  sources)  # fmt: skip
    low, high = found.exact
    interval = "" if low is None or high is None else f" ({100 * low:.0f}% to {100 * high:.0f}%)"
    lacking = len(found.responders) - found.known
    return Figure(
        plain.name, f"{found.still}/{found.known}{interval}; {lacking} not rated",
        (*plain.values, ("responders", str(len(found.responders))), ("low", number(low)),
         ("high", number(high))),
        function, len(found.responders), sources, planned,
    )  # fmt: skip
