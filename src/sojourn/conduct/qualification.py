"""What a programme holds of its members: what they were trained in, and what was delegated."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """Someone was trained; ``about`` is the version, the instrument or the device."""

    key: str
    member: str
    training: str
    about: str
    trained_on: date
    trainer: str
    valid_until: date | None
    evidence_digest: str
    withdrawn: str = ""  # why it does not count

    def holds(self, on: date) -> bool:
        """Whether it counts on that day, both ends included."""
        within = self.trained_on <= on and (self.valid_until is None or on <= self.valid_until)
        return within and not self.withdrawn


@dataclass(frozen=True, slots=True)
class Investigator:
    """Who is responsible at a site, or at all when ``site`` is empty, and delegates there."""

    member: str
    site: str
    since: date
    until: date | None = None

    def holds(self, on: date, site: str) -> bool:
        within = self.since <= on and (self.until is None or on <= self.until)
        return within and (not self.site or not site or self.site == site)


@dataclass(frozen=True, slots=True)
class Delegation:
    """Tasks from an investigator to a member; in force once both have signed."""

    key: str
    investigator: str
    member: str
    tasks: tuple[str, ...]
    site: str
    valid_from: date
    valid_until: date | None
    delegated_at: datetime
    accepted_at: datetime | None = None
    ended_on: date | None = None  # the last day it held
    ended_because: str = ""

    @property
    def last_day(self) -> date | None:
        """The last day it holds, as far as is known."""
        return min((each for each in (self.valid_until, self.ended_on) if each), default=None)

    def holds(self, on: date, site: str = "") -> bool:
        """Whether it is in force on that day at that site; an unnamed site asks for any."""
        last = self.last_day
        accepted = self.accepted_at is not None and self.accepted_at.date() <= on
        within = self.valid_from <= on and (last is None or on <= last)
        return accepted and within and (not self.site or not site or self.site == site)
