"""What people believed against how they fared: the effect by guess, and expectancy alone."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from sojourn.analysis import blinding
from sojourn.analysis.expectancy import (
    CAUTION,
    EffectByGuess,
    effect_by_guess,
    expectancy,
    simulated,
)
from sojourn.analysis.report.comparing import frame
from sojourn.analysis.report.guessing import GUESSERS, UNKNOWN, Group
from sojourn.analysis.report.inputs import Inputs
from sojourn.analysis.report.intercurrent import entries_used
from sojourn.analysis.report.model import Cell, Figure, Table, number, ranged, shown

SHIFTS = (2, 4, 6, 8, 10)  # points; how much believing changes a rating is not known
TRIALS, SEED = 2000, 1  # the same draws in every report
WHO = ("participant", "independent-rater")  # one of each, so that one guess stands for a person


def by_guess(
    inputs: Inputs, population: str, found: Sequence[Group], planned: tuple[bool, bool]
) -> tuple[Table, ...]:
    """The effect by the last guess of each guesser, then what expectancy alone would make of it.

    ``planned`` is of the blinding analyses and of expectancy.
    """
    made: list[Table] = []
    for guesser in WHO:
        last = [group for group in found if group.guesser == guesser]
        if not last:
            continue
        effect, asked = _effect(inputs, population, last[-1])
        if effect is None:
            continue
        made.append(_table(last[-1], effect, asked, inputs, planned[0]))
        if guesser == "participant":
            made += _alone(inputs, last[-1], effect, asked, planned[1])
    return tuple(made)


def _effect(
    inputs: Inputs, population: str, group: Group
) -> tuple[EffectByGuess | None, pl.DataFrame]:
    """Change at the primary visit of those who guessed: participant, arm, change, guess."""
    guesses = pl.DataFrame(
        [(each.participant, each.guess, list(each.sources)) for each in group.guesses],
        schema={"participant": pl.String, "guess": pl.String, "told": pl.List(pl.Int64)},
        orient="row",
    ).unique("participant", keep="last", maintain_order=True)
    rows = frame(inputs, population).drop_nulls("change")
    rows = rows.filter(pl.col("visit").cast(pl.String) == inputs.layout.outcome)
    rows = rows.join(guesses, on="participant", how="inner", maintain_order="left")
    active = (rows["arm"].cast(pl.String) == inputs.layout.arms[1]).to_numpy().astype(float)
    if not 0 < active.sum() < len(active) or len(active) < 3:
        return None, rows
    return effect_by_guess(rows["change"].to_numpy(), active, rows["guess"].to_list()), rows


def _sources(inputs: Inputs, asked: pl.DataFrame) -> set[int]:
    here = set(asked["participant"])
    people = [each for each in inputs.people if each.key in here]
    visits = (inputs.layout.baseline, inputs.layout.outcome)
    told = {place for each in asked["told"].to_list() for place in each}
    return told | set(entries_used(inputs, people, visits))


def _table(
    group: Group, effect: EffectByGuess, asked: pl.DataFrame, inputs: Inputs, planned: bool
) -> Table:
    function = "analysis.expectancy.effect_by_guess"
    about = (function, len(asked), tuple(sorted(_sources(inputs, asked))), planned)
    rows: list[tuple[Cell, ...]] = []
    for each in effect.groups:
        found = each.difference
        numbers = (
            ("active", str(each.active)), ("reference", str(each.reference)),
            ("active_mean", number(each.active_mean)),
            ("reference_mean", number(each.reference_mean)),
        )  # fmt: skip
        limits = (found.low, found.high) if found else (None, None)
        figure = ranged(
            f"guess/{group.name}/{each.guess}", found.estimate if found else None, limits, about,
            more=numbers,
        )  # fmt: skip
        said = "Don't know" if each.guess == UNKNOWN else f"Guessed {each.guess}"
        means = f"{shown(each.active_mean)}, {shown(each.reference_mean)}"
        rows.append((said, f"{each.active}, {each.reference}", means, figure))
    for label, part in (("All who were asked", "unadjusted"), ("Guesses held equal", "adjusted")):
        found = getattr(effect, part)
        if found:
            name = f"guess/{group.name}/{part}"
            limits = (found.low, found.high)
            rows.append((label, "", "", ranged(name, found.estimate, limits, about)))
    reference, active = inputs.layout.arms
    head = (f"{group.label}: {GUESSERS[group.guesser].lower()}", f"People: {active}, {reference}",
            "Mean change", "Difference (95% interval)")  # fmt: skip
    title = f"Effect by the guess of {GUESSERS[group.guesser].lower()}"
    return Table(title, head, tuple(rows), CAUTION, planned)


def _alone(
    inputs: Inputs, group: Group, effect: EffectByGuess, asked: pl.DataFrame, planned: bool
) -> list[Table]:
    reference, active = inputs.layout.arms
    pairs = zip(asked["arm"].cast(pl.String).to_list(), asked["guess"].to_list(), strict=True)
    guesses = blinding.counted(pairs, active, reference, UNKNOWN)
    observed = effect.unadjusted.estimate
    sign = -1.0 if observed < 0 else 1.0
    curve = expectancy(guesses, [sign * shift for shift in SHIFTS], observed)
    places = tuple(sorted(_sources(inputs, asked)))
    about = ("analysis.expectancy.expectancy", len(asked), places, planned)
    spread = _spread(asked)
    generator = np.random.default_rng(SEED)
    rows: list[tuple[Cell, ...]] = []
    for shift, biased in zip(SHIFTS, curve.curve, strict=True):
        name = f"expectancy/{group.name}/{shift}"
        share = "–" if biased.share is None else f"{100 * biased.share:.0f}%"
        significant: Cell = "–"
        if spread and guesses.table.sum(axis=1).min() >= 2:
            drawn = simulated(guesses, sign * shift, spread, generator, trials=TRIALS)
            significant = Figure(
                f"{name}/significant", f"{100 * drawn.significant:.0f}%",
                (("significant", number(drawn.significant)), ("trials", str(TRIALS))),
                "analysis.expectancy.simulated", len(asked), places, planned,
            )  # fmt: skip
        of_seen = (("share", number(biased.share)),)
        figure = ranged(name, biased.bias, (biased.low, biased.high), about, more=of_seen)
        rows.append((f"{shift} points", figure, share, significant))
    alone = curve.explains_all
    if alone is not None:
        figure = ranged(f"expectancy/{group.name}/alone", abs(alone), (None, None), about)
        rows.append(("Shift that alone would make the whole difference, points", figure, "", ""))
    head = ("If believing changes the rating by", "Difference from that alone (95% interval)",
            "Of the difference seen", f"Significant in {TRIALS} simulated trials")  # fmt: skip
    note = (
        "A stated model, not a finding: who believes they had the active treatment fares better by "
        "the shift than who believes they had the other, who does not know lies halfway, and the "
        f"arms differ in nothing else. Difference seen among those asked: {shown(observed)} points."
    )
    return [Table("What expectancy alone would do", head, tuple(rows), note, planned)]


def _spread(asked: pl.DataFrame) -> float:
    """The standard deviation of change within arms, in points."""
    groups = [part["change"].to_numpy() for _, part in asked.group_by("arm")]
    df = sum(len(each) - 1 for each in groups)
    squares = sum(float(((each - each.mean()) ** 2).sum()) for each in groups)
    return float(np.sqrt(squares / df)) if df > 0 else 0.0
