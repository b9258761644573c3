"""What a programme holds of its members: trainings, tasks, and the documents they work by."""

from dataclasses import dataclass
from datetime import date, datetime

from sojourn.conduct.tasks import shipped


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
class Acknowledged:
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A version of a document, named by its SHA-256; ``out_of_use`` says since when and why."""

    key: str
    document_kind: str
    title: str
    version: str
    dated: date
    digest: str
    approval: str
    approved_on: date | None
    filed_at: str
    out_of_use: str = ""
    acknowledged: tuple[Acknowledged, ...] = ()

    @property
    def in_use(self) -> bool:
        return not self.out_of_use

    @property
    def in_words(self) -> str:
        return f"{self.title}, version {self.version}"

    def read_by(self, member: str) -> bool:
        return any(each.by == member for each in self.acknowledged)


@dataclass(frozen=True, slots=True)
class Investigator:
    """Who is responsible at a site, or everywhere when ``site`` is empty, and delegates there."""

    member: str
    site: str
    since: date
    ended_on: date | None = None  # from this day on they no longer are

    def holds(self, on: date, site: str) -> bool:
        within = self.since <= on and (self.ended_on is None or on < self.ended_on)
        return within and self.site in ("", site)


@dataclass(frozen=True, slots=True)
class Delegation:
    """Tasks from an investigator to a member, at a site or at all; in force once both signed."""

    key: str
    investigator: str
    member: str
    tasks: tuple[str, ...]
    site: str
    valid_from: date
    valid_until: date | None
    delegated_at: datetime
    accepted_at: datetime | None = None
    ended_on: date | None = None  # from this day on it no longer holds
    ended_by: str = ""
    ended_because: str = ""

    def holds(self, on: date, site: str) -> bool:
        """Whether it is in force on that day at that site."""
        if self.accepted_at is None or on < max(self.valid_from, self.accepted_at.date()):
            return False
        kept = self.ended_on is None or on < self.ended_on
        return kept and (self.valid_until is None or on <= self.valid_until) and self._at(site)

    def _at(self, site: str) -> bool:
        return self.site in ("", site)


@dataclass(frozen=True, slots=True)
class DelegationLog:
    """Who is responsible, what they delegated, and from which days on tasks are asked for."""

    switches: tuple[tuple[date, bool], ...] = ()
    investigators: tuple[Investigator, ...] = ()
    delegations: tuple[Delegation, ...] = ()

    def asked(self, on: date) -> bool:
        """Whether a command of a task is refused on that day to whom it is not delegated."""
        since = [switched for day, switched in self.switches if day <= on]
        return bool(since) and since[-1]

    def investigates(self, member: str, on: date, site: str) -> bool:
        """Whether they are responsible there on that day."""
        return any(e.member == member and e.holds(on, site) for e in self.investigators)

    def has(self, member: str, task: str, on: date, site: str) -> bool:
        """Whether they may do that task; an investigator may do each at their own site."""
        return self.investigates(member, on, site) or any(
            each.member == member and task in each.tasks and each.holds(on, site)
            for each in self.delegations
        )

    def lacking(self, member: str, role: str, command: str, on: date, site: str) -> str:
        """Why they may not ask for that command, in words; empty when they may."""
        task = shipped().by_command.get(command)
        if not self.asked(on) or task is None or role not in task.roles:
            return ""
        if self.has(member, task.key, on, site):
            return ""
        return (
            f"'{task.label}' was not delegated to {member} for {on} at site '{site}'; "
            "ask the investigator to delegate it"
        )

    def outside(self, member: str, on: date, site: str) -> str:
        """Why they may not be in a session with a participant; empty when they may.

        An unnamed site asks for any.
        """
        tasks = [each for each in shipped().tasks if each.in_sessions]
        investigated = {each.site for each in self.investigators}
        sites = {site} if site else {"", *investigated, *(e.site for e in self.delegations)}
        if not self.asked(on) or any(
            self.has(member, each.key, on, where) for each in tasks for where in sites
        ):
            return ""
        return f"'{tasks[0].label}' is not delegated to them" if tasks else ""

    def find(self, key: str) -> Delegation | None:
        return next((each for each in self.delegations if each.key == key), None)
