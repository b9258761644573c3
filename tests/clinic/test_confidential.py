"""What a participant reports in confidence leaves no trace where the team can look."""

from datetime import UTC, datetime

import pytest

from sojourn.clinic.demo import PROGRAMME
from sojourn.conduct.confidential import AnswerConfidentialReport, ReportConfidentially
from sojourn.ledger import confidential
from sojourn.ledger.desk import Person
from sojourn.ledger.rebuild import fingerprint, rebuild
from sojourn.ledger.rows import ConfidentialRow
from sojourn.record.command import Refused

TEXT = "zzq he asked to meet alone"
PARTICIPANT, LEAD = Person("P-101", "participant"), Person("lead", "sponsor")


def now() -> datetime:
    return datetime.now(UTC)


def made(key: str = ""):
    command = ReportConfidentially(now(), "boundary-violation", TEXT)
    return confidential.execute(PROGRAMME, command, PARTICIPANT, key=key)


def test_the_team_sees_the_same_pages_as_before(desk, in_progress):
    team = [desk(name) for name in ("therapist", "prescriber", "rater", "pharmacist")]
    paths = ("", "participants/", f"participants/{in_progress}/", "programme/", "outcomes/")
    before = [len(each.get(path).content) for each in team for path in paths]
    made()
    pages = [each.get(path) for each in team for path in paths]
    assert not any(b"zzq" in page.content for page in pages)
    # Tokens against forgery are of one length, so that equal lengths mean equal pages.
    assert [len(page.content) for page in pages] == before


def test_the_programme_lead_reads_and_closes_it(programme):
    made()
    *staged, report = confidential.reports(PROGRAMME, LEAD).open
    assert (report.text, report.by) == (TEXT, "P-101")
    assert confidential.own(PROGRAMME, PARTICIPANT) == (report,)
    with pytest.raises(Refused, match="can't read confidential reports"):
        confidential.reports(PROGRAMME, Person("therapist", "therapist"))
    rows = fingerprint()
    rebuild()
    assert fingerprint() == rows
    answer = AnswerConfidentialReport(now(), report.key, "looked into by the ethics board")
    confidential.execute(PROGRAMME, answer, LEAD)
    assert ConfidentialRow.objects.count() == len(staged)


def test_a_retry_reports_once(programme):
    first = made("key-1")
    assert made("key-1") == first
    assert ConfidentialRow.objects.filter(category="boundary-violation").count() == 1
