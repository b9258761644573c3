"""Against what the R package rbmi (1.5.2, Gower-Page et al. 2022, doi 10.21105/joss.04251) prints.

Its vignettes analyse the antidepressant trial (172 people, four visits) with everyone who
left jumping to reference; the drug arm comes first there, so their difference is ours turned.
"""

import numpy as np
import polars as pl
import pytest

from sojourn.analysis import imputation, mmrm


@pytest.fixture(scope="module")
def table(shared):
    path = shared / "data" / "antidepressant-trial" / "data.csv"
    if not path.exists():
        pytest.skip(f"the antidepressant trial is not at {path}; imputation was not checked on it")
    text = {"PATIENT": pl.String, "VISIT": pl.String}
    return pl.read_csv(path, schema_overrides=text, null_values="NA")


@pytest.fixture(scope="module")
def trial(table):
    return imputation.read(
        table,
        participant="PATIENT",
        visit="VISIT",
        visits=["4", "5", "6", "7"],
        arm="THERAPY",
        reference="PLACEBO",
        response="CHANGE",
        covariates=["BASVAL"],
    )


def keyed(results):
    return {(each.visit, each.arm, bool(each.reference)): each for each in results}


# Vignette "Inference with Conditional Mean Imputation", conditional means with the jackknife.
JACKKNIFE = {
    ("4", "DRUG", True): (0.092, 0.695, -1.270, 1.453, 0.895),
    ("4", "DRUG", False): (-1.616, 0.588, -2.767, -0.464, 0.006),
    ("4", "PLACEBO", False): (-1.708, 0.396, -2.484, -0.931, 0.000),
    ("5", "DRUG", True): (-1.305, 0.878, -3.027, 0.416, 0.137),
    ("5", "DRUG", False): (-4.133, 0.688, -5.481, -2.785, 0.000),
    ("5", "PLACEBO", False): (-2.828, 0.604, -4.011, -1.645, 0.000),
    ("6", "DRUG", True): (-1.929, 0.862, -3.619, -0.239, 0.025),
    ("6", "DRUG", False): (-6.088, 0.671, -7.402, -4.773, 0.000),
    ("6", "PLACEBO", False): (-4.159, 0.686, -5.503, -2.815, 0.000),
    ("7", "DRUG", True): (-2.126, 0.858, -3.807, -0.444, 0.013),
    ("7", "DRUG", False): (-6.965, 0.685, -8.307, -5.622, 0.000),
    ("7", "PLACEBO", False): (-4.839, 0.762, -6.333, -3.346, 0.000),
}


def test_conditional_means_and_the_jackknife_agree_to_the_printed_digits(trial):
    found = keyed(imputation.analysed(imputation.conditional_means(trial, "JR")))
    assert set(found) == set(JACKKNIFE)
    for key, printed in JACKKNIFE.items():
        value = found[key].value
        ours = (value.estimate, value.standard_error, value.low, value.high, value.p_value)
        assert ours == pytest.approx(printed, abs=6e-4), key


# The same vignette, with the variance anchored to the information at random after Lu 2021.
ANCHORED = {
    ("4", "DRUG", True): (0.092, 0.695, -1.270, 1.453, 0.895),
    ("5", "DRUG", True): (-1.305, 0.944, -3.156, 0.545, 0.167),
    ("5", "DRUG", False): (-4.133, 0.738, -5.579, -2.687, 0.000),
    ("5", "PLACEBO", False): (-2.828, 0.603, -4.010, -1.646, 0.000),
    ("6", "DRUG", True): (-1.929, 0.993, -3.876, 0.018, 0.052),
    ("6", "DRUG", False): (-6.088, 0.758, -7.574, -4.602, 0.000),
    ("7", "DRUG", True): (-2.126, 1.123, -4.327, 0.076, 0.058),
    ("7", "DRUG", False): (-6.965, 0.850, -8.630, -5.299, 0.000),
    ("7", "PLACEBO", False): (-4.839, 0.763, -6.335, -3.343, 0.000),
}


def test_the_anchored_variance_agrees_to_the_printed_digits(trial):
    found = keyed(imputation.analysed(imputation.conditional_means(trial, "JR", anchored=True)))
    for key, printed in ANCHORED.items():
        value = found[key].value
        ours = (value.estimate, value.standard_error, value.low, value.high, value.p_value)
        assert ours == pytest.approx(printed, abs=6e-4), key


# Vignette "Quickstart", 150 Bayesian imputations and Rubin's rules.
def test_a_visit_without_gaps_agrees_to_every_digit(trial):
    draws = imputation.random_draws(trial, "JR", np.random.default_rng(1), imputations=20)
    value = keyed(imputation.analysed(draws))["4", "DRUG", True].value
    ours = (-value.estimate, value.standard_error, -value.high, -value.low, value.p_value)
    printed = (-0.09180645, 0.6826279, -1.43949684, 1.2558839, 0.8931772)
    assert ours == pytest.approx(printed, abs=1e-7)


@pytest.mark.parametrize(
    ("visit", "estimate", "error", "p_value"),
    [("5", -1.333, 0.923, 0.151), ("6", -1.950, 0.994, 0.052), ("7", -2.169, 1.120, 0.055)],
)
def test_random_imputations_agree_within_their_simulation_error(
    trial, visit, estimate, error, p_value
):
    draws = imputation.random_draws(trial, "JR", np.random.default_rng(987), imputations=1000)
    found = keyed(imputation.analysed(draws))[visit, "DRUG", True]
    theirs = np.sqrt(found.missing * error**2 / 150)
    assert found.value.estimate == pytest.approx(
        estimate, abs=3 * np.hypot(found.simulation_error, theirs)
    )
    assert found.value.standard_error == pytest.approx(error, rel=0.03)
    assert found.value.p_value == pytest.approx(p_value, abs=0.02)


def test_at_random_the_conditional_means_give_the_mixed_models_estimate(trial, table):
    found = keyed(imputation.analysed(imputation.conditional_means(trial, "MAR")))
    model = mmrm.fit(
        "CHANGE ~ VISIT * THERAPY + VISIT * BASVAL",
        table,
        participant="PATIENT",
        visit="VISIT",
        df="satterthwaite",
    )
    for each in mmrm.differences(model, "THERAPY", "PLACEBO", by=["VISIT"]):
        visit = dict(each.levels)["VISIT"]
        ours = found[visit, "DRUG", True].value.estimate
        assert ours == pytest.approx(each.value.estimate, abs=1e-6)


def test_reference_based_effects_lie_between_none_and_the_effect_at_random(trial):
    at_end = {
        strategy: keyed(imputation.analysed(imputation.conditional_means(trial, strategy)))[
            "7", "DRUG", True
        ].value.estimate
        for strategy in imputation.STRATEGIES
    }
    assert at_end["MAR"] < at_end["CIR"] < at_end["CR"] < at_end["JR"] < 0
