"""What the authorities must be told about a programme, when it is due, and that it was sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import Authorisation, Programme, SentReport
from sojourn.protocols.jurisdiction import AuthorityReport
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class RecordAuthorityReport:
    name: ClassVar[str] = "programme.record-authority-report"
    title: ClassVar[str] = "Record that a report was sent to an authority"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("sponsor",)

    at: Annotated[datetime, Ask("Sent at")]
    reference: Annotated[str, Ask("Authorisation", choices_from="reported-authorisations")]
    report: Annotated[str, Ask("Report", choices_from="authority-reports")]
    period_ends: Annotated[date, Ask("Last day of the period it covers")]
    receipt: Annotated[
        str, Ask("Receipt", help="The authority's number or answer.", optional=True)
    ] = ""
    document_digest: Annotated[
        str, Ask("SHA-256 of the report", help="64 digits 0-9 a-f.", optional=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class AuthorityReportSent:
    kind: ClassVar[str] = "programme.authority-report-sent"
    schema: ClassVar[int] = 1
    reference: str
    report: str
    period_ends: date
    receipt: str
    document_digest: str


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """One period of one report: what is demanded, until when, and whether it was sent."""

    reference: str
    report: AuthorityReport
    starts: date
    ends: date
    reportable_from: date  # the period is over, or the authorisation is
    due_on: date
    sent_on: date | None = None

    def standing(self, on: date) -> str:
        """One of sent, running, due and overdue, on that day."""
        if self.sent_on:
            return "sent"
        if on < self.reportable_from:
            return "running"
        return "overdue" if on > self.due_on else "due"


def periods(programme: Programme, protocol: Protocol, on: date) -> tuple[ReportPeriod, ...]:
    """Every period begun by that day in which an authorisation held for a day or more, by due day.

    Reports that follow an event are not here; they are due from the event itself.
    """
    kinds = {each.key: each for each in protocol.authorisations}
    found = [
        period
        for authorisation in programme.authorisations
        if authorisation.authorisation_kind in kinds
        for report in kinds[authorisation.authorisation_kind].reports
        if report.every != "event"
        for period in _periods(programme, authorisation, report, on)
    ]
    return tuple(sorted(found, key=lambda each: (each.due_on, each.reference)))


def unsent(programme: Programme, protocol: Protocol, on: date) -> tuple[ReportPeriod, ...]:
    """Reports that can be sent by that day and were not, the longest due first."""
    return tuple(
        each for each in periods(programme, protocol, on) if each.standing(on) in ("due", "overdue")
    )


def send(
    programme: Programme, command: RecordAuthorityReport, protocol: Protocol
) -> tuple[Fact, ...]:
    on = command.at.date()
    known = [
        each for each in periods(programme, protocol, on) if each.reference == command.reference
    ]
    if not known:
        raise Refused(
            f"authorisation '{command.reference}' demands no regular report by {on}", "reference"
        )
    mine = [each for each in known if each.report.key == command.report]
    if not mine:
        names = ", ".join(dict.fromkeys(each.report.key for each in known))
        raise Refused(f"'{command.report}' is none of its reports: {names}", "report")
    period = next((each for each in mine if each.ends == command.period_ends), None)
    if period is None:
        days = ", ".join(str(each.ends) for each in mine if each.standing(on) != "sent")
        raise Refused(
            f"no period of it ends on {command.period_ends}; periods not sent end on: "
            f"{days or 'none'}",
            "period_ends",
        )
    if period.sent_on:
        raise Refused(f"it was sent on {period.sent_on} already", "period_ends")
    if on < period.reportable_from:
        raise Refused(
            f"the period runs until {period.ends}; send the report when it is over", "period_ends"
        )
    digest = digest_of(command.document_digest, "document_digest")
    return (
        AuthorityReportSent(
            command.reference, command.report, command.period_ends, command.receipt.strip(), digest
        ),
    )


def sent(programme: Programme, fact: AuthorityReportSent, entry: Entry) -> Programme:
    made = SentReport(
        fact.reference, fact.report, fact.period_ends, entry.occurred_at.date(), fact.receipt
    )
    return replace(programme, sent_reports=(*programme.sent_reports, made))


def _periods(
    programme: Programme, authorisation: Authorisation, report: AuthorityReport, on: date
) -> Iterator[ReportPeriod]:
    last = authorisation.last_day
    if authorisation.valid_from > on or (last is not None and last < authorisation.valid_from):
        return
    number = 0
    while True:
        starts, ends = _span(authorisation.valid_from, report, number)
        if starts > on or (last is not None and starts > last):
            return
        over = ends if last is None else min(ends, last)
        due_on = ends + timedelta(days=report.within_days or 0)
        yield ReportPeriod(
            authorisation.reference,
            report,
            starts,
            ends,
            over + timedelta(days=1),
            due_on,
            _sent_on(programme, authorisation.reference, report.key, ends),
        )
        number += 1


def _span(since: date, report: AuthorityReport, number: int) -> tuple[date, date]:
    """First and last day of the period of that number, from 0."""
    months = 6 if report.every == "half-year" else 12
    if report.counted_from == "calendar":
        first = date(since.year, 1 if months == 12 or since.month <= 6 else 7, 1)
    else:
        first = since
    return (
        _months_later(first, months * number),
        _months_later(first, months * (number + 1)) - timedelta(days=1),
    )


def _months_later(day: date, months: int) -> date:
    """The same day of a later month; the 29th of February becomes the 1st of March."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    try:
        return day.replace(year=year, month=month + 1)
    except ValueError:
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)


def _sent_on(programme: Programme, reference: str, report: str, ends: date) -> date | None:
    return next(
        (
            each.sent_on
            for each in programme.sent_reports
            if (each.reference, each.report, each.period_ends) == (reference, report, ends)
        ),
        None,
    )


DECIDE: Mapping[type, Any] = {RecordAuthorityReport: send}
EVOLVE: Mapping[type, Any] = {AuthorityReportSent: sent}
