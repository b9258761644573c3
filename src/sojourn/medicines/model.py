"""Medicines that matter beside the study drug, by class, each rule with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

Weight = Literal["hard-stop", "taper", "caution"]
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class AgentRule:
    """One medicine. ``half_life_h`` includes active metabolites where they matter."""

    name: Text
    synonyms: tuple[str, ...] = ()
    half_life_h: Annotated[int, Field(ge=1)] | None = None
    washout_days: Annotated[int, Field(ge=1)] | None = None


@dataclass(frozen=True, slots=True)
class MedicineClass:
    key: Text
    label: Text
    weight: Weight
    reason: Text
    rule: Text
    source: Text
    verified: bool
    agents: tuple[AgentRule, ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """A medicine together with the class it belongs to."""

    name: str
    medicine_class: MedicineClass
    half_life_h: int | None
    washout_days: int | None


@dataclass(frozen=True, slots=True)
class Formulary:
    """Every medicine with a rule, found by any of its names."""

    classes: tuple[MedicineClass, ...]
    by_name: Mapping[str, Agent] = field(repr=False)

    def find(self, name: str) -> Agent | None:
        """The medicine of that name, however it is cased or spaced; None when unlisted."""
        return self.by_name.get(" ".join(name.lower().split()))
