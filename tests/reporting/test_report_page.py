"""The page of the latest report: who gets which, and what is written down."""

import pytest
from django.test import Client

from sojourn import reporting
from sojourn.clinic import report_runs
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.ledger.read import read_stream, version
from tests.reporting.conftest import STATISTICIAN


@pytest.fixture
def shelved(both, settings, tmp_path):
    """Both reports on the site's shelf."""
    Member.objects.bulk_create(Member(username=name, role=role) for name, role in ACCOUNTS)
    blinded, opened = both
    # The seal's key lies in the site's home: it moves only once the reports are made.
    settings.HOME = tmp_path
    reporting.write(blinded, reporting.shelf("demo", blinded=True))
    reporting.write(opened, reporting.shelf("demo", blinded=False))


@pytest.fixture
def at_once(planned, monkeypatch, tmp_path):
    """Runs end within the request that began them, and lie on a shelf of this test's own."""
    Member.objects.bulk_create(Member(username=name, role=role) for name, role in ACCOUNTS)
    monkeypatch.setattr(report_runs, "_begin", lambda work: work())
    monkeypatch.setattr(report_runs, "_path", lambda key, kind: tmp_path / f"{key}-{kind}.json")
    monkeypatch.setattr(
        reporting, "shelf",
        lambda key, *, blinded: tmp_path / "reports" / key / ("blinded" if blinded else "opened"),
    )  # fmt: skip


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


def test_others_get_the_blinded_report_alone_and_raters_none(shelved):
    for username in ("therapist", "monitor", "lead", "pharmacist"):
        client = signed_in(username)
        assert "By arm" not in client.get("/demo/report/").content.decode()
        answer = client.post("/demo/report/blinded.html")
        assert answer.status_code == 200
        assert b"placebo" not in answer.content.lower()
        refused = client.post("/demo/report/opened.html", {"purpose": "curious about it"})
        assert refused.status_code == 403
    for username in ("rater", "fidelity"):
        client = signed_in(username)
        assert client.get("/demo/report/").status_code == 403
        assert client.post("/demo/report/blinded.html").status_code == 403


def test_a_report_made_from_the_page_has_the_bytes_of_the_command_line(planned, at_once):
    opened = reporting.shelf(planned, blinded=False)
    client = signed_in("statistician")
    assert "None has been made yet" in client.get("/demo/report/").content.decode()
    before = version("openings:demo")
    refused = client.post("/demo/report/opened/make/", {"purpose": "x"}, follow=True)
    assert "Say in a few words" in refused.content.decode()
    assert version("openings:demo") == before

    client.post("/demo/report/opened/make/", {"purpose": "final analysis"})
    assert version("openings:demo") == before + 1
    assert report_runs.run_of(planned, "opened").state == "done"
    direct = reporting.files(reporting.make(reporting.Wish(planned), STATISTICIAN))
    assert {name: (opened / name).read_bytes() for name in direct} == direct

    client.post("/demo/report/blinded/make/")
    blinded = reporting.files(reporting.make(reporting.Wish(planned, blinded=True), STATISTICIAN))
    shelf = reporting.shelf(planned, blinded=True)
    assert {name: (shelf / name).read_bytes() for name in blinded} == blinded


def test_while_one_is_made_the_page_shows_how_far_it_is(planned, at_once, monkeypatch):
    seen = []
    client = signed_in("lead")
    make = reporting.make

    def watched(wish, by, progress):
        def told(done, of):
            progress(done, of)
            seen.append(client.get("/demo/report/blinded/run/").content.decode())
            # A second asking while the first goes on begins nothing.
            client.post("/demo/report/blinded/make/")

        return make(wish, by, told)

    monkeypatch.setattr(reporting, "make", watched)
    client.post("/demo/report/blinded/make/")
    assert any("Reading the record" in each or "Computing" in each for each in seen)
    assert 'hx-trigger="every 1s"' in seen[-1]
    done = client.get("/demo/report/blinded/run/").content.decode()
    assert "Download HTML" in done
    assert "hx-trigger" not in done


def test_others_make_the_blinded_report_alone_and_raters_none(planned, at_once):
    for username in ("therapist", "monitor"):
        client = signed_in(username)
        assert (
            client.post("/demo/report/opened/make/", {"purpose": "a closer look"}).status_code
            == 403
        )
        assert client.get("/demo/report/opened/run/").status_code == 403
    assert signed_in("rater").post("/demo/report/blinded/make/").status_code == 403
    assert report_runs.run_of(planned, "blinded") is None
    assert version("openings:demo") == 0


def test_a_run_that_fell_silent_or_failed_says_so(planned, at_once, monkeypatch):
    client = signed_in("lead")

    def failing(*_):
        raise ArithmeticError("no")

    monkeypatch.setattr(reporting, "make", failing)
    with pytest.raises(ArithmeticError):
        client.post("/demo/report/blinded/make/")
    assert "the server has logged why" in client.get("/demo/report/").content.decode()


def test_before_one_is_made_the_page_says_how(planned, settings, tmp_path):
    Member.objects.create(username="lead", role="sponsor")
    settings.HOME = tmp_path
    client = signed_in("lead")
    assert "sojourn report demo --blinded" in client.get("/demo/report/").content.decode()
    assert client.post("/demo/report/blinded.pdf").status_code == 404
