"""The lawful ways in for one country: its routes, and the trials that were taken in for it."""

from dataclasses import dataclass
from datetime import date

from sojourn.exchange.registry import finding
from sojourn.exchange.registry.finding import Search, Trial
from sojourn.exchange.registry.models import RegistryImport
from sojourn.protocols import jurisdiction as jurisdictions
from sojourn.protocols.jurisdiction import Jurisdiction, LegalSource, MemberNote, Route

STANDINGS = {
    "open": "Open",
    "closed": "Closed to new people",
    "unknown": "Not known whether it is open",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One route as a person reads it."""

    route: Route
    standing: str
    sources: tuple[LegalSource, ...]
    demands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ways:
    """What is known for one country; ``ways`` is empty where nothing is known."""

    code: str
    country: str
    jurisdiction: Jurisdiction | None
    ways: tuple[Way, ...]
    note: MemberNote | None
    trials: tuple[Trial, ...]
    trial_count: int
    taken_in: RegistryImport | None

    @property
    def law_of(self) -> str:
        """Whose law it is, when it is not the country's own."""
        found = self.jurisdiction
        return found.name if found and found.code != self.code else ""


def ways_in(code: str, search: Search, on: date) -> Ways:
    """The lawful ways in for the country of that code, on that day.

    Raises
    ------
    LookupError
        If there is no such country.
    """
    name = jurisdictions.country_name(code)
    if name is None:
        raise LookupError(f"there is no country with the code '{code}'")
    found = jurisdictions.of_country(code)
    trials, count = finding.find(search)
    return Ways(
        code,
        name,
        found,
        tuple(_way(found, each, on) for each in found.routes if each.treats) if found else (),
        next((each for each in found.member_notes if each.country == code), None)
        if found
        else None,
        trials,
        count,
        finding.latest(),
    )


def names_of(code: str) -> tuple[str, ...]:
    """The names under which a registry may know the country; of a union, those of its members."""
    own = jurisdictions.country_names(code)
    if own:
        return own
    found = jurisdictions.load_shipped().get(code)
    members = found.members if found else ()
    return tuple(name for each in members for name in jurisdictions.country_names(each))


def _way(found: Jurisdiction, route: Route, on: date) -> Way:
    standing = STANDINGS[route.open_to_new]
    if route.in_force_since and on < route.in_force_since:
        standing = f"In force from {route.in_force_since.day} {route.in_force_since:%B %Y}"
    if route.in_force_until and on > route.in_force_until:
        standing = f"Ended on {route.in_force_until.day} {route.in_force_until:%B %Y}"
    demands = tuple(
        f"{each.label}, to {each.to}. {each.rule}" + ("" if each.verified else " (unverified)")
        for each in route.reports
    )
    return Way(route, standing, found.cited(route.source), demands)
