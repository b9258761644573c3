"""Who reaches whom: a role is held in a programme, at some of its sites or at all of them.

Pages, the API, FHIR and the desk ask here and nowhere else. Whoever was given nothing reaches
nobody; only in a programme that asks for no grants does an account's own role hold, at every site.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sojourn.conduct.programme import Programme

ROLES: Final = (
    ("therapist", "Therapist"),
    ("prescriber", "Prescriber"),
    ("coordinator", "Coordinator"),
    ("pharmacist", "Pharmacist (unblinded)"),
    ("independent-rater", "Independent rater (blinded)"),
    ("fidelity-rater", "Fidelity rater of recordings"),
    ("monitor", "Monitor (blinded)"),
    ("statistician", "Statistician (unblinded)"),
    ("sponsor", "Programme lead"),
)
ROLE_KEYS: Final = frozenset(key for key, _ in ROLES)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role a member holds; at every site when ``sites`` is empty."""

    member: str
    role: str
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EmergencyAccess:
    """One participant opened for a time by someone who does not reach them."""

    key: str
    member: str
    role: str
    participant: str
    site: str
    reason: str
    since: datetime
    until: datetime
    finding: str = ""  # empty until someone who oversees the site has reviewed it
    reviewed_by: str = ""
    note: str = ""

    def holds(self, member: str, participant: str, at: datetime) -> bool:
        """Whether it lets that member open that participant at that moment."""
        mine = (self.member, self.participant) == (member, participant)
        return mine and self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Reach:
    """A role, empty where none is held, and its sites; every site when ``sites`` is None."""

    role: str
    sites: frozenset[str] | None = None

    @property
    def everywhere(self) -> bool:
        return bool(self.role) and self.sites is None

    def includes(self, site: str) -> bool:
        """Whether it reaches participants of that site."""
        return bool(self.role) and (self.sites is None or site in self.sites)


NOBODY: Final = Reach("", frozenset())


def reach_of(programme: "Programme", member: str, account_role: str) -> Reach:
    """What that member reaches in the programme."""
    held = next((each for each in programme.grants if each.member == member), None)
    if held:
        return Reach(held.role, frozenset(held.sites) if held.sites else None)
    if programme.grants_required or member in programme.once_granted or not account_role:
        return NOBODY
    return Reach(account_role)


def opened_in_emergency(
    programme: "Programme", member: str, participant: str, at: datetime
) -> EmergencyAccess | None:
    """The emergency access by which that member may open that participant now, if there is one."""
    return next(
        (each for each in programme.emergencies if each.holds(member, participant, at)), None
    )


def out_of_reach(
    programme: "Programme", member: str, role: str, site: str, participant: str, at: datetime
) -> str:
    """Why that member may not write about that participant; empty when they may.

    What a device, a file or the server writes acts in a role of its own, which no grant is about.
    """
    if role not in ROLE_KEYS:
        return ""
    found = reach_of(programme, member, role)
    if found.role != role:
        held = f"the role {found.role}" if found.role else "no role"
        return f"{member} holds {held} in this programme"
    if found.includes(site) or opened_in_emergency(programme, member, participant, at):
        return ""
    return f"{member} holds no role at site '{site}'"


def to_review(programme: "Programme", reach: Reach, member: str) -> tuple[EmergencyAccess, ...]:
    """Emergency accesses nobody has reviewed, of the reviewer's sites and not their own."""
    return tuple(
        each
        for each in programme.emergencies
        if not each.finding and each.member != member and reach.includes(each.site)
    )
