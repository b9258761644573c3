"""Two writings of one person are found alike; two people seldom are."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.record.likeness import likenesses

BORN = date(1984, 3, 9)
NAMES = st.text("abcdefghijklmnopqrstuvwxyzäéñ", min_size=1, max_size=12)


def kinds_shared(one, other):
    others = {each.text for each in likenesses(*other)}
    return {each.kind for each in likenesses(*one) if each.text in others}


@pytest.mark.parametrize(
    "other",
    [
        ("ana", "GARCIA", BORN),
        ("Ana", "García", BORN),
        ("García", "Ana", BORN),
        (" Ana ", "Garcia", BORN),
    ],
)
def test_case_accents_spaces_and_order_do_not_hide_a_person(other):
    assert "same" in kinds_shared(("Ana", "Garcia", BORN), other)


@pytest.mark.parametrize(
    "other",
    [
        ("Anna", "Garsia", BORN),
        ("Ana", "Garcia", date(1984, 9, 3)),
        ("Ana", "Garcia", date(1985, 3, 9)),
        ("Ana", "Garcia", date(1983, 3, 9)),
    ],
)
def test_a_slip_in_name_or_birth_is_close(other):
    assert kinds_shared(("Ana", "Garcia", BORN), other) == {"close"}


@pytest.mark.parametrize(
    "other",
    [
        ("Ana", "Garcia", date(1984, 3, 10)),
        ("Ben", "Garcia", BORN),
        ("Ana", "Lopez", BORN),
        ("Ana", "Garcia", date(1990, 3, 9)),
    ],
)
def test_a_sibling_a_namesake_and_a_stranger_are_not_alike(other):
    assert kinds_shared(("Ana", "Garcia", BORN), other) == set()


@given(NAMES, NAMES, st.dates(date(1900, 1, 1), date(2020, 12, 31)))
def test_everyone_is_like_themselves_and_each_likeness_stands_once(given_name, family, born_on):
    found = likenesses(given_name, family, born_on)
    assert len({each.text for each in found}) == len(found)
    assert [each.kind for each in found].count("same") == 1
    assert "same" in kinds_shared((given_name, family, born_on), (family, given_name, born_on))


def test_soundex_codes_are_those_of_the_national_archives():
    # https://www.archives.gov/research/census/soundex: W252, P236, J250, T522, A261
    from sojourn.record.likeness import _soundex

    names = ("washington", "pfister", "jackson", "tymczak", "ashcraft", "lee", "gutierrez")
    assert [_soundex(each).upper() for each in names] == [
        "W252", "P236", "J250", "T522", "A261", "L000", "G362",
    ]  # fmt: skip
