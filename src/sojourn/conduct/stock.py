"""What a decision about study drug may know: the site's storage, its containers, its people."""

from collections.abc import Mapping
from dataclasses import dataclass

from sojourn.conduct.containers import Container, DiscrepancyFound
from sojourn.conduct.storage import Place, Storage
from sojourn.record.command import Refused
from sojourn.record.entry import Fact

Placed = tuple[str, Fact]  # number of the container, empty for the site's storage


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who a container is for. ``fits`` says of a container whether it is for their arm."""

    participant: str
    site: str
    randomised: bool
    ended: bool
    fits: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Stock:
    """What a decision at a site may know; ``containers`` holds those it is about."""

    site: str
    storage: Storage
    containers: Mapping[str, Container]
    credentialed: frozenset[str]  # on that day
    author: str
    sealed: bool = False  # whether what a container holds must be on the sealed kit list
    arms: tuple[str, ...] = ()
    recipient: Recipient | None = None
    undelegated: str = ""  # why the author may not ask for this; empty when they may


def the_place(stock: Stock, name: str) -> Place:
    """The site's place of that name, or a refusal."""
    place = stock.storage.places.get(name)
    if place is None:
        raise Refused(f"site {stock.site} has no place '{name}'; set it up first", "place")
    return place


def the_container(stock: Stock, number: str) -> Container:
    """The container of that number, or a refusal where it was never received."""
    each = stock.containers.get(number)
    if each is None or not each.received:
        raise Refused(f"container '{number}' was never received", "container")
    return each


def container_here(stock: Stock, number: str) -> Container:
    """The container of that number, or a refusal where it is not at this site."""
    each = the_container(stock, number)
    if each.site != stock.site:
        raise Refused(f"container {number} is at site {each.site}, not {stock.site}", "container")
    if each.to_site:
        raise Refused(f"container {number} is on its way to site {each.to_site}", "container")
    return each


def refuse_unexplained(each: Container) -> None:
    """Refuse while something about the container is unexplained."""
    if each.open:
        raise Refused(
            f"container {each.number}: {each.open[0].label}; explain that first", "container"
        )


def refuse_more(held: int, units: int) -> None:
    """Refuse more units than there are."""
    if units > held:
        raise Refused(f"{units} units are more than the {held} there are", "units")


def discrepancy_found(
    each: Container, rule: str, label: str, missing: int, site: str, *, after: int = 0
) -> DiscrepancyFound:
    """An alert of diversion under the container's next key; ``after`` others at once."""
    key = f"discrepancy-{len(each.discrepancies) + after + 1}"
    return DiscrepancyFound(key, rule, label, site, missing)
