"""Scores against published structure, each rule at its edge, and properties of any answers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.instruments import (
    AnswerError,
    InstrumentError,
    change,
    check_answers,
    load,
    load_shipped,
    score,
    score_total,
)
from sojourn.instruments.load import FOLDER

SHIPPED = load_shipped()
PCL5, CAPS5, CSSRS, PHQ9, HAMD = (
    SHIPPED[key] for key in ("pcl-5", "caps-5", "c-ssrs", "phq-9", "hamd-17")
)
MET_F_AND_G = (1, 24, 2, 0, 0, 0, 2, 0, 0, 0)  # items 21 to 30: a duration, and distress of 2


def pcl5(**items: int) -> list[int | None]:
    answers: list[int | None] = [0] * 20
    for name, value in items.items():
        answers[int(name[1:]) - 1] = value
    return answers


def answers_to(instrument, missing=False):
    return st.tuples(
        *(
            st.one_of(st.none(), st.integers(item.lowest, item.highest))
            if missing
            else st.integers(item.lowest, item.highest)
            for item in instrument.items
        )
    )


@pytest.mark.proves("scores")
def test_the_least_answers_that_make_a_provisional_diagnosis_total_twelve():
    result = score(PCL5, pcl5(i1=2, i6=2, i8=2, i9=2, i15=2, i16=2))
    assert (result.total, result.diagnosis) == (12, True)


@pytest.mark.parametrize("dropped", ["i1", "i6", "i8", "i15"])
def test_every_cluster_is_needed(dropped):
    items = {"i1": 2, "i6": 2, "i8": 2, "i9": 2, "i15": 2, "i16": 2}
    del items[dropped]
    assert score(PCL5, pcl5(**items)).diagnosis is False


def test_a_high_total_without_avoidance_is_no_diagnosis():
    answers = [4] * 20
    answers[5] = answers[6] = 1
    result = score(PCL5, answers)
    assert (result.total, result.diagnosis) == (74, False)


@pytest.mark.proves("scores")
def test_clusters_add_up_to_the_total():
    result = score(PCL5, [1] * 20)
    assert dict(result.subscales) == {"B": 5, "C": 2, "D": 7, "E": 6}


@pytest.mark.proves("scores")
@pytest.mark.parametrize(("missing", "total"), [(0, 40), (4, 40), (5, None)])
def test_a_fifth_of_pcl5_may_be_missing_and_no_more(missing, total):
    result = score(PCL5, [None] * missing + [2] * (20 - missing))
    assert result.total == total
    assert result.prorated == (0 < missing < 5)


def test_proration_rounds_half_up():
    # Seven items of nine sum to 7 * 1 + ... : 9 * 8 / 7 = 10.29, and 9 * 7 / 8 = 7.875.
    assert score(PHQ9, (2, 1, 1, 1, 1, 1, 1, None, None)).total == 10
    assert score(PHQ9, (0, 1, 1, 1, 1, 1, 1, 1, None)).total == 8
    # 4 over eight items stand for 4.5 over nine, 12 for 13.5: each exactly a half.
    assert score(PHQ9, (0, 0, 0, 0, 1, 1, 1, 1, None)).total == 5
    assert score(PHQ9, (3, 3, 1, 1, 1, 1, 1, 1, None)).total == 14


@pytest.mark.proves("scores")
def test_caps5_never_fills_in_a_missing_item():
    result = score(CAPS5, (None, *[2] * 19, *MET_F_AND_G))
    assert result.total is None
    assert result.missing == (1,)


def test_a_diagnosis_that_a_missing_answer_could_still_undo_is_not_known():
    full = [2] * 20
    unknown = score(CAPS5, (*full, 1, None, 2, 0, 0, 0, 2, 0, 0, 0))
    settled = score(CAPS5, (*[0] * 20, 1, None, 2, 0, 0, 0, 2, 0, 0, 0))
    assert (unknown.diagnosis, settled.diagnosis) == (None, False)


@pytest.mark.parametrize(("months", "diagnosis"), [(0, False), (1, True)])
def test_symptoms_must_last_a_month(months, diagnosis):
    answers = (*[2] * 20, 1, months, 2, 0, 0, 0, 2, 0, 0, 0)
    assert score(CAPS5, answers).diagnosis is diagnosis


@pytest.mark.parametrize(
    ("outside", "unreal", "subtype"), [(1, 1, False), (2, 0, True), (0, 2, True)]
)
def test_the_dissociative_subtype_needs_one_of_two(outside, unreal, subtype):
    answers = (*[2] * 20, *MET_F_AND_G[:-2], outside, unreal)
    assert score(CAPS5, answers).dissociative is subtype


@pytest.mark.parametrize(("total", "response"), [(31, False), (30, True)])
def test_response_is_a_fall_of_ten_points(total, response):
    baseline = score(CAPS5, (*[2] * 20, *MET_F_AND_G))
    later = score(CAPS5, (*[2] * (total - 20), *[1] * (40 - total), *MET_F_AND_G))
    assert (later.total, change(CAPS5, baseline, later).response) == (total, response)


@pytest.mark.parametrize(("total", "remission"), [(11, True), (12, False)])
def test_remission_is_a_lost_diagnosis_and_eleven_or_less(total, remission):
    baseline = score(CAPS5, (*[2] * 20, *MET_F_AND_G))
    later = score(CAPS5, (*[1] * total, *[0] * (20 - total), *MET_F_AND_G))
    assert change(CAPS5, baseline, later).remission is remission


def test_loss_of_diagnosis_is_asked_only_of_those_who_had_one():
    none_before = score(CAPS5, (*[1] * 20, *MET_F_AND_G))
    assert change(CAPS5, none_before, none_before).loss_of_diagnosis is None


@pytest.mark.proves("suicidality-alert")
@pytest.mark.parametrize("item", [4, 5, 6, 7, 8, 9, 10])
def test_intent_plan_or_any_act_raises_an_alert(item):
    answers = [0] * 11
    answers[item - 1] = 1
    assert len(score(CSSRS, answers).alerts) == 1


@pytest.mark.parametrize("item", [1, 2, 3, 11])
def test_lower_ideation_and_self_injury_raise_none(item):
    answers = [0] * 11
    answers[item - 1] = 1
    assert score(CSSRS, answers).alerts == ()


def test_any_thought_of_death_on_the_ninth_item_raises_an_alert():
    assert score(PHQ9, (0,) * 8 + (1,)).alerts[0].key == "item-9"


@pytest.mark.parametrize("item", [4, 5, 6, 7, 8, 9, 10])
def test_a_question_on_suicide_left_open_is_missing_and_its_alert_unsettled(item):
    answers = [0] * 11
    answers[item - 1] = None
    result = score(CSSRS, answers)
    assert result.missing == (item,)
    assert [alert.key for alert in result.unsettled] == ["ideation" if item < 6 else "behaviour"]


def test_the_ninth_item_left_open_asks_for_an_enquiry_even_when_the_total_is_prorated():
    result = score(PHQ9, (1,) * 8 + (None,))
    assert (result.total, result.prorated) == (9, True)
    assert [alert.key for alert in result.unsettled] == ["item-9"]


@pytest.mark.proves("suicidality-alert")
@given(answers_to(CSSRS, missing=True))
def test_no_alert_is_silent_unless_every_answer_it_needs_says_no(answers):
    result = score(CSSRS, answers)
    for alert in CSSRS.alerts:
        said_no = all(answers[number - 1] == 0 for number in alert.items)
        assert said_no == (alert not in result.alerts and alert not in result.unsettled)
    assert not set(result.alerts) & set(result.unsettled)


@pytest.mark.proves("scores")
@pytest.mark.parametrize("answer", [True, 2.5, "2"])
def test_an_answer_that_is_no_whole_number_is_refused_by_item(answer):
    with pytest.raises(AnswerError, match=r"item 3: .* is not a whole number"):
        check_answers(PCL5, pcl5(i3=answer))


def test_a_subtype_is_asked_only_of_those_with_the_diagnosis():
    without = score(CAPS5, (*[1] * 20, *MET_F_AND_G[:-2], 4, 4))
    assert (without.diagnosis, without.dissociative) == (False, None)


def test_scores_of_two_instruments_are_not_compared():
    with pytest.raises(ValueError, match="a score of pcl-5 is not one of caps-5"):
        change(CAPS5, score(PCL5, [2] * 20), score(CAPS5, (*[2] * 20, *MET_F_AND_G)))


def test_labels_are_whole_sentences_of_the_definition_not_cut_at_a_comma():
    assert CAPS5.items[21].label == "duration, months"
    assert CSSRS.items[2].label == "thoughts of a method, no intent"
    for instrument in SHIPPED.values():
        for item in instrument.items:
            assert item.label.strip(" ,") == item.label


@pytest.mark.parametrize(("total", "band"), [(28, "moderate"), (34, "moderate"), (35, "severe")])
def test_bands_of_caps5_are_those_of_the_trials(total, band):
    answers = [4] * (total // 4) + [total % 4] + [0] * 20
    assert score(CAPS5, (*answers[:20], *MET_F_AND_G)).band == band


@pytest.mark.parametrize(
    ("total", "band"),
    [
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (15, "moderately severe"),
        (20, "severe"),
    ],
)
def test_bands_of_phq9_as_kroenke_2001_gives_them(total, band):
    answers = [3] * (total // 3) + [total % 3] + [0] * 9
    assert score(PHQ9, answers[:9]).band == band


@pytest.mark.parametrize(
    ("later", "response", "remission"), [(12, False, False), (11, True, False), (7, True, True)]
)
def test_hamd_responds_at_half_and_remits_at_seven(later, response, remission):
    result = change(HAMD, score_total(HAMD, 22), score_total(HAMD, later))
    assert (result.response, result.remission) == (response, remission)


def test_totals_alone_are_refused_where_answers_are_needed_and_out_of_range():
    with pytest.raises(AnswerError, match="needs its answers"):
        score_total(CAPS5, 30)
    with pytest.raises(AnswerError, match="53 is outside 0 to 52"):
        score_total(HAMD, 53)


def test_a_wrong_answer_names_item_value_and_range():
    with pytest.raises(AnswerError, match=r"item 3: 5 is outside 0 to 4 \(flashbacks\)"):
        check_answers(PCL5, pcl5(i3=5))
    with pytest.raises(AnswerError, match="19 given; PCL-5 has 20 items"):
        check_answers(PCL5, [0] * 19)


@given(answers_to(PCL5))
def test_a_total_is_the_sum_and_a_diagnosis_needs_twelve(answers):
    result = score(PCL5, answers)
    assert result.total == sum(answers)
    assert not (result.diagnosis and result.total < 12)


@given(answers_to(PCL5, missing=True))
def test_missing_answers_never_make_a_total_leave_its_range(answers):
    total = score(PCL5, answers).total
    assert total is None or 0 <= total <= 80


@given(answers_to(CAPS5), st.integers(0, 19))
def test_a_worse_answer_never_lowers_a_total_nor_undoes_a_diagnosis(answers, place):
    worse = (*answers[:place], min(4, answers[place] + 1), *answers[place + 1 :])
    before, after = score(CAPS5, answers), score(CAPS5, worse)
    assert after.total >= before.total
    assert after.diagnosis or not before.diagnosis


@given(answers_to(CAPS5), answers_to(CAPS5))
def test_remission_implies_a_lost_diagnosis(before, after):
    result = change(CAPS5, score(CAPS5, before), score(CAPS5, after))
    assert not result.remission or result.loss_of_diagnosis


@pytest.mark.parametrize("key", sorted(SHIPPED))
def test_every_shipped_instrument_says_where_it_comes_from_and_asks_in_our_words(key):
    instrument = SHIPPED[key]
    assert instrument.citations[0].doi
    assert all(len(item.label.split()) <= 8 for item in instrument.items)
    for low, high in pairwise(instrument.bands):
        assert high.lowest == low.highest + 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("most: 2", "most: many", "missing.most is 'many'"),
        ("key: phq-9", "key: PHQ 9", "key is 'PHQ 9'"),
        ("highest: 27", "highest: 30", "bands end at 30; the highest total is 27"),
        ("items: [9]", "items: [12]", "names item 12; there are 9 items"),
        ("measures:", "measure:", "unknown field 'measure'"),
        ("{number: 2,", "{number: 7,", "number them 1 to 9 in order"),
        ("name: PHQ-9", "name: [", "is not YAML"),
        ("label: low mood,", "label: low mood, or sad,", "unknown field 'items.1.or sad'"),
        ("    items: [9]\n", "    items: [9, 9]\n", "alerts.item-9 names an item twice"),
        ("    at_least: 1", "    at_least: 4", "alerts.item-9.at_least is 4; its items end at 3"),
        ("[1, 2, 3, 4, 5,", "[1, 1, 3, 4, 5,", "scored names an item twice"),
        ("measures: depressive", "name: again\nmeasures: depressive", "stands twice"),
    ],
)
def test_a_broken_definition_names_field_value_and_mend(tmp_path, old, new, message):
    text = (FOLDER / "phq-9.yaml").read_text()
    assert old in text
    path = tmp_path / "broken.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InstrumentError) as error:
        load(path)
    assert message in str(error.value)
    assert "broken.yaml" in str(error.value)


def test_a_definition_that_is_not_there_is_said_plainly(tmp_path):
    with pytest.raises(InstrumentError, match=r"none\.yaml can't be read"):
        load(tmp_path / "none.yaml")


def test_items_scored_from_the_other_end_count_their_distance_from_it():
    # Spielberger 1983: state and trait each run from 20 to 80, so that both run from 40 to 160.
    stai = SHIPPED["stai"]
    calm = [4 if item.number in stai.reversed else 1 for item in stai.items]
    afraid = [1 if item.number in stai.reversed else 4 for item in stai.items]
    assert (stai.lowest_total, stai.highest_total) == (40, 160)
    assert score(stai, calm).subscales == (("state", 20), ("trait", 20))
    assert score(stai, afraid).total == 160
    assert score(stai, [None, *calm[1:]]).total is None
    with pytest.raises(AnswerError, match="40 to 160"):
        score_total(stai, 39)


def test_the_ranges_of_new_instruments_are_the_published_ones():
    ranges = {key: (SHIPPED[key].lowest_total, SHIPPED[key].highest_total) for key in
              ("lsas", "madrs", "sows", "sara", "dos")}  # fmt: skip
    assert ranges == {
        "lsas": (0, 144), "madrs": (0, 60), "sows": (0, 64), "sara": (0, 40), "dos": (0, 13),
    }  # fmt: skip
    assert score(SHIPPED["madrs"], (0,) * 9 + (4,)).alerts
    lsas = dict(score(SHIPPED["lsas"], (1,) * 48).subscales)
    assert lsas["fear"] == lsas["avoidance"] == 24
    assert (lsas["performance"], lsas["social-interaction"]) == (26, 22)
