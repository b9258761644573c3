"""Data that can't be fitted are refused, with what to mend."""

import polars as pl
import pytest

from sojourn.analysis.mmrm import (
    NotConverged,
    NotFittable,
    coefficients,
    contrast,
    differences,
    fit,
    joint,
    means,
    of_term,
)
from tests.analysis.mmrm.reference import TRIAL, simulated


def tried(frame, formula=TRIAL, **options):
    return fit(formula, frame, **{"participant": "participant", "visit": "visit", **options})


def changed(where, **values):
    return simulated().with_columns(
        **{
            name: pl.when(where).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
            for name, value in values.items()
        }
    )


FIRST = (pl.col("participant") == "P003") & (pl.col("visit") == "w03")


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        (simulated().with_columns(twin=-pl.col("baseline")), {"formula": f"{TRIAL} + twin"},
         "column 'twin' follows from those before"),
        (changed(FIRST, baseline=None), {}, "'baseline' is missing for participant 'P003'"),
        (changed(FIRST, arm=None), {}, "'arm' is missing for participant 'P003' at visit 'w03'"),
        (changed(pl.col("visit") == "w12", change=None), {}, "visit 'w12' has 0 responses"),
        (changed((pl.col("visit") == "w18") & (pl.col("participant") != "P001"), change=None), {},
         "visit 'w18' has 1 responses"),
        (pl.concat([simulated(), simulated().filter(FIRST)]), {},
         "participant 'P003' has more than one response at visit 'w03'"),
        (simulated(), {"group": "visit"}, "changes its 'visit'"),
        (simulated(), {"visits": ["w03", "w06"]}, "visit 'w12' is not among the visits"),
        (simulated(), {"formula": "score ~ arm"}, "no column 'score'"),
        (simulated(), {"formula": "arm ~ baseline"}, "the response 'arm' is String"),
        (simulated(), {"formula": "change ~ open(arm)"}, "is not for formulas"),
        (simulated(), {"formula": "change ~ {baseline}"}, "is not for formulas"),
        (simulated(), {"formula": "change arm"}, "write 'response ~ terms'"),
        (simulated(), {"covariance": "banded"}, "covariance 'banded' is not known"),
        (simulated(), {"covariance": "spatial-exponential"}, "needs visits that are numbers"),
        (simulated(), {"method": "ml"}, "needs method 'reml'"),
        (simulated(), {"df": "satterthwaite", "reported": "kenward-roger"}, "does not go with"),
        (changed(FIRST, weight=-1.0), {"weights": "weight"}, "weights are above zero"),
        (simulated().with_columns(change=pl.lit(None, dtype=pl.Float64)), {}, "no row has a"),
    ],
)  # fmt: skip
def test_it_says_what_to_mend(frame, options, said):
    with pytest.raises(NotFittable, match=said):
        tried(frame, **options)


def test_a_covariance_the_data_do_not_determine_is_no_result():
    few = simulated().filter(pl.col("participant") < "P007")
    with pytest.raises((NotConverged, NotFittable), match=r"simpler covariance|can't determine"):
        tried(few, "change ~ arm * visit", visits=["w03", "w06", "w12", "w18"])


def test_two_visits_nobody_had_both_of_are_no_result():
    """Nothing tells their covariance."""
    apart = (
        simulated()
        .with_columns(
            change=pl.when((pl.col("visit") == "w06") == (pl.col("site") == "A")).then(
                pl.col("change")
            )
        )
        .filter(pl.col("visit").is_in(["w06", "w18"]))
    )
    with pytest.raises(NotConverged, match="simpler covariance"):
        tried(apart, "change ~ arm * visit")


def test_an_exact_fit_is_no_result():
    exact = simulated().with_columns(change=pl.col("baseline") * 1.0)
    with pytest.raises((NotConverged, NotFittable)):
        tried(exact, "change ~ baseline")


def test_a_planned_visit_nobody_came_to_is_named():
    planned = pl.Enum(["w03", "w06", "w12", "w18", "w24"])
    with pytest.raises(NotFittable, match="visit 'w24' has 0 responses"):
        tried(simulated().with_columns(pl.col("visit").cast(planned)))


def test_contrasts_and_means_say_what_there_is():
    model = tried(simulated())
    with pytest.raises(NotFittable, match="give a weight for each"):
        contrast(model, [1.0, 2.0])
    with pytest.raises(NotFittable, match="depend on each other"):
        joint(model, [[1, *[0] * 10]] * 2)
    with pytest.raises(NotFittable, match="no factor of the formula"):
        means(model, ["baseline"])
    with pytest.raises(NotFittable, match="no level of 'arm'"):
        differences(model, "arm", "placebos")
    with pytest.raises(NotFittable, match="no term of"):
        of_term(model, ["site", "visit"])


def test_convergence_is_reported():
    found = tried(simulated()).convergence
    assert found.iterations < 15
    assert found.decrement < 1e-10
    assert found.gradient < 1e-5
    assert found.eigenvalue > 1e-6
    assert len(coefficients(tried(simulated()))) == 11
