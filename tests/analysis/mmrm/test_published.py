"""Published examples come out as published."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sojourn.analysis.mmrm import coefficients, differences, fit
from tests.analysis.mmrm.reference import growth


def grown(**options):
    """Jennrich and Schluchter parametrise by sex, each with a slope on age."""
    return fit(
        "distance ~ sex * age",
        growth(),
        participant="participant",
        visit="occasion",
        method="ml",
        df="satterthwaite",
        **options,
    )


# Jennrich & Schluchter 1986, doi 10.2307/2530695, models 2, 4, 5 and 6 of the growth data of
# Potthoff & Roy; the same in the example "Repeated Measures" of SAS PROC MIXED.
@pytest.mark.parametrize(
    ("options", "minus_twice"),
    [
        ({"covariance": "unstructured"}, 419.5),
        ({"covariance": "toeplitz"}, 424.6),
        ({"covariance": "autoregressive"}, 440.7),
        ({"covariance": "compound-symmetry"}, 428.6),
        ({"covariance": "compound-symmetry", "group": "sex"}, 408.8),
    ],
)
def test_likelihoods_of_the_growth_data(options, minus_twice):
    assert round(-2 * grown(**options).log_likelihood, 1) == minus_twice


def test_the_unstructured_estimates_of_the_growth_data():
    model = grown()
    # As printed by SAS PROC MIXED, type=un, method=ml.
    lower = model.sigma[0][np.tril_indices(4)]
    printed = [5.1192, 2.4409, 3.9279, 3.6105, 2.7175, 5.9798, 2.5222, 3.0624, 3.8235, 4.6180]
    assert lower == pytest.approx(printed, abs=1e-4)
    intercept, boys, age, slope = coefficients(model)
    # SAS measures girls against boys; here boys are measured against girls.
    assert round(intercept.estimate + boys.estimate, 4) == 15.8423
    assert round(-boys.estimate, 4) == 1.5831
    assert round(age.estimate + slope.estimate, 4) == 0.8268
    assert (round(-slope.estimate, 4), round(slope.standard_error, 4)) == (-0.3504, 0.1239)


# SAS PROC MIXED on the FEV data of R's mmrm (200 participants, four visits), FEV1 on arm:
# difference, standard error and degrees of freedom with ddfm=kr(firstorder), as mmrm's
# developers publish them. SAS stops at about five digits; R's mmrm asks for 1e-3.
FEV = {
    "unstructured": (3.81972492174648, 0.66124382270307, 160.733266403768),
    "autoregressive": (4.22574315817874, 0.96058142305176, 188.46934887972),
    "heterogeneous-autoregressive": (3.72674356244499, 0.75924807546934, 188.225339095373),
    "compound-symmetry": (4.19663617897035, 0.7964696053595, 177.038485931223),
    "heterogeneous-compound-symmetry": (3.77090812499029, 0.67403858183242, 190.737701349941),
    "toeplitz": (4.47051860580552, 0.87839805519623, 160.027408337368),
    "heterogeneous-toeplitz": (3.92287746213894, 0.72537324518435, 180.062730071701),
    "heterogeneous-ante-dependence": (3.72344028834729, 0.66158550758897, 162.393385281755),
}


@pytest.fixture(scope="module")
def fev():
    path = os.environ.get("SOJOURN_FEV_DATA", "")
    if not Path(path).is_file():
        pytest.skip("SOJOURN_FEV_DATA names no file with mmrm's fev_data; SAS's values not tried")
    return pl.read_csv(path, null_values="NA")


@pytest.mark.parametrize("covariance", FEV)
def test_the_values_sas_gives_for_the_fev_data(fev, covariance):
    model = fit(
        "FEV1 ~ ARMCD",
        fev,
        participant="USUBJID",
        visit="AVISIT",
        covariance=covariance,
        reported="kenward-roger-linear",
    )
    arm = coefficients(model)[1]
    estimate, error, df = FEV[covariance]
    assert arm.estimate == pytest.approx(estimate, rel=5e-5)
    assert arm.standard_error == pytest.approx(error, rel=2e-4)
    assert arm.df == pytest.approx(df, rel=5e-4)


def test_a_real_trial_of_an_antidepressant(shared):
    """172 patients, four visits, a quarter left early (Goldstein et al. 2004, as published by
    the DIA working group on missing data). Values: R's mmrm 0.3.18, polished."""
    path = shared / "data" / "antidepressant-trial" / "data.csv"
    if not path.is_file():
        pytest.skip("the antidepressant trial is not with the shared data; it was not fitted")
    trial = pl.read_csv(path, null_values="NA")
    model = fit(
        "CHANGE ~ BASVAL + THERAPY * VISIT",
        trial,
        participant="PATIENT",
        visit="VISIT",
        reported="kenward-roger",
    )
    assert model.data.participants == 172
    assert model.log_likelihood == pytest.approx(-1743.01453911266, rel=1e-12)
    week_six = differences(model, "THERAPY", "PLACEBO", by=["VISIT"])[-1].value
    assert (week_six.estimate, week_six.standard_error) == pytest.approx(
        (-2.87211719272234, 1.09701332763676), rel=1e-9
    )
    assert week_six.df == pytest.approx(152.52140642785247, rel=1e-9)
    # R's nlme::gls stops a little short of the same maximum.
    assert model.log_likelihood == pytest.approx(-1743.01453913181, rel=1e-10)
