"""When two people may be the same one: likenesses of name and birth, compared without the name.

A likeness is a text that two writings of one person share. It is kept only under
a keyed hash, so that a match can be found and the person can't be read.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["same", "close"]
# American Soundex: letters that sound alike share a digit.
_SOUNDS = {
    letter: digit
    for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}


@dataclass(frozen=True, slots=True)
class Likeness:
    """``same`` means the same name and day of birth; ``close`` allows for a slip in one of them."""

    kind: Kind
    text: str


def likenesses(given_name: str, family_name: str, born_on: date) -> tuple[Likeness, ...]:
    """Every likeness of one person, each once.

    Order, case, accents and hyphens of names don't count. Close are: the same day of
    birth and names that sound alike (Soundex, US National Archives), the same names
    with day and month changed over, and the same names a year apart.
    """
    return tuple(dict.fromkeys(_all(_parts(given_name), _parts(family_name), born_on)))


def _all(given: tuple[str, ...], family: tuple[str, ...], born_on: date) -> Iterator[Likeness]:
    names = " ".join(sorted((*given, *family)))
    yield Likeness("same", f"{names}|{born_on}")
    sounds = " ".join(sorted({_soundex(part) for part in (*given[:1], *family)}))
    yield Likeness("close", f"sound {sounds}|{born_on}")
    changed_over = f"{born_on.year}-{born_on.day:02}-{born_on.month:02}"
    # Both ways of writing the day share the earlier of the two texts.
    yield Likeness("close", f"order {names}|{min(changed_over, born_on.isoformat())}")
    for year in (born_on.year, born_on.year + 1):
        yield Likeness("close", f"year {names}|{year}|{born_on.month}-{born_on.day}")


def _parts(name: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(each if each.isalpha() else " " for each in plain if not _is_mark(each))
    return tuple(kept.split())


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) > 0 or character in "'’"


def _soundex(word: str) -> str:
    """First letter and three digits; letters outside a-z stand for themselves."""
    code, last = word[0], _SOUNDS.get(word[0], 0)
    for letter in word[1:]:
        digit = _SOUNDS.get(letter, 0)
        if digit and digit != last:
            code += str(digit)
        if letter not in "hw":
            last = digit
    return code[:4].ljust(4, "0")
