"""Terms an adverse event is coded to, and what someone's words may mean.

Shipped: the terms, system organ classes and existing grades of the Common
Terminology Criteria for Adverse Events v5.0 (US National Cancer Institute, 2017,
a work of the US government; https://ctep.cancer.gov). Codes are our own. A site
with a MedDRA licence brings its dictionary as a file of its own; none is shipped.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from sojourn import definitions

CTCAE = "ctcae-5.0"
MEDDRA = "meddra"
OTHER = " - Other, specify"
LIKE_ENOUGH = 78  # per cent; two wrong letters in nine
ALL_BUT_EQUAL = 92
OFFERED = 6
GRADES = (1, 2, 3, 4, 5)
_FOLDER = Path(__file__).parent / "definitions"
_COLUMNS = ("code", "term", "system_organ_class")


@dataclass(frozen=True, slots=True)
class Term:
    """``grades`` are those that exist for the term: some events are never mild."""

    code: str
    name: str
    system_organ_class: str
    grades: tuple[int, ...]
    dictionary: str = CTCAE

    @property
    def is_other(self) -> bool:
        """Whether it stands for whatever its class does not name."""
        return self.name.endswith(OTHER)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Terms by code, and the words that lead to them, in small letters."""

    by_code: Mapping[str, Term]
    by_words: Mapping[str, Term]

    def exact(self, written: str) -> Term | None:
        """The term called exactly that, by its own name; everyday words only suggest."""
        term = self.by_words.get(_plain(written))
        return term if term and _plain(term.name) == _plain(written) else None


def suggest(dictionary: Dictionary, written: str, limit: int = OFFERED) -> tuple[Term, ...]:
    """Terms that ``written`` may mean, the likeliest first; a person confirms one."""
    plain = _plain(written)
    if len(plain) < 3:
        return ()
    found: dict[str, Term] = {}
    for term in _held(dictionary, plain):
        found.setdefault(term.code, term)
    # Where the words themselves are known, only the all but equal is worth a look.
    enough = ALL_BUT_EQUAL if plain in dictionary.by_words else LIKE_ENOUGH
    matches = process.extract(
        plain,
        _choices(dictionary),
        scorer=fuzz.WRatio,
        processor=None,
        score_cutoff=enough,
        limit=limit * 3,
    )
    for words, _, _ in sorted(matches, key=lambda each: (-each[1], len(each[0]))):
        term = dictionary.by_words[words]
        found.setdefault(term.code, term)
    return tuple(found.values())[:limit]


@cache
def shipped() -> Dictionary:
    """CTCAE v5.0 with everyday words.

    Raises
    ------
    DefinitionError
        If an everyday word points to a term that the table lacks.
    """
    terms = [
        Term(
            slug(row["term"]),
            row["term"],
            row["system_organ_class"],
            tuple(int(grade) for grade in row["grades"]),
        )
        for row in _rows((_FOLDER / "ctcae-5.csv").read_text(encoding="utf-8"))
    ]
    by_name = {term.name: term for term in terms}
    words = {_plain(term.name): term for term in terms}
    path = _FOLDER / "aliases.yaml"
    for each in definitions.read(path)["aliases"]:
        if each["term"] not in by_name:
            raise definitions.DefinitionError(
                f"{path.name}: '{each['term']}' is no term of CTCAE v5.0; check its spelling"
            )
        for said in each["words"]:
            words.setdefault(_plain(said), by_name[each["term"]])
    return _dictionary(terms, words)


@cache
def from_file(path: Path) -> Dictionary:
    """A site's own dictionary: CSV with the columns code, term, system_organ_class.

    Raises
    ------
    DefinitionError
        Naming the file and what it lacks.
    """
    try:
        rows = list(_rows(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise definitions.DefinitionError(f"{path.name} can't be read: {error}") from error
    terms = []
    for number, row in enumerate(rows, start=2):
        lacking = next((each for each in _COLUMNS if not (row.get(each) or "").strip()), "")
        if lacking:
            raise definitions.DefinitionError(
                f"{path.name}: line {number} has no {lacking}; give {', '.join(_COLUMNS)}"
            )
        terms.append(
            Term(row["code"], row["term"], row["system_organ_class"], GRADES, dictionary=MEDDRA)
        )
    if not terms:
        raise definitions.DefinitionError(f"{path.name} holds no terms")
    return _dictionary(terms, {_plain(term.name): term for term in terms})


def slug(name: str) -> str:
    """``name`` as a code of our own: small letters and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _dictionary(terms: list[Term], words: Mapping[str, Term]) -> Dictionary:
    return Dictionary(
        MappingProxyType({term.code: term for term in terms}), MappingProxyType(dict(words))
    )


def _held(dictionary: Dictionary, plain: str) -> Iterator[Term]:
    """Terms whose words are, begin or stand within ``plain``, the longest words first."""
    if plain in dictionary.by_words:
        yield dictionary.by_words[plain]
    within = [
        words for words in _choices(dictionary) if len(words) > 4 and f" {words} " in f" {plain} "
    ]
    for words in sorted(within, key=len, reverse=True):
        yield dictionary.by_words[words]
    for words in _choices(dictionary):
        if words.startswith(plain):
            yield dictionary.by_words[words]


def _choices(dictionary: Dictionary) -> tuple[str, ...]:
    return tuple(dictionary.by_words)


def _plain(written: str) -> str:
    return " ".join(default_process(written).split())


def _rows(text: str) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(io.StringIO(text)))
