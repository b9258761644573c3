"""The lawful routes to treatment, by jurisdiction, as data with dates and citations.

A country nobody described has no known route: that is said, never guessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, TypeAdapter, ValidationError

from sojourn.protocols.eligibility import Key, Text
from sojourn.protocols.reading import Problem, ProtocolError, Source, explained, forbid_extra, read

FOLDER = Path(__file__).parent / "jurisdictions"
COUNTRIES = Path(__file__).parent / "countries.yaml"

Code = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
RouteKind = Literal[
    "clinical-trial",
    "expanded-access",
    "authorised-prescriber",
    "special-access",
    "exceptional-licence",
    "compassionate-use",
    "data-licence",
]


@dataclass(frozen=True, slots=True)
class LegalSource:
    """Where a rule was found; ``opened`` when someone read it at that address."""

    key: Key
    text: Text
    url: str = ""
    opened: bool = False


@dataclass(frozen=True, slots=True)
class OfficialPage:
    """A page of an authority or an official register."""

    label: Text
    url: Text


@dataclass(frozen=True, slots=True)
class AuthorityReport:
    """What an authority must be told, and when.

    ``within_days`` counts from the end of the period, or from the event. It is None
    where the approval itself sets the time.
    """

    key: Key
    label: Text
    to: Text
    every: Literal["half-year", "year", "event"]
    counted_from: Literal["calendar", "authorisation", "event"]
    rule: Text
    source: Text
    verified: bool
    within_days: Annotated[int, Field(ge=0, le=366)] | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """A study drug that a route is open for, and for which conditions."""

    study_drug: Key
    conditions: Annotated[tuple[Key, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Route:
    """One lawful route: who applies, who may be treated, under which law.

    ``open_to_new`` says whether people can still enter it, as far as is known.
    ``covers`` says what may be given for what: 'whatever-is-approved' where an authority
    approves each protocol by itself, else only what is listed.
    """

    key: Key
    kind: RouteKind
    label: Text
    authority: Text
    law: Text
    open_to_new: Literal["open", "closed", "unknown"]
    who_applies: Text
    who_may_be_treated: Text
    steps: tuple[Text, ...]
    source: Text
    verified: bool
    covers: Literal["whatever-is-approved"] | tuple[Cover, ...]
    in_force_since: date | None = None
    in_force_until: date | None = None
    treats: bool = True  # false where published data are re-used and nobody is treated
    standing_note: str = ""
    official_pages: tuple[OfficialPage, ...] = ()
    reports: tuple[AuthorityReport, ...] = ()

    def is_for(self, study_drug: str, condition: str) -> bool:
        """Whether that drug may be given for that condition on this route."""
        if isinstance(self.covers, str):
            return True
        return any(
            each.study_drug == study_drug and condition in each.conditions for each in self.covers
        )

    def in_force(self, on: date) -> bool:
        """Whether the law is in force on that day, both ends included."""
        return (self.in_force_since is None or self.in_force_since <= on) and (
            self.in_force_until is None or on <= self.in_force_until
        )


@dataclass(frozen=True, slots=True)
class MemberNote:
    """What holds in one member country only."""

    country: Code
    text: Text
    source: Text
    verified: bool


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A country, or a union whose law holds in its members."""

    code: Code
    name: Text
    checked_on: date
    citations: tuple[LegalSource, ...]
    routes: tuple[Route, ...]
    members: tuple[Code, ...] = ()
    member_notes: tuple[MemberNote, ...] = ()

    def cited(self, keys: str) -> tuple[LegalSource, ...]:
        """The sources named by ``keys``, a text of keys."""
        return tuple(each for each in self.citations if each.key in keys.split())


@dataclass(frozen=True, slots=True)
class Country:
    """``also`` holds other names people and registries use for it."""

    code: Code
    name: Text
    also: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """What countries are called, and the hosts a page may link to."""

    official_hosts: tuple[Text, ...]
    countries: tuple[Country, ...]


KINDS = (
    Cover,
    LegalSource,
    OfficialPage,
    AuthorityReport,
    Route,
    MemberNote,
    Jurisdiction,
    Country,
    Places,
)
forbid_extra(KINDS)
_JURISDICTION = TypeAdapter(Jurisdiction)
_PLACES = TypeAdapter(Places)


@cache
def places() -> Places:
    """Countries and official hosts."""
    loaded: Places = _checked(_PLACES, read(COUNTRIES.read_text(encoding="utf-8"), COUNTRIES.name))
    return loaded


@cache
def load_shipped() -> Mapping[str, Jurisdiction]:
    """Every jurisdiction that comes with Sojourn, by its code."""
    loaded = [load(path) for path in sorted(FOLDER.glob("*.yaml"))]
    seen: dict[str, str] = {}
    for each in loaded:
        for route in each.routes:
            if route.key in seen:
                message = f"stands in {seen[route.key]} too; rename one"
                raise ProtocolError((Problem(f"{each.code}.yaml", 0, route.key, message),))
            seen[route.key] = each.code
    return MappingProxyType({each.code: each for each in loaded})


