"""Reading safety: the board, deviations, the days after sessions, confidential reports."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from sojourn.clinic import access, board
from sojourn.clinic.api.places import PROGRAMME
from sojourn.clinic.api.programmes import OpenAlertOut
from sojourn.clinic.api.reads import PLAIN, Paged, Word, day_of, one_of, page, read
from sojourn.clinic.views import aftercare as aftercare_page
from sojourn.clinic.views import deviations as deviations_page
from sojourn.course.deviations import CATEGORIES, CLASSES
from sojourn.ledger import clock, confidential

router = Router(tags=["safety"])


class ClockOut(Schema):
    """A report that is due about a serious event."""

    participant: str
    event: str
    term: str
    label: str
    recipient: str
    started_at: datetime
    due_at: datetime | None
    overdue: bool


class BoardEventOut(Schema):
    """An adverse event."""

    participant: str
    event: str
    term: str
    grade: int
    serious: bool
    relatedness: str
    expectedness: str
    outcome: str
    started_on: date


class ClassOut(Schema):
    """Events of a system organ class, by grade 1 to 5."""

    system_organ_class: str
    by_grade: list[int]
    events: int


class RuleOut(Schema):
    """A stopping rule and where it stands."""

    rule: str
    counted: int
    at_least: int | None
    standing: str


class SafetyOut(Schema):
    """The safety board; no part of it knows an arm. Lists hold the most urgent lines."""

    alerts: list[OpenAlertOut]
    alert_count: int
    clocks: list[ClockOut]
    clock_count: int
    follow_ups: list[BoardEventOut]
    serious: list[BoardEventOut]
    by_class: list[ClassOut]
    stopping_rules: list[RuleOut]


class DeviationRowOut(Schema):
    """A protocol deviation; empty classification while nobody gave one."""

    participant: str
    deviation: str
    category: str
    visit: str
    label: str
    since_on: date
    classification: str
    comment: str


class DeviationsOut(Schema):
    """A page of deviations, the newest first."""

    deviations: list[DeviationRowOut]
    next_after: str


class DeviationsAsked(Paged):
    """Which deviations."""

    kind: one_of("", *(key for key, _ in CATEGORIES)) = ""  # type: ignore[valid-type]
    grade: one_of(  # type: ignore[valid-type]
        "", deviations_page.UNCLASSIFIED, *(key for key, _ in CLASSES)
    ) = ""
    search: str = Field("", max_length=32, pattern=PLAIN, description="How the number begins.")


class CallOut(Schema):
    """A planned contact after a session."""

    visit: str
    label: str
    on: date | None
    state: str


class AfterSessionOut(Schema):
    """Someone in the days after a session."""

    participant: str
    status: str
    session: int
    day: int
    calls: list[CallOut]
    flags: list[str]
    alerts: int


class AftercareOut(Schema):
    """Everyone up to seven days after a session, whoever needs someone first."""

    people: list[AfterSessionOut]


class ConfidentialOut(Schema):
    """A report past the treating team; empty action while nobody acted."""

    key: str
    category: str
    text: str
    by: str
    role: str
    at: datetime
    answered_at: datetime | None
    action: str


class ConfidentialsOut(Schema):
    """Every confidential report."""

    reports: list[ConfidentialOut]


@read(router, PROGRAMME + "/safety", SafetyOut, "safety")
def safety(request: HttpRequest, programme: Word) -> Any:
    found = board.gather(access.visitor(request, programme), clock.now())
    return SafetyOut(
        alerts=[OpenAlertOut.from_orm(each) for each in found.alerts],
        alert_count=found.alert_count,
        clocks=[_clock(each) for each in found.running],
        clock_count=found.running_count,
        follow_ups=[BoardEventOut.from_orm(each) for each in found.follow_ups],
        serious=[BoardEventOut.from_orm(each) for each in found.serious],
        by_class=[
            ClassOut(system_organ_class=named, by_grade=grades, events=total)
            for named, grades, total in found.by_class
        ],
        stopping_rules=[
            RuleOut(
                rule=each.verdict.rule.key,
                counted=each.verdict.counted,
                at_least=each.verdict.at_least,
                standing=each.verdict.standing,
            )
            for each in found.rules
        ],
    )


@read(router, PROGRAMME + "/deviations", DeviationsOut, "deviations", asks=DeviationsAsked)
def deviations(request: HttpRequest, programme: Word, asked: Query[DeviationsAsked]) -> Any:
    visitor = access.visitor(request, programme)
    rows = deviations_page.rows_of(
        visitor, kind=asked.kind, grade=asked.grade, search=asked.search
    ).order_by("-since_on", "stream", "deviation")
    if asked.after:
        day_of(asked.after)
    rows = deviations_page.after_row(rows, asked.after)[: asked.limit + 1]
    shown, after = page(rows, asked.limit, deviations_page.place_of)
    return DeviationsOut(
        deviations=[DeviationRowOut.from_orm(each) for each in shown], next_after=after
    )


@read(router, PROGRAMME + "/aftercare", AftercareOut, "aftercare")
def aftercare(request: HttpRequest, programme: Word) -> Any:
    visitor = access.visitor(request, programme)
    return AftercareOut(
        people=[
            AfterSessionOut(
                participant=each.participant,
                status=each.status,
                session=each.session.number,
                day=each.day,
                calls=[
                    CallOut(visit=call.visit, label=call.label, on=call.on, state=call.state)
                    for call in each.calls
                ],
                flags=list(each.flags),
                alerts=len(each.alerts),
            )
            for each in aftercare_page.people_of(visitor)
        ]
    )


@read(router, PROGRAMME + "/confidential", ConfidentialsOut, "confidential")
def confidential_reports(request: HttpRequest, programme: Word) -> Any:
    visitor = access.visitor(request, programme)
    found = confidential.reports(visitor.programme, visitor.person).by_key.values()
    return ConfidentialsOut(reports=[ConfidentialOut.from_orm(each) for each in found])


def _clock(each: board.Running) -> ClockOut:
    row = each.row
    return ClockOut(
        participant=row.participant,
        event=row.event,
        term=row.term,
        label=row.label,
        recipient=row.recipient,
        started_at=row.started_at,
        due_at=row.due_at,
        overdue=each.overdue,
    )
