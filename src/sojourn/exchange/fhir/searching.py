"""Search: parameters understood or refused, a page by key, never a count of everything.

A page reads at most its own rows: they are in an index in the order they are answered, and the
next page begins after the last of this one.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Q

from sojourn.exchange.fhir.codes import LOINC, codes
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.kept import OF_COURSES, ONCE, Reader, place_of
from sojourn.exchange.fhir.outcome import Fault
from sojourn.ledger import clock
from sojourn.ledger.desk import stream_of
from sojourn.ledger.rows import ResourceRow
from sojourn.record.hashing import time_text

MOST, USUAL = 200, 20
LONGEST = 1000  # characters of one value
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
OF_PATIENT = {"Patient": "identifier", "ResearchSubject": "individual"}
INCLUDES = {
    "ResearchSubject": ("individual", "study"),
    **{kind: ("patient", "subject") for kind in OF_COURSES if kind not in ONCE},
    "CarePlan": ("patient", "subject"),
}
_DATE = re.compile(r"(eq|ge|gt|le|lt|sa|eb)?(\d{4}(-\d\d(-\d\d(T.+)?)?)?)")


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for, in the words of the rows."""

    resource: str
    where: Q
    order: str  # the column a page is ordered by
    count: int
    include: bool
    after: tuple[str, str, str] | None
    asked: tuple[tuple[str, str], ...]  # as written, but for the place to go on from


def parameters_of(resource: str) -> dict[str, str]:
    """The search parameters of a resource, with their FHIR types."""
    known = {"_id": "token", "_lastUpdated": "date", "patient": "reference"}
    if resource in OF_PATIENT:
        known[OF_PATIENT[resource]] = "token" if resource == "Patient" else "reference"
    elif resource in OF_COURSES:
        known["subject"] = "reference"
    if resource == "Patient":
        del known["patient"]
    if resource in CODED:
        known[CODED[resource]] = "token"
    if resource in DATED:
        known[DATED[resource]] = "date"
    return known


def parsed(programme: str, resource: str, asked: Sequence[tuple[str, str]]) -> Search:
    """The search that ``asked`` means.

    Raises
    ------
    Fault
        400 for a parameter or a value that is not understood; nothing is left out silently.
    """
    where, count, include = Q(resource=resource), USUAL, False
    after, kept, order, of_streams = None, [], "recorded_at", False
    known = parameters_of(resource)
    for name, value in asked:
        if len(value) > LONGEST or not value.isprintable():
            raise Fault(
                400, f"is no value of {name}; send at most {LONGEST} plain characters", name
            )
        if name == "_after":
            after = _after(value)
            continue
        kept.append((name, value))
        if name == "_count":
            count = _count(value)
        elif name == "_include":
            include = _included(resource, value) or include
        elif name == "_format":
            _format(value)
        elif name not in known:
            names = ", ".join([*known, "_count", "_include"])
            raise Fault(400, f"is not understood; {resource} is searched by: {names}", name)
        else:
            where &= _condition(programme, resource, name, value, known[name])
            of_streams = of_streams or name in ("_id", "identifier") or known[name] == "reference"
            if name in (CODED.get(resource), DATED.get(resource)):
                order = "happened_at"
    if not of_streams:  # a stream names its programme; without one, the key of the table is used
        where &= Q(programme=programme)
    return Search(resource, where, order, count, include, after, tuple(kept))


def page(reader: Reader, search: Search) -> Resource:
    """One page as a searchset Bundle, with the address of the next where there is one."""
    rows = rows_of(reader, search)
    more = len(rows) > search.count
    rows = rows[: search.count]
    found = reader.resources(rows)
    entries = [_entry(reader, each, "match") for each in found]
    if search.include:
        entries += [_entry(reader, each, "include") for each in _companions(reader, rows)]
    links = [{"relation": "self", "url": _address(reader, search.resource, search.asked)}]
    if more:
        last = rows[-1]
        place = json.dumps([getattr(last, search.order), last.participant, last.key]).encode()
        onward = ("_after", base64.urlsafe_b64encode(place).decode())
        url = _address(reader, search.resource, (*search.asked, onward))
        links.append({"relation": "next", "url": url})
    return bundle("searchset", entries, links)


def replaced(search: Search, *, count: int, after: tuple[str, str, str] | None) -> Search:
    """The same search for pages of another size, going on from a place."""
    return replace(search, count=count, after=after)


def rows_of(reader: Reader, search: Search) -> list[ResourceRow]:
    """The rows of a page and one more, if there are more."""
    if not reader.may_see(search.resource):
        raise Fault(
            403, f"a blinded rater sees ratings only, no {search.resource}", search.resource
        )
    rows = reader.at_sites(ResourceRow.objects.filter(search.where))
    if reader.rates_only and search.resource != "Patient":
        rows = rows.filter(rated_by="independent-rater")
    if search.after:
        moment, participant, key = search.after
        later = Q(participant__gt=participant) | Q(participant=participant, key__gt=key)
        rows = rows.filter(
            Q(**{f"{search.order}__gte": moment}) & (Q(**{f"{search.order}__gt": moment}) | later)
        )
    return list(rows.order_by(search.order, "participant", "key")[: search.count + 1])


