"""The small parts that resources are put together from."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from sojourn.course import evolve
from sojourn.course.state import Course
from sojourn.exchange.fhir.codes import LOINC, UCUM, Sign
from sojourn.ledger.programmes import Standing
from sojourn.record.entry import Entry

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """One version of a resource: the entries that made it, and how they read corrected."""

    identity: str
    entries: tuple[Entry, ...]  # as written; the last made this version
    effective: tuple[Entry, ...]

    @property
    def fact(self) -> Any:
        return self.effective[0].fact

    @property
    def course(self) -> Course:
        """What these entries alone add up to."""
        return reduce(evolve, self.effective, Course())

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.effective[0].occurred_at

    @property
    def participant(self) -> str:
        return self.entries[0].stream.rpartition(":")[2]

    @property
    def corrected(self) -> bool:
        """Whether this version is a correction."""
        return self.entries[-1].fact.kind == "record.corrected"


@dataclass(frozen=True, slots=True)
class About:
    """What a resource is said about and to whom: the programme, the address, the reader's role."""

    programme: str
    standing: Standing
    base: str  # address of the interface, without a slash at the end
    role: str
    arm: str = ""  # only where the reader may know it


def resource(kind: str, made: Made, **content: Any) -> Resource:
    """A resource of that type; its version is the sequence of the entry that made it."""
    last = made.entries[-1]
    meta = {"versionId": str(last.sequence), "lastUpdated": instant(last.recorded_at)}
    return without_nothing({"resourceType": kind, "id": made.identity, "meta": meta, **content})


def without_nothing(element: Resource) -> Resource:
    """``element`` without what is not known: FHIR has no empty values."""
    return {key: value for key, value in element.items() if value not in (None, "", [], {})}


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def day(on: date | None) -> str | None:
    return on.isoformat() if on else None


def patient(participant: str) -> Resource:
    return {"reference": f"Patient/{participant}"}


def study(about: About) -> Resource:
    return {"reference": f"ResearchStudy/{about.programme}"}


def coded(system: str, code: str, text: str = "") -> Resource:
    """A CodeableConcept of one code; of the text alone where there is no code."""
    coding = [without_nothing({"system": system, "code": code})] if code else []
    return without_nothing({"coding": coding, "text": text})


def of_sign(sign: Sign) -> Resource:
    return {"coding": [{"system": LOINC, "code": sign.loinc, "display": sign.display}]}


def quantity(value: int, sign: Sign) -> Resource:
    """A measured value in the unit of its sign; kept in tenths, written with its decimal."""
    number: int | Decimal = Decimal(value) / 10 if sign.tenths else value
    return {"value": number, "unit": sign.unit, "system": UCUM, "code": sign.ucum}


def identifier(about: About, what: str, value: str) -> list[Resource]:
    return [{"system": f"{about.base}/{what}", "value": value}]
