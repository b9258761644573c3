"""Claims are computed from the studies, and a retracted paper is never pooled by itself."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.evidence import answers
from sojourn.evidence.answers import answer_all, answer_claim, changes
from sojourn.evidence.effects import Sample
from sojourn.evidence.forest import answer
from sojourn.evidence.gather import combined, gather
from sojourn.evidence.load import load_study, shipped_studies
from sojourn.evidence.register import CLAIMS, Computation, EvidenceError, Selection, load_claim
from sojourn.evidence.register import shipped_claims as claims_of_the_register
from tests.evidence.studies import STUDY, changed, written

DIAGNOSIS = Computation(
    key="diagnosis",
    label="Loss of diagnosis",
    outcome="loss-of-diagnosis",
    measure="share",
    selection=Selection(treatments=("mdma",)),
    weeks_at_most=Decimal(26),
)


def test_every_claim_asked_for_is_in_the_register():
    wanted = {"lasting-remission", "conventional-dropout", "prevalence-us", "no-lasting-harm",
              "low-addiction-risk", "autistic-social-anxiety", "effect-size", "durability",
              "cardiovascular-rise", "unblinding"}  # fmt: skip
    assert wanted <= set(claims_of_the_register())


def test_all_claims_are_answered_within_a_second_or_so():
    answers.answer_all.cache_clear()
    start = time.process_time()  # the machine's other work is not ours
    answer_all()
    assert time.process_time() - start < 5  # 0.5 s on an idle machine


def test_the_popular_figure_is_loss_of_diagnosis_and_not_remission():
    claim = answer_all()["lasting-remission"]
    assert claim.agrees is False
    assert claim.verdict == "partly"
    diagnosis = claim.forest("diagnosis-mdma").summary
    assert diagnosis.low < 0.66 < diagnosis.high
    remission = claim.forest("remission-mdma").summary
    # 14 of 42 and 24 of 52, together 38 of 94
    assert remission.high < 0.66
    assert remission.estimate == pytest.approx(38 / 94, abs=0.01)
    denominators = {(line.study, line.active.n) for line in claim.forest("remission-mdma").lines}
    assert denominators == {("mitchell-2021", 42), ("mitchell-2023", 52)}


def test_of_all_who_began_the_share_is_lower():
    claim = answer_all()["lasting-remission"]
    measured, began = claim.forest("remission-mdma"), claim.forest("remission-mdma-everyone")
    assert [line.active.n for line in began.lines] == [46, 53]
    assert [line.active.events for line in began.lines] == [14, 24]
    assert began.summary.estimate < measured.summary.estimate


def test_therapy_without_the_drug_helps_too_and_is_shown():
    claim = answer_all()["lasting-remission"]
    for outcome in ("response", "diagnosis", "remission"):
        active = claim.forest(f"{outcome}-mdma").summary.estimate
        control = claim.forest(f"{outcome}-control").summary.estimate
        assert 0.1 < control < active


def test_the_pooled_effect_is_near_the_published_reviews():
    forest = answer_all()["effect-size"].forest("endpoint-scores")
    # The living review of the same six trials prints g = -0.71.
    assert forest.summary.estimate == pytest.approx(-0.71, abs=0.05)
    assert forest.summary.studies == 6
    assert sum(line.weight for line in forest.lines) == pytest.approx(1)
    assert forest.over_time[-1].estimate == forest.summary.estimate
    assert [moment.year for moment in forest.over_time] == [2011, 2013, 2018, 2021, 2023]
    assert {key for key, *_ in forest.without_each} == {line.study for line in forest.lines}
    assert forest.asymmetry.studies == 6


def test_phase_three_differences_agree_with_what_the_papers_print():
    forest = answer_all()["effect-size"].forest("caps-5-points")
    printed = {"mitchell-2021": -10.5, "mitchell-2023": -8.9}  # 24.4 - 13.9 and 23.7 - 14.8
    for line in forest.lines:
        assert line.estimate == pytest.approx(printed[line.study])


def test_retracted_papers_are_left_out_unless_asked_for_and_nobody_counts_twice():
    studies = shipped_studies()
    without = {each.study.key for each in gather(DIAGNOSIS, studies)}
    assert without == {"mithoefer-2011", "mithoefer-2018", "otalora-2018", "mitchell-2021",
                       "mitchell-2023"}  # fmt: skip
    asked = {each.study.key for each in gather(DIAGNOSIS, studies, include_retracted=True)}
    assert asked == {"mithoefer-2019", "mitchell-2021", "mitchell-2023"}
    forest = answer(DIAGNOSIS, studies)
    assert forest.retracted_left_out == ("mithoefer-2019",)
    assert not forest.rests_on_retracted_alone


def test_a_claim_on_retracted_papers_alone_says_so_and_computes_nothing():
    alone = {"mithoefer-2019": shipped_studies()["mithoefer-2019"]}
    forest = answer(DIAGNOSIS, alone)
    assert forest.rests_on_retracted_alone
    assert forest.summary is None
    assert forest.lines == ()
    asked = answer(DIAGNOSIS, alone, include_retracted=True)
    assert asked.lines[0].retracted
    assert asked.summary.estimate == pytest.approx(39 / 72)


def test_what_nobody_counted_is_nothing_and_not_zero():
    forest = answer_all()["no-lasting-harm"].forest("lasting")
    assert forest.summary is None
    assert forest.lines == ()
    assert not forest.rests_on_retracted_alone


def test_unverified_figures_are_named():
    claim = answer_all()["unblinding"]
    assert set(claim.unverified) == {"mitchell-2021", "mitchell-2023"}
    assert not any(line.verified for forest in claim.forests for line in forest.lines)


def test_certainty_is_what_the_recorded_judgements_make_it():
    levels = {key: each.certainty for key, each in answer_all().items()}
    assert levels["low-addiction-risk"] == "very low"
    assert levels["effect-size"] == "low"
    for claim in claims_of_the_register().values():
        assert all(each.reason for each in claim.certainty.lowered)


def test_a_verdict_of_supported_does_not_contradict_the_figures():
    for answered in answer_all().values():
        if answered.verdict == "supported":
            assert answered.agrees is not False, answered.claim.key


def test_a_contested_claim_says_who_disagrees():
    assert answer_all()["conventional-dropout"].verdict == "contested"
    assert answer_all()["conventional-dropout"].claim.contested


def test_adding_a_study_shows_what_it_does_to_the_claims(tmp_path):
    before = shipped_studies()
    study = load_study(written(tmp_path, STUDY))
    found = changes(before, {**before, study.key: study}, claims_of_the_register())
    moved = {(each.claim, each.computation): each for each in found}
    assert ("lasting-remission", "diagnosis-mdma") in moved
    assert ("effect-size", "all-trials") in moved
    assert ("suicidality", "difference") not in moved
    one = moved["lasting-remission", "diagnosis-mdma"]
    assert (one.studies_before, one.studies_after) == (5, 6)
    assert one.before != one.after
    assert changes(before, before, claims_of_the_register()) == ()


def test_several_active_arms_count_as_one_group():
    [ mithoefer ] = [each for each in gather(DIAGNOSIS, shipped_studies())
                     if each.study.key == "mithoefer-2018"]  # fmt: skip
    line = next(
        line for line in answer(DIAGNOSIS, shipped_studies()).lines
        if line.study == mithoefer.study.key
    )  # fmt: skip
    assert (line.active.events, line.active.n) == (7 + 6, 12 + 7)


@given(
    st.lists(st.lists(st.integers(0, 80), min_size=2, max_size=9), min_size=1, max_size=4).filter(
        lambda groups: all(len(set(group)) > 1 for group in groups)
    )
)
def test_groups_combine_to_the_mean_and_sd_of_their_people(groups):
    def sample(scores):
        mean = sum(scores) / len(scores)
        spread = sum((x - mean) ** 2 for x in scores) / (len(scores) - 1)
        return Sample(len(scores), mean, spread**0.5)

    found = combined(tuple(sample(group) for group in groups))
    whole = sample([x for group in groups for x in group])
    assert found.n == whole.n
    assert found.mean == pytest.approx(whole.mean)
    assert found.sd == pytest.approx(whole.sd)


@settings(deadline=None, max_examples=8)
@given(st.integers(1, 19), st.integers(1, 19))
def test_a_risk_difference_of_one_study_is_its_own(tmp_path_factory, a, b):
    data = changed("outcomes.0.results.0", {"arm": "mdma", "events": a, "n": 20})
    data["outcomes"][0]["results"][1] = {"arm": "placebo", "events": b, "n": 20}
    study = load_study(written(tmp_path_factory.mktemp("study"), data))
    computation = Computation(
        "d", "difference", "loss-of-diagnosis", "risk-difference", Selection(treatments=("mdma",))
    )
    forest = answer(computation, {study.key: study})
    line, summary = forest.lines[0], forest.summary
    assert line.estimate == pytest.approx((a - b) / 20)
    assert summary.estimate == pytest.approx((a - b) / 20)
    assert (line.low, line.high) == (summary.low, summary.high)


def test_a_pooled_line_is_the_pool_of_its_lines():
    forest = answer_all()["temporary-side-effects"].forest("nausea")
    assert forest.lines[0].active.n == 46
    assert forest.summary.low < forest.summary.estimate < forest.summary.high
    assert min(line.estimate for line in forest.lines) <= forest.summary.estimate


@pytest.mark.parametrize(
    ("claim", "about"),
    [
        ("conventional-dropout", "routine care"),
        ("unblinding", "expect"),
        ("low-addiction-risk", "not recorded"),
        ("durability", "want of controls"),
    ],
)
def test_where_a_claim_is_contested_it_says_so(claim, about):
    assert about in claims_of_the_register()[claim].contested


def test_a_claim_file_at_fault_names_what_to_mend(tmp_path):
    source = (CLAIMS / "unblinding.yaml").read_text(encoding="utf-8")
    path = tmp_path / "unblinding.yaml"
    path.write_text(source.replace("computation: guessed-mdma", "computation: guest"))
    with pytest.raises(EvidenceError, match=r"claimed\.computation is 'guest'"):
        load_claim(path)
    without = "".join(
        line for line in source.splitlines(keepends=True) if not line.startswith("contested:")
    )
    path.write_text(without.replace("verdict: not shown", "verdict: contested"))
    with pytest.raises(EvidenceError, match="say in 'contested'"):
        load_claim(path)


def test_answers_do_not_depend_on_the_order_of_files():
    studies = shipped_studies()
    turned = dict(reversed(studies.items()))
    claim = claims_of_the_register()["effect-size"]
    assert answer_claim(claim, turned).forest("all-trials").summary.estimate == pytest.approx(
        answer_claim(claim, studies).forest("all-trials").summary.estimate
    )


def test_events_in_one_arm_only_have_no_odds_ratio_and_break_nothing(tmp_path):
    data = changed("outcomes.0.results.1", {"arm": "placebo", "events": 0, "n": 20})
    study = load_study(written(tmp_path, data))
    computation = Computation(
        "o", "odds", "loss-of-diagnosis", "odds-ratio", Selection(treatments=("mdma",))
    )
    forest = answer(computation, {study.key: study})
    assert forest.summary is None
    assert forest.lines[0].active.events == 12


def test_arms_are_not_compared_after_crossover(tmp_path):
    study = load_study(written(tmp_path, changed("outcomes.0.controlled", False)))
    compared = Computation(
        "d", "difference", "loss-of-diagnosis", "risk-difference", Selection(treatments=("mdma",))
    )
    assert answer(compared, {study.key: study}).lines == ()
    assert answer(DIAGNOSIS, {study.key: study}).lines == ()
