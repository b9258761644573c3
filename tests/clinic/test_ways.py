"""Lawful ways in: open to everyone, asking nothing, naming authorities and registers only."""

import json
import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session
from django.test import Client

from sojourn.exchange.registry.taking import take
from sojourn.ledger import triggers
from sojourn.protocols import jurisdiction as jurisdictions
from tests.exchange.studies import study

HOST = {"host": "127.0.0.1"}
PLACES = (("Basel", "Switzerland", "RECRUITING"), ("Perth", "Australia", "RECRUITING"))


def imported(tmp_path) -> None:
    path = tmp_path / "studies.json"
    many = [study(n, title=f"Care for PTSD, Part {n}", places=PLACES) for n in (1, 2)]
    many.append(study(3, status="NOT_YET_RECRUITING", title="Later Care for PTSD", places=PLACES))
    path.write_text(json.dumps({"studies": many}), encoding="utf-8")
    take(path)


@pytest.fixture
def read(db):
    def page(path: str, answer: int = 200, **query: str) -> str:
        response = Client(headers=HOST).get(path, query)
        assert response.status_code == answer
        assert not response.cookies
        return response.content.decode()

    return page


@pytest.mark.parametrize("code", jurisdictions.load_shipped())
def test_every_route_is_shown_with_its_authority_law_and_date(read, code):
    page = read(f"/ways/{code}/")
    known = jurisdictions.load_shipped()[code]
    for route in known.routes:
        assert (f'id="route-{route.key}"' in page) == route.treats
    assert "checked on 25 November 2026" in page
    assert "What is not lawful" in page
    assert Session.objects.count() == 0


@pytest.mark.parametrize("code", [*jurisdictions.load_shipped(), "BR", "NL"])
def test_links_lead_to_authorities_registers_and_this_site_only(read, code, tmp_path):
    imported(tmp_path)
    official = jurisdictions.places().official_hosts
    for url in re.findall(r'href="([^"]+)"', read(f"/ways/{code}/", where="anywhere")):
        host = urlsplit(url).hostname
        assert host is None or any(host == e or host.endswith(f".{e}") for e in official), url


def test_a_country_nobody_described_gets_no_guess(read):
    page = read("/ways/BR/")
    assert "No lawful route is known here" in page
    assert "That does not mean that there is no way" in page
    assert 'class="card route"' not in page


def test_a_member_of_the_union_is_told_whose_law_holds_and_what_is_only_advice(read):
    page = read("/ways/NL/")
    assert "In Netherlands the law of the European Union" in page
    assert "That is advice; no route outside trials is known here" in page


def test_what_was_not_verified_says_so(read):
    page = read("/ways/IL/")
    assert page.count('<span class="tag">unverified</span>') == 3  # the legend and two routes
    assert "Not known whether it is open" in page


def test_the_page_says_when_no_file_was_taken_in(read):
    assert "No file of a trial registry was taken in" in read("/ways/AU/")


def test_trials_are_shown_with_their_dates_and_the_age_of_the_file(read, tmp_path):
    imported(tmp_path)
    page = read("/ways/CH/")
    assert "2 trials." in page
    assert "Basel Hospital, Basel, Switzerland (recruiting)" in page
    assert "Perth" not in page.partition('class="trials"')[2]
    assert "Changed in the registry on 1 October 2026" in page
    assert "(today); the registry’s data were of 20 November 2026" in page

    assert "Later Care for PTSD" in read("/ways/CH/", status="soon")
    assert "No trial in the file fits" in read("/ways/CH/", city="Zürich")
    assert "No trial in the file fits" in read("/ways/CH/", condition="gout")
    assert "Perth Hospital" in read("/ways/CH/", where="Australia")
    assert "2 trials." in read("/ways/BR/", where="anywhere")


def test_a_trial_that_is_not_in_the_last_file_says_so(read, tmp_path):
    imported(tmp_path)
    assert "not in the last one" not in read("/ways/CH/")
    path = tmp_path / "later.json"
    path.write_text(json.dumps(study(1, title="Care for PTSD, Part 1", places=PLACES)))
    take(path)
    assert read("/ways/CH/").count("not in the last one") == 1


def test_what_is_typed_in_is_shown_as_text(read, tmp_path):
    imported(tmp_path)
    page = read("/ways/CH/", condition="<script>x</script>", city='"><b>', status="%", where="<i>")
    assert "<script>x" not in page
    assert "<b>" not in page.partition("<main")[2]
    assert "There is no country called" in read("/ways/", 404, country="<i>Nowhere")


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [("/ways/au/", "/ways/AU/"), ("/ways/?country=australia", "/ways/AU/"),
     ("/ways/UK/", "/ways/GB/"), ("/ways/?country=NZ", "/ways/NZ/")],
)  # fmt: skip
def test_a_country_is_found_by_its_code_or_name(db, path, leads_to):
    assert Client(headers=HOST).get(path).headers["Location"] == leads_to


def test_there_is_no_page_for_no_country(read):
    read("/ways/ZZ/", 404)


def test_nothing_can_be_sent_to_it(db):
    assert Client(headers=HOST).post("/ways/AU/", {"name": "x"}).status_code == 405


# --- in the browser ------------------------------------------------------------------------


@pytest.fixture
def open_page(transactional_db, live_server, chromium, tmp_path):
    from django.db import connection

    imported(tmp_path)
    contexts = []

    def opened(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        return context.new_page(), live_server.url

    yield opened
    for context in contexts:
        context.close()
    triggers.remove(connection)  # or the test's own database could not be emptied


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_small_phone_and_wcag_finds_nothing(open_page, scheme):
    page, url = open_page(color_scheme=scheme, viewport={"width": 320, "height": 700})
    for path in ("/ways/", "/ways/AU/", "/ways/CH/?where=anywhere", "/ways/BR/"):
        page.goto(url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.browser
def test_a_country_is_chosen_and_a_trial_found_by_keyboard_alone(open_page):
    page, url = open_page(java_script_enabled=False)
    page.goto(f"{url}/ways/")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "country":
        page.keyboard.press("Tab")
    page.keyboard.type("Switzerl")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ways/CH/")
    page.focus("#city")
    page.keyboard.type("basel")
    page.keyboard.press("Enter")
    page.wait_for_url("**city=basel*")
    assert page.locator(".trials li h3").count() == 2


@pytest.mark.browser
def test_it_prints_without_its_forms_and_with_the_addresses(open_page):
    page, url = open_page()
    page.goto(f"{url}/ways/AU/")
    page.emulate_media(media="print")
    assert not page.locator("form.search").first.is_visible()
    after = "getComputedStyle(document.querySelector('.facts a[href^=https]'), '::after').content"
    assert "https://" in page.evaluate(after) or "attr(href)" in page.evaluate(after)
