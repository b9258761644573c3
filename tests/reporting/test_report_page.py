"""The page of the latest report: who gets which, and what is written down."""

import pytest
from django.test import Client

from sojourn import reporting
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.ledger.read import read_stream, version
from tests.reporting.conftest import STATISTICIAN


@pytest.fixture
def shelved(planned, settings, tmp_path):
    """Both reports on the site's shelf."""
    Member.objects.bulk_create(Member(username=name, role=role) for name, role in ACCOUNTS)
    blinded = reporting.make(reporting.Wish(planned, blinded=True), STATISTICIAN)
    opened = reporting.make(reporting.Wish(planned), STATISTICIAN)
    # The seal's key lies in the site's home: it moves only once the reports are made.
    settings.HOME = tmp_path
    reporting.write(blinded, reporting.shelf(planned, blinded=True))
    reporting.write(opened, reporting.shelf(planned, blinded=False))


def signed_in(username: str) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Member.objects.get(username=username))
    return client


def test_the_statistician_opens_the_report_by_arm_and_that_is_on_the_record(shelved):
    client = signed_in("statistician")
    assert "By arm" in client.get("/demo/report/").content.decode()
    before = version("openings:demo")
    answer = client.post("/demo/report/opened.pdf", {"purpose": "final analysis"})
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    last = read_stream("openings:demo")[-1]
    assert version("openings:demo") == before + 1
    assert (last.author, last.fact.purpose) == ("statistician", "final analysis")


def test_without_a_purpose_nothing_is_handed_out(shelved):
    before = version("openings:demo")
    answer = signed_in("statistician").post("/demo/report/opened.html", {"purpose": "x"})
    assert answer.status_code == 302
    assert version("openings:demo") == before


@pytest.mark.parametrize("username", ["therapist", "monitor", "lead", "pharmacist"])
def test_others_get_the_blinded_report_alone(shelved, username):
    client = signed_in(username)
    assert "By arm" not in client.get("/demo/report/").content.decode()
    answer = client.post("/demo/report/blinded.html")
    assert answer.status_code == 200
    assert b"placebo" not in answer.content.lower()
    refused = client.post("/demo/report/opened.html", {"purpose": "curious about it"})
    assert refused.status_code == 403


@pytest.mark.parametrize("username", ["rater", "fidelity"])
def test_raters_get_none(shelved, username):
    client = signed_in(username)
    assert client.get("/demo/report/").status_code == 403
    assert client.post("/demo/report/blinded.html").status_code == 403


def test_before_one_is_made_the_page_says_how(planned, settings, tmp_path):
    Member.objects.create(username="lead", role="sponsor")
    settings.HOME = tmp_path
    client = signed_in("lead")
    assert "sojourn report demo --blinded" in client.get("/demo/report/").content.decode()
    assert client.post("/demo/report/blinded.pdf").status_code == 404
