"""Search: a page by key, never a count of everything.

A page reads at most its own rows: they are in an index in the order they are answered, and the
next page begins after the last of this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce

from sojourn.exchange.fhir import monitored
from sojourn.exchange.fhir.elements import Resource
from sojourn.exchange.fhir.kept import Reader
from sojourn.exchange.fhir.outcome import Fault, outcome
from sojourn.exchange.fhir.parameters import (
    Place,
    Search,
    count_of,
    format_of,
    not_understood,
    onward,
    plain,
)
from sojourn.ledger.desk import stream_of
from sojourn.ledger.rows import ResourceRow

LOOKED_AT = 200  # of which a page shows those of the status that is asked for


@dataclass(frozen=True, slots=True)
class Found:
    """One match, whose it is, and where it stands in the order of the pages."""

    place: Place
    participant: str
    resource: Resource


def page(reader: Reader, search: Search) -> Resource:
    """One page as a searchset Bundle, with the address of the next where there is one."""
    shown, end = _page(reader, search)
    entries = matches(reader.base, [each.resource for each in shown])
    if search.include:
        people = dict.fromkeys(each.participant for each in shown)
        entries += [
            _entry(reader.base, each, "include")
            for each in _companions(reader, search.resource, list(people))
        ]
    entries += left_out(search.ignored)
    if _lacks_monitored(reader, search):
        entries.append(_outcome("information", "informational", monitored.NOT_FOUND))
    return answered(reader.base, search.resource, search.asked, entries, onward(end) if end else "")


def answered(
    base: str,
    resource: str,
    asked: Sequence[tuple[str, str]],
    entries: Sequence[Resource],
    after: str,
) -> Resource:
    """A searchset with its own address, and that of the next page where ``after`` is not empty."""
    links = [{"relation": "self", "url": _address(base, resource, asked)}]
    if after:
        url = _address(base, resource, (*asked, ("_after", after)))
        links.append({"relation": "next", "url": url})
    return bundle("searchset", entries, links)


def matches(base: str, found: Sequence[Resource]) -> list[Resource]:
    """The entries of what was found."""
    return [_entry(base, each, "match") for each in found]


def left_out(names: Sequence[str]) -> list[Resource]:
    """The entry that tells which parameters were not understood and left out; none if none."""
    if not names:
        return []
    words = f"left out, because not understood: {', '.join(names)}"
    return [_outcome("warning", "not-supported", words)]


def replaced(search: Search, *, count: int, after: Place | None) -> Search:
    """The same search for pages of another size, going on from a place."""
    return replace(search, count=count, after=after)


def rows_of(reader: Reader, search: Search) -> list[ResourceRow]:
    """The rows of a page and one more, if there are more."""
    if not reader.may_see(search.resource):
        raise Fault(
            403, f"a blinded rater sees ratings only, no {search.resource}", search.resource
        )
    rows = reader.at_sites(ResourceRow.objects.filter(search.where))
    wanted = search.codes
    if reader.rates_only and search.resource != "Patient":
        rows = rows.filter(rated_by="independent-rater")
        # Only what raters rate: among all that is recorded, a page of it might be far away.
        rated = reader.rated_instruments
        wanted = tuple(each for each in rated if wanted is None or each in wanted)
    if search.after:
        moment, participant, key = search.after
        later = Q(participant__gt=participant) | Q(participant=participant, key__gt=key)
        rows = rows.filter(
            Q(**{f"{search.order}__gte": moment}) & (Q(**{f"{search.order}__gt": moment}) | later)
        )
    order = (search.order, "participant", "key")
    if wanted is not None and search.order == "recorded_at":
        # In this order no index has codes: the page is walked to, not gathered and sorted.
        rows, wanted = rows.alias(own=Coalesce("code", Value(""))).filter(own__in=wanted), None
    if wanted is None:
        return list(rows.order_by(*order)[: search.count + 1])
    return _of_codes(rows, wanted, order, search.count + 1)


def _of_codes(
    rows: QuerySet[ResourceRow], codes: Sequence[str], order: Sequence[str], most: int
) -> list[ResourceRow]:
    """The first of each code, of which the first are taken: an index has each code in order."""
    several = [row for code in codes for row in rows.filter(code=code).order_by(*order)[:most]]
    return sorted(several, key=lambda row: [getattr(row, name) for name in order])[:most]


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


def whole(
    reader: Reader, resource: str, asked: Sequence[tuple[str, str]], *, lenient: bool = False
) -> Resource:
    """All of what belongs to the programme as a whole; there is too little of it for pages."""
    found, ignored = reader.of_programme(resource), []
    for name, value in asked:
        plain(name, value)
        if name == "_id":
            found = [each for each in found if each["id"] in value.split(",")]
        elif name == "url":
            found = [each for each in found if each.get("url") == value]
        elif name == "status":
            found = [each for each in found if each.get("status") in value.split(",")]
        elif name == "_count":
            count_of(value)
        elif name == "_format":
            format_of(value)
        elif lenient:
            ignored.append(name)
        else:
            raise not_understood(resource, name, ("_id", "url", "status"))
    entries = [*matches(reader.base, found), *left_out(ignored)]
    return bundle("searchset", entries, total=len(found))


def _page(reader: Reader, search: Search) -> tuple[list[Found], Place | None]:
    """What a page shows, and where it ends unless it is the last.

    Where a status is asked for, which only the resource itself tells, at most ``LOOKED_AT`` are
    looked at: such a page may hold fewer than fit, and the next goes on.
    """
    most = max(search.count, LOOKED_AT) if search.statuses else search.count
    found = _first(reader, replaced(search, count=most, after=search.after))
    more = len(found) > most
    found = found[:most]
    end = found[-1].place if more else None
    shown = [e for e in found if not search.statuses or e.resource["status"] in search.statuses]
    if len(shown) > search.count:
        shown = shown[: search.count]
        end = shown[-1].place
    return shown, end


def _first(reader: Reader, search: Search) -> list[Found]:
    """The first of what is meant, and one more if there are more."""
    most = search.count + 1
    rows = rows_of(reader, search)
    found = [
        Found((getattr(row, search.order), row.participant, row.key), row.participant, each)
        for row, each in zip(rows, reader.resources(rows), strict=True)
    ]
    if monitored.asked_for(search) and not reader.rates_only:
        found += [
            Found(each.place, each.participant, each.observation())
            for each in monitored.found(reader.about, search, most)
            if reader.reaches(each.participant)
        ]
    return sorted(found, key=lambda each: each.place)[:most]


def _lacks_monitored(reader: Reader, search: Search) -> bool:
    meant = monitored.asked_for(search) and not monitored.may_be_found(search)
    return meant and not search.after and not reader.rates_only


def _entry(base: str, found: Resource, mode: str) -> Resource:
    url = f"{base}/{found['resourceType']}/{found['id']}"
    return {"fullUrl": url, "resource": found, "search": {"mode": mode}}


def _outcome(severity: str, code: str, words: str) -> Resource:
    return {"resource": outcome(severity, code, words), "search": {"mode": "outcome"}}


def _companions(reader: Reader, resource: str, people: Sequence[str]) -> list[Resource]:
    streams = [stream_of(reader.programme, each) for each in people]
    found = ResourceRow.objects.filter(stream__in=streams, resource="Patient", key="")
    included = reader.resources([each for each in found if reader.visible(each)])
    if people and resource == "ResearchSubject":
        included += reader.of_programme("ResearchStudy")
    return included


def _address(base: str, resource: str, asked: Sequence[tuple[str, str]]) -> str:
    query = urlencode(list(asked))
    return f"{base}/{resource}{'?' if query else ''}{query}"
