"""Crisis lines: every country with an emergency number, each number with its source."""

import pytest

from sojourn.definitions import DefinitionError
from sojourn.diary import crisis


@pytest.mark.parametrize(
    ("country", "emergency", "line"),
    [
        ("US", "911", "988"),
        ("CA", "911", "988"),
        ("AU", "000", "13 11 14"),
        ("CH", "112", "143"),
        ("GB", "999", "116 123"),
        ("EU", "112", "116 123"),
    ],
)
def test_each_country_has_its_numbers(country, emergency, line):
    found = crisis.load().of(country)
    assert found.country == country
    assert found.emergency.number == emergency
    assert line in [each.number for each in found.lines]


def test_every_number_names_its_source_and_what_was_not_read_says_so():
    for country in crisis.load().countries:
        for each in (country.emergency, *country.lines):
            assert each.source
            assert not (each.verified and "not read" in each.source)


def test_members_of_the_union_are_served_and_the_unknown_are_not_guessed():
    assert crisis.load().of("DE").emergency.number == "112"
    assert crisis.load().of("CH").country == "CH"
    assert crisis.load().of("BR") is None
    assert crisis.load().of("", "US").country == "US"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (('number: "988"', "number: call us"), "number"),
        (("country: CA", "country: US"), "stands twice"),
        (("    emergency: {number", "    emergancy: {number"), "emergency is missing"),
        (("text: 0477 13 11 14, ", ""), "neither number nor text"),
    ],
)
def test_a_slip_in_the_file_is_named(tmp_path, wrong, said):
    text = crisis.FILE.read_text()
    assert wrong[0] in text
    file = tmp_path / "crisis.yaml"
    file.write_text(text.replace(*wrong, 1))
    with pytest.raises(DefinitionError, match=said):
        crisis.load_file(file)
