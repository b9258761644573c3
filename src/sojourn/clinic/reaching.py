"""What the signed-in member reaches in the programme of a page: asked once for each request."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from sojourn.conduct import reach
from sojourn.conduct.reach import Reach
from sojourn.ledger import clock, programmes
from sojourn.ledger.desk import stream_of
from sojourn.ledger.rows import ParticipantRow


@dataclass(frozen=True, slots=True)
class Place:
    """A programme as it stands, and what the member reaches there."""

    standing: programmes.Standing
    reach: Reach


def place_of(request: HttpRequest, programme: str) -> Place:
    """Where the member stands in that programme.

    Raises
    ------
    sojourn.record.command.Refused
        If there is no such programme.
    """
    known: dict[str, Place] = request.__dict__.setdefault("_places", {})
    if programme not in known:
        standing = programmes.load(programme)
        known[programme] = Place(standing, reach_of(standing, request.user))
    return known[programme]


def reach_of(standing: programmes.Standing, user: Any) -> Reach:
    """What that account reaches; nothing without a role or when it is closed."""
    if not user.is_authenticated or not user.is_active:
        return reach.NOBODY
    role = user.role if user.role in reach.ROLE_KEYS else ""
    return reach.reach_of(standing.programme, user.get_username(), role)


def opens(place: Place, member: str, participant: str) -> str:
    """How that participant is open to the member: 'role', 'emergency', or '' when it is not."""
    if place.reach.everywhere:
        return "role"
    programme = place.standing.programme
    if place.reach.includes(site_of(programme.key, participant)):
        return "role"
    in_emergency = reach.opened_in_emergency(programme, member, participant, clock.now())
    return "emergency" if in_emergency else ""


def site_of(programme: str, participant: str) -> str:
    """The participant's site; empty when there is no such participant."""
    rows = ParticipantRow.objects.filter(stream=stream_of(programme, participant))
    return rows.values_list("site", flat=True).first() or ""
