"""A programme's own record: its legal ground, its people, its consent forms, its limits.

No programme opens without a legal authorisation on record, and none stays open
past the day that authorisation ends.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from sojourn.conduct.qualification import DelegationLog, Document, TrainingRecord
from sojourn.conduct.reach import EmergencyAccess, Grant

ATTESTATIONS = (
    ("boundaries", "Boundaries and touch"),
    ("conflicts", "Conflicts of interest"),
)
Status = Literal["not-opened", "open", "paused", "closed"]


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A legal permission: what kind, from whom, from when and until when."""

    reference: str
    authorisation_kind: str
    jurisdiction: str
    valid_from: date
    valid_until: date | None
    revoked_on: date | None = None  # from this day on it no longer holds
    scope: str = ""
    sites: tuple[str, ...] = ()  # empty when it covers every site
    document_digest: str = ""
    filed_at: str = ""

    @property
    def revoked(self) -> bool:
        return self.revoked_on is not None

    @property
    def last_day(self) -> date | None:
        """The last day it is in force, as far as is known; None while no end is known."""
        ends = [self.valid_until] if self.valid_until else []
        if self.revoked_on:
            ends.append(self.revoked_on - timedelta(days=1))
        return min(ends, default=None)

    def reaches(self, site: str) -> bool:
        """Whether it covers that site; an unnamed site asks for any."""
        return not site or not self.sites or site in self.sites

    def holds(self, on: date, site: str = "") -> bool:
        """Whether it is in force on that day (both ends included) and reaches that site."""
        return self.reaches(site) and _within(self.valid_from, self.last_day, on)

    def replaces(self, other: "Authorisation", on: date) -> bool:
        """Whether it holds on that day wherever ``other`` did."""
        everywhere = not self.sites or (other.sites and set(other.sites) <= set(self.sites))
        return self is not other and bool(everywhere) and self.holds(on)


