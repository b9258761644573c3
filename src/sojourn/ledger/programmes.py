"""Programmes as they stand: each with its own record and the protocol text it was founded on."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, TypeVar

from django.db import transaction

from sojourn import conduct, protocols
from sojourn import course as courses
from sojourn.conduct import amendment as amendments
from sojourn.conduct import analysis_plan, database_lock
from sojourn.conduct.programme import Authorisation, Programme
from sojourn.course import amendment
from sojourn.course.circumstances import Amended, Clearance
from sojourn.course.state import Course
from sojourn.ledger import clock, leases, projections, safety
from sojourn.ledger.append import append, take_turn
from sojourn.ledger.quality_rows import HoldRow, QueryRow
from sojourn.ledger.read import last_hash, read_stream, streams, written_by
from sojourn.ledger.registry import kinds
from sojourn.ledger.rows import ParticipantRow, ProtocolText
from sojourn.protocols.analysis_plan import AnalysisPlan, load_plan
from sojourn.protocols.model import Protocol, Visit
from sojourn.record.command import Refused, signature_of
from sojourn.record.entry import Entry

Text = TypeVar("Text", AnalysisPlan, Protocol)
PREFIX = "programme:"
OPENINGS = "openings:"  # who looked behind the seal of a programme
# Addresses of the site itself: a programme of that name could not be visited.
RESERVED = frozenset(
    {
        ".well-known", "account", "api", "diary", "evidence", "fhir", "guide", "health",
        "metrics", "population", "pros-and-cons", "static", "tokens", "ways",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """A programme and the protocol it follows."""

    programme: Programme
    protocol: Protocol


def followed(standing: Standing, course: Course, at: datetime | None = None) -> Standing:
    """The programme as it stands for one participant: the protocol they follow and its limits.

    ``at`` asks for what they followed at that moment. Whoever is not registered yet follows the
    version in force.
    """
    programme = standing.programme
    if not programme.amended:
        return standing
    if course.participant:
        founding = protocol_text(programme.versions[0].digest)
        protocol = amendment.followed(course, founding, protocol_text, at)
    else:
        version = programme.followed_at(at) if at else programme.versions[-1]
        protocol = protocol_text(version.digest)
    theirs = programme.version_of(protocol.digest)
    return Standing(programme.under(theirs) if theirs else programme, protocol)


def in_force(standing: Standing, moment: datetime) -> Standing:
    """The programme under the version that was in force at that moment."""
    return followed(standing, Course(), moment)


def lists_of(
    standing: Standing, stream: str, course: Course, entries: tuple[Entry, ...]
) -> projections.Rows:
    """Every row of a course, by the version its participant follows."""
    theirs = followed(standing, course).protocol
    context = projections.Context(standing.programme.key, stream, theirs, standing.protocol)
    return projections.rows(context, course, entries)


def whole_schedule(standing: Standing) -> Protocol:
    """The version that stands, with visits only earlier versions had after its own."""
    protocol = standing.protocol
    for version in reversed(standing.programme.versions):
        known = {each.key for each in protocol.visits}
        others = (e for e in protocol_text(version.digest).visits if e.key not in known)
        protocol = replace(protocol, visits=(*protocol.visits, *others))
    return protocol


def planned_visit(standing: Standing, key: str) -> Visit | None:
    """The visit of that key in the version that stands, or in any other one."""
    digests = (each.digest for each in reversed(standing.programme.versions))
    others = (protocol_text(each).visit(key) for each in digests if key)
    return standing.protocol.visit(key) or next((each for each in others if each), None)


def amended(programme: Programme) -> Amended | None:
    """The version new participants follow, where it is not the one the programme began with."""
    if not programme.amended:
        return None
    first, *_, newest = programme.versions
    since = newest.since or datetime.max.replace(tzinfo=UTC)
    protocol = protocol_text(newest.digest)
    return Amended(protocol, since, first.digest, newest.consent_version)


def keys() -> Iterator[str]:
    """Keys of all programmes on this record."""
    return (stream.removeprefix(PREFIX) for stream in streams(PREFIX))


def load(key: str) -> Standing:
    """The programme as it stands now.

    Raises
    ------
    Refused
        If no such programme was founded.
    """
    last = last_hash(PREFIX + key)
    if last is None:
        raise Refused(f"there is no programme '{key}' on this record")
    return _standing(key, last)


def found(key: str, pack: str, command: Any, *, author: str, role: str) -> Standing:
    """Found a programme on the text of a protocol pack, kept with the record from now on.

    Raises
    ------
    Refused
        If the programme exists or the role may not found one.
    sojourn.protocols.ProtocolError
        If the pack is not a valid protocol.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", key) or key in RESERVED:
        raise Refused(
            f"'{key}' can't name a programme: use small letters, digits and dashes (at most 40), "
            f"and none of {', '.join(sorted(RESERVED))}"
        )
    protocol = protocols.load_text(pack, key)
    command = clock.as_lived_here(command)
    now = clock.now()
    with transaction.atomic():
        programme = conduct.fold(key, read_stream(PREFIX + key))
        facts = conduct.decide(programme, command, protocol, author=author, role=role, now=now)
        ProtocolText.objects.get_or_create(digest=protocol.digest, defaults={"text": pack})
        append(
            PREFIX + key,
            facts,
            expected=programme.version,
            occurred_at=command.at,
            author=author,
            role=role,
        )
    return load(key)


