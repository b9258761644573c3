"""Reading programmes: which there are, what each stands on, its history, commands and day."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema

from sojourn.clinic import access, grounds, reaching
from sojourn.clinic.api import entries as shown_entries
from sojourn.clinic.api import shapes
from sojourn.clinic.api.door import shows_version
from sojourn.clinic.api.entries import EntriesOut
from sojourn.clinic.api.offered import OfferedOut, offered_of
from sojourn.clinic.api.places import PROGRAMME
from sojourn.clinic.api.reads import Counted, Word, read
from sojourn.clinic.views import programme as programme_page
from sojourn.clinic.views import today as today_page
from sojourn.conduct.practitioners import registry
from sojourn.ledger import checkpoint, clock
from sojourn.ledger import programmes as standing_programmes
from sojourn.ledger.models import Head
from sojourn.ledger.read import read_stream

router = Router(tags=["programme"])
day_router = Router(tags=["participants"])


class NamedOut(Schema):
    """A programme on this record."""

    key: str
    title: str
    status: str


class NamesOut(Schema):
    """Every programme on this record."""

    programmes: list[NamedOut]


class GroundOut(Schema):
    """A legal authorisation."""

    reference: str
    kind: str
    label: str
    authority: str
    jurisdiction: str
    valid_from: date
    valid_until: date | None
    standing: str
    holds: bool
    ending: str


class OwedOut(Schema):
    """A report an authority is owed."""

    reference: str
    report: str
    due_on: date
    words: str


class ConsentVersionOut(Schema):
    """An approved consent form."""

    version: str
    approved_on: date


class SettingOut(Schema):
    """A limit the site sets; null while it has not."""

    key: str
    label: str
    unit: str
    value: int | None


class ProgrammeOut(Schema):
    """What the programme stands on today."""

    key: str
    title: str
    status: str
    version: int
    protocol_digest: str
    grounds: list[GroundOut]
    owed: list[OwedOut]
    consent_versions: list[ConsentVersionOut]
    settings: list[SettingOut]


class CredentialOut(Schema):
    """A licence, training or certificate."""

    credential: str
    kind: str
    valid_from: date
    valid_until: date | None
    holds: bool


class PractitionerOut(Schema):
    """One practitioner as they stand today."""

    practitioner: str
    profession: str
    licensed: bool
    unfit: list[str]
    credentials: list[CredentialOut]


class PractitionersOut(Schema):
    """The registry of practitioners."""

    practitioners: list[PractitionerOut]


class RecordOut(Schema):
    """How long the whole record is, and its latest checkpoint."""

    entries: int
    checkpoint_size: int | None
    checkpoint_root: str | None
    checkpoint_made_at: str | None


class DueOut(Schema):
    """A visit still to be held."""

    participant: str
    visit: str
    label: str
    earliest_on: date
    target_on: date
    latest_on: date


class OpenAlertOut(Schema):
    """An alert nobody has acted on yet."""

    participant: str
    alert: str
    rule: str
    label: str
    raised_at: datetime


class OpenSessionOut(Schema):
    """A dosing session that is going on."""

    participant: str
    visit: str
    number: int
    opened_at: datetime
    initial_at: datetime | None
    supplemental_at: datetime | None


class LateOut(Schema):
    """A safety report whose deadline has passed."""

    participant: str
    event: str
    term: str
    label: str
    due_at: datetime | None


class StatusOut(Schema):
    """How many participants have a status."""

    status: str
    participants: int


class TodayOut(Schema):
    """The day at a glance: the first of each list, and how many there are up to a limit."""

    day: date
    statuses: list[StatusOut]
    overdue: list[DueOut]
    overdue_count: int
    due: list[DueOut]
    due_count: int
    coming: list[DueOut]
    alerts: list[OpenAlertOut] | None
    alert_count: int | None
    sessions: list[OpenSessionOut] | None
    late_reports: list[LateOut] | None


@read(router, "/programmes", NamesOut, "programmes")
def programmes(request: HttpRequest) -> Any:
    keys = standing_programmes.keys()
    places = [(key, reaching.place_of(request, key)) for key in keys]
    known = [(key, place.standing.programme) for key, place in places if place.reach.role]
    return NamesOut(
        programmes=[NamedOut(key=key, title=each.title, status=each.status) for key, each in known]
    )


@read(router, PROGRAMME, ProgrammeOut, "programme")
def programme(request: HttpRequest, programme: Word) -> Any:
    visitor = access.visitor(request, programme)
    found, protocol = visitor.standing.programme, visitor.standing.protocol
    today = timezone.localdate(clock.now())
    settings = dict(found.settings)
    shows_version(request, found.version)
    return ProgrammeOut(
        key=programme,
        title=found.title,
        status=found.status,
        version=found.version,
        protocol_digest=found.protocol_digest,
        grounds=[_ground(each) for each in grounds.grounds(found, protocol, today)],
        owed=[
            OwedOut(
                reference=each.period.reference,
                report=each.period.report.key,
                due_on=each.period.due_on,
                words=each.words,
            )
            for each in grounds.owed(found, protocol, today)
        ],
        consent_versions=[
            ConsentVersionOut(version=each.version, approved_on=each.approved_on)
            for each in found.consent_versions
        ],
        settings=[
            SettingOut(key=each.key, label=each.label, unit=each.unit, value=settings.get(each.key))
            for each in protocol.site_settings
        ],
    )


@read(router, PROGRAMME + "/entries", EntriesOut, "programme-entries", asks=Counted)
def programme_entries(request: HttpRequest, programme: Word, asked: Query[Counted]) -> Any:
    visitor = access.visitor(request, programme)
    entries = read_stream(standing_programmes.PREFIX + programme)
    seen = shown_entries.of_programme(visitor, entries)
    return shown_entries.page_of(shown_entries.shown(visitor, seen), asked.after, asked.limit)


@read(router, PROGRAMME + "/commands", OfferedOut, "programme-commands")
def programme_commands(request: HttpRequest, programme: Word) -> Any:
    visitor = access.visitor(request, programme)
    shows_version(request, visitor.standing.programme.version)
    sendable = set(shapes.of_programmes())
    found = [each for each in programme_page.commands_of(visitor) if each in sendable]
    return offered_of(visitor, found, programme_page.offers_of(visitor), PROGRAMME)


@read(router, PROGRAMME + "/practitioners", PractitionersOut, "practitioners")
def practitioners(request: HttpRequest, programme: Word) -> Any:
    visitor = access.visitor(request, programme)
    today = timezone.localdate(clock.now())
    return PractitionersOut(
        practitioners=[
            PractitionerOut(
                practitioner=each.practitioner,
                profession=each.profession,
                licensed=each.licensed,
                unfit=list(each.unfit),
                credentials=[
                    CredentialOut(
                        credential=held.credential,
                        kind=held.credential_kind,
                        valid_from=held.valid_from,
                        valid_until=held.valid_until,
                        holds=holds,
                    )
                    for held, holds in each.credentials
                ],
            )
            for each in registry(visitor.standing.programme, today)
        ]
    )


@read(router, PROGRAMME + "/record", RecordOut, "record")
def record(request: HttpRequest, programme: Word) -> Any:
    access.visitor(request, programme)
    head, latest = Head.objects.first(), checkpoint.latest()
    return RecordOut(
        entries=head.position if head else 0,
        checkpoint_size=latest.size if latest else None,
        checkpoint_root=latest.root if latest else None,
        checkpoint_made_at=latest.made_at if latest else None,
    )


@read(day_router, PROGRAMME + "/today", TodayOut, "today")
def today(request: HttpRequest, programme: Word) -> Any:
    found = today_page.at_a_glance(access.visitor(request, programme))
    alerts, sessions = found.get("alerts"), found.get("sessions")
    late = found.get("late_reports")
    return TodayOut(
        day=found["day"],
        statuses=[
            StatusOut(status=status, participants=count)
            for status, count in found["statuses"].items()
        ],
        overdue=[DueOut.from_orm(each) for each in found["overdue"]],
        overdue_count=found["overdue_count"],
        due=[DueOut.from_orm(each) for each in found["due"]],
        due_count=found["due_count"],
        coming=[DueOut.from_orm(each) for each in found["coming"]],
        alerts=None if alerts is None else [OpenAlertOut.from_orm(each) for each in alerts],
        alert_count=found.get("alert_count"),
        sessions=None if sessions is None else [OpenSessionOut.from_orm(e) for e in sessions],
        late_reports=None
        if late is None
        else [
            LateOut(
                participant=each.row.participant,
                event=each.row.event,
                term=each.row.term,
                label=each.row.label,
                due_at=each.row.due_at,
            )
            for each in late
        ],
    )


def _ground(ground: grounds.Ground) -> GroundOut:
    held = ground.authorisation
    return GroundOut(
        reference=held.reference,
        kind=held.authorisation_kind,
        label=ground.label,
        authority=ground.authority,
        jurisdiction=held.jurisdiction,
        valid_from=held.valid_from,
        valid_until=held.valid_until,
        standing=ground.standing,
        holds=ground.holds,
        ending=ground.ending,
    )