@dataclass(frozen=True, slots=True)
class Credential:
    """A practitioner's licence, training or certificate, for a time."""

    practitioner: str
    profession: str
    credential: str
    valid_from: date
    valid_until: date | None
    credential_kind: str = "licence"
    authority: str = ""
    withdrawn_on: date | None = None  # from this day on it no longer holds

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_on is not None

    def holds(self, on: date) -> bool:
        """Whether it is valid on that day, both ends included."""
        kept = self.withdrawn_on is None or on < self.withdrawn_on
        return kept and _within(self.valid_from, self.valid_until, on)


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a practitioner has signed about their own conduct, for a time."""

    practitioner: str
    subject: str
    valid_from: date
    valid_until: date

    def holds(self, on: date) -> bool:
        return _within(self.valid_from, self.valid_until, on)


@dataclass(frozen=True, slots=True)
class Suspension:
    """Days on which a practitioner may not work here; open-ended until it is lifted."""

    practitioner: str
    cause: str
    since: date
    lifted_on: date | None = None

    def holds(self, on: date) -> bool:
        return on >= self.since and (self.lifted_on is None or on < self.lifted_on)


@dataclass(frozen=True, slots=True)
class Supervision:
    on: date
    supervisor: str
    supervised: tuple[str, ...]
    minutes: int
    note: str


@dataclass(frozen=True, slots=True)
class FidelityRating:
    """How closely one recorded session kept to the therapy, by one rater; answers in item order."""

    participant: str
    visit: str
    rater: str
    recording_digest: str
    answers: tuple[int, ...]
    on: date


@dataclass(frozen=True, slots=True)
class Device:
    """A device that may deliver readings; of one site, or of all when ``site`` is empty."""

    name: str
    token_digest: str
    site: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """A program that reads or writes over FHIR for a member, within its scopes."""

    name: str
    token_digest: str
    member: str
    scopes: tuple[str, ...]
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class ConsentVersion:
    version: str
    approved_on: date
    committee: str
    sign_again: bool


@dataclass(frozen=True, slots=True)
class ProtocolVersion:
    """A version of the protocol, from when new participants follow it, and the site's limits.

    Who enrolled under an earlier one stays on it until moved. ``consent_version`` is the form
    they sign before; empty where the form stays the same.
    """

    version: str
    digest: str
    since: datetime | None  # None for the one the programme was founded on
    summary: str = ""
    committee: str = ""
    approval: str = ""
    approved_on: date | None = None
    authority: str = ""
    authority_approval: str = ""
    authority_approved_on: date | None = None
    consent_version: str = ""
    settings: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """An amended protocol whose text is on the record and that nobody follows yet."""

    version: str
    digest: str
    summary: str
    proposed_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class SentReport:
    """A report an authority demands, and the day it was sent."""

    reference: str
    report: str
    period_ends: date
    sent_on: date
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class LockedPlan:
    """An analysis plan as it was signed; its text is kept under its digest."""

    title: str
    version: str
    digest: str
    locked_at: datetime
    by: str
    position: int  # of its entry in the whole record


@dataclass(frozen=True, slots=True)
class DatabaseLock:
    locked_at: datetime
    by: str
    position: int  # of its entry in the whole record
    reason: str


@dataclass(frozen=True, slots=True)
class MonitoringPlan:
    """Shares of entries that are compared with their source, in percent."""

    critical_percent: int
    other_percent: int


@dataclass(frozen=True, slots=True)
class Programme:
    """What a fold over the programme's stream has built."""

    key: str = ""
    title: str = ""
    protocol: str = ""
    versions: tuple[ProtocolVersion, ...] = ()  # of the protocol, the first is founded on
    proposal: Proposal | None = None
    status: Status = "not-opened"
    statuses: tuple[tuple[datetime, Status], ...] = ()  # each from when, as recorded
    authorisations: tuple[Authorisation, ...] = ()
    sent_reports: tuple[SentReport, ...] = ()
    credentials: tuple[Credential, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    supervisions: tuple[Supervision, ...] = ()
    fidelity: tuple[FidelityRating, ...] = ()
    consent_versions: tuple[ConsentVersion, ...] = ()
    devices: tuple[Device, ...] = ()
    clients: tuple[Client, ...] = ()
    trainings: tuple[TrainingRecord, ...] = ()
    documents: tuple[Document, ...] = ()
    log: DelegationLog = field(default_factory=DelegationLog)
    plans: tuple[LockedPlan, ...] = ()
    monitoring_plan: MonitoringPlan | None = None  # None: everything is verified
    rater_pool: tuple[str, ...] = ()  # none: independent raters see whom and when they rate
    database_lock: DatabaseLock | None = None
    grants: tuple[Grant, ...] = ()  # one for each member who holds a role here by a grant
    grants_required: bool = False  # False: accounts without a grant keep their own role
    once_granted: frozenset[str] = frozenset()
    once_unblinded: frozenset[str] = frozenset()
    emergencies: tuple[EmergencyAccess, ...] = ()
    version: int = 0

    @property
    def protocol_version(self) -> str:
        return self.versions[-1].version if self.versions else ""

    @property
    def protocol_digest(self) -> str:
        """SHA-256 of the protocol's text that new participants follow."""
        return self.versions[-1].digest if self.versions else ""

    @property
    def settings(self) -> tuple[tuple[str, int], ...]:
        """Limits the site has set under that version."""
        return self.versions[-1].settings if self.versions else ()

    @property
    def amended(self) -> bool:
        return len(self.versions) > 1

    def followed_at(self, moment: datetime) -> ProtocolVersion:
        """The version whoever enrolled at that moment follows."""
        return [each for each in self.versions if each.since is None or each.since <= moment][-1]

    def version_of(self, digest: str) -> ProtocolVersion | None:
        """The version whose text has that SHA-256, or None."""
        return next((each for each in self.versions if each.digest == digest), None)

    def under(self, version: ProtocolVersion) -> "Programme":
        """The programme as those stand in it who follow that version."""
        if version == self.versions[-1]:
            return self
        place = self.versions.index(version)
        return replace(self, versions=self.versions[: place + 1])

    def status_at(self, moment: datetime) -> Status:
        """How it stood at that moment, which may lie before a pause or a resumption since."""
        began = [status for since, status in self.statuses if since <= moment]
        return began[-1] if began else "not-opened"

    def authorisation(self, on: date, site: str = "") -> Authorisation | None:
        """The authorisation in force on that day, at that site when one is named, or None."""
        return next((each for each in self.authorisations if each.holds(on, site)), None)

    def unauthorised(self, on: date, site: str = "") -> str:
        """Why no authorisation is in force on that day at that site; empty when one is."""
        if self.authorisation(on, site):
            return ""
        elsewhere = [each for each in self.authorisations if each.holds(on)]
        if elsewhere:
            sites = ", ".join(dict.fromkeys(name for each in elsewhere for name in each.sites))
            return f"the authorisation in force on {on} covers {sites}, not site '{site}'"
        ended = [
            (each.last_day, each.reference)
            for each in self.authorisations
            if each.last_day and each.last_day < on and each.reaches(site)
        ]
        if ended:
            day, reference = max(ended)
            return f"authorisation {reference} ended on {day}"
        return f"no legal authorisation is in force on {on}"

    def ending(self, on: date, within_days: int = 90) -> tuple[Authorisation, ...]:
        """Authorisations that end in the coming days or have ended, with nothing in their place."""
        last = on + timedelta(days=within_days)
        found = [
            each
            for each in self.authorisations
            if each.last_day
            and each.last_day <= last
            and not any(
                other.replaces(each, max(on, each.last_day + timedelta(days=1)))
                for other in self.authorisations
            )
        ]
        return tuple(sorted(found, key=lambda each: each.last_day or date.max))

    @property
    def practitioners(self) -> tuple[str, ...]:
        """Everyone with a credential on record, in order of their first."""
        return tuple(dict.fromkeys(each.practitioner for each in self.credentials))

    def device(self, name: str) -> Device | None:
        """The newest registration under that name, if there is one."""
        return next((each for each in reversed(self.devices) if each.name == name), None)

    def client(self, name: str) -> Client | None:
        """The newest registration of a program under that name, if there is one."""
        return next((each for each in reversed(self.clients) if each.name == name), None)

    def unfitness(self, practitioner: str, on: date, site: str = "") -> tuple[str, ...]:
        """Why this practitioner may not be in a session there on that day; empty when they may."""
        mine = [each for each in self.credentials if each.practitioner == practitioner]
        reasons = [
            f"suspended since {each.since}: {each.cause}"
            for each in self.suspensions
            if each.practitioner == practitioner and each.holds(on)
        ]
        if not any(each.holds(on) for each in mine):
            ended = [each.valid_until for each in mine if each.valid_until and not each.withdrawn]
            reasons.append(
                f"credential ended on {max(ended)}" if ended else "no valid credential is on record"
            )
        for subject, label in ATTESTATIONS:
            made = [
                each
                for each in self.attestations
                if each.practitioner == practitioner and each.subject == subject
            ]
            if not any(each.holds(on) for each in made):
                what = "has run out" if made else "is missing"
                reasons.append(f"the attestation on {label.lower()} {what}")
        if outside := self.log.outside(practitioner, on, site):
            reasons.append(outside)
        return tuple(reasons)

    def fit(self, on: date, site: str = "") -> frozenset[str]:
        """Practitioners who may be in a session there on that day."""
        return frozenset(each for each in self.practitioners if not self.unfitness(each, on, site))

    def licensed(self, on: date) -> frozenset[str]:
        """Practitioners with a licence valid on that day."""
        return frozenset(
            each.practitioner
            for each in self.credentials
            if each.credential_kind == "licence" and each.holds(on)
        )

    def running_out(self, on: date, within_days: int = 90) -> tuple[tuple[str, date], ...]:
        """What ends in the coming days or has ended with nothing in its place, soonest first.

        An authorisation, a licence or an attestation that a later one of the same
        kind follows is left out.
        """
        latest: dict[str, date] = {
            f"Authorisation {each.reference}": each.last_day
            for each in self.ending(on, within_days)
            if each.last_day
        }
        for held in self.credentials:
            if not held.withdrawn:
                name = f"{held.practitioner}: {held.credential_kind} {held.credential}"
                _keep(latest, name, held.valid_until)
        for made in self.attestations:
            label = dict(ATTESTATIONS).get(made.subject, made.subject).lower()
            _keep(latest, f"{made.practitioner}: attestation on {label}", made.valid_until)
        last = on + timedelta(days=within_days)
        return tuple(
            sorted(
                ((what, ends) for what, ends in latest.items() if ends <= last),
                key=lambda each: each[1],
            )
        )

    def consents(self, on: date) -> tuple[tuple[str, ...], str]:
        """Versions approved by that day, oldest first, and the oldest that is still enough."""
        approved = [each for each in self.consent_versions if each.approved_on <= on]
        needed = next(
            (each.version for each in reversed(approved) if each.sign_again),
            approved[0].version if approved else "",
        )
        return tuple(each.version for each in approved), needed


def _within(first: date, last: date | None, on: date) -> bool:
    return first <= on and (last is None or on <= last)


def _keep(latest: dict[str, date], name: str, until: date | None) -> None:
    latest[name] = max(latest.get(name, date.min), until or date.max)
