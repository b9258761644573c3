"""A report past the treating team reaches those who oversee the site and nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from sojourn.conduct import blinding, confidential
from sojourn.conduct.confidential import (
    AnswerConfidentialReport,
    ConfidentialReportMade,
    ReportConfidentially,
    Reports,
)
from sojourn.record.command import Refused
from sojourn.record.entry import Entry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEAM = ("therapist", "prescriber", "coordinator", "pharmacist", "statistician", "participant")


def reported() -> Reports:
    facts = confidential.decide(
        Reports(), report(), role="participant", now=NOW + timedelta(minutes=1)
    )
    return confidential.evolve(
        Reports(), Entry("confidential:p", 1, facts[0], NOW, NOW, "P-101", "participant")
    )


def report(text: str = "He held my hand when I said no.") -> ReportConfidentially:
    return ReportConfidentially(NOW, "boundary-violation", text)


def test_a_report_stays_open_until_an_overseer_says_what_was_done():
    reports = reported()
    assert [(each.by, each.about.split(":")[0]) for each in reports.open] == [
        ("P-101", "A boundary was crossed")
    ]
    answer = AnswerConfidentialReport(NOW, "report-1", "therapist suspended, ethics told")
    (fact,) = confidential.decide(reports, answer, role="sponsor", now=NOW)
    after = confidential.evolve(
        reports, Entry("confidential:p", 2, fact, NOW, NOW, "lead", "sponsor")
    )
    assert not after.open
    with pytest.raises(Refused, match="was acted on"):
        confidential.decide(after, answer, role="monitor", now=NOW)


@pytest.mark.proves("concerns-in-confidence")
@pytest.mark.parametrize("role", ["therapist", "prescriber", "coordinator", "participant"])
def test_nobody_on_the_team_closes_a_report(role):
    answer = AnswerConfidentialReport(NOW, "report-1", "spoke with him, all is well")
    with pytest.raises(Refused, match="not for a"):
        confidential.decide(reported(), answer, role=role, now=NOW)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (report("   "), "say in your own words"),
        (ReportConfidentially(NOW, "gossip", "text"), "is not one of"),
        (AnswerConfidentialReport(NOW, "report-9", "looked into it"), "there is no confidential"),
        (AnswerConfidentialReport(NOW, "report-1", "ok"), "say in a few words"),
        (ReportConfidentially(NOW + timedelta(days=1), "care", "text"), "still to come"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_mend(command, message):
    with pytest.raises(Refused, match=message):
        confidential.decide(reported(), command, role="monitor", now=NOW)


@pytest.mark.proves("concerns-in-confidence")
@pytest.mark.parametrize("role", [*TEAM, "independent-rater", "fidelity-rater"])
def test_no_role_that_treats_or_rates_may_see_the_entry(role):
    assert not blinding.may_see(role, ConfidentialReportMade.kind)
    assert not blinding.may_read_confidential(role)


@pytest.mark.parametrize("role", ["sponsor", "monitor"])
def test_those_who_oversee_the_site_see_it(role):
    assert blinding.may_see(role, ConfidentialReportMade.kind)
