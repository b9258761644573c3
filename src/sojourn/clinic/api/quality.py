"""Reading the data's quality: queries, and what is verified against source."""

from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from sojourn.clinic import access
from sojourn.clinic.api.places import PROGRAMME
from sojourn.clinic.api.reads import PLAIN, Paged, Word, day_of, one_of, page, read
from sojourn.clinic.views import quality as quality_page
from sojourn.ledger.quality_rows import QueryRow

router = Router(tags=["quality"])


class QueryOut(Schema):
    """A query; null entry for a blinded rater."""

    participant: str
    query: str
    standing: str
    entry: int | None
    about: str
    visit: str
    question: str
    opened_by: str
    opened_on: date
    due_on: date
    last_said: str
    last_by: str
    last_on: date


class QueriesOut(Schema):
    """A page of queries, those due first."""

    queries: list[QueryOut]
    next_after: str


class QueriesAsked(Paged):
    """Which queries."""

    standing: one_of(*dict(quality_page.STANDINGS)) = "waiting"  # type: ignore[valid-type]
    search: str = Field("", max_length=32, pattern=PLAIN, description="How the number begins.")


class CheckedOut(Schema):
    """Of so many entries so many are verified against source."""

    named: str
    verified: int
    entries: int
    waiting_queries: int
    held: str = Field(description="'frozen' or 'locked'; empty when neither, and for a kind.")


class MonitoringOut(Schema):
    """How much is verified, by kind of entry and by participant."""

    by_kind: list[CheckedOut]
    by_participant: list[CheckedOut]


@read(router, PROGRAMME + "/queries", QueriesOut, "queries", asks=QueriesAsked)
def queries(request: HttpRequest, programme: Word, asked: Query[QueriesAsked]) -> Any:
    visitor = access.visitor(request, programme)
    rows = quality_page.rows_of(visitor, standing=asked.standing, search=asked.search)
    if asked.after:
        rows = rows.filter(_after_query(asked.after))
    shown, after = page(
        rows[: asked.limit + 1],
        asked.limit,
        lambda row: f"{row.due_on}|{row.participant}|{row.query}",
    )
    return QueriesOut(queries=[_query(visitor, each) for each in shown], next_after=after)


@read(router, PROGRAMME + "/monitoring", MonitoringOut, "monitoring")
def monitoring(request: HttpRequest, programme: Word) -> Any:
    found = quality_page.monitored(access.visitor(request, programme))
    return MonitoringOut(
        by_kind=[
            CheckedOut(named=kind, verified=seen, entries=of, waiting_queries=0, held="")
            for kind, _, seen, of in found["kinds"]
        ],
        by_participant=[
            CheckedOut(
                named=row.participant,
                verified=done[0] if done else 0,
                entries=done[1] if done else 0,
                waiting_queries=waiting,
                held=hold.state if hold else "",
            )
            for row, done, waiting, hold in found["people"]
        ],
    )


def _query(visitor: access.Visitor, row: QueryRow) -> QueryOut:
    told = QueryOut.from_orm(row)
    # A rater learns from no number how much others have written.
    return told if visitor.sees_course else told.model_copy(update={"entry": None})


def _after_query(after: str) -> Q:
    on, (_, participant, key) = day_of(after), after.split("|")
    return Q(due_on__gt=on) | Q(due_on=on) & (
        Q(participant__gt=participant) | Q(participant=participant, query__gt=key)
    )
