"""Published figures are checked against arithmetic before anyone pools them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.evidence.checks import findings, grim_consistent, largest_sd, percent_consistent
from sojourn.evidence.load import EvidenceError, load_studies, load_study, shipped_studies
from sojourn.evidence.scales import SCALES
from tests.evidence.studies import STUDY, changed, written


def test_a_sound_study_has_nothing_to_say(tmp_path):
    study = load_study(written(tmp_path, STUDY))
    assert findings(study, today=date(2026, 1, 1)) == ()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("outcomes.0.results.0.events", 21, "21 events of 20"),
        ("outcomes.0.results.0.n", 25, "the arm has 20"),
        ("outcomes.0.results.0.arm", "mdna", "names arm 'mdna'; arms are mdma, placebo"),
        ("outcomes.0.results.0.percent", 160, "outside 0 to 100"),
        ("outcomes.1.results.0.mean", -90.0, "outside -80 to 80"),
        ("outcomes.1.results.0.sd", 90, "at most"),
        ("outcomes.0.source", "page-3", "not among citations: paper"),
        ("registration", "NCT1", "no NCT number"),
    ],
)
def test_what_can_not_be_is_refused_with_field_value_and_mend(tmp_path, path, value, message):
    with pytest.raises(EvidenceError, match=message) as refused:
        load_study(written(tmp_path, changed(path, value)))
    assert "example-2020.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("outcomes.0.results.0.percent", 66, "is 60.00%, printed as 66%"),
        ("outcomes.1.results.0.mean", -20.01, "GRIM"),
        ("outcomes.1.scale", "our-scale", "not known"),
    ],
)
def test_what_is_odd_is_said_and_kept(tmp_path, path, value, message):
    study = load_study(written(tmp_path, changed(path, value)))
    found = findings(study)
    assert [each.severity for each in found if message in each.message]
    assert not [each for each in found if each.severity == "error"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("yeer", 2020, "unknown field 'yeer'; did you mean 'year'"),
        ("outcomes.0.kind", "counted", "outcomes.0.kind is 'counted'"),
        ("outcomes.0.verified", None, "outcomes.0.verified"),
    ],
)
def test_a_file_that_does_not_fit_the_schema_names_the_field(tmp_path, path, value, message):
    with pytest.raises(EvidenceError, match=message):
        load_study(written(tmp_path, changed(path, value)))


def test_a_year_to_come_and_a_retraction_before_the_paper_are_errors(tmp_path):
    study = load_study(written(tmp_path, changed("year", 2031)))
    assert "yet to come" in findings(study, today=date(2026, 1, 1))[0].message
    retraction = {"date": date(2019, 1, 1), "reason": "r", "source": "s"}
    with pytest.raises(EvidenceError, match="before the paper of 2020"):
        load_study(written(tmp_path, changed("retracted", retraction)))


def test_baseline_and_change_that_do_not_make_the_endpoint_are_said(tmp_path):
    # As with a sign lost in an extraction: 63.4 and -3.2 do not make 66.5.
    data = changed("year", 2013)
    for kind, mean in (("baseline", 63.4), ("change", -3.2), ("endpoint", 66.5)):
        data["outcomes"].append(
            {
                "outcome": "ptsd-severity", "kind": kind, "definition": "CAPS-IV",
                "scale": "caps-iv", "verified": True, "weeks": 14,
                "results": [{"arm": "placebo", "n": 4, "mean": mean, "sd": 9}],
            }
        )  # fmt: skip
    study = load_study(written(tmp_path, data))
    said = [each.message for each in findings(study) if "make 60.2" in each.message]
    assert said == ["baseline 63.4 and change -3.2 make 60.2, printed as 66.5"]


@given(st.lists(st.integers(0, 80), min_size=2, max_size=60), st.integers(0, 2))
def test_grim_never_doubts_a_true_mean(scores, decimals):
    mean = (Decimal(sum(scores)) / len(scores)).quantize(Decimal(1).scaleb(-decimals))
    assert grim_consistent(mean, len(scores))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_rightly_rounded_percentage_is_never_doubted(pair):
    events, n = pair
    printed = (Decimal(100 * events) / n).quantize(Decimal("0.1"))
    assert percent_consistent(printed, events, n)


def test_grim_and_percentages_find_what_is_wrong():
    # Brown & Heathers 2017: 28 people cannot have a mean of 5.19.
    assert not grim_consistent(Decimal("5.19"), 28)
    assert grim_consistent(Decimal("5.18"), 28)
    assert not percent_consistent(Decimal(60), 22, 37)
    assert percent_consistent(Decimal(62), 23, 37)


@given(st.lists(st.integers(0, 80), min_size=2, max_size=40))
def test_no_scores_spread_more_than_the_largest_sd(scores):
    n = len(scores)
    mean = sum(scores) / n
    sd = (sum((x - mean) ** 2 for x in scores) / (n - 1)) ** 0.5
    assert sd <= largest_sd(SCALES["caps-5"], mean, n, change=False) + 1e-6


def test_every_shipped_study_stands_and_says_where_its_figures_come_from():
    studies = shipped_studies()
    for trial in ("mithoefer-2011", "mithoefer-2013", "oehen-2013", "mithoefer-2018",
                  "otalora-2018", "mitchell-2021", "mitchell-2023", "danforth-2018"):  # fmt: skip
        assert not studies[trial].retracted
    retracted = {key for key, study in studies.items() if study.retracted}
    assert retracted == {"mithoefer-2019", "jerome-2020", "feduccia-2021"}
    for key in retracted:
        assert studies[key].retracted.date == date(2024, 8, 10)
    for study in studies.values():
        errors = [each for each in findings(study, today=date(2026, 11, 25))
                  if each.severity == "error"]  # fmt: skip
        assert not errors
    odd = {study.key for study in studies.values() if findings(study)}
    assert odd == {"oehen-2013"}  # a baseline mean of 63.4 among four people


def test_a_folder_of_ones_own_may_name_shipped_studies_and_not_take_their_keys(tmp_path):
    written(tmp_path, changed("counts_again", ["mitchell-2021"]))
    with pytest.raises(EvidenceError, match="mitchell-2021"):
        load_studies(tmp_path)
    assert set(load_studies(tmp_path, known=("mitchell-2021",))) == {"example-2020"}
    with pytest.raises(EvidenceError, match="is taken"):
        load_studies(tmp_path, known=("mitchell-2021", "example-2020"))
