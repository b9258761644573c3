"""The tables of words: what ours are called in FHIR R4, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sojourn import definitions

FILE = Path(__file__).with_name("codes.yaml")
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"


@dataclass(frozen=True, slots=True)
class Sign:
    """A vital sign; ``unit`` and ``ucum`` are empty for a panel, which has components."""

    loinc: str
    display: str
    verified: bool
    unit: str = ""
    ucum: str = ""
    tenths: bool = False  # kept as ten times its value
    also: tuple[str, ...] = ()  # other codes that are taken for it


@dataclass(frozen=True, slots=True)
class InstrumentCodes:
    questionnaire: str
    score: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Codes:
    signs: Mapping[str, Sign]
    signals: Mapping[str, str]
    instruments: Mapping[str, InstrumentCodes]
    study_status: Mapping[str, str]
    subject_status: Mapping[str, str]
    plan_status: Mapping[str, str]
    activity_status: Mapping[str, str]
    event_outcome: Mapping[str, str]
    severity: Mapping[str, str]

    def own(self, loinc: str) -> str:
        """What we look for a LOINC code by; empty where it is none of these."""
        for key, sign in self.signs.items():
            if loinc in (sign.loinc, *sign.also):
                return key
        for key, codes in self.instruments.items():
            if loinc in (codes.questionnaire, codes.score):
                return key
        return ""


@cache
def codes() -> Codes:
    """The tables as they are shipped.

    Raises
    ------
    sojourn.definitions.DefinitionError
        If a value is missing or of the wrong type.
    """
    adapter = definitions.strict(Codes, __name__)
    loaded: Codes = definitions.checked(adapter, definitions.read(FILE), FILE, __name__)
    return loaded
