"""Reading participants: the list, one course now or as it was known, its history and commands."""

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router

from sojourn import course as courses
from sojourn import instruments
from sojourn.clinic import access, asking, quality
from sojourn.clinic.access import Visitor
from sojourn.clinic.api import entries as shown_entries
from sojourn.clinic.api import shapes
from sojourn.clinic.api.courses import (
    AlertOut,
    AskedOut,
    ConsentOut,
    CourseOut,
    DeviationOut,
    DoseOut,
    EventOut,
    ListAsked,
    ListedOut,
    ListOut,
    MedicationOut,
    RatingOut,
    SessionOut,
    TeamOut,
    ToRateOut,
    VisitOut,
    WithheldOut,
)
from sojourn.clinic.api.door import shows_version
from sojourn.clinic.api.entries import EntriesOut
from sojourn.clinic.api.offered import OfferedOut, offered_of
from sojourn.clinic.api.places import PARTICIPANT, PROGRAMME
from sojourn.clinic.api.reads import AsOf, CountedAsOf, Word, page, read
from sojourn.clinic.offers import assessments_due, commands_for, offers
from sojourn.clinic.views import participants as list_page
from sojourn.clinic.views.participant import may_see, moment_of
from sojourn.conduct import blinding
from sojourn.course.assessment import score_of
from sojourn.course.deviations import known
from sojourn.course.schedule import Planned, plan
from sojourn.course.state import Course, Dose, Session
from sojourn.ledger import clock
from sojourn.ledger.desk import stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry

router = Router(tags=["participants"])


@read(router, PROGRAMME + "/participants", ListOut, "participants", asks=ListAsked)
def participants(request: HttpRequest, programme: Word, asked: Query[ListAsked]) -> Any:
    visitor = access.visitor(request, programme)
    rows = list_page.rows(visitor, search=asked.search, status=asked.status, after=asked.after)
    shown, after = page(rows[: asked.limit + 1], asked.limit, lambda row: str(row.participant))
    sees = visitor.sees_course
    return ListOut(
        participants=[
            ListedOut(
                participant=row.participant,
                site=row.site,
                status=row.status,
                registered_on=row.registered_on,
                arm=row.arm if sees else None,
                sessions_dosed=row.sessions_dosed if sees else None,
                next_visit=row.next_visit if sees else None,
                next_target_on=row.next_target_on if sees else None,
            )
            for row in shown
        ],
        next_after=after,
    )


@read(router, PARTICIPANT, CourseOut, "participant", asks=AsOf)
def participant(
    request: HttpRequest, programme: Word, participant: Word, asked: Query[AsOf]
) -> Any:
    visitor = access.visitor(request, programme)
    as_of, entries = _history(visitor, participant, asked.as_of)
    course = courses.fold(entries, kinds().read)
    visitor = visitor.about(course)
    day = timezone.localdate(as_of or clock.now())
    planned = plan(course, visitor.standing.protocol)
    sees = visitor.sees_course
    version = course.version if sees else None
    shows_version(request, version)
    return CourseOut(
        participant=course.participant,
        site=course.site,
        status=course.status,
        registered_at=course.registered_at,
        ended=course.ended,
        ended_at=course.ended_at,
        version=version,
        visits=[_visit(each, day) for each in planned if _shows(visitor, each, day)],
        ratings=_ratings(visitor, course),
        ratings_due=[
            ToRateOut(visit=visit, instrument=instrument, label=label)
            for visit, instrument, label in (
                () if as_of else assessments_due(visitor, course, planned, day)
            )
        ],
        queries=[
            AskedOut(
                key=each.key,
                entry=each.entry if sees else None,
                about=each.about,
                visit=each.visit,
                standing=each.standing,
                question=each.question,
                due_on=each.due_on,
            )
            for each in quality.seen(visitor, course)
        ],
        team=_team(visitor, course, day) if sees else None,
    )


@read(router, PARTICIPANT + "/entries", EntriesOut, "entries", asks=CountedAsOf)
def participant_entries(
    request: HttpRequest, programme: Word, participant: Word, asked: Query[CountedAsOf]
) -> Any:
    visitor = access.visitor(request, programme)
    _, entries = _history(visitor, participant, asked.as_of)
    seen = [each for each in entries if may_see(visitor, each)]
    return shown_entries.page_of(shown_entries.shown(visitor, seen), asked.after, asked.limit)


