"""Need, capacity and cost for those who decide: open to everyone, plain, with its law first."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client

from sojourn.clinic.views.population import MOVED
from sojourn.design.population.capacity import flow
from sojourn.design.population.model import shipped_population
from sojourn.ledger import triggers

HOST = {"host": "127.0.0.1"}


@pytest.fixture
def read(db):
    def page(answer: int = 200, **query: str) -> str:
        response = Client(headers=HOST).get("/population/", query)
        assert response.status_code == answer
        assert not response.cookies
        return response.content.decode()

    return page


def test_the_law_comes_first_and_every_input_with_its_mark(read):
    page = read()
    assert page.index("not approved in the United States") < page.index("In short")
    model = shipped_population()
    for each in model.inputs.values():
        assert each.label.replace("&", "&amp;") in page
    assert page.count('class="tag">unverified') > 20
    assert "does not agree" in page


def test_the_numbers_are_those_of_the_model(read):
    page, found = read(), flow(shipped_population())
    assert f"<strong>{found.cleared} years</strong>" in page
    assert f"{round(found.steps[-1].people):,}" in page
    assert f"{round(found.years[2].treated):,}" in page


def test_an_assumption_that_was_moved_changes_the_answer_and_is_named(read):
    page = read(**{"therapists-trained": "500"})
    ours = flow(shipped_population().with_values({"therapists-trained": 500}))
    assert f"<strong>{ours.cleared} years</strong>" in page
    assert "Moved: Trained in the first year." in page


def test_what_no_slider_allows_is_refused_with_its_bounds(read):
    page = read(400, relapse="80")
    assert "Relapse each year is &#x27;80&#x27;; a number from 0 to 30." in page
    assert "Relapse each year is &#x27;&lt;b&gt;" in read(400, relapse="<b>")


def test_every_picture_says_in_words_what_it_shows(read):
    pictures = re.findall(r"<svg[^>]*>", read())
    assert len(pictures) == 3
    assert all(re.search(r'role="img" aria-label="[^"]{80,}"', each) for each in pictures)


def test_sliders_stand_at_the_stated_values_within_the_stated_ranges(read):
    page, model = read(), shipped_population()
    for key, (_, unit) in MOVED.items():
        about = model.inputs[key]
        assert (about.low or 0) <= about.value <= (about.high or about.value)
        bounds = f'name="{key}" min="{round((about.low or 0) / unit, 6)}"'
        assert bounds in page, key


@pytest.fixture
def open_page(transactional_db, live_server, chromium):
    from django.db import connection

    contexts = []

    def opened(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        return context.new_page(), f"{live_server.url}/population/"

    yield opened
    for context in contexts:
        context.close()
    triggers.remove(connection)  # or the test's own database could not be emptied


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_small_phone_and_wcag_finds_nothing(open_page, scheme):
    page, url = open_page(color_scheme=scheme, viewport={"width": 320, "height": 700})
    page.goto(url)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.browser
def test_a_slider_is_moved_by_keyboard_without_any_script(open_page):
    page, url = open_page(java_script_enabled=False)
    page.goto(url)
    page.focus("#id_relapse")
    page.keyboard.press("Home")
    while page.evaluate("document.activeElement.tagName") != "BUTTON":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**relapse=0*")
    assert "Moved: Relapse each year." in page.content()