def bundle(
    kind: str, entries: Sequence[Resource], links: Sequence[Resource] = (), total: int | None = None
) -> Resource:
    """A Bundle; empty parts are left out, as FHIR has it."""
    made: Resource = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        made["total"] = total
    if links:
        made["link"] = list(links)
    if entries:
        made["entry"] = list(entries)
    return made


def whole(reader: Reader, resource: str, asked: Sequence[tuple[str, str]]) -> Resource:
    """All of what belongs to the programme as a whole; only by its id."""
    found = reader.of_programme(resource)
    for name, value in asked:
        if name == "_id":
            found = [each for each in found if each["id"] in value.split(",")]
        elif name == "url":
            found = [each for each in found if each.get("url") == value]
        elif name not in ("_count", "_format"):
            raise Fault(400, f"is not understood; {resource} is searched by: _id, url", name)
    entries = [_entry(reader, each, "match") for each in found]
    return bundle("searchset", entries, total=len(found))


def _entry(reader: Reader, found: Resource, mode: str) -> Resource:
    url = f"{reader.base}/{found['resourceType']}/{found['id']}"
    return {"fullUrl": url, "resource": found, "search": {"mode": mode}}


def _companions(reader: Reader, rows: Sequence[ResourceRow]) -> list[Resource]:
    people = list(dict.fromkeys(row.stream for row in rows))
    found = ResourceRow.objects.filter(stream__in=people, resource="Patient", key="")
    included = reader.resources([each for each in found if reader.visible(each)])
    if rows and rows[0].resource == "ResearchSubject":
        included += reader.of_programme("ResearchStudy")
    return included


def _address(reader: Reader, resource: str, asked: Sequence[tuple[str, str]]) -> str:
    query = urlencode(list(asked))
    return f"{reader.base}/{resource}{'?' if query else ''}{query}"


def _condition(programme: str, resource: str, name: str, value: str, kind: str) -> Q:
    if name == "_lastUpdated":
        return _dates("recorded_at", name, value)
    if kind == "date":
        return _dates("happened_at", name, value)
    if name == "_id":
        return _any(programme, resource, value.split(","))
    if name == CODED.get(resource):
        return Q(code__in=[_own_code(resource, each) for each in value.split(",")])
    people = [each.rpartition("|")[2].rpartition("Patient/")[2] for each in value.split(",")]
    return Q(stream__in=[stream_of(programme, each) for each in people])


def _any(programme: str, resource: str, identities: Sequence[str]) -> Q:
    found = Q(stream="")  # nothing
    for identity in identities[:MOST]:
        try:
            participant, key = place_of(resource, identity)
        except Fault:
            continue
        found |= Q(stream=stream_of(programme, participant), key=key)
    return found


def _own_code(resource: str, token: str) -> str:
    system, bar, code = token.rpartition("|")
    if resource == "QuestionnaireResponse":
        return token.rpartition("/")[2]
    if system == LOINC or not bar:
        return codes().own(code) or (code if not bar else "\x7f")
    return code


def _dates(column: str, name: str, value: str) -> Q:
    found = _DATE.fullmatch(value)
    if found is None:
        raise Fault(400, f"is '{value}'; write a date such as ge2026-03-02", name)
    try:
        first, after = _span(found[2])
    except (ValueError, OverflowError) as error:
        raise Fault(400, f"is '{value}', which is no date; write it as 2026-03-02", name) from error
    start, end = time_text(first), time_text(after)
    match found[1] or "eq":
        case "ge":
            return Q(**{f"{column}__gte": start})
        case "gt" | "sa":
            return Q(**{f"{column}__gte": end})
        case "le":
            return Q(**{f"{column}__lt": end})
        case "lt" | "eb":
            return Q(**{f"{column}__lt": start})
    return Q(**{f"{column}__gte": start, f"{column}__lt": end})


def _span(text: str) -> tuple[datetime, datetime]:
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


def _count(value: str) -> int:
    if not re.fullmatch(r"\d{1,6}", value, re.ASCII) or int(value) < 1:
        raise Fault(400, f"is '{value}'; write a whole number from 1 to {MOST}", "_count")
    return min(int(value), MOST)


def _included(resource: str, value: str) -> bool:
    allowed = [f"{resource}:{each}" for each in INCLUDES.get(resource, ())]
    if value not in allowed:
        known = ", ".join(allowed) or "nothing"
        raise Fault(400, f"is '{value}'; what can be included is: {known}", "_include")
    return True


def _format(value: str) -> None:
    if value not in ("json", "application/json", "application/fhir+json"):
        raise Fault(406, f"is '{value}'; only json is spoken here", "_format", "not-supported")


def _after(value: str) -> tuple[str, str, str]:
    try:
        moment, participant, key = json.loads(base64.b64decode(value, b"-_", validate=True))
        if all(isinstance(each, str) and each.isprintable() for each in (moment, participant, key)):
            return moment, participant, key
    except (ValueError, binascii.Error, RecursionError, TypeError):
        pass
    raise Fault(400, "is no place to go on from; follow the 'next' link of a page", "_after")
