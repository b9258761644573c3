"""A programme's own record: its legal ground, its people, its consent forms, its limits.

No programme opens without a legal authorisation on record, and none stays open
past the day that authorisation ends.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Status = Literal["not-opened", "open", "paused", "closed"]


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A legal permission: what kind, from whom, from when and until when."""

    reference: str
    authorisation_kind: str
    jurisdiction: str
    valid_from: date
    valid_until: date | None
    revoked: bool = False

    def holds(self, on: date) -> bool:
        """Whether it is in force on that day, both ends included."""
        if self.revoked or on < self.valid_from:
            return False
        return self.valid_until is None or on <= self.valid_until


@dataclass(frozen=True, slots=True)
class Credential:
    """A practitioner's right to practise, for a time."""

    practitioner: str
    profession: str
    credential: str
    valid_from: date
    valid_until: date | None
    withdrawn: bool = False

    def holds(self, on: date) -> bool:
        """Whether it is valid on that day, both ends included."""
        if self.withdrawn or on < self.valid_from:
            return False
        return self.valid_until is None or on <= self.valid_until


@dataclass(frozen=True, slots=True)
class ConsentVersion:
    version: str
    approved_on: date
    committee: str
    sign_again: bool


@dataclass(frozen=True, slots=True)
class Programme:
    """What a fold over the programme's stream has built."""

    key: str = ""
    title: str = ""
    protocol: str = ""
    protocol_version: str = ""
    protocol_digest: str = ""
    status: Status = "not-opened"
    authorisations: tuple[Authorisation, ...] = ()
    credentials: tuple[Credential, ...] = ()
    consent_versions: tuple[ConsentVersion, ...] = ()
    settings: tuple[tuple[str, int], ...] = ()
    version: int = 0

    def authorisation(self, on: date) -> Authorisation | None:
        """The authorisation in force on that day, or None."""
        return next((each for each in self.authorisations if each.holds(on)), None)

    def credentialed(self, on: date) -> frozenset[str]:
        """Practitioners whose credentials are valid on that day."""
        return frozenset(each.practitioner for each in self.credentials if each.holds(on))

    def consents(self, on: date) -> tuple[tuple[str, ...], str]:
        """Versions approved by that day, oldest first, and the oldest that is still enough."""
        approved = [each for each in self.consent_versions if each.approved_on <= on]
        needed = next(
            (each.version for each in reversed(approved) if each.sign_again),
            approved[0].version if approved else "",
        )
        return tuple(each.version for each in approved), needed
