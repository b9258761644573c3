"""The datasets as data: which variables each has, their terms, and where each instrument goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from sojourn import definitions
from sojourn.definitions import DefinitionError

FOLDER = Path(__file__).parent / "definitions"
# What SAS transport files of version 5 allow (TS-140, SAS Institute).
LONGEST_NAME, LONGEST_LABEL, LONGEST_TEXT = 8, 40, 200

Name = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")]
Label = Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]
Concept = Annotated[str, Field(pattern=r"^(C[0-9]+)?$")]
Origin = Literal["Collected", "Derived", "Assigned", "Protocol", "Predecessor", "Not Available"]
Type = Literal["text", "integer", "float", "date", "datetime", "partialDatetime"]
Value = str | int | float | None
Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Named:
    """A published standard and where its content was seen."""

    name: str
    version: str
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Variable:
    name: Name
    label: Label
    type: Type
    length: Annotated[int, Field(ge=1, le=LONGEST_TEXT)]
    core: Literal["Req", "Exp", "Perm", "Cond"]
    origin: Origin
    role: str = ""
    codelist: str = ""
    method: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is kept as a number; a date of ADaM is one in SAS."""
        return self.type in ("integer", "float", "date")


@dataclass(frozen=True, slots=True)
class Supplemental:
    """A qualifier the standard has no variable for; it goes to SUPP--."""

    name: Name
    label: Label
    origin: Origin


@dataclass(frozen=True, slots=True)
class Dataset:
    """``label`` may be longer than SAS allows nowhere; ``keys`` name a row."""

    label: Label
    class_: Annotated[str, Field(alias="class")]
    structure: str
    keys: tuple[Name, ...]
    variables: tuple[Variable, ...]
    supplemental: tuple[Supplemental, ...] = ()
    subclass: str = ""

    def variable(self, name: str) -> Variable | None:
        return next((each for each in self.variables if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Standard:
    """One implementation guide: its datasets by name, and the methods of what is derived."""

    standard: Named
    methods: Mapping[str, str]
    datasets: Mapping[str, Dataset]


@dataclass(frozen=True, slots=True)
class Term:
    value: str
    code: Concept = ""  # of the NCI Thesaurus; empty when sponsor-defined
    decode: str = ""


@dataclass(frozen=True, slots=True)
class Codelist:
    name: str
    terms: tuple[Term, ...]
    code: Concept = ""
    extensible: bool = False

    @property
    def values(self) -> frozenset[str]:
        return frozenset(each.value for each in self.terms)


@dataclass(frozen=True, slots=True)
class Terminology:
    package: Named
    codelists: Mapping[str, Codelist]


@dataclass(frozen=True, slots=True)
class Test:
    code: Name
    name: Label
    concept: Concept = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instrument goes. Without tests of CDISC's own, codes begin with ``prefix``."""

    domain: Literal["QS", "RS"]
    category: str
    codelist: Concept = ""
    tests: tuple[Test, ...] = ()
    total: Test | None = None
    prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]{0,5}$")] = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where an answer given at screening goes."""

    domain: Literal["MH", "SU", "LB", "VS"]
    category: str
    term: str = ""


@dataclass(frozen=True, slots=True)
class Mappings:
    instruments: Mapping[str, Place]
    characteristics: Mapping[str, Asked]
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@cache
def sdtm() -> Standard:
    """The tabulation datasets."""
    return _standard("sdtm.yaml")


@cache
def adam() -> Standard:
    """The analysis datasets."""
    return _standard("adam.yaml")


@cache
def terminology() -> Terminology:
    """The controlled terms that can occur."""
    loaded: Terminology = _load(Terminology, "terminology.yaml")
    return loaded


@cache
def mappings() -> Mappings:
    """Where instruments, answers and words of the record go."""
    loaded: Mappings = _load(Mappings, "mapping.yaml")
    return loaded


def word(kind: str, ours: str) -> str:
    """The standard's word for ours; empty where there is none, as for what was left open."""
    return mappings().translations[kind].get(ours, "")


def _standard(name: str) -> Standard:
    loaded: Standard = _load(Standard, name)
    for key, dataset in loaded.datasets.items():
        known = {each.name for each in dataset.variables}
        strangers = [each for each in dataset.keys if each not in known]
        if strangers:
            raise DefinitionError(f"{name}: {key}.keys names {strangers[0]}, which it has not")
        for each in dataset.variables:
            if each.method and each.method not in loaded.methods:
                raise DefinitionError(
                    f"{name}: {key}.{each.name} names the method '{each.method}'; there is none"
                )
    return Standard(loaded.standard, loaded.methods, MappingProxyType(dict(loaded.datasets)))


def _load(kind: type, name: str) -> Any:
    path = FOLDER / name
    adapter = definitions.strict(kind, __name__)
    return definitions.checked(adapter, definitions.read(path), path, __name__)
