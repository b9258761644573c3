"""Crisis lines by country, as data with their sources."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from sojourn import definitions

FILE = Path(__file__).parent / "definitions" / "crisis.yaml"
Dialled = Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ]*$")]


@dataclass(frozen=True, slots=True)
class Emergency:
    number: Dialled
    source: str
    verified: bool

    @property
    def dial(self) -> str:
        return self.number.replace(" ", "")


@dataclass(frozen=True, slots=True)
class CrisisLine:
    """Someone to talk to: by call, by text, or both."""

    label: str
    source: str
    verified: bool
    number: Dialled | None = None
    text: Dialled | None = None

    @property
    def dial(self) -> str:
        return (self.number or "").replace(" ", "")

    @property
    def dial_text(self) -> str:
        return (self.text or "").replace(" ", "")


@dataclass(frozen=True, slots=True)
class Country:
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    label: str
    emergency: Emergency
    lines: tuple[CrisisLine, ...]
    also: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = ()  # codes it stands for too


@dataclass(frozen=True, slots=True)
class Crisis:
    checked_on: date
    words: str
    elsewhere: str
    countries: tuple[Country, ...]

    def of(self, *codes: str) -> Country | None:
        """The first of ``codes`` (two letters) that is known here."""
        known = {code: each for each in self.countries for code in each.also}
        known |= {each.country: each for each in self.countries}
        return next((known[code] for code in codes if code in known), None)


@cache
def load() -> Crisis:
    """The crisis lines that come with Sojourn.

    Raises
    ------
    sojourn.definitions.DefinitionError
        Naming the field at fault and the mend.
    """
    return load_file(FILE)


def load_file(path: Path) -> Crisis:
    """Crisis lines from a file of the same shape."""
    adapter = definitions.strict(Crisis, __name__)
    crisis: Crisis = definitions.checked(adapter, definitions.read(path), path, __name__)
    keys = [each.country for each in crisis.countries]
    for each in crisis.countries:
        if keys.count(each.country) > 1:
            raise definitions.DefinitionError(f"{path.name}: {each.country} stands twice")
        if any(line.number is None and line.text is None for line in each.lines):
            raise definitions.DefinitionError(
                f"{path.name}: a line of {each.country} has neither number nor text; give one"
            )
    return crisis
