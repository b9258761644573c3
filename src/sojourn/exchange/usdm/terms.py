"""The controlled terms of a study definition, by our own name for each."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sojourn.definitions import checked, read, strict

FILE = Path(__file__).parent / "terms.yaml"


@dataclass(frozen=True, slots=True)
class Term:
    code: str
    decode: str


@dataclass(frozen=True, slots=True)
class Terms:
    """``version`` is the date of the packages the codes were read in."""

    system: str
    version: str
    source: str
    verified: bool
    terms: dict[str, Term]

    def name(self, code: str) -> str | None:
        """Our name of the concept with that code; None for one that is not here."""
        return next((name for name, each in self.terms.items() if each.code == code), None)


_ADAPTER = strict(Terms, __name__)


@cache
def terms() -> Terms:
    """The terms Sojourn writes and understands.

    Raises
    ------
    sojourn.definitions.DefinitionError
        If the file is at fault.
    """
    found: Terms = checked(_ADAPTER, read(FILE), FILE, __name__)
    return found
