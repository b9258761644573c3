"""Imputation under each strategy, pooled, shifted and tipped."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sojourn.analysis import imputation
from sojourn.analysis.mmrm import NotFittable
from tests.analysis.imputation.made import VISITS, by_hand, frame, trial


def at_end(results):
    return next(each.value for each in results if each.visit == "w3" and each.reference)


def with_gap():
    """Someone misses w2 but comes at w3; someone else departs at w2 but is still seen."""
    table = frame().filter(~((pl.col("participant") == "p01") & (pl.col("visit") == "w2")))
    seen = table.group_by("participant").len().filter(pl.col("len") == 3)["participant"].sort()
    departs = {
        who: VISITS[count]
        for who, count in table.group_by("participant").len().iter_rows()
        if count < 3 and who != "p01"
    }
    return table, {**departs, seen[1]: "w2", seen[2]: "w2"}


@pytest.mark.parametrize("strategy", imputation.STRATEGIES)
def test_every_gap_is_filled_as_by_hand(strategy):
    table, departs = with_gap()
    made = trial(table, departs=departs)
    filled = imputation.conditional_means(made, strategy).values[0]
    assert filled == pytest.approx(by_hand(table, made, strategy), abs=1e-5)


@pytest.mark.parametrize("strategy", imputation.STRATEGIES)
def test_what_was_observed_is_never_replaced(strategy):
    table, departs = with_gap()
    made = trial(table, departs=departs)
    known = np.isfinite(made.responses)
    for completed in (
        imputation.conditional_means(made, strategy),
        imputation.random_draws(made, strategy, np.random.default_rng(0), imputations=5),
    ):
        assert np.isfinite(completed.values).all()
        assert (completed.values[:, known] == made.responses[known]).all()


def test_each_participant_may_have_their_own_strategy():
    made = trial()
    mixed = ["JR" if number % 3 else "MAR" for number in range(len(made.participants))]
    jumped = imputation.conditional_means(made, mixed).values[0]
    gone = np.array(mixed) == "JR"
    # Nobody is seen after departing, so both strategies rest on one model.
    for strategy, rows in (("JR", gone), ("MAR", ~gone)):
        alone = imputation.conditional_means(made, strategy).values[0]
        assert jumped[rows] == pytest.approx(alone[rows], abs=1e-9)


def test_someone_never_seen_is_imputed_from_their_baseline():
    table = frame()
    never = table[:1].with_columns(
        participant=pl.lit("never"), arm=pl.lit("active"), change=pl.lit(None, dtype=pl.Float64)
    )
    made = trial(pl.concat([table, never]))
    at = made.participants.index("never")
    assert made.departs[at] == 0
    filled = imputation.conditional_means(made, "JR").values
    twin = table.filter(pl.col("arm") == "control")[:1].with_columns(
        participant=pl.lit("twin"), baseline=never["baseline"][0], change=never["change"]
    )
    both = trial(pl.concat([table, never, twin]))
    values = imputation.conditional_means(both, "JR").values[0]
    same = [both.participants.index(name) for name in ("never", "twin")]
    assert values[same[0]] == pytest.approx(values[same[1]])
    assert np.isfinite(filled).all()


def test_the_jackknife_leaves_out_one_after_the_other():
    table = frame(people=24)
    made = trial(table)
    found = at_end(imputation.analysed(imputation.conditional_means(made, "JR")))
    alone = []
    for name in made.participants:
        without = trial(table.filter(pl.col("participant") != name))
        alone.append(
            at_end(imputation.analysed(imputation.conditional_means(without, "JR"))).estimate
        )
    spread = np.sqrt(23 / 24 * ((np.array(alone) - np.mean(alone)) ** 2).sum())
    assert found.standard_error == pytest.approx(spread, rel=1e-6)


def test_random_draws_scatter_around_the_conditional_mean():
    made = trial(frame(people=200))
    mean = imputation.conditional_means(made, "CIR").values[0]
    drawn = imputation.random_draws(made, "CIR", np.random.default_rng(3), imputations=600)
    gaps = np.isnan(made.responses)
    apart = (drawn.values.mean(axis=0) - mean)[gaps] / drawn.values.std(axis=0)[gaps]
    # The bootstrap moves the parameters a little; draws themselves scatter by 1 / sqrt(600).
    assert np.abs(apart).mean() < 0.1


def test_the_same_seed_gives_the_same_draws_and_another_does_not():
    made = trial()
    one, same, other = (
        imputation.random_draws(made, "MAR", np.random.default_rng(seed), imputations=3).values
        for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_pooling_by_rubins_rules_by_hand():
    found = imputation.pooled([1.0, 2.0, 3.0], [0.5, 0.5, 0.5], 20)
    total = 0.25 + (1 + 1 / 3) * 1.0
    share = (4 / 3) / total
    assert found.estimate == 2.0
    assert found.standard_error == pytest.approx(np.sqrt(total))
    old, observed = 2 / share**2, 21 / 23 * 20 * (1 - share)
    assert found.df == pytest.approx(old * observed / (old + observed))
    assert found.missing == pytest.approx(share)
    assert found.simulation_error == pytest.approx(np.sqrt(1 / 3))


@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=20),
    st.floats(0.1, 20),
    st.integers(2, 500),
)
def test_imputation_never_adds_degrees_of_freedom(estimates, error, complete):
    found = imputation.pooled(estimates, [error] * len(estimates), complete)
    assert 0 < found.df <= complete
    assert found.standard_error >= error * (1 - 1e-12)


def test_a_shift_moves_the_effect_in_proportion_to_who_departed():
    completed = imputation.conditional_means(trial(), "MAR")
    plain = at_end(imputation.analysed(completed)).estimate
    one = at_end(imputation.analysed(completed, delta={"active": 1.0})).estimate
    five = at_end(imputation.analysed(completed, delta={"active": 5.0})).estimate
    assert five - plain == pytest.approx(5 * (one - plain))
    made = completed.trial
    departed = (made.departs < 3)[made.arm == 1].mean()
    assert one - plain == pytest.approx(departed, abs=0.1)


@pytest.mark.parametrize("method", ["means", "draws"])
def test_the_tipping_point_is_where_significance_is_lost(method):
    made = trial(frame(people=120))
    completed = (
        imputation.conditional_means(made, "MAR")
        if method == "means"
        else imputation.random_draws(made, "MAR", np.random.default_rng(1), imputations=50)
    )
    found = imputation.tipping_point(
        completed, visit="w3", arm="active", deltas=range(0, 41, 4), reference_deltas=(0, 2)
    )
    assert len(found.grid) == 22
    for other, boundary in found.boundary:
        assert boundary is not None
        shifts = {"active": boundary, "control": other}
        p_value = at_end(imputation.analysed(completed, delta=shifts)).p_value
        assert p_value == pytest.approx(0.05, abs=1e-6)
        significant = [
            each.value.p_value < 0.05 for each in found.grid if each.reference_delta == other
        ]
        assert significant[0]
        before = [each.delta < boundary for each in found.grid if each.reference_delta == other]
        assert significant[: sum(before)] == [True] * sum(before)
    assert found.boundary[1][1] > found.boundary[0][1]


def test_a_boundary_beyond_the_grid_is_none():
    completed = imputation.conditional_means(trial(frame(people=120)), "MAR")
    found = imputation.tipping_point(completed, visit="w3", arm="active", deltas=(0.0, 0.1))
    assert found.boundary == ((0.0, None),)


def test_three_arms_are_each_compared_with_the_reference():
    table = frame(people=90, arms=("control", "low", "active"))
    results = imputation.analysed(imputation.conditional_means(trial(table), "JR"))
    pairs = {(each.arm, each.reference) for each in results if each.reference}
    assert pairs == {("active", "control"), ("low", "control")}


def test_rubins_interval_at_random_covers_as_it_says():
    hits, trials = 0, 150
    for seed in range(trials):
        made = trial(frame(seed=seed, people=60))
        draws = imputation.random_draws(made, "MAR", np.random.default_rng(seed), imputations=20)
        value = at_end(imputation.analysed(draws))
        hits += value.low <= -6 <= value.high
    assert stats.binom.sf(hits - 1, trials, 0.95) > 0.001
    assert stats.binom.cdf(hits, trials, 0.95) > 0.001


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.drop("arm"), "no column 'arm'"),
        (lambda table: pl.concat([table, table[:1]]), "two rows"),
        (
            lambda table: table.with_columns(
                baseline=pl.when(pl.col("visit") == "w2").then(1.0).otherwise(pl.col("baseline"))
            ),
            "2 values of 'baseline'",
        ),
        (lambda table: table.filter(pl.col("arm") == "control"), "needs another arm"),
        (
            lambda table: table.with_columns(
                visit=pl.when(pl.col("visit") == "w3").then(pl.lit("w9")).otherwise(pl.col("visit"))
            ),
            "visit 'w9'",
        ),
    ],
)
def test_a_table_that_can_not_be_read_says_why(change, words):
    with pytest.raises(NotFittable, match=words):
        trial(change(frame()))


def test_wrong_use_is_named():
    made = trial()
    with pytest.raises(NotFittable, match="strategy 'LOCF'"):
        imputation.conditional_means(made, "LOCF")
    with pytest.raises(NotFittable, match="1 strategies for 40"):
        imputation.conditional_means(made, ["JR"])
    with pytest.raises(NotFittable, match="two or more"):
        imputation.random_draws(made, "JR", np.random.default_rng(1), imputations=1)
    with pytest.raises(NotFittable, match="'nobody' departs"):
        trial(departs={"nobody": "w2"})
    completed = imputation.conditional_means(made, "JR")
    with pytest.raises(NotFittable, match="delta for arm 'x'"):
        imputation.analysed(completed, delta={"x": 1.0})
    with pytest.raises(NotFittable, match="run one way"):
        imputation.tipping_point(completed, visit="w3", arm="active", deltas=(0, 2, 1))
    with pytest.raises(NotFittable, match="not compared"):
        imputation.tipping_point(completed, visit="w3", arm="control", deltas=(0, 2))
