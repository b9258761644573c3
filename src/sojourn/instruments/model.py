"""Questionnaires and ratings as data: items, scores, rules, each with its source.

The labels are our own short words. The licensed wording of an instrument is the
site's to supply.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Citation:
    text: Text
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One question. ``answers`` names the values where numbers alone would not do."""

    number: Annotated[int, Field(ge=1)]
    label: Text
    lowest: int = 0
    highest: int = 4
    answers: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Subscale:
    key: Text
    label: Text
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """``most`` unanswered scored items for which the total is still made by proration.

    A prorated total is the mean of the answered items times the number of items,
    rounded half up. With ``most`` 0 any missing item leaves the total missing.
    """

    most: Annotated[int, Field(ge=0)]
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class Threshold:
    """At least ``count`` of ``items`` answered ``at_least`` or more."""

    label: Text
    items: tuple[int, ...]
    at_least: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule whose crossing someone must act on."""

    key: Key
    label: Text
    items: tuple[int, ...]
    at_least: int
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class Band:
    label: Text
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Response by points or by share of baseline; remission by total."""

    source: Text
    verified: bool
    response_points: int | None = None
    response_percent: int | None = None
    remission_total: int | None = None
    remission_needs_loss_of_diagnosis: bool = False


@dataclass(frozen=True, slots=True)
class Instrument:
    key: Key
    name: Text
    version: Text
    measures: Text
    rated_by: Literal["clinician", "participant"]
    licence: Text
    citations: Annotated[tuple[Citation, ...], Field(min_length=1)]
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    scored: tuple[int, ...]  # items that add up to the total; empty when there is no total
    missing: Missing
    verified: bool
    reversed: tuple[int, ...] = ()  # scored from the other end: lowest plus highest less answer
    subscales: tuple[Subscale, ...] = ()
    diagnosis: tuple[Threshold, ...] = ()
    dissociation: Threshold | None = None
    alerts: tuple[Alert, ...] = ()
    bands: tuple[Band, ...] = ()
    outcomes: Outcomes | None = None
    total_only_allowed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def lowest_total(self) -> int:
        """The smallest total the scored items allow."""
        return sum(item.lowest for item in self.items if item.number in self.scored)

    @property
    def highest_total(self) -> int:
        """The largest total the scored items allow."""
        return sum(item.highest for item in self.items if item.number in self.scored)
