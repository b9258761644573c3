"""What the authorities are owed: half-years in Australia, years of an IND, and what was sent."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn import conduct, protocols
from sojourn.conduct import Refused
from sojourn.conduct.authorisation import FoundProgramme, RecordAuthorisation, RevokeAuthorisation
from sojourn.conduct.programme import Programme
from sojourn.conduct.reporting import RecordAuthorityReport, periods, unsent
from sojourn.record.entry import Entry

MDMA = protocols.load_shipped("mdma-ptsd")


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


@dataclass
class Office:
    programme: Programme = field(default_factory=Programme)

    def ask(self, command, role="sponsor"):
        facts = conduct.decide(
            self.programme, command, MDMA, author="lead", role=role, now=at(date.max)
        )
        for fact in facts:
            sequence = self.programme.version + 1
            entry = Entry("programme:x", sequence, fact, command.at, command.at, "lead", role)
            self.programme = conduct.evolve(self.programme, entry)
        return self

    def authorised(self, kind, since, until=None, reference="A 1", sites=""):
        if not self.programme.protocol:
            self.ask(FoundProgramme(at(since), "Ours"))
        command = RecordAuthorisation(at(since), reference, kind, since, until, sites=sites)
        return self.ask(command)

    def sent(self, on, period_ends, report="six-monthly", reference="A 1", **rest):
        return self.ask(RecordAuthorityReport(at(on), reference, report, period_ends, **rest))

    def owed(self, on):
        return [
            (each.report.key, each.ends, each.due_on, each.standing(on))
            for each in unsent(self.programme, MDMA, on)
        ]


AUSTRALIA = "au-authorised-prescriber"


def test_an_australian_half_year_is_due_a_month_after_it_ends():
    office = Office().authorised(AUSTRALIA, date(2026, 3, 10))
    june, july = date(2026, 6, 30), date(2026, 7, 31)

    assert office.owed(june) == []
    assert office.owed(date(2026, 7, 1)) == [("six-monthly", june, july, "due")]
    assert office.owed(july) == [("six-monthly", june, july, "due")]
    assert office.owed(date(2026, 8, 1)) == [("six-monthly", june, july, "overdue")]


def test_the_second_half_year_is_due_at_the_end_of_january():
    office = Office().authorised(AUSTRALIA, date(2026, 7, 1))
    assert office.owed(date(2027, 1, 5)) == [
        ("six-monthly", date(2026, 12, 31), date(2027, 1, 31), "due")
    ]


def test_an_ind_reports_within_60_days_of_each_anniversary():
    office = Office().authorised("us-ind", date(2025, 2, 10))
    assert office.owed(date(2026, 2, 9)) == []
    assert office.owed(date(2026, 2, 10)) == [
        ("annual", date(2026, 2, 9), date(2026, 4, 10), "due")
    ]
    assert len(office.owed(date(2027, 3, 1))) == 2


def test_a_report_that_was_sent_is_owed_no_more_and_not_sent_twice():
    office = Office().authorised(AUSTRALIA, date(2026, 3, 10))
    office.sent(date(2026, 7, 6), date(2026, 6, 30), receipt="R-77")

    assert office.owed(date(2026, 12, 1)) == []
    assert office.programme.sent_reports[0].receipt == "R-77"
    with pytest.raises(Refused, match="it was sent on 2026-07-06 already"):
        office.sent(date(2026, 7, 9), date(2026, 6, 30))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"period_ends": date(2026, 6, 29)}, "periods not sent end on: 2026-06-30, 2026-12-31"),
        ({"period_ends": date(2026, 12, 31)}, "the period runs until 2026-12-31; send the report"),
        ({"report": "annual"}, "'annual' is none of its reports: six-monthly"),
        ({"reference": "B 2"}, "authorisation 'B 2' demands no regular report"),
        ({"document_digest": "abc"}, "'abc' is no SHA-256"),
    ],
)
def test_a_report_nobody_asked_for_is_refused_with_the_mend(given, message):
    office = Office().authorised(AUSTRALIA, date(2026, 3, 10))
    with pytest.raises(Refused, match=message):
        office.sent(date(2026, 7, 6), **{"period_ends": date(2026, 6, 30), **given})


def test_the_last_part_of_a_period_is_reported_once_the_authorisation_has_ended():
    office = Office().authorised(AUSTRALIA, date(2026, 1, 1))
    office.ask(RevokeAuthorisation(at(date(2026, 3, 2)), "A 1", "the site closes"))

    assert office.owed(date(2026, 3, 2)) == [
        ("six-monthly", date(2026, 6, 30), date(2026, 7, 31), "due")
    ]
    assert len(periods(office.programme, MDMA, date(2030, 1, 1))) == 1


def test_an_authorisation_that_was_never_in_force_owes_nothing():
    office = Office().authorised(AUSTRALIA, date(2026, 1, 1), reference="A 0")
    office.ask(RecordAuthorisation(at(date(2026, 1, 5)), "A 2", AUSTRALIA, date(2026, 5, 1)))
    office.ask(RevokeAuthorisation(at(date(2026, 4, 1)), "A 2", "not taken up"))
    found = periods(office.programme, MDMA, date(2026, 12, 1))
    assert {each.reference for each in found} == {"A 0"}


def test_only_the_lead_records_it():
    office = Office().authorised(AUSTRALIA, date(2026, 3, 10))
    command = RecordAuthorityReport(at(date(2026, 7, 6)), "A 1", "six-monthly", date(2026, 6, 30))
    with pytest.raises(Refused, match="not for a therapist"):
        office.ask(command, role="therapist")


@given(
    st.dates(date(2023, 7, 1), date(2032, 12, 31)),
    st.integers(0, 3000),
    st.sampled_from([AUSTRALIA, "us-ind"]),
)
def test_periods_follow_each_other_without_a_gap_and_reach_today(since, later, kind):
    on = since + timedelta(days=later)
    found = periods(Office().authorised(kind, since).programme, MDMA, on)
    assert found[0].starts <= since <= found[0].ends
    assert found[-1].starts <= on <= found[-1].ends
    for earlier, following in pairwise(found):
        assert following.starts - earlier.ends == timedelta(days=1)
        assert earlier.due_on < following.due_on


# --- authorisations that end ---------------------------------------------------------------


def test_an_authorisation_is_told_of_from_90_days_before_its_end_until_another_holds():
    until = date(2026, 12, 31)
    office = Office().authorised("us-ind", date(2026, 1, 1), until, "IND 1")
    assert office.programme.ending(until - timedelta(days=91)) == ()
    assert [e.reference for e in office.programme.ending(until - timedelta(days=90))] == ["IND 1"]
    assert [e.reference for e in office.programme.ending(until + timedelta(days=40))] == ["IND 1"]

    office.authorised("us-ind", date(2026, 11, 1), date(2028, 1, 1), "IND 2")
    assert office.programme.ending(until - timedelta(days=9)) == ()


def test_an_authorisation_of_another_site_replaces_nothing():
    until = date(2026, 12, 31)
    office = Office().authorised("us-ind", date(2026, 1, 1), until, "IND 1", sites="Basel")
    office.authorised("us-ind", date(2026, 1, 1), date(2030, 1, 1), "IND 2", sites="Bern")
    on = until - timedelta(days=30)
    assert [each.reference for each in office.programme.ending(on)] == ["IND 1"]
    assert office.programme.running_out(on) == (("Authorisation IND 1", until),)


@pytest.mark.parametrize(
    ("on", "site", "why"),
    [
        (date(2026, 5, 1), "Basel", ""),
        (date(2026, 5, 1), "Bern", "the authorisation in force on 2026-05-01 covers Basel, not"),
        (date(2027, 1, 1), "Basel", "authorisation IND 1 ended on 2026-12-31"),
        (date(2025, 5, 1), "Basel", "no legal authorisation is in force on 2025-05-01"),
    ],
)
def test_why_a_site_has_no_authorisation_is_said(on, site, why):
    office = Office().authorised("us-ind", date(2026, 1, 1), date(2026, 12, 31), "IND 1", "Basel")
    told = office.programme.unauthorised(on, site)
    assert told.startswith(why)
    assert bool(told) == bool(why)


def test_what_was_in_force_before_a_revocation_stays_so_for_those_days():
    office = Office().authorised("us-ind", date(2026, 1, 1))
    office.ask(RevokeAuthorisation(at(date(2026, 3, 2)), "A 1", "clinical hold"))
    assert office.programme.authorisation(date(2026, 3, 1)) is not None
    assert office.programme.authorisation(date(2026, 3, 2)) is None


def test_a_law_not_yet_in_force_is_no_ground():
    with pytest.raises(Refused, match="2023-06-30 lies before 2023-07-01, when the law"):
        Office().authorised(AUSTRALIA, date(2023, 6, 30))
