"""What a written name stands for: brand, generic, salt, strength, misspelt.

Common names come from the rules themselves; brand and foreign names from the open
drug table of the package drug-named-entity-recognition (DrugBank open data, CC0, and
MedlinePlus; package under MIT); likeness from rapidfuzz. A likeness is only ever
offered to a person, never taken.
"""

import bz2
import pickle
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import distribution
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rapidfuzz import fuzz, process

from sojourn import definitions
from sojourn.medicines.model import Formulary

DrugNames = Mapping[str, tuple[str, ...]]

LIKE_ENOUGH = 84  # per cent; one wrong or swapped letter in six
OFFERED = 3
_PACKAGE = "drug-named-entity-recognition"
_FILE = "drug_named_entity_recognition/drug_ner_dictionary.pkl.bz2"
_STRENGTH = re.compile(r"\b\d+(?:[.,]\d+)?\s*(?:mg|mcg|µg|ug|g|ml|iu|%)(?:/\w+)?(?!\w)")
_PARTS = re.compile(r"\s*(?:[/+,;&]|\band\b|\bwith\b)\s*")
_WORDS = Path(__file__).parent / "definitions" / "words.yaml"


@dataclass(frozen=True, slots=True)
class Resolution:
    """``substances`` by their common names; ``nearest`` is offered when there are none."""

    written: str
    substances: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()


def resolve(formulary: Formulary, names: DrugNames, written: str) -> Resolution:
    """What ``written`` stands for. A product of several substances names them all."""
    plain = plain_name(written)
    found = _known(formulary, names, plain) or _known(formulary, names, _bare(plain))
    if not found:
        parts = [part for part in _PARTS.split(plain) if part]
        each = [_known(formulary, names, p) or _known(formulary, names, _bare(p)) for p in parts]
        # A product known in part only is not known.
        if len(parts) > 1 and all(each):
            found = tuple(dict.fromkeys(name for names in each for name in names))
    if found:
        return Resolution(written, found)
    return Resolution(written, (), _nearest(formulary, names, _bare(plain) or plain))


def plain_name(written: str) -> str:
    """``written`` in lower case with plain apostrophes, single spaces, no strength."""
    text = unicodedata.normalize("NFKC", written).casefold()
    for mark in "’‘`´ʼ":
        text = text.replace(mark, "'")
    text = _STRENGTH.sub(" ", re.sub(r"[®™()]", " ", text))
    return " ".join(text.split()).strip(" .,-")


def open_names() -> DrugNames:
    """Every name of the open drug table with the substances it stands for.

    The table takes seconds to read, and an alarm must not wait for it: it is
    read when the first name is looked up.
    """
    return _OPEN_TABLE


class _OpenTable(Mapping[str, tuple[str, ...]]):
    def __getitem__(self, name: str) -> tuple[str, ...]:
        return _open_table()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_open_table())

    def __len__(self) -> int:
        return len(_open_table())


_OPEN_TABLE = _OpenTable()


@cache
def _open_table() -> DrugNames:
    path = distribution(_PACKAGE).locate_file(_FILE)
    with bz2.open(str(path)) as file:
        data = _PlainUnpickler(file).load()
    return MappingProxyType(
        {name: tuple(names) for name, names in data["drug_variant_to_canonical"].items()}
    )


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain dictionaries, lists and text; refuses anything that could run."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"the drug table holds {module}.{name}; plain data only")


def _known(formulary: Formulary, names: DrugNames, plain: str) -> tuple[str, ...]:
    agent = formulary.by_name.get(plain)
    if agent is not None:
        return (agent.name,)
    found: list[str] = []
    for canonical in names.get(plain, ()) if len(plain) > 2 else ():
        found.extend(_in_rules(formulary, canonical))
    return tuple(dict.fromkeys(found))


def _in_rules(formulary: Formulary, canonical: str) -> Iterable[str]:
    """The names of the rules for what a table calls ``canonical``, else the table's name."""
    for name in (canonical, _bare(canonical)):
        if name in formulary.by_name:
            return (formulary.by_name[name].name,)
    parts = [_bare(part) for part in _PARTS.split(canonical) if part]
    listed = [formulary.by_name[part].name for part in parts if part in formulary.by_name]
    if not listed:
        return (canonical,)
    rest = [part for part in parts if part not in formulary.by_name]
    return (*listed, *rest)


def _bare(plain: str) -> str:
    """``plain`` without salt and form, unless nothing else is there."""
    return " ".join(word for word in plain.split() if word not in _beside_the_name())


@cache
def _beside_the_name() -> frozenset[str]:
    words = definitions.read(_WORDS)
    return frozenset((*words["forms"], *words["salts"]))


def _nearest(formulary: Formulary, names: DrugNames, plain: str) -> tuple[str, ...]:
    if len(plain) < 4:
        return ()
    ours = process.extract(
        plain, list(formulary.by_name), scorer=fuzz.ratio, score_cutoff=LIKE_ENOUGH, limit=OFFERED
    )
    theirs = process.extract(
        plain, _long_names(), scorer=fuzz.ratio, score_cutoff=LIKE_ENOUGH, limit=OFFERED
    )
    best = sorted((*ours, *theirs), key=lambda each: -each[1])
    like = (name for match in best for name in _known(formulary, names, match[0]))
    return tuple(dict.fromkeys(like))[:OFFERED]


@lru_cache(maxsize=1)
def _long_names() -> tuple[str, ...]:
    return tuple(name for name in open_names() if len(name) > 3)
