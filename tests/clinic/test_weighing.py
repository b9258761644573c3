"""For and against on one plain page: every figure from the register, said and drawn as it is."""

import re

import pytest
from django.db import connection
from django.test import Client

from sojourn.clinic import weighing
from sojourn.clinic.urls import urlpatterns
from sojourn.evidence import pros_and_cons
from sojourn.evidence.balance import Figure
from sojourn.ledger import triggers
from sojourn.ledger.programmes import RESERVED
from tests.axe import violations


@pytest.mark.parametrize(
    ("measure", "figure", "words"),
    [
        ("share", (0.663, 0.574, 0.742), "66 of 100 people (between 57 and 74)"),
        ("share", (0.004, 0.0, 0.03), "fewer than 1 of 100 people (between 0 and 3)"),
        (
            "risk-difference",
            (0.426, 0.243, 0.609),
            "43 more of 100 people (between 24 more and 61 more)",
        ),
        (
            "risk-difference",
            (-0.05, -0.18, 0.08),
            "5 fewer of 100 people (between 18 fewer and 8 more)",
        ),
        ("as-reported", (0.58, None, None), "58 of 100 people (no interval was published)"),
        ("as-reported", (-2.07, None, None), "2.1 standard deviations less"),
        ("share", (None, None, None), "not counted"),
    ],
)
def test_a_figure_is_said_as_people_of_a_hundred(measure, figure, words):
    assert weighing.in_words(measure, Figure("", *figure, True)) == words


def test_a_bar_is_as_long_as_its_figure_and_shows_its_interval():
    drawn = weighing.picture("share", Figure("", 0.5, 0.25, 0.75, True))
    assert 'class="share" x="0.0" y="7" width="160.0"' in drawn
    assert 'x1="80.0" x2="240.0"' in drawn
    less = weighing.picture("risk-difference", Figure("", -0.5, -1, 0, True))
    assert 'class="share" x="80.0" y="7" width="80.0"' in less


def test_a_figure_without_a_scale_of_a_hundred_is_not_drawn():
    assert weighing.picture("as-reported", Figure("", -2.07, None, None, True)) == ""


def test_the_page_is_open_to_all_and_says_every_point_with_its_uncertainty(db):
    page = Client(headers={"host": "127.0.0.1"}).get("/pros-and-cons/")
    assert page.status_code == 200
    text = re.sub(r"\s+", " ", page.content.decode())
    found = pros_and_cons()
    for part in (found.benefits, found.harms, found.not_known, found.alternatives):
        for point in part:
            assert point.label.replace("'", "&#x27;") in text
            for figure in point.figures:
                assert weighing.in_words(point.measure, figure) in text
    assert "Almost everyone in these studies could tell" in text
    assert "unverified" in text
    assert not page.cookies


def test_no_programme_can_take_the_name_of_a_page():
    first = {str(each.pattern).split("/")[0] for each in urlpatterns}
    assert {each for each in first if each and "<" not in each} <= RESERVED


@pytest.fixture
def served(transactional_db, live_server):
    """Pages served for real; the test's own database is emptied by its owner afterwards."""
    yield live_server.url
    triggers.remove(connection)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_on_a_phone_and_passes_axe(served, chromium, scheme):
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(f"{served}/pros-and-cons/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page) == []
    context.close()
