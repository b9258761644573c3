"""Finding trials by condition, place and status among those that were taken in."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from sojourn.exchange.registry.models import RegistryImport, RegistrySite, RegistryStudy

STATUSES = (
    ("recruiting", "Recruiting now"),
    ("soon", "Not recruiting yet"),
    ("invited", "By invitation only"),
    ("any", "Any status"),
)
OPEN = ("RECRUITING", "AVAILABLE")  # AVAILABLE is what an expanded access record says
OF_STATUS = {
    "recruiting": OPEN,
    "soon": ("NOT_YET_RECRUITING",),
    "invited": ("ENROLLING_BY_INVITATION",),
}
# The names registries use for one condition.
SAME = (
    ("ptsd", "posttraumatic stress", "post traumatic stress", "stress disorders post traumatic"),
)
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Search:
    """What someone looks for. An empty field asks for anything."""

    condition: str = "ptsd"
    country: tuple[str, ...] = ()  # every name it may stand under
    city: str = ""
    status: str = "recruiting"


@dataclass(frozen=True, slots=True)
class Place:
    facility: str
    city: str
    state: str
    country: str
    status: str

    @property
    def in_words(self) -> str:
        where = ", ".join(
            each for each in (self.facility, self.city, self.state, self.country) if each
        )
        told = f" ({status_in_words(self.status)})" if self.status else ""
        return f"{where or 'Place not given'}{told}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it is shown: its places are those that were asked for."""

    nct_id: str
    title: str
    status: str
    conditions: tuple[str, ...]
    interventions: tuple[str, ...]
    sponsor: str
    ages: str
    expanded_access: bool
    updated_on: date
    seen_at: datetime
    places: tuple[Place, ...]

    @property
    def url(self) -> str:
        """Its page in the registry, where the contact of each site stands."""
        return f"https://clinicaltrials.gov/study/{self.nct_id}"

    @property
    def status_words(self) -> str:
        return status_in_words(self.status).capitalize()


def comparable(text: str) -> str:
    """Words as a search compares them: small letters and digits with one space between."""
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def status_in_words(status: str) -> str:
    """Recruiting, not yet recruiting, ..."""
    return status.replace("_", " ").lower()


def find(search: Search) -> tuple[tuple[Trial, ...], int]:
    """The trials that fit, last changed first (at most 50), and how many there are."""
    studies = RegistryStudy.objects.all()
    wanted = comparable(search.condition)
    if wanted:
        fits = Q()
        for words in next((s for s in SAME if any(e in wanted for e in s)), (wanted,)):
            fits |= Q(words__contains=words)
        studies = studies.filter(fits)
    statuses = OF_STATUS.get(search.status)
    if statuses:
        studies = studies.filter(status__in=statuses)
    if search.country or search.city:
        sites = _sites(RegistrySite.objects.all(), search)
        studies = studies.filter(nct_id__in=sites.values("study_id"))
    ordered = studies.order_by("-updated_on", "nct_id")
    return tuple(_trial(row, search) for row in ordered[:SHOWN]), ordered.count()


def countries() -> tuple[str, ...]:
    """The countries trials were taken in for, as the registry writes them."""
    names = RegistrySite.objects.exclude(country="").values_list("country", flat=True)
    return tuple(names.distinct().order_by("country"))


def latest() -> RegistryImport | None:
    """The last file that was taken in; None when none was."""
    return RegistryImport.objects.order_by("-imported_at").first()


def _sites(sites: QuerySet[RegistrySite], search: Search) -> QuerySet[RegistrySite]:
    if search.country:
        names = Q()
        for name in search.country:
            names |= Q(country__iexact=name)
        sites = sites.filter(names)
    if search.city:
        sites = sites.filter(city__icontains=search.city.strip())
    # A site without a status of its own shares that of its study.
    return sites.filter(status__in=(*OPEN, "")) if search.status == "recruiting" else sites


def _trial(row: RegistryStudy, search: Search) -> Trial:
    sites = _sites(RegistrySite.objects.filter(study=row), search).order_by("country", "city", "id")
    return Trial(
        row.nct_id,
        row.title,
        row.status,
        tuple(row.conditions),
        tuple(row.interventions),
        row.sponsor,
        row.ages,
        row.study_type == "EXPANDED_ACCESS",
        row.updated_on,
        row.seen_at,
        tuple(
            Place(each.facility, each.city, each.state, each.country, each.status) for each in sites
        ),
    )