def load(path: Path) -> Jurisdiction:
    """The jurisdiction described in ``path``.

    Raises
    ------
    ProtocolError
        With every problem found: file, line, field, value and mend.
    """
    source = read(path.read_text(encoding="utf-8"), path.name)
    jurisdiction: Jurisdiction = _checked(_JURISDICTION, source)
    found = tuple(_problems(jurisdiction, source, path.stem))
    if found:
        raise ProtocolError(found)
    return jurisdiction


@cache
def routes() -> Mapping[str, tuple[str, Route]]:
    """Every route by its key, with the code of its jurisdiction."""
    return MappingProxyType(
        {route.key: (each.code, route) for each in load_shipped().values() for route in each.routes}
    )


def of_country(code: str) -> Jurisdiction | None:
    """The jurisdiction whose law holds in that country; None when none is known here."""
    known = load_shipped()
    union = next((each for each in known.values() if code in each.members), None)
    return known.get(code) or union


def country_name(code: str) -> str | None:
    """What that country is called; None when there is no such code."""
    names = {each.code: each.name for each in places().countries}
    known = load_shipped().get(code)
    return names.get(code) or (known.name if known else None)


def country_names(code: str) -> tuple[str, ...]:
    """Every name of that country, the first of them shown."""
    found = next((each for each in places().countries if each.code == code), None)
    return (found.name, *found.also) if found else ()


def code_of(text: str) -> str | None:
    """The code of a country given by its code or one of its names; None when there is none."""
    wanted = text.strip().casefold()
    named = [(each.code, (each.name, *each.also)) for each in places().countries]
    named += [(each.code, (each.name,)) for each in load_shipped().values()]
    return next(
        (
            code
            for code, names in named
            if wanted in (code.casefold(), *(name.casefold() for name in names))
        ),
        None,
    )


def _checked(adapter: TypeAdapter[Any], source: Source) -> Any:
    try:
        return adapter.validate_python(source.data)
    except ValidationError as error:
        raise ProtocolError(tuple(explained(source, error, KINDS))) from error


def _problems(jurisdiction: Jurisdiction, source: Source, stem: str) -> Iterator[Problem]:
    if jurisdiction.code != stem:
        yield source.problem(("code",), f"is '{jurisdiction.code}'; the file is called {stem}")
    cited = {each.key for each in jurisdiction.citations}
    for number, citation in enumerate(jurisdiction.citations):
        if citation.url:
            yield from _official(source, ("citations", number, "url"), citation.url)
    for place, note in enumerate(jurisdiction.member_notes):
        if note.country not in jurisdiction.members:
            yield source.problem(
                ("member_notes", place, "country"), f"is '{note.country}'; that is no member"
            )
        yield from _known_source(source, ("member_notes", place), note.source, cited)
    for number, route in enumerate(jurisdiction.routes):
        yield from _route(source, ("routes", number), route, cited)


def _route(
    source: Source, path: tuple[str | int, ...], route: Route, cited: set[str]
) -> Iterator[Problem]:
    yield from _known_source(source, path, route.source, cited)
    since, until = route.in_force_since, route.in_force_until
    if since and until and until < since:
        yield source.problem((*path, "in_force_until"), f"is {until}; it lies before {since}")
    if route.treats and not route.steps:
        yield source.problem((*path, "steps"), "is empty; say what a person can do")
    if route.treats == (route.kind == "data-licence"):
        yield source.problem((*path, "treats"), f"is {route.treats}; a {route.kind} does not fit")
    for number, page in enumerate(route.official_pages):
        yield from _official(source, (*path, "official_pages", number, "url"), page.url)
    keys: set[str] = set()
    for number, report in enumerate(route.reports):
        place = (*path, "reports", number)
        yield from _known_source(source, place, report.source, cited)
        if report.key in keys:
            yield source.problem((*place, "key"), f"is '{report.key}' a second time; rename one")
        keys.add(report.key)
        periodic = report.every != "event"
        if periodic == (report.counted_from == "event"):
            yield source.problem(
                (*place, "counted_from"),
                f"is '{report.counted_from}'; every {report.every} does not fit",
            )
        if periodic and report.within_days is None:
            yield source.problem(
                (*place, "within_days"), "is missing; say how long after the period"
            )


def _known_source(
    source: Source, path: tuple[str | int, ...], keys: str, cited: set[str]
) -> Iterator[Problem]:
    for key in keys.split():
        if key not in cited:
            known = ", ".join(sorted(cited)) or "none given"
            yield source.problem((*path, "source"), f"is '{key}'; cite one of: {known}")


def _official(source: Source, path: tuple[str | int, ...], url: str) -> Iterator[Problem]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    official = places().official_hosts
    if parts.scheme != "https" or not any(
        host == each or host.endswith(f".{each}") for each in official
    ):
        yield source.problem(
            path,
            f"is '{url}'; link only to authorities, official registers and publishers of law "
            f"by https, whose hosts stand in {COUNTRIES.name}",
        )
