"""Terms: the shipped table is CTCAE v5.0, and everyday words lead to it."""

import csv

import pytest

from sojourn import definitions, protocols
from sojourn.vigilance import terms
from sojourn.vigilance.terms import shipped, suggest


def best(written: str) -> str:
    return next((each.name for each in suggest(shipped(), written)), "")


def test_the_table_agrees_with_the_published_one(shared):
    file = shared / "data" / "ctcae-v5" / "ctcae5.csv"
    if not file.exists():
        pytest.skip(f"the published CTCAE v5.0 table is not there ({file})")
    published = {}
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines(True)):
        grades = [name for name in row if name.startswith("Grade")]
        exist = tuple(n for n, name in enumerate(grades, 1) if row[name].strip() not in ("", "-"))
        published[row["CTCAE.Term"]] = (row["MedDRA.SOC"], exist)
    ours = {
        each.name: (each.system_organ_class, each.grades) for each in shipped().by_code.values()
    }
    assert len(ours) == 837
    assert ours == published


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("throwing up", "Vomiting"),
        ("nausia", "Nausea"),
        ("HEADACHE", "Headache"),
        ("jaw clenching", "Gastrointestinal disorders - Other, specify"),
        ("heart racing after the dose", "Palpitations"),
        ("wants to die", "Suicidal ideation"),
        ("boundry violation", "Social circumstances - Other, specify"),
        ("eupho", "Euphoria"),
        ("syncop", "Syncope"),
        ("xqzzyt", ""),
        ("a", ""),
        ("", ""),
    ],
)
def test_words_and_slips_of_the_pen_lead_to_a_term(written, term):
    assert best(written) == term


def test_only_a_terms_own_name_is_taken_without_asking():
    assert shipped().exact(" vomiting ").name == "Vomiting"
    assert shipped().exact("throwing up") is None


def test_every_term_has_a_grade_and_a_code_of_its_own():
    held = shipped().by_code.values()
    assert all(each.grades and each.code for each in held)
    assert len({each.code for each in held}) == 837
    assert len([each for each in held if each.is_other]) == 26


def test_a_sites_own_dictionary_is_used_and_its_faults_are_named(tmp_path):
    file = tmp_path / "ours.csv"
    file.write_text("code,term,system_organ_class\n1001,Fainting fit,Nervous system disorders\n")
    dictionary = terms.from_file(file)
    assert suggest(dictionary, "fainting fitt")[0].code == "1001"
    assert dictionary.by_code["1001"].dictionary == "meddra"
    broken = tmp_path / "broken.csv"
    broken.write_text("code,term\n1,Fall\n")
    with pytest.raises(definitions.DefinitionError, match="line 2 has no system_organ_class"):
        terms.from_file(broken)
    with pytest.raises(definitions.DefinitionError, match="can't be read"):
        terms.from_file(tmp_path / "none.csv")


@pytest.mark.parametrize("pack", protocols.shipped())
def test_what_a_pack_names_in_its_rules_are_terms(pack):
    names = {each.name for each in shipped().by_code.values()}
    for rule in protocols.load_shipped(pack).stopping_rules:
        assert set(rule.terms) <= names
