"""Who is asking, which programme, and what they may see: denied unless allowed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from sojourn.clinic import reaching
from sojourn.clinic.authority import NO_ROLE, authority
from sojourn.clinic.models import Member
from sojourn.conduct import blinding
from sojourn.conduct.membership import OVERSEE
from sojourn.conduct.reach import ROLES, EmergencyAccess, Reach, to_review
from sojourn.course.state import Course
from sojourn.ledger import programmes
from sojourn.ledger.desk import Person
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused

ROLE_LABELS = dict(ROLES)
DESIGNERS = frozenset({"statistician", "sponsor", "monitor"})
View = Callable[..., HttpResponseBase]
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Visitor:
    """The signed-in member and the programme they stand in."""

    member: Member
    programme: str
    standing: programmes.Standing
    reach: Reach

    @property
    def person(self) -> Person:
        return Person(self.member.get_username(), self.role)

    @property
    def role(self) -> str:
        return self.reach.role

    @property
    def role_label(self) -> str:
        return ROLE_LABELS[self.role]

    @property
    def everywhere(self) -> bool:
        """Whether they hold their role at every site; some pages show a programme as a whole."""
        return self.reach.everywhere

    def at_sites(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Those of ``rows`` that are of sites they hold a role at."""
        sites = self.reach.sites
        return rows if sites is None else rows.filter(site__in=sorted(sites))

    @property
    def oversees(self) -> bool:
        return self.role in OVERSEE

    @property
    def emergencies(self) -> tuple[EmergencyAccess, ...]:
        """Accesses in an emergency that this member is to review."""
        if not self.oversees:
            return ()
        return to_review(self.standing.programme, self.reach, self.person.name)

    def opens(self, participant: str) -> bool:
        """Whether that participant is open to them, by role or in an emergency."""
        place = reaching.Place(self.standing, self.reach)
        return bool(reaching.opens(place, self.person.name, participant))

    def about(self, course: Course) -> "Visitor":
        """The visitor before that course: with the version of the protocol it follows."""
        return replace(self, standing=programmes.followed(self.standing, course))

    @property
    def sees_course(self) -> bool:
        return blinding.may_see_course(self.role)

    @property
    def sees_visits(self) -> bool:
        return blinding.may_see_visits(self.role, self.standing.programme.rater_pool)

    @property
    def sees_tasks(self) -> bool:
        pool = self.standing.programme.rater_pool
        return bool(pool) and authority().may(self.role, "ratings", "GET")

    @property
    def may_design(self) -> bool:
        return self.role in DESIGNERS

    @property
    def may_see_stock(self) -> bool:
        return authority().may(self.role, "stock", "GET")

    @property
    def may_export(self) -> bool:
        return blinding.may_export(self.role)

    @property
    def may_open_allocation(self) -> bool:
        return blinding.may_open_allocation(self.role)


def in_programme(view: View) -> View:
    """Give ``view`` the visitor of its programme; a member without a role sees nothing."""

    @wraps(view)
    def with_visitor(request: HttpRequest, programme: str, **rest: Any) -> HttpResponseBase:
        return view(request, visitor(request, programme), **rest)

    return with_visitor


def visitor(request: HttpRequest, programme: str) -> Visitor:
    """The visitor of that programme; 404 when there is none, 403 without a role."""
    try:
        place = reaching.place_of(request, programme)
    except Refused as refusal:
        raise Http404(refusal.message) from refusal
    if not place.reach.role:
        raise PermissionDenied(NO_ROLE)
    found = Visitor(cast(Member, request.user), programme, place.standing, place.reach)
    page = request.resolver_match.view_name if request.resolver_match else ""
    if not found.sees_visits and page not in authority().left_to_a_pool:
        raise PermissionDenied("You rate without knowing whom or when; your tasks are on Ratings.")
    return found


def rated_by(protocol: Protocol, fact: Any) -> str:
    """Who rates the visit that a fact or command is about; empty when it is about none."""
    visit = protocol.visit(getattr(fact, "visit", ""))
    return visit.rated_by if visit else ""


def course_readers_only(visitor: Visitor) -> None:
    """Keep a blinded rater away from whatever could tell the arm."""
    if not visitor.sees_course:
        raise PermissionDenied(
            "A blinded rater sees ratings only: sessions, events and outcomes could tell the arm."
        )