@read(router, PARTICIPANT + "/commands", OfferedOut, "commands")
def participant_commands(request: HttpRequest, programme: Word, participant: Word) -> Any:
    visitor = access.visitor(request, programme)
    course = asking.course_of(visitor, participant)
    visitor = visitor.about(course)
    shows_version(request, course.version if visitor.sees_course else None)
    offered = offers(visitor, course, plan(course, visitor.standing.protocol))
    sendable = set(shapes.of_participants())
    found = [e for e in commands_for(visitor, course, offered, frozenset()) if e in sendable]
    return offered_of(visitor, found, offered, PARTICIPANT, participant=participant)


def _history(
    visitor: Visitor, participant: str, as_of: str
) -> tuple[datetime | None, tuple[Entry, ...]]:
    moment = moment_of(as_of, participant)
    entries = read_stream(stream_of(visitor.programme, participant), as_of=moment)
    if not entries:
        raise Http404(f"No participant {participant} in this programme at that time.")
    return moment, entries


def _shows(visitor: Visitor, planned: Planned, day: date) -> bool:
    if visitor.sees_course:
        return True
    of_raters = blinding.may_see_visit(visitor.role, planned.visit.rated_by)
    return of_raters and planned.due(day) in ("due", "overdue")


def _visit(planned: Planned, day: date) -> VisitOut:
    return VisitOut(
        visit=planned.visit.key,
        label=planned.visit.label,
        phase=planned.visit.phase,
        standing=planned.standing,
        earliest=planned.earliest,
        target=planned.target,
        latest=planned.latest,
        on=planned.on,
        due=planned.due(day),
    )


def _ratings(visitor: Visitor, course: Course) -> list[RatingOut]:
    shipped = instruments.load_shipped()
    found = []
    for each in course.assessments.values():
        visit = visitor.standing.protocol.visit(each.visit)
        if visit and not blinding.may_see_visit(visitor.role, visit.rated_by):
            continue
        definition = shipped.get(each.instrument)
        total = score_of(each, definition).total if definition else each.total
        found.append(
            RatingOut(
                visit=each.visit,
                instrument=each.instrument,
                at=each.at,
                answers=list(each.answers),
                total=total,
            )
        )
    return found


def _team(visitor: Visitor, course: Course, day: date) -> TeamOut:
    classified = course.classified
    return TeamOut(
        sex=course.sex,
        birth_year=course.birth_year,
        eligible_at=course.eligible_at,
        randomised_at=course.randomised_at,
        randomisation_number=course.randomisation_number,
        arm=course.arm,
        ended_reason=course.ended_reason,
        held=course.hold.state if course.hold else "",
        sessions=[_session(each) for each in course.sessions.values()],
        alerts=[AlertOut.from_orm(each) for each in course.open_alerts],
        adverse_events=[EventOut.from_orm(each) for each in course.adverse_events.values()],
        medications=[MedicationOut.from_orm(each) for each in course.medications.values()],
        consents=[ConsentOut.from_orm(each) for each in course.consents],
        deviations=[
            DeviationOut(
                key=each.key,
                category=each.category,
                label=each.label,
                classification=made.classification if (made := classified.get(each.key)) else "",
            )
            for each in known(course, visitor.standing.protocol, day)
        ],
    )


def _session(session: Session) -> SessionOut:
    given: list[tuple[str, Dose | None]] = [
        ("initial", session.initial),
        ("supplemental", session.supplemental),
        *(("further", each) for each in session.further),
    ]
    return SessionOut(
        visit=session.visit,
        number=session.number,
        opened_at=session.opened_at,
        closed_at=session.closed_at,
        practitioners=list(session.practitioners),
        doses=[
            DoseOut(at=dose.at, which=which, level=dose.level_mg, unit=dose.unit)
            for which, dose in given
            if dose
        ],
        withheld=[
            WithheldOut(at=each.at, which=each.which, reasons=list(each.reasons))
            for each in session.withheld
        ],
    )
