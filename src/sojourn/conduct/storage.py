"""Where a site keeps study drug: each place's own limits, and the temperatures read there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import ClassVar

from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class PlaceSetUp:
    """Limits as the label or the sponsor gives them, in tenths of a degree Celsius."""

    kind: ClassVar[str] = "storage.place-set-up"
    schema: ClassVar[int] = 1
    place: str
    lowest_tenths_c: int
    highest_tenths_c: int
    source: str
    return_hours: int


@dataclass(frozen=True, slots=True)
class TemperatureRecorded:
    """The lowest and highest since the last reading, in tenths of a degree Celsius."""

    kind: ClassVar[str] = "storage.temperature-recorded"
    schema: ClassVar[int] = 1
    place: str
    lowest_tenths_c: int
    highest_tenths_c: int
    instrument: str


@dataclass(frozen=True, slots=True)
class Temperature:
    at: datetime
    lowest_tenths_c: int
    highest_tenths_c: int
    outside: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A cupboard or refrigerator; ``return_hours`` is how soon leftovers must be back."""

    name: str
    lowest_tenths_c: int
    highest_tenths_c: int
    source: str
    return_hours: int
    temperatures: tuple[Temperature, ...] = ()

    def outside(self, lowest_tenths_c: int, highest_tenths_c: int) -> bool:
        """Whether a reading lies beyond the limits; the limits themselves are within."""
        return lowest_tenths_c < self.lowest_tenths_c or highest_tenths_c > self.highest_tenths_c


@dataclass(frozen=True, slots=True)
class Storage:
    """All places of a site."""

    places: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 0


FACTS: tuple[type[Fact], ...] = (PlaceSetUp, TemperatureRecorded)


def evolve(storage: Storage, entry: Entry) -> Storage:
    """The site's places after ``entry``."""
    fact = entry.fact
    if isinstance(fact, PlaceSetUp):
        before = storage.places.get(fact.place)
        place = Place(
            fact.place,
            fact.lowest_tenths_c,
            fact.highest_tenths_c,
            fact.source,
            fact.return_hours,
            before.temperatures if before else (),
        )
    elif isinstance(fact, TemperatureRecorded):
        place = storage.places[fact.place]
        reading = Temperature(
            entry.occurred_at,
            fact.lowest_tenths_c,
            fact.highest_tenths_c,
            place.outside(fact.lowest_tenths_c, fact.highest_tenths_c),
        )
        place = replace(place, temperatures=(*place.temperatures, reading))
    else:
        raise TypeError(f"'{fact.kind}' is no fact of a site's storage")
    return Storage(MappingProxyType({**storage.places, place.name: place}), entry.sequence)


def fold(entries: Iterable[Entry]) -> Storage:
    """The places that a site's storage stream adds up to."""
    return reduce(evolve, entries, Storage())