def execute(
    key: str,
    command: Any,
    *,
    author: str,
    role: str,
    shown: int | None = None,
    signed: bool = False,
    under: str = "",
) -> tuple[Entry, ...]:
    """Decide and write a command to the programme; ``shown`` is the version the person saw.

    ``signed`` says that the author has just proved who they are, for this very command.
    A retry ``under`` the same idempotency key writes nothing twice.
    """
    if written := written_by(PREFIX + key, under):
        return written
    standing = load(key)
    programme = standing.programme
    command = clock.as_lived_here(command)
    protocol = standing.protocol
    if isinstance(command, amendments.AdoptAmendment) and programme.proposal:
        protocol = protocol_text(programme.proposal.digest)
    facts = conduct.decide(programme, command, protocol, author=author, role=role, now=clock.now())
    signature = signature_of(command, signed=signed, role=role)
    with transaction.atomic():
        if isinstance(command, database_lock.LockDatabase):
            take_turn()
            _all_locked(key)
        entries = append(
            PREFIX + key,
            facts,
            expected=programme.version if shown is None else shown,
            occurred_at=command.at,
            author=author,
            role=role,
            signature=signature,
            command=under,
        )
        if isinstance(command, analysis_plan.LockAnalysisPlan):
            _keep_plan(key, command, standing.protocol)
        if isinstance(command, amendments.ProposeAmendment):
            text = amendments.plain(command.pack)
            digest = amendments.read(text).digest
            ProtocolText.objects.get_or_create(digest=digest, defaults={"text": text})
        if isinstance(command, amendments.AdoptAmendment):
            _count_anew(key, standing.protocol, protocol)
    return entries


def _count_anew(key: str, before: Protocol, after: Protocol) -> None:
    """Count every course's events by the stopping rules of the version now in force."""
    if before.stopping_rules == after.stopping_rules:
        return
    for stream in tuple(streams(f"course:{key}:")):
        course = courses.fold(read_stream(stream), kinds().read)
        whose = (key, course.participant)
        rows = (safety.stopping(whose, stream, course, each) for each in (before, after))
        projections.write(*(projections.at_site(course.site, each) for each in rows))


def opened_at(key: str) -> datetime | None:
    """When anyone first looked behind the seal of this programme; None while nobody has."""
    first = read_stream(OPENINGS + key, until=1)
    return first[0].recorded_at if first else None


def _all_locked(key: str) -> None:
    # Asked while we hold the writers' turn: nothing can be unlocked or asked in between.
    for away in leases.standing(key).out:
        raise Refused(f"site {away.site} works offline; merge what it gives back first")
    mine = {"programme": key}
    database_lock.before_locking(
        ParticipantRow.objects.filter(**mine).count(),
        HoldRow.objects.filter(**mine, state="locked").count(),
        QueryRow.objects.filter(**mine).exclude(standing="closed").count(),
    )


def _keep_plan(key: str, command: analysis_plan.LockAnalysisPlan, protocol: Protocol) -> None:
    # Asked while we hold the writers' turn: nobody can open the allocation in between.
    sealed = protocol.randomisation is not None and protocol.randomisation.blinded
    opened = opened_at(key)
    if sealed and opened:
        analysis_plan.before_opening(opened)
    text = analysis_plan.plain(command.plan)
    digest = load_plan(text).digest
    ProtocolText.objects.get_or_create(digest=digest, defaults={"text": text})


@lru_cache(maxsize=16)
def plan_text(digest: str) -> AnalysisPlan:
    """The analysis plan whose text has that SHA-256.

    Raises
    ------
    Refused
        If the text is missing or no longer has that digest.
    """
    return _kept(digest, "analysis plan", lambda text: load_plan(text, digest[:12]))


def clearance(
    programme: Programme, on: date, site: str, *, at: datetime | None = None
) -> Clearance:
    """What the programme's record says for a decision about a participant at that site and day.

    ``at`` is the moment something happened that is entered later: a pause since then does not
    count against it, nor a resumption for it. Without it the programme counts as it stands.
    """
    authorisation = programme.authorisation(on, site)
    versions, needed = programme.consents(on)
    return Clearance(
        programme_open=(programme.status_at(at) if at else programme.status) == "open",
        authorisation=authorisation.reference if authorisation else "",
        unauthorised=programme.unauthorised(on, site),
        practitioners=programme.fit(on, site),
        licensed=programme.licensed(on),
        jurisdictions=_jurisdictions(programme, authorisation),
        unfit=tuple(
            (each, reasons)
            for each in programme.practitioners
            if (reasons := programme.unfitness(each, on, site))
        ),
        consent_versions=versions,
        consent_needed=needed,
        settings=programme.settings,
        programme_version=programme.version,
        database_locked=programme.database_lock is not None,
    )


def _jurisdictions(programme: Programme, held: Authorisation | None) -> tuple[str, ...]:
    # A duty to report outlives the permission it arose under.
    ever = programme.authorisations if held is None else (held,)
    return tuple(sorted({each.jurisdiction for each in ever}))


@lru_cache(maxsize=64)
def _standing(key: str, last: str) -> Standing:
    # The hash of its last entry stands for a programme's whole history.
    programme = conduct.fold(key, read_stream(PREFIX + key))
    return Standing(programme, protocol_text(programme.protocol_digest))


@lru_cache(maxsize=16)
def protocol_text(digest: str) -> Protocol:
    """The protocol whose text has that SHA-256.

    Raises
    ------
    Refused
        If the text is missing or no longer has that digest.
    """
    return _kept(
        digest,
        "protocol text",
        lambda text: protocols.load_text(text, digest[:12], stored=True),
    )


def _kept(digest: str, what: str, load: Callable[[str], Text]) -> Text:
    """What ``load`` makes of the text kept under ``digest``, refused when it is not that text."""
    kept = ProtocolText.objects.filter(digest=digest).first()
    if kept is None:
        raise Refused(f"the {what} {digest[:12]} is missing from this record")
    found = load(kept.text)
    if found.digest != digest:
        raise Refused(f"the {what} {digest[:12]} was changed; it is {found.digest[:12]}")
    return found
