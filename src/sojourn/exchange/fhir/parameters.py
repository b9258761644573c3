"""What a search asks for: each parameter understood, refused, or left out and said so.

As FHIR has it, ``Prefer: handling=lenient`` leaves out what is not understood and tells it in the
answer. Otherwise it is refused, so that nobody takes a wider answer for the one they asked for.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q

from sojourn import instruments
from sojourn.exchange.fhir.codes import LOINC, codes
from sojourn.exchange.fhir.kept import OF_COURSES, ONCE, place_of
from sojourn.exchange.fhir.outcome import Fault
from sojourn.ledger import clock
from sojourn.ledger.desk import stream_of
from sojourn.record.hashing import time_text

MOST, USUAL = 200, 20
LONGEST = 1000  # characters of one value
MOST_CODES = 20  # of one search: each is looked for by itself
CODED = {"Observation": "code", "AdverseEvent": "event", "MedicationStatement": "code",
         "QuestionnaireResponse": "questionnaire"}  # fmt: skip
DATED = {
    "Observation": "date",
    "QuestionnaireResponse": "authored",
    "MedicationAdministration": "effective-time",
    "MedicationStatement": "effective",
    "AdverseEvent": "date",
    "Consent": "date",
    "CarePlan": "date",
    "ResearchSubject": "date",
}
WITH_STATUS = frozenset(OF_COURSES) - {"Patient", "AdverseEvent"}  # these have none in R4
OF_PATIENT = {"Patient": "identifier", "ResearchSubject": "individual"}
INCLUDES = {
    "ResearchSubject": ("individual", "study"),
    **{kind: ("patient", "subject") for kind in OF_COURSES if kind not in ONCE},
    "CarePlan": ("patient", "subject"),
}
JSON = ("json", "application/json", "application/fhir+json")
_DATE = re.compile(r"(eq|ge|gt|le|lt|sa|eb)?(\d{4}(-\d\d(-\d\d(T.+)?)?)?)")
Place = tuple[str, str, str]  # moment, participant, key: where a page ends


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment up to before another, as the record writes them; empty where it is open."""

    first: str = ""
    after: str = ""

    def of(self, column: str) -> Q:
        """The condition on a column."""
        found = Q(**{f"{column}__gte": self.first}) if self.first else Q()
        return found & Q(**{f"{column}__lt": self.after}) if self.after else found


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for, in the words of the rows."""

    resource: str
    where: Q
    codes: tuple[str, ...] | None  # any of these; None for all
    order: str  # the column a page is ordered by
    count: int
    include: bool
    after: Place | None
    asked: tuple[tuple[str, str], ...]  # as understood, but for the place to go on from
    statuses: frozenset[str]
    people: tuple[str, ...]  # participants, where the search names them
    ids: tuple[str, ...]
    spans: tuple[Span, ...]  # of the time it happened
    of_recording: bool  # whether it asks when things were recorded
    ignored: tuple[str, ...]


@dataclass(slots=True)
class _Draft:
    """A search while its parameters are read one by one."""

    programme: str
    resource: str
    known: Mapping[str, str]
    where: Q = field(default_factory=Q)
    codes: frozenset[str] | None = None
    count: int = USUAL
    include: bool = False
    after: Place | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    statuses: frozenset[str] = frozenset()
    people: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    of_recording: bool = False
    of_streams: bool = False

    def take(self, name: str, value: str) -> bool:
        """Take in one parameter; False where it is not understood."""
        if name == "_after":
            self.after = _after(value)
            return True
        if name == "_count":
            self.count = count_of(value)
        elif name == "_include":
            self.include = _included(self.resource, value) or self.include
        elif name == "_format":
            format_of(value)
        elif name in self.known:
            self._condition(name, value)
        else:
            return False
        self.asked.append((name, value))
        return True

    def _condition(self, name: str, value: str) -> None:
        values = value.split(",")
        if name == "_lastUpdated":
            self.where &= _span(name, value).of("recorded_at")
            self.of_recording = True
        elif name == DATED.get(self.resource):
            self.spans.append(_span(name, value))
        elif name == "_id":
            self.ids += values
            self.where &= _any(self.programme, self.resource, values)
            self.of_streams = True
        elif name == "status":
            wanted = frozenset(each.rpartition("|")[2] for each in values)
            self.statuses = self.statuses & wanted if self.statuses else wanted
        elif name == "category":
            self._only(_of_category(each.rpartition("|")[2]) for each in values)
        elif name == CODED.get(self.resource):
            self._only({_own_code(self.resource, each)} for each in values)
        else:
            named = [each.rpartition("|")[2].rpartition("Patient/")[2] for each in values]
            self.people += named
            self.where &= Q(stream__in=[stream_of(self.programme, each) for each in named])
            self.of_streams = True

    def _only(self, several: object) -> None:
        found = frozenset[str]().union(*several)  # type: ignore[misc]
        if len(found) > MOST_CODES:
            raise Fault(400, f"holds more than {MOST_CODES} codes; ask for fewer at a time", "code")
        self.codes = found if self.codes is None else self.codes & found


def parameters_of(resource: str) -> dict[str, str]:
    """The search parameters of a resource of courses, with their FHIR types."""
    known = {"_id": "token", "_lastUpdated": "date", "patient": "reference"}
    if resource in OF_PATIENT:
        known[OF_PATIENT[resource]] = "token" if resource == "Patient" else "reference"
    elif resource in OF_COURSES:
        known["subject"] = "reference"
    if resource == "Patient":
        del known["patient"]
    if resource in CODED:
        known[CODED[resource]] = "reference" if CODED[resource] == "questionnaire" else "token"
    if resource in DATED:
        known[DATED[resource]] = "date"
    if resource in WITH_STATUS:
        known["status"] = "token"
    if resource == "Observation":
        known["category"] = "token"
    return known


def parsed(
    programme: str, resource: str, asked: Sequence[tuple[str, str]], *, lenient: bool = False
) -> Search:
    """The search that ``asked`` means.

    Raises
    ------
    Fault
        400 for a value that is not understood, and for a parameter unless ``lenient``.
    """
    known = parameters_of(resource)
    draft, ignored = _Draft(programme, resource, known), []
    for name, value in asked:
        plain(name, value)
        bare = name.removesuffix(":Patient")  # what a reference may say of itself
        if draft.take(bare if known.get(bare) == "reference" else name, value):
            continue
        if not lenient:
            raise not_understood(resource, name, (*known, "_count", "_include"))
        ignored.append(name)
    if not draft.of_streams:  # a stream names its programme; without one, the table's key is used
        draft.where &= Q(programme=programme)
    for span in draft.spans:
        draft.where &= span.of("happened_at")
    # Readings of monitors, which lie in order of time, stand among those of one participant.
    with_readings = resource == "Observation" and draft.people and not draft.of_recording
    coded = draft.codes is not None and not draft.of_recording
    by_time = draft.spans or coded or with_readings
    return Search(
        resource,
        draft.where & Q(resource=resource),
        None if draft.codes is None else tuple(sorted(draft.codes)),
        "happened_at" if by_time else "recorded_at",
        draft.count,
        draft.include,
        draft.after,
        tuple(draft.asked),
        draft.statuses,
        tuple(dict.fromkeys(draft.people)),
        tuple(draft.ids),
        tuple(draft.spans),
        draft.of_recording,
        tuple(ignored),
    )


def plain(name: str, value: str) -> None:
    """Refuse a value that no search could mean.

    Raises
    ------
    Fault
        400, naming the parameter.
    """
    if len(value) > LONGEST or not value.isprintable():
        mend = f"is no value of {name[:40]}; send at most {LONGEST} plain characters"
        raise Fault(400, mend, name[:40])


def not_understood(resource: str, name: str, known: Sequence[str]) -> Fault:
    """What is told of a parameter there is none of."""
    names = ", ".join(known)
    return Fault(400, f"is not understood; {resource} is searched by: {names}", name[:40])


def count_of(value: str) -> int:
    """How many resources a page holds."""
    if not re.fullmatch(r"\d{1,6}", value, re.ASCII) or int(value) < 1:
        raise Fault(400, f"is '{value}'; write a whole number from 1 to {MOST}", "_count")
    return min(int(value), MOST)


def format_of(value: str) -> None:
    """Refuse every format but JSON."""
    if value not in JSON:
        raise Fault(406, f"is '{value}'; only json is spoken here", "_format", "not-supported")


def onward(place: Sequence[str]) -> str:
    """The place where a page ended, as an address carries it."""
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode()


def _after(value: str) -> Place:
    try:
        moment, participant, key = json.loads(base64.b64decode(value, b"-_", validate=True))
        if all(isinstance(each, str) and each.isprintable() for each in (moment, participant, key)):
            return moment, participant, key
    except (ValueError, binascii.Error, RecursionError, TypeError):
        pass
    raise Fault(400, "is no place to go on from; follow the 'next' link of a page", "_after")


def _any(programme: str, resource: str, identities: Sequence[str]) -> Q:
    found = Q(stream="")  # nothing
    for identity in identities[:MOST]:
        try:
            participant, key = place_of(resource, identity)
        except Fault:
            continue
        found |= Q(stream=stream_of(programme, participant), key=key)
    return found


def _of_category(category: str) -> frozenset[str]:
    """What observations of a category are about."""
    if category == "vital-signs":
        return frozenset(codes().signs)
    shipped = instruments.load_shipped()
    if category == "survey":
        return frozenset(key for key, each in shipped.items() if each.scored)
    return frozenset()


def _own_code(resource: str, token: str) -> str:
    system, bar, code = token.rpartition("|")
    if resource == "QuestionnaireResponse":
        return token.partition("|")[0].rpartition("/")[2]
    if system == LOINC or not bar:
        return codes().own(code) or (code if not bar else "\x7f")
    return code


def _span(name: str, value: str) -> Span:
    found = _DATE.fullmatch(value)
    if found is None:
        raise Fault(400, f"is '{value}'; write a date such as ge2026-03-02", name)
    try:
        first, after = _moments(found[2])
        start, end = time_text(first), time_text(after)
    except (ValueError, OverflowError) as error:
        raise Fault(400, f"is '{value}', which is no date; write it as 2026-03-02", name) from error
    match found[1] or "eq":
        case "ge":
            return Span(first=start)
        case "gt" | "sa":
            return Span(first=end)
        case "le":
            return Span(after=end)
        case "lt" | "eb":
            return Span(after=start)
    return Span(start, end)


def _moments(text: str) -> tuple[datetime, datetime]:
    """First moment of what is meant, and the first after it; days are those of the site."""
    if "T" in text:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=clock.zone())
        precise = 1 if "." in text else 1_000_000
        return at.astimezone(UTC), (at + timedelta(microseconds=precise)).astimezone(UTC)
    parts = [int(each) for each in text.split("-")]
    first = date(*[*parts, 1, 1][:3])
    if len(parts) == 3:
        after = first + timedelta(days=1)
    elif len(parts) == 2:
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        after = first.replace(year=first.year + 1)
    return _midnight(first), _midnight(after)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.zone()).astimezone(UTC)


def _included(resource: str, value: str) -> bool:
    allowed = [f"{resource}:{each}" for each in INCLUDES.get(resource, ())]
    if value not in allowed:
        known = ", ".join(allowed) or "nothing"
        raise Fault(400, f"is '{value}'; what can be included is: {known}", "_include")
    return True
