"""The lead keeps the legal ground in order: warned in time, told what is owed, set right."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from sojourn.clinic import grounds
from sojourn.clinic.models import Member
from sojourn.conduct.authorisation import FoundProgramme, RecordAuthorisation
from sojourn.conduct.programme import Authorisation
from sojourn.ledger import programmes, triggers
from sojourn.ledger.models import Head
from sojourn.protocols import shipped_text

LEAD = {"author": "lead", "role": "sponsor"}
NOW = datetime.now(UTC)
TODAY = NOW.date()
DIGEST = "ab" * 32
UNTIL = date(2026, 12, 31)


@pytest.mark.parametrize(
    ("left", "begins"),
    [
        (90, "Authorisation IND 1 ends in 90 days, on 31 December 2026. After that day nobody"),
        (31, "Authorisation IND 1 ends in 31 days"),
        (30, "Renew it now: Authorisation IND 1 ends in 30 days"),
        (8, "Renew it now: "),
        (7, "Urgent: Authorisation IND 1 ends in 7 days"),
        (1, "Urgent: Authorisation IND 1 ends in 1 day, on 31 December 2026"),
        (0, "Urgent: Authorisation IND 1 ends today"),
        (-1, "Authorisation IND 1 ended on 31 December 2026. Nobody is dosed and nobody new is"),
    ],
)
def test_the_words_change_90_30_and_7_days_before_the_end(left, begins):
    authorisation = Authorisation("IND 1", "us-ind", "US", date(2026, 1, 1), UNTIL)
    words = grounds.ending_in_words(authorisation, UNTIL - timedelta(days=left))
    assert words.startswith(begins)
    assert "follow-up go on" in words


def found(kind="au-authorised-prescriber", since=date(2026, 1, 1), until=None, **rest) -> None:
    at = datetime(since.year, since.month, since.day, 9, tzinfo=UTC)
    programmes.found("ours", shipped_text("mdma-ptsd"), FoundProgramme(at, "Ours"), **LEAD)
    command = RecordAuthorisation(at, "AP 7", kind, since, until, **rest)
    programmes.execute("ours", command, **LEAD)


@pytest.fixture
def page(db):
    def of(role: str = "sponsor"):
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(Member.objects.create(username=role, role=role))
        return client

    return of


def test_what_is_owed_stands_on_today_for_the_lead_and_is_recorded_from_there(page):
    since = TODAY - timedelta(days=500)
    found(kind="us-ind", since=since)
    client = page()
    today = client.get("/ours/").content.decode()
    assert "Annual report to Food and Drug Administration" in today
    assert "overdue: was due on" in today
    assert "Annual report" not in page("therapist").get("/ours/").content.decode()

    ends = since.replace(year=since.year + 1) - timedelta(days=1)
    address = "/ours/programme/do/programme.record-authority-report/"
    form = client.get(address, {"reference": "AP 7", "report": "annual", "period_ends": ends})
    assert f'value="{ends}"' in form.content.decode()
    version = programmes.load("ours").programme.version
    values = {"version": version, "at": f"{NOW:%Y-%m-%dT%H:%M}", "reference": "AP 7",
              "report": "annual", "period_ends": ends, "receipt": "R-1"}  # fmt: skip
    refused = client.post(address, {**values, "period_ends": TODAY})
    assert refused.status_code == 422
    assert f"no period of it ends on {TODAY}" in refused.content.decode()

    assert client.post(address, values).status_code == 302
    assert "Annual report" not in client.get("/ours/").content.decode()
    assert "sent on" in client.get("/ours/programme/").content.decode()


def test_an_end_in_sight_stands_on_today_for_the_lead_and_on_the_programme_page(page):
    found(kind="us-ind", since=TODAY - timedelta(days=60), until=TODAY + timedelta(days=25))
    client = page()
    for path in ("/ours/", "/ours/programme/"):
        assert (
            "Renew it now: Authorisation AP 7 ends in 25 days" in client.get(path).content.decode()
        )
    assert "Renew it now" not in page("coordinator").get("/ours/").content.decode()


def test_the_programme_page_shows_everything_that_stands_on_the_paper(page):
    found(until=TODAY + timedelta(days=200), sites="Perth\nSydney", scope="Up to 20 people",
          document_digest=DIGEST, filed_at="Site file 3.1")  # fmt: skip
    text = page("monitor").get("/ours/programme/").content.decode()
    for part in ("Authorised Prescriber approval", "in force, 200 days left", "AP 7", DIGEST,
                 "au-authorised-prescriber", "Therapeutic Goods Administration", "Perth, Sydney",
                 "Up to 20 people", "Site file 3.1", "Six-monthly report of patients treated",
                 "Adverse events and product defects"):  # fmt: skip
        assert part in text, part


# --- in the browser ------------------------------------------------------------------------


@pytest.fixture
def lead(transactional_db, live_server, chromium):
    from django.db import connection

    Head.objects.get_or_create(id=1, defaults={"position": 0, "hash": ""})
    triggers.remove(connection)
    triggers.install(connection)
    found()
    Member.objects.create(username="lead", role="sponsor", password=make_password("calm-room-7"))
    context = chromium.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(f"{live_server.url}/account/login/")
    page.fill("#id_login", "lead")
    page.fill("#id_password", "calm-room-7")
    page.keyboard.press("Enter")
    page.wait_for_selector(".who")
    page.goto(f"{live_server.url}/ours/programme/do/programme.record-authorisation/")
    yield page
    context.close()
    triggers.remove(connection)


def fill(page, **values: str) -> None:
    plain = {"reference": "AP 8", "valid_from": "2026-02-01", "valid_until": "2029-01-31",
             "document_digest": DIGEST}  # fmt: skip
    for name, value in {**plain, **values}.items():
        page.fill(f"[name={name}]", value)
    page.select_option("[name=authorisation_kind]", "au-authorised-prescriber")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"valid_until": "2026-03-01"}, "it ended on 2026-03-01; record the one that is in force"),
        ({"valid_until": "2025-03-01"}, "2025-03-01 lies before 2026-02-01"),
        ({"valid_from": "2023-06-30"}, "2023-06-30 lies before 2023-07-01, when the law"),
        ({"document_digest": "abc123"}, "'abc123' is no SHA-256; it has 64 digits 0-9 a-f"),
        ({"reference": "AP 7"}, "authorisation 'AP 7' is recorded already"),
    ],
)
def test_a_wrong_paper_is_told_beside_its_field_and_nothing_is_written(lead, values, told):
    before = programmes.load("ours").programme.version
    fill(lead, **values)
    lead.click("main button")
    lead.wait_for_selector(".errorlist")
    field = lead.locator(f".field:has([name={next(iter(values))}])")
    assert told in field.inner_text()
    assert lead.input_value("[name=reference]") == values.get("reference", "AP 8")
    assert programmes.load("ours").programme.version == before


@pytest.mark.browser
def test_an_unknown_kind_is_refused_even_when_the_page_is_bent(lead):
    fill(lead)
    lead.evaluate(
        """() => {
          const select = document.querySelector('[name=authorisation_kind]');
          select.options[1].value = 'my-own-idea'; select.selectedIndex = 1;
        }"""
    )
    lead.click("main button")
    lead.wait_for_selector(".errorlist")
    assert "my-own-idea" in lead.inner_text("main")


@pytest.mark.browser
def test_a_right_paper_is_recorded_and_shown_on_a_small_phone(lead):
    fill(lead)
    lead.click("main button")
    lead.wait_for_selector(".messages li")
    assert "AP 8" in lead.inner_text("main")
    assert DIGEST in lead.inner_text("main")
    assert lead.evaluate("document.documentElement.scrollWidth") <= 320
