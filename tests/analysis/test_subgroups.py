"""Effects in subgroups and their interaction, against statsmodels."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from sojourn.analysis.subgroups import Subgroup, interaction


def people(seed=2, n=120):
    draw = np.random.default_rng(seed)
    prior = np.array(["never", "once", "often"])[draw.integers(0, 3, n)]
    arm, baseline = draw.integers(0, 2, n), draw.normal(45, 8, n)
    effect = np.where(prior == "often", -3.0, -12.0)
    change = effect * arm - 0.3 * baseline + draw.normal(0, 7, n)
    return prior.tolist(), change, arm, baseline


def test_the_interaction_is_that_of_statsmodels():
    prior, change, arm, baseline = people()
    found = interaction("earlier use of MDMA", prior, change, arm, baseline)
    columns = {"prior": prior, "change": change, "arm": arm, "baseline": baseline}
    data = pd.DataFrame(columns)
    wide = smf.ols("change ~ C(prior) * arm + baseline", data).fit()
    narrow = smf.ols("change ~ C(prior) + arm + baseline", data).fit()
    f, p_value, df = wide.compare_f_test(narrow)
    assert (found.test.f, found.test.p_value) == pytest.approx((f, p_value))
    assert (found.test.numerator_df, found.test.denominator_df) == (df, wide.df_resid)
    by_level = {each.level: each for each in found.subgroups}
    assert by_level["never"].difference == pytest.approx(wide.params["arm"])
    often = wide.t_test("arm + C(prior)[T.often]:arm")
    assert by_level["often"].difference == pytest.approx(float(often.effect[0]))
    assert (by_level["often"].low, by_level["often"].high) == pytest.approx(
        tuple(np.ravel(often.conf_int()))
    )


def test_no_subgroup_has_a_p_value_of_its_own():
    assert not [field.name for field in fields(Subgroup) if "p" in field.name.split("_")]


def test_a_subgroup_in_one_arm_only_is_shown_without_an_effect():
    prior, change, arm, baseline = people()
    levels = ["rare" if number == 5 else each for number, each in enumerate(prior)]
    found = interaction("prior", levels, change, arm, baseline)
    rare = next(each for each in found.subgroups if each.level == "rare")
    assert rare.active + rare.reference == 1
    assert rare.difference is None
    assert found.test.numerator_df == 2


def test_one_subgroup_has_an_effect_and_no_test():
    _, change, arm, baseline = people()
    found = interaction("prior", ["all"] * len(change), change, arm, baseline)
    assert found.test is None
    assert found.subgroups[0].difference is not None


def test_a_missing_level_is_refused():
    prior, change, arm, baseline = people()
    with pytest.raises(ValueError, match="level of 'prior SSRI' is missing"):
        interaction("prior SSRI", [None, *prior[1:]], change, arm, baseline)
