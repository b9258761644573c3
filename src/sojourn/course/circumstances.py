"""What a decision about one participant must know of the world around them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sojourn.instruments import Instrument
from sojourn.medicines import DrugNames, Formulary
from sojourn.protocols.model import Protocol
from sojourn.record.entry import Entry
from sojourn.vigilance import terms
from sojourn.vigilance.terms import Dictionary


@dataclass(frozen=True, slots=True)
class Clearance:
    """What the programme's own record says at the time in question.

    ``authorisation`` is the reference of the legal authorisation in force,
    empty when there is none for the site. ``practitioners`` are those who may be in
    a session, ``unfit`` says of others why not, ``licensed`` hold a valid licence.
    ``settings`` holds the limits the site has set. ``programme_version``
    is the entry of the programme's stream these facts were read at.
    """

    programme_open: bool = False
    authorisation: str = ""
    unauthorised: str = ""  # why none is in force there, in words
    practitioners: frozenset[str] = frozenset()
    licensed: frozenset[str] = frozenset()
    unfit: tuple[tuple[str, tuple[str, ...]], ...] = ()
    jurisdictions: tuple[str, ...] = ()  # whose law on reporting holds here
    consent_versions: tuple[str, ...] = ()  # approved, oldest first
    consent_needed: str = ""  # the oldest version that is still enough
    settings: tuple[tuple[str, int], ...] = ()
    programme_version: int = 0
    database_locked: bool = False

    def setting(self, key: str) -> int | None:
        """The site's own limit, or None when the site has set none."""
        return dict(self.settings).get(key)


@dataclass(frozen=True, slots=True)
class Amended:
    """The version of the protocol that new participants follow, where it is not the first."""

    protocol: Protocol
    since: datetime
    founding: str  # digest of the first
    consent_version: str = ""  # to be signed by whoever moves to it; empty when the form stays


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything a decider may know beside the course and the command.

    ``protocol`` is what this participant followed when it happened.
    """

    protocol: Protocol
    instruments: Mapping[str, Instrument]
    formulary: Formulary
    drug_names: DrugNames
    clearance: Clearance
    author: str
    role: str
    now: datetime
    terms: Dictionary = field(default_factory=terms.shipped)
    allocation: tuple[int, str] | None = None  # next randomisation number, arm when not blinded
    allocation_opened_at: datetime | None = None  # when anyone first looked behind the seal
    undelegated: str = ""  # why the author may not ask for this command; empty when they may
    amended: Amended | None = None  # None while the programme has one version
    entries: tuple[Entry, ...] = ()  # the course's history as it reads, for what is about entries
