"""Who is still there, and why others left."""

from collections.abc import Sequence

from sojourn.analysis.report.inputs import Inputs, Participant, columns, places
from sojourn.analysis.report.model import (
    Cell,
    Figure,
    RetentionPicture,
    Section,
    Table,
    count,
    number,
    p_shown,
    ranged,
    shown,
)
from sojourn.analysis.retention import Stay, Step, leaving, log_rank, retention

LEFT = ("withdrawn", "lost")
LOST = "Lost to follow-up"


def staying(inputs: Inputs, population: str, planned: bool) -> Section:
    """The product-limit curve and the reasons of leaving; the arms compared where they are open."""
    people = [each for each in inputs.population(population) if each.days is not None]
    stays = [Stay(each.arm, each.days or 0, each.status in LEFT, _reason(each)) for each in people]
    steps = retention(stays)
    rows = [("Retained at the last departure, % (95% interval)", *_retained(inputs, people, steps,
                                                                            planned))]  # fmt: skip
    if inputs.layout.opened and any(stay.left for stay in stays):
        compared = _log_rank(people, stays, planned)
        rows.append(("Log-rank test", compared, *("" for _ in inputs.layout.arms[1:])))
    until = max((stay.days for stay in stays), default=0)
    picture = RetentionPicture(steps, until) if stays else None
    head = ("", *inputs.layout.arms)
    tables = (
        Table("Retention", head, tuple(rows), planned=planned),
        Table(
            "Reasons of leaving: people, and % gone for it by the last departure (95% interval)",
            head, _reasons(inputs, people, stays, planned),
            "Leaving for another reason is a competing event (Aalen and Johansen 1978).", planned,
        ),
    )  # fmt: skip
    return Section("retention", "Retention", (), tables, picture)


def _reason(each: Participant) -> str:
    return LOST if each.status == "lost" else each.reason


def _retained(
    inputs: Inputs, people: Sequence[Participant], steps: tuple[Step, ...], planned: bool
) -> list[Cell]:
    cells: list[Cell] = []
    for arm, own in columns(inputs, people):
        mine = [step for step in steps if step.arm == arm]
        if not mine:
            cells.append("–")
            continue
        last = mine[-1]
        cells.append(Figure(
            f"retention/{arm}",
            f"{100 * last.retained:.0f}"
            + (f" ({100 * last.low:.0f} to {100 * last.high:.0f})"
               if last.low is not None and last.high is not None else ""),
            (("retained", number(last.retained)), ("low", number(last.low)),
             ("high", number(last.high)), ("people", str(len(own)))),
            "analysis.retention.retention", len(own), places(own, lambda each: each.flow), planned,
        ))  # fmt: skip
    return cells


def _log_rank(people: Sequence[Participant], stays: list[Stay], planned: bool) -> Cell:
    try:
        test = log_rank(stays)
    except ValueError as error:
        return f"Not tested: {error}"
    return Figure(
        "retention/log-rank",
        f"χ² {shown(test.chi_squared, 2)}, {test.df} df, p {p_shown(test.p_value)}",
        (("chi_squared", number(test.chi_squared)), ("df", str(test.df)),
         ("p", number(test.p_value))),
        "analysis.retention.log_rank", len(stays), places(people, lambda each: each.flow),
        planned,
    )  # fmt: skip


def _reasons(
    inputs: Inputs, people: Sequence[Participant], stays: list[Stay], planned: bool
) -> tuple[tuple[Cell, ...], ...]:
    last = {(each.arm, each.reason): each for each in leaving(stays)}
    rows = []
    for reason in sorted({each.reason for each in stays if each.left}):
        cells: list[Cell] = []
        for arm, own in columns(inputs, people):
            gone = [each for each in own if each.status in LEFT and _reason(each) == reason]
            found = last.get((arm, reason))
            if found is None:
                nobody = places(own, lambda each: each.flow)
                name = f"leaving/{reason}/{arm}"
                cells.append(count(name, 0, "analysis.retention.leaving", nobody, planned=planned))
                continue
            share = 100 * found.share
            limits = (100 * (found.low or 0), 100 * (found.high or 0))
            sources = places(own, lambda each: each.flow)
            about = ("analysis.retention.leaving", len(own), sources, planned)
            figure = ranged(f"leaving/{reason}/{arm}", share, limits, about)
            values = (("people", str(len(gone))), *figure.values)
            cells.append(
                Figure(figure.name, f"{len(gone)}; {figure.text}", values, *about[:2],
                       figure.sources, planned)
            )  # fmt: skip
        rows.append((reason or "No reason given", *cells))
    return tuple(rows)
