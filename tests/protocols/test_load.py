"""Packs: the shipped ones hold, and a broken one says where, what and how to mend it."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.protocols import (
    ProtocolError,
    json_schema,
    load,
    load_shipped,
    load_text,
    shipped,
    shipped_text,
)

TEXT = shipped_text("mdma-ptsd")
MDMA = load_shipped("mdma-ptsd")


def problems(old: str, new: str, text: str = TEXT) -> list[str]:
    assert old in text
    with pytest.raises(ProtocolError) as error:
        load_text(text.replace(old, new, 1), "ours.yaml")
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize("key", shipped())
def test_every_shipped_pack_holds_and_cites(key):
    protocol = load_shipped(key)
    assert protocol.citations
    assert len(protocol.digest) == 64


def test_the_published_structure_is_there():
    phases = [visit.phase for visit in MDMA.visits]
    assert phases.count("preparation") == 3
    assert phases.count("dosing") == 3
    assert phases.count("integration") == 9
    assert phases.count("aftercare") == 21
    assert {visit.minutes for visit in MDMA.visits if visit.phase == "preparation"} == {90}
    assert {visit.minutes for visit in MDMA.visits if visit.phase == "dosing"} == {480}


def test_doses_are_the_published_ones_with_their_source():
    assert [session.initial_mg for session in MDMA.dosing.sessions] == [(80,), (80, 120), (80, 120)]
    assert MDMA.dosing.session_total_max_mg == 180
    assert MDMA.dosing.source.split()[0] == "mitchell-2023"
    assert {each.doi for each in MDMA.citations} == {
        "10.1038/s41591-021-01336-3",
        "10.1038/s41591-023-02565-4",
    }


def test_ratings_by_the_independent_rater_follow_the_publication():
    rated = [visit.key for visit in MDMA.visits if "caps-5" in visit.assessments]
    assert rated == ["baseline", "rating-1", "rating-2", "week-18", "month-12"]
    assert all(MDMA.visit(key).rated_by == "independent-rater" for key in rated)


def test_repeated_visits_are_written_out():
    contact = MDMA.visit("contact-2-5")
    assert contact.label == "Day 5 contact after session 2"
    assert (contact.anchor, contact.session, contact.window.target) == ("dosing-2", 2, 5)


def test_site_limits_have_no_value_of_their_own():
    for setting in MDMA.site_settings:
        assert not hasattr(setting, "value")
        assert not setting.verified


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "latest: 70}",
            "latest: 20}",
            "visits[1].window.latest is 20; it must not be before target 28",
        ),
        ("anchor: taper", "anchor: tapir", "visits[2].anchor is 'tapir'; no visit has that key"),
        ("block_sizes", "blok_sizes", "did you mean 'block_sizes'?"),
        ("block_sizes: [4, 6]", "block_sizes: [3]", "has 3; use multiples of 2"),
        ("latest: 35}", "latest: 40}", "the spacing is 21 to 35"),
        ("until_min: 120", "until_min: 60", "is 60; it must lie between from_min 90"),
        (
            "session_total_max_mg: 180",
            "session_total_max_mg: 150",
            "exceeds session_total_max_mg 150",
        ),
        ("initial_mg: [80]", "initial_mg: [81]", "its supplemental is no whole mg"),
        (
            "at_visit: baseline",
            "at_visit: taper",
            "no such visit rates caps-5",
        ),
        ("  visit: week-18", "  visit: week-19", "outcome.visit is 'week-19'"),
        (
            "    source: mitchell-2023\n    verified: true\n  - key: ptsd-six-months",
            "    source: nobody\n    verified: true\n  - key: ptsd-six-months",
            "is 'nobody'; cite one of",
        ),
        (
            "characteristic: qtc-ms, above",
            "characteristic: qt-ms, above",
            "is 'qt-ms'; no chara",
        ),
        ("one_of: [positive]", "one_of: [maybe]", "asks 'pregnancy' for 'maybe'; its answers:"),
        ("one_of: [positive]", "at_least: 2", "asks 'pregnancy' for a number"),
        ("one_of: [positive]", "one_of: [positive], at_least: 1", "needs holds or one_of, else"),
        ("above_setting: qtc-ms-max-male", "above_setting: qtc-max", "is 'qtc-max'; no such site"),
        ("label: QTc, lowest: 300, highest: 650", "label: QTc, lowest: 300", "lowest and highest"),
        ("key: mdma-times", "key: age-years", "is 'age-years', known from registration"),
        (
            "    instrument: caps-5\n",
            "    instrument: caps-5\n    met_when: [[]]\n",
            "keep the one",
        ),
        ("key: placebo, label", "key: mdma, label", "has two entries called 'mdma'"),
        ("lowest: 100, highest: 220", "lowest: 300, highest: 220", "must not be above highest 220"),
        ("role: experimental", "role: comparator", "need one with role experimental or single"),
        (
            "verified: true\n  lasting_min",
            "verified: maybe\n  lasting_min",
            "dosing.verified is 'maybe'",
        ),
        ("indication:", "digest: abc\nindication:", "is worked out, not written"),
        ("title: MDMA", "titel: MDMA", "title is missing; add it"),
        ("key: mdma-ptsd", "key: mdma-ptsd\nkey: again", "stands here twice; keep one"),
        ("anchor: enrolment", "anchor: month-12", "lead back to itself"),
        # YAML takes each of these for 80; a dose is written as people read it.
        ("initial_mg: [80]", "initial_mg: [0120]", "is written 0120, which YAML takes for 80"),
        ("initial_mg: [80]", "initial_mg: [1:20]", "is written 1:20, which YAML takes for 80"),
        ("initial_mg: [80]", "initial_mg: [0x50]", "is written 0x50, which YAML takes for 80"),
        ("initial_mg: [80]", 'initial_mg: ["080"]', "initial_mg[0] is '080'; it should be a valid"),
        ("initial_mg: [80]", "initial_mg: [80.0]", "initial_mg[0] is 80.0; it should be a valid"),
        ("initial_mg: [80]", "initial_mg: [yes]", "initial_mg[0] is True; it should be a valid"),
        ("lowest: 0\n  highest: 4\n  items", "lowest: 4\n  highest: 4\n  items",
         "fidelity.lowest is 4; it must be below highest 4"),
        ("{key: presence, label", "{key: inner-direction, label",
         "fidelity.items has two entries called 'inner-direction'"),
        ("  source: mitchell-2023\n\ndosing", "  source: nobody\n\ndosing",
         "randomisation.source is 'nobody'; cite one of"),
    ],
)  # fmt: skip
def test_a_broken_pack_names_field_value_and_mend(old, new, message):
    found = problems(old, new)
    assert any(message in problem for problem in found), found
    assert all(problem.startswith("ours.yaml") for problem in found)


def test_a_problem_points_at_its_line():
    line = next(n for n, text in enumerate(TEXT.splitlines(), 1) if "latest: 70}" in text)
    assert problems("latest: 70}", "latest: 20}")[0].startswith(f"ours.yaml line {line}: ")


def test_every_problem_is_told_at_once():
    text = TEXT.replace("latest: 70}", "latest: 20}").replace("anchor: taper", "anchor: tapir")
    with pytest.raises(ProtocolError) as error:
        load_text(text, "ours.yaml")
    assert len(error.value.problems) >= 2


def test_more_than_four_sessions_are_never_a_protocol():
    sessions = "".join(f"    - {{number: {n}, initial_mg: [80]}}\n" for n in range(4, 6))
    found = problems("  supplemental: {percent", sessions + "  supplemental: {percent")
    assert any("has 5; never more than 4" in problem for problem in found)


def test_a_visit_of_a_session_that_is_not_planned_is_told():
    found = problems("    phase: screening\n", "    phase: screening\n    session: 7\n")
    assert any("after session 7; there is none" in each for each in found), found


def test_a_pack_nested_without_end_is_told_and_not_a_crash():
    assert (
        "nested too deep"
        in problems("title: MDMA", f"x: {'[' * 5000 + ']' * 5000}\ntitle: MDMA")[0]
    )


def test_a_field_whose_name_is_no_word_is_told():
    assert "has a field whose name is no word" in problems("title: MDMA", "? [a]\n: 1\ntitle: M")[0]


def test_aliases_are_refused_for_they_hide_what_is_meant():
    assert "no aliases" in problems("title: MDMA", "x: &x 1\ny: *x\ntitle: MDMA")[0]


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "\t\tkey: 1", "just words"])
def test_what_is_no_pack_is_told_in_one_sentence(text):
    with pytest.raises(ProtocolError):
        load_text(text, "ours.yaml")


def test_a_file_that_is_not_there_is_a_protocol_error(tmp_path):
    with pytest.raises(ProtocolError, match="can't be read"):
        load(tmp_path / "none.yaml")


def test_the_schema_for_editors_names_the_fields():
    assert "visits" in json_schema()["properties"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_damage_to_a_pack_is_either_harmless_or_a_protocol_error(data):
    pack = yaml.safe_load(TEXT)
    holder, key = pack, data.draw(st.sampled_from(sorted(pack)))
    while isinstance(holder[key], (dict, list)) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))
        key = data.draw(st.sampled_from(list(keys)))
    holder[key] = data.draw(
        st.one_of(st.none(), st.integers(-9, 9), st.text(max_size=4), st.just([]), st.just({}))
    )
    try:
        load_text(yaml.safe_dump(pack), "damaged.yaml")
    except ProtocolError as error:
        told = error.problems
    else:
        told = ("harmless",)
    assert told
