"""A claim about treatments that no trial compared is answered through those that trials share."""

import dataclasses

import pytest

from sojourn.evidence import gather as gathering
from sojourn.evidence.answers import answer_all, answer_claim
from sojourn.evidence.gather import gather
from sojourn.evidence.league import league
from sojourn.evidence.load import EvidenceError, shipped_studies
from sojourn.evidence.register import CLAIMS, load_claim, shipped_claims


def test_the_indirect_difference_is_the_difference_of_the_direct_ones():
    claim = shipped_claims()["active-control"]
    computation = claim.computation("all-trials")
    means = {}
    for treatment in ("placebo", "low-dose-mdma"):
        effects = [
            gathering.effect(found, computation)
            for found in gather(computation, shipped_studies())
            if any(arm.treatment == treatment for arm in found.study.arms)
        ]
        weight = sum(1 / each.variance for each in effects)
        means[treatment] = (sum(e.estimate / e.variance for e in effects) / weight, 1 / weight)
    found = answer_all()["active-control"].league
    assert found.network.heterogeneity.tau2 == 0  # so that fixed weights are the right ones
    assert found.asked.estimate == pytest.approx(means["placebo"][0] - means["low-dose-mdma"][0])
    variance = means["placebo"][1] + means["low-dose-mdma"][1]
    assert found.asked.standard_error**2 == pytest.approx(variance)
    assert found.asked.direct is None
    assert found.trials == {("mdma", "placebo"): 3, ("mdma", "low-dose-mdma"): 3}


def test_trials_against_each_control_are_all_the_trials():
    answered = answer_all()["active-control"]
    of = {each.key: {line.study for line in each.lines} for each in answered.forests}
    assert of["against-placebo"] | of["against-low-dose"] == of["all-trials"]
    assert not of["against-placebo"] & of["against-low-dose"]


def test_a_study_with_two_treatments_on_a_side_is_left_out_by_name():
    studies = dict(shipped_studies())
    study = studies["mithoefer-2018"]
    first, *rest = study.arms
    studies[study.key] = dataclasses.replace(
        study, arms=(dataclasses.replace(first, treatment="sertraline"), *rest)
    )
    found = league(shipped_claims()["active-control"], studies)
    assert found.left_out == ("mithoefer-2018",)
    assert found.trials["mdma", "low-dose-mdma"] == 2


def test_nothing_is_joined_where_a_side_is_missing_or_nobody_asked():
    assert answer_all()["effect-size"].league is None
    alone = {"mitchell-2021": shipped_studies()["mitchell-2021"]}
    assert answer_claim(shipped_claims()["active-control"], alone).league is None


def test_a_network_of_no_computation_is_refused(tmp_path):
    text = (CLAIMS / "active-control.yaml").read_text(encoding="utf-8")
    path = tmp_path / "active-control.yaml"
    path.write_text(text.replace("computation: all-trials", "computation: every"), "utf-8")
    with pytest.raises(
        EvidenceError, match=r"joined\.computation is 'every'; there are all-trials"
    ):
        load_claim(path)
