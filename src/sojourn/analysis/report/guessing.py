"""Whether the blind held: guesses of the arm, their indices, the effect by guess, expectancy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sojourn.analysis import blinding
from sojourn.analysis.report.inputs import Guessed, Inputs, columns
from sojourn.analysis.report.model import Cell, Figure, Table, count, number, shown

UNKNOWN = "unknown"
GUESSERS = {
    "participant": "Participants",
    "therapist": "Therapists",
    "independent-rater": "Raters",
}
JAMES = "analysis.blinding.james"
BANG = "analysis.blinding.bang"
CERTAINTY = "analysis.blinding.bang_by_certainty"
NOT_ASKED = "No guess of the arm by a participant, therapist or rater is on this record: whether " \
    "the blind held can't be told."  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Those who guessed on one occasion in one capacity, with what the guesses rest on."""

    occasion: str
    label: str
    guesser: str
    guesses: tuple[Guessed, ...]
    sources: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.occasion}/{self.guesser}"


def groups(inputs: Inputs, population: str) -> tuple[Group, ...]:
    """The guesses about this population, by occasion in their order and by who guessed."""
    people = {each.key: each for each in inputs.population(population)}
    labels = dict(inputs.layout.occasions)
    about = [each for each in inputs.guesses if each.participant in people]
    order = dict.fromkeys((*labels, *sorted({each.occasion for each in about})))
    made = []
    for occasion in order:
        for guesser in GUESSERS:
            mine = [e for e in about if (e.occasion, e.guesser) == (occasion, guesser)]
            if mine:
                places = {place for each in mine for place in each.sources}
                places.update(p for each in mine for p in people[each.participant].allocated)
                label = labels.get(occasion, occasion)
                sources = tuple(sorted(places))
                made.append(Group(occasion, label, guesser, tuple(mine), sources))
    return tuple(made)


def asked(inputs: Inputs, population: str, found: Sequence[Group]) -> Table:
    """How many guesses there are about how many people; what was guessed is not told."""
    rows: list[tuple[Cell, ...]] = []
    for group in found:
        cells = []
        for arm, people in columns(inputs, inputs.population(population)):
            keys = {each.key for each in people}
            mine = [each for each in group.guesses if each.participant in keys]
            sources = {place for each in mine for place in each.sources}
            sources.update(p for e in people for p in e.allocated if mine)
            of = {each.participant for each in mine}
            figure = count(f"blinding/{group.name}/asked/{arm}", len(mine), "count", sources)
            cells.append(
                Figure(figure.name, f"{len(mine)}, {len(of)} of {len(people)}", figure.values,
                       "count", len(mine), figure.sources)
            )  # fmt: skip
        rows.append((_title(group), *cells))
    head = ("", *inputs.layout.arms)
    return Table("Guesses recorded, and about how many people", head, tuple(rows))


def indices(inputs: Inputs, found: Sequence[Group], planned: bool) -> tuple[Table, ...]:
    """What was guessed in each arm, James' index and Bang's, plain and weighed by certainty."""
    reference, active = inputs.layout.arms
    arm_of = {each.key: each.arm for each in inputs.people}
    rows: list[tuple[Cell, ...]] = []
    measured: list[tuple[Cell, ...]] = []
    weighed: list[tuple[Cell, ...]] = []
    for group in found:
        guesses = blinding.counted(
            [(arm_of[each.participant], each.guess) for each in group.guesses],
            active, reference, UNKNOWN,
        )  # fmt: skip
        rows += _counts(group, guesses, (active, reference), planned)
        measured.append((_title(group), *_measured(group, guesses, (active, reference), planned)))
        weighed.append((_title(group), *(
            _weighed(group, arm, arm_of, planned) for arm in (active, reference)
        )))  # fmt: skip
    head = ("", f"Guessed {active}", f"Guessed {reference}", "Don't know")
    bang_head = (f"Bang, {active}", f"Bang, {reference}")
    return (
        Table("What was guessed", head, tuple(rows), planned=planned),
        Table(
            "Blinding indices (95% interval)", ("", "James", *bang_head), tuple(measured),
            "James: 1 nobody knows, 0.5 random guessing, 0 all unblinded. Bang: 1 all right, 0 "
            "random, −1 all wrong. Several guesses about one person count each, as if unrelated.",
            planned,
        ),
        Table(
            "Bang's index weighed by how sure they were (95% interval)", ("", *bang_head),
            tuple(weighed), "Guesses without a certainty are left out.", planned,
        ),
    )  # fmt: skip


def _title(group: Group) -> str:
    return f"{group.label}: {GUESSERS[group.guesser].lower()}"


def _counts(
    group: Group, guesses: blinding.Guesses, arms: tuple[str, str], planned: bool
) -> list[tuple[Cell, ...]]:
    made: list[tuple[Cell, ...]] = []
    for arm, row in zip(arms, guesses.table.astype(int).tolist(), strict=True):
        cells = [
            count(f"blinding/{group.name}/{arm}/{guess}", number_of, "analysis.blinding.counted",
                  group.sources, planned=planned)
            for guess, number_of in zip((*arms, UNKNOWN), row, strict=True)
        ]  # fmt: skip
        made.append((f"{_title(group)}, in fact {arm}", *cells))
    return made


def _measured(
    group: Group, guesses: blinding.Guesses, arms: tuple[str, str], planned: bool
) -> list[Cell]:
    tried: tuple[tuple[str, str, Callable[[], blinding.Index]], ...] = (
        ("james", JAMES, lambda: blinding.james(guesses)),
        (f"bang/{arms[0]}", BANG, lambda: blinding.bang(guesses, arms)[0]),
        (f"bang/{arms[1]}", BANG, lambda: blinding.bang(guesses, arms)[1]),
    )
    cells: list[Cell] = []
    for name, function, compute in tried:
        try:
            cells.append(
                _index(f"blinding/{group.name}/{name}", compute(), function, group, planned)
            )
        except ValueError as error:
            cells.append(f"not defined: {error}")
    return cells


def _weighed(group: Group, arm: str, arm_of: dict[str, str], planned: bool) -> Cell:
    signs = [
        0.0 if each.guess == UNKNOWN
        else (1 if each.guess == arm else -1) * (each.certainty_percent or 0) / 100
        for each in group.guesses
        if arm_of[each.participant] == arm
        and (each.guess == UNKNOWN or each.certainty_percent is not None)
    ]  # fmt: skip
    if not signs:
        return "–"
    index = blinding.bang_by_certainty([1] * len(signs), signs, arm)
    return _index(f"blinding/{group.name}/weighed/{arm}", index, CERTAINTY, group, planned)


def _index(name: str, index: blinding.Index, function: str, group: Group, planned: bool) -> Figure:
    limits = f"{shown(index.low, 2)} to {shown(index.high, 2)}"
    return Figure(
        name, f"{shown(index.estimate, 2)} ({limits}), {index.people}",
        (("estimate", number(index.estimate)), ("standard_error", number(index.standard_error)),
         ("low", number(index.low)), ("high", number(index.high)), ("n", str(index.people))),
        function, index.people, group.sources, planned,
    )  # fmt: skip
