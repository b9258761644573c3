"""Responders at the primary visit, under both rules for the missing, by arm."""

from collections.abc import Iterable, Sequence

from sojourn.analysis import responders
from sojourn.analysis.report.inputs import Inputs, Participant
from sojourn.analysis.report.model import Cell, Figure, Section, Table, number, shown

LABELS = {
    "response": "Response",
    "loss_of_diagnosis": "Loss of diagnosis",
    "remission": "Remission",
}
RULES: tuple[tuple[responders.Rule, str], ...] = (
    ("observed", "As observed"),
    ("non-responder", "Missing as without"),
)


def respondents(inputs: Inputs, population: str, planned: Iterable[str], reference: str) -> Section:
    """Response, loss of diagnosis and remission at the primary visit, under both rules."""
    people = inputs.population(population)
    arms = {each.key: each.arm for each in people}
    planned = set(planned)
    tables = []
    for outcome in LABELS:
        rows: list[tuple[Cell, ...]] = []
        for rule, words in RULES:
            found = [
                each
                for each in responders.shares(
                    inputs.observations, inputs.layout.outcome, arms, rule
                )
                if each.outcome == outcome
            ]
            by_arm = {each.arm: each for each in found}
            cells = [
                _share(inputs, people, by_arm[arm], outcome in planned) if arm in by_arm else "–"
                for arm in inputs.layout.arms
            ]
            rows.append((f"{words}, n/N (exact 95% interval)", *cells))
            if inputs.layout.opened and reference in by_arm:
                rows += _compared(inputs, people, found, reference, words, outcome in planned)
        if any(isinstance(cell, Figure) and cell.inputs for row in rows for cell in row):
            tables.append(
                Table(LABELS[outcome], ("", *inputs.layout.arms), tuple(rows),
                      planned=outcome in planned)
            )  # fmt: skip
    lines = (
        f"At {inputs.layout.label(inputs.layout.outcome)}; each outcome has its own people. Every "
        "rating is used, whatever came before it.",
    )
    return Section("responders", "Responders", lines, tuple(tables))


def _share(
    inputs: Inputs, people: Sequence[Participant], each: responders.Share, planned: bool
) -> Figure:
    low, high = each.exact
    interval = "" if low is None or high is None else f" ({100 * low:.0f}% to {100 * high:.0f}%)"
    mine = [person for person in people if person.arm == each.arm]
    visits = (inputs.layout.baseline, inputs.layout.outcome)
    return Figure(
        f"responders/{each.outcome}/{each.rule}/{each.arm}",
        f"{each.count}/{each.denominator}{interval}",
        (("count", str(each.count)), ("of", str(each.denominator)),
         ("missing", str(each.missing)), ("low", number(low)), ("high", number(high))),
        "analysis.responders.shares", each.denominator, inputs.entries(mine, visits), planned,
    )  # fmt: skip


def _compared(
    inputs: Inputs,
    people: Sequence[Participant],
    found: Sequence[responders.Share],
    reference: str,
    words: str,
    planned: bool,
) -> list[tuple[Cell, ...]]:
    sources = inputs.entries(people, (inputs.layout.baseline, inputs.layout.outcome))
    made = {each.arm: each for each in responders.compared(found, reference)}
    cells: list[Cell] = []
    for arm in inputs.layout.arms:
        each = made.get(arm)
        of = each.difference if each else None
        if each is None or of is None or of.estimate is None:
            cells.append("reference" if arm == reference else "–")
            continue
        low, high, middle = 100 * (of.low or 0), 100 * (of.high or 0), 100 * of.estimate
        cells.append(Figure(
            f"responders/{each.outcome}/{each.rule}/difference/{arm}",
            f"{shown(middle)} ({shown(low)} to {shown(high)})",
            (("difference", number(of.estimate)), ("low", number(of.low)),
             ("high", number(of.high)), ("ratio", number(each.ratio.estimate)),
             ("odds_ratio", number(each.odds.estimate))),
            "analysis.responders.compared", sum(share.denominator for share in found),
            sources, planned,
        ))  # fmt: skip
    return [(f"{words}: difference, percentage points (95% interval)", *cells)]
