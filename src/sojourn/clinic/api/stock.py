"""Reading study drug: containers, the controlled-drug register, and the pharmacy's commands."""

from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from ninja import Router, Schema

from sojourn.clinic import access
from sojourn.clinic.api import entries as shown_entries
from sojourn.clinic.api import shapes
from sojourn.clinic.api.entries import EntryOut
from sojourn.clinic.api.offered import OfferedOut, offered_of
from sojourn.clinic.api.places import PROGRAMME
from sojourn.clinic.api.reads import Word, read
from sojourn.clinic.views import stock as stock_page
from sojourn.conduct import containers as drug
from sojourn.conduct import register as drug_register
from sojourn.ledger import stock

router = Router(tags=["stock"])


class ContainerOut(Schema):
    """A container of study drug; what it holds is sealed."""

    number: str
    site: str
    place: str
    form: str
    lot: str
    expires_on: date | None
    in_stock: int
    returned: int
    destroyed: int
    to_site: str
    quarantine: str
    open_discrepancies: int


class ContainersOut(Schema):
    """Every container of the programme."""

    containers: list[ContainerOut]


class OneContainerOut(ContainerOut):
    """One container and all that happened to it."""

    entries: list[EntryOut]


class MovementOut(Schema):
    """A line of the controlled-drug register; the balance is in units."""

    at: datetime
    form: str
    what: str
    container: str
    lot: str
    whom: str
    units_in: int
    units_out: int
    balance: int
    by: str
    witness: str


class RegisterOut(Schema):
    """The controlled-drug register of a site, by form."""

    movements: list[MovementOut]


@read(router, PROGRAMME + "/containers", ContainersOut, "containers")
def containers(request: HttpRequest, programme: Word) -> Any:
    found = stock_page.containers_of(access.visitor(request, programme))
    return ContainersOut(
        containers=[ContainerOut(**_container(found[number])) for number in sorted(found)]
    )


@read(router, PROGRAMME + "/containers/{number}", OneContainerOut, "container")
def container(request: HttpRequest, programme: Word, number: Word) -> Any:
    visitor = access.visitor(request, programme)
    entries = dict(stock.histories(programme)).get(number)
    if not entries:
        raise Http404(f"No container {number} in this programme.")
    folded = drug.fold(number, entries)
    if not stock_page.is_here(visitor, folded):
        raise PermissionDenied("This container is at a site you hold no role at.")
    seen = shown_entries.of_containers(entries)
    return OneContainerOut(**_container(folded), entries=shown_entries.shown(visitor, seen))


@read(router, PROGRAMME + "/sites/{site}/register", RegisterOut, "drug-register")
def drug_register_of_site(request: HttpRequest, programme: Word, site: Word) -> Any:
    access.visitor(request, programme)
    if site not in stock.sites(programme):
        raise Http404(f"Site '{site}' keeps no study drug in this programme.")
    pages = drug_register.lines(site, stock.histories(programme))
    return RegisterOut(
        movements=[MovementOut.from_orm(each) for lines in pages.values() for each in lines]
    )


@read(router, PROGRAMME + "/sites/{site}/commands", OfferedOut, "stock-commands")
def stock_commands(request: HttpRequest, programme: Word, site: Word) -> Any:
    visitor = access.visitor(request, programme)
    if site not in stock_page.sites_of(visitor):
        raise Http404(f"There is no site '{site}' in this programme.")
    sendable = set(shapes.of_stock())
    found = [each for each in stock_page.commands_of(visitor) if each in sendable]
    place = PROGRAMME + "/sites/{site}"
    return offered_of(visitor, found, stock_page.offers_of(visitor, site), place, site=site)


def _container(each: drug.Container) -> dict[str, Any]:
    return {
        "number": each.number,
        "site": each.site,
        "place": each.place,
        "form": each.form,
        "lot": each.lot,
        "expires_on": each.expires_on,
        "in_stock": each.in_stock,
        "returned": each.returned,
        "destroyed": each.destroyed,
        "to_site": each.to_site,
        "quarantine": each.quarantine,
        "open_discrepancies": len(each.open),
    }
