"""Deviations from the protocol: what departed, where, and how grave people found it."""

from collections.abc import Sequence

from sojourn.analysis.report.inputs import Deviation, Inputs
from sojourn.analysis.report.model import Cell, Section, Table, count

FUNCTION = "course.deviations.found"
GRAVE = (
    ("important", "Important"),
    ("major", "Major"),
    ("minor", "Minor"),
    ("", "Not classified yet"),
)


def deviations(inputs: Inputs) -> Section:
    """Deviations and withheld doses of those included, as the record shows them, by arm."""
    arm_of = {each.key: each.arm for each in inputs.people if each.included}
    mine = [each for each in inputs.deviations if each.participant in arm_of]
    rows: list[tuple[Cell, ...]] = []
    for what, visit in sorted({(each.what, each.visit) for each in mine}):
        chosen = [each for each in mine if (each.what, each.visit) == (what, visit)]
        rows.append((what, visit, *_counts(inputs, chosen, f"{what}/{visit}")))
    grave: list[tuple[Cell, ...]] = []
    for key, label in GRAVE:
        chosen = [each for each in mine if not each.foreseen and each.classification == key]
        grave.append((label, *_counts(inputs, chosen, f"grave/{key or 'open'}")))
    those = "enrolled" if inputs.layout.single else "randomised"
    tables = (
        Table(f"Of those {those}", ("What", "Visit", *inputs.layout.arms), tuple(rows)),
        Table("How grave they were found", ("", *inputs.layout.arms), tuple(grave),
              "A withheld dose is what the protocol foresees and is not classified."),
    )  # fmt: skip
    lines = (
        "Found in the record, or recorded by a person: what nobody recorded is not here. A visit "
        "whose window has passed without a word is overdue, and counted once it is settled.",
    )
    return Section("deviations", "Deviations from the protocol", lines, tables)


def _counts(inputs: Inputs, found: Sequence[Deviation], name: str) -> list[Cell]:
    people = {each.key: each for each in inputs.people}
    cells: list[Cell] = []
    for arm in inputs.layout.arms:
        chosen = [each for each in found if people[each.participant].arm == arm]
        sources = {
            place
            for each in chosen
            for place in (*each.sources, *people[each.participant].allocated)
        }
        cells.append(count(f"deviation/{name}/{arm}", len(chosen), FUNCTION, sources))
    return cells
