"""Medicines that matter beside the study drug, by class, each rule with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Weight = Literal["hard-stop", "taper", "caution"]
Severity = Literal["contraindicated", "major", "moderate", "minor"]
Text = Annotated[str, Field(min_length=1)]

HEAVIEST_FIRST: tuple[Weight, ...] = ("hard-stop", "taper", "caution")


@dataclass(frozen=True, slots=True)
class MedicineClass:
    """What a class of medicines does beside the study drug; ``advice`` is for a prescriber."""

    key: Key
    label: Text
    weight: Weight
    severity: Severity
    mechanism: Text
    consequence: Text
    advice: Text
    antidepressant: bool
    settles: bool  # the protocol's days to settle follow the half-lives
    abrupt_stop_risk: bool
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class BesideRule:
    """What a class does beside one study drug, where the classes' own words are of another."""

    study_drug: Key
    medicine_class: Key
    weight: Weight
    severity: Severity
    consequence: Text
    advice: Text
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class AgentRule:
    """One medicine as written down. ``half_life_h`` is the longest, metabolites included."""

    name: Text
    classes: Annotated[tuple[Key, ...], Field(min_length=1)]
    synonyms: tuple[Text, ...] = ()
    half_life_h: Annotated[int, Field(ge=1)] | None = None
    least_days: Annotated[int, Field(ge=1)] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """A medicine together with its classes, the heaviest first."""

    name: str
    classes: tuple[MedicineClass, ...]
    half_life_h: int | None = None
    least_days: int | None = None
    note: str = ""

    @property
    def antidepressant(self) -> bool:
        return any(each.antidepressant for each in self.classes)


@dataclass(frozen=True, slots=True)
class Formulary:
    """Every medicine with a rule, found by its common name or a synonym, in plain writing."""

    classes: tuple[MedicineClass, ...]
    by_name: Mapping[str, Agent] = field(repr=False)
    study_drug: str = ""  # the one that the classes' own words are of
    beside: Mapping[tuple[str, str], MedicineClass] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )

    def rule(self, medicine_class: MedicineClass, study_drug: str) -> MedicineClass | None:
        """What that class means beside ``study_drug``; None when nothing is on file.

        Without a study drug (packs from before it was asked) the classes' own words hold.
        """
        if study_drug in ("", self.study_drug):
            return medicine_class
        return self.beside.get((study_drug, medicine_class.key))

    def find(self, name: str) -> Agent | None:
        """The medicine of that name, however it is cased or spaced; None when unlisted."""
        return self.by_name.get(" ".join(name.casefold().replace("’", "'").split()))
