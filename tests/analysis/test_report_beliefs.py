"""Sections of a report on frames made by hand: pairs of therapists, guesses, expectancy."""

import numpy as np
import pytest

from sojourn.analysis import blinding
from sojourn.analysis.clusters import clustered
from sojourn.analysis.outcomes import frame
from sojourn.analysis.report import Guessed, Inputs, Layout, Participant
from sojourn.analysis.report.believing import by_guess
from sojourn.analysis.report.clustering import by_cluster
from sojourn.analysis.report.guessing import groups, indices

ARMS = ("Placebo", "MDMA")
VISITS = (("baseline", "Baseline"), ("end", "End"))
PEOPLE = 30


def made() -> Inputs:
    """Thirty people in two arms and three pairs; who had MDMA mostly guessed it."""
    rng = np.random.default_rng(5)
    people, rows, ratings, guesses = [], [], {}, []
    for number in range(PEOPLE):
        key, arm, pair = (
            f"P-{number}",
            ARMS[number % 2],
            ("zoe and bo", "cy and di", "ed")[number % 3],
        )
        people.append(
            Participant(
                key, arm, "site-1", "female", 40, "in-progress", "", True, 3, 100, 90, (number,),
                (number,), (number,), (100 + number,), pair, (200 + number,),
            )
        )  # fmt: skip
        start = 40 + int(rng.integers(-5, 6))
        change = -10 - 6 * (number % 2) - 8 * (number % 3) + int(rng.integers(-4, 5))
        for visit, day, moved in (("baseline", 0, None), ("end", 100, change)):
            rows.append((key, arm, visit, day, start + (moved or 0), moved, None, None, None))
            ratings[key, visit] = (1000 + 10 * number + (visit == "end"),)
        guess = "unknown" if number % 5 == 0 else ARMS[(number % 2) ^ (number % 7 == 0)]
        certainty = None if guess == "unknown" else 80
        guesses.append(Guessed(key, "last", "participant", guess, certainty, (5000 + number,)))
    layout = Layout("CAPS-5", "baseline", "end", VISITS, ARMS, opened=True,
                    occasions=(("last", "At the end"),))  # fmt: skip
    return Inputs(layout, tuple(people), frame(rows), ratings, (), (), (), tuple(guesses))


def numbers(table, name):
    (figure,) = [
        cell
        for row in table.rows
        for cell in row
        if not isinstance(cell, str) and cell.name == name
    ]
    return {key: float(value) for key, value in figure.values if value}


def test_pairs_of_therapists_are_compared_and_not_named():
    inputs = made()
    table = by_cluster(inputs, "randomised", "therapist-pair", planned=False)
    observed = {row["participant"]: row for row in inputs.observations.iter_rows(named=True)
                if row["visit"] == "end"}  # fmt: skip
    starts = [row["total"] - row["change"] for row in observed.values()]
    design = np.column_stack([np.ones(PEOPLE), starts, [n % 2 for n in range(PEOPLE)]])
    direct = clustered(
        [row["change"] for row in observed.values()], design.astype(float),
        ["Intercept", "baseline", "MDMA"], [each.pair for each in inputs.people],
    )  # fmt: skip
    told = numbers(table, "cluster/therapist-pair/icc")
    assert told["estimate"] == pytest.approx(direct.icc, rel=1e-4)
    assert told["low"] == pytest.approx(direct.low, rel=1e-4)
    assert [row[0] for row in table.rows[2:]] == ["Pair 1", "Pair 2", "Pair 3"]
    assert not any(name in repr(table) for name in ("zoe", "cy and", "'ed'"))
    assert {200, 229} <= set(table.rows[0][2].sources)


def test_expectancy_alone_makes_the_shift_times_half_the_sum_of_bangs_indices():
    inputs = made()
    found = groups(inputs, "randomised")
    _, table, weighed = indices(inputs, found, planned=True)
    arm_of = {each.key: each.arm for each in inputs.people}
    pairs = [(arm_of[each.participant], each.guess) for each in inputs.guesses]
    active, reference = blinding.bang(
        blinding.counted(pairs, "MDMA", "Placebo"), ("MDMA", "Placebo")
    )
    told = numbers(table, "blinding/last/participant/bang/MDMA")
    assert told["estimate"] == pytest.approx(active.estimate, rel=1e-5)
    # Everyone who guessed was 80 % sure.
    sure = numbers(weighed, "blinding/last/participant/weighed/MDMA")
    assert sure["estimate"] == pytest.approx(0.8 * active.estimate, rel=1e-5)

    effect, alone = by_guess(inputs, "randomised", found, (True, False))
    assert (effect.planned, alone.planned) == (True, False)
    bias = numbers(alone, "expectancy/last/participant/6")
    assert bias["estimate"] == pytest.approx(
        -6 * (active.estimate + reference.estimate) / 2, rel=1e-4
    )
    seen = numbers(effect, "guess/last/participant/unadjusted")["estimate"]
    assert bias["share"] == pytest.approx(bias["estimate"] / seen, rel=1e-4)
    inside = numbers(effect, "guess/last/participant/MDMA")
    assert inside["active"] + inside["reference"] == sum(e.guess == "MDMA" for e in inputs.guesses)
    # Drawn with one seed: the same in every report.
    assert by_guess(inputs, "randomised", found, (True, False))[1] == alone
