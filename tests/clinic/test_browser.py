"""A member of staff at work in a real browser: sign in, read, record, by keyboard, on a phone."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.hashers import make_password

from sojourn.clinic.demo import load_demo
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.clinic.models import Member
from sojourn.ledger import triggers
from sojourn.ledger.desk import load_course
from sojourn.ledger.models import Head
from sojourn.ledger.rows import OpenSessionRow
from tests.kept import once

PASSWORD = "calm-quiet-room-7"
pytestmark = pytest.mark.browser


@pytest.fixture
def clinic(transactional_db, live_server, chromium):
    """Pages served for real; afterwards the test's own database is emptied by its owner."""
    from django.db import connection

    Head.objects.get_or_create(id=1, defaults={"position": 0, "hash": ""})
    triggers.remove(connection)
    triggers.install(connection)
    once("24 people with passwords", people_and_passwords)
    yield live_server.url
    triggers.remove(connection)


def people_and_passwords():
    load_demo(today=datetime.now(UTC), participants=24)
    for username, role in ACCOUNTS:
        Member.objects.create(username=username, role=role, password=make_password(PASSWORD))


@pytest.fixture
def sign_in(clinic, chromium):
    contexts = []

    def open_page(username: str, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"{clinic}/account/login/")
        page.fill("#id_login", username)
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(".who")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.proves("usable-pages")
def test_a_therapist_records_vital_signs_by_keyboard_alone(sign_in, clinic):
    page = sign_in("therapist")
    participant = OpenSessionRow.objects.get().participant
    page.goto(f"{clinic}/demo/participants/{participant}/do/dosing.record-vitals/")
    page.focus("#id_at")
    for _ in range(12):  # through the parts of the date to the first choice
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "moment":
            break
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    for value in ("133", "85", "91", "372"):
        page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    page.wait_for_selector(".messages li")
    assert "Recorded: Record vital signs" in page.inner_text(".messages")
    last = load_course("demo", participant).open_session.vitals[-1]
    assert (last.systolic_mmhg, last.diastolic_mmhg, last.pulse_bpm) == (133, 85, 91)
    assert page.faults == []


def test_errors_are_shown_in_place_and_the_page_stays(sign_in, clinic):
    page = sign_in("therapist")
    participant = OpenSessionRow.objects.get().participant
    page.goto(f"{clinic}/demo/participants/{participant}/do/dosing.record-vitals/")
    page.fill("[name=systolic_mmhg]", "900")
    page.click("main button")
    page.wait_for_selector(".errorlist")
    assert page.input_value("[name=systolic_mmhg]") == "900"
    assert "300" in page.inner_text("main")


@pytest.mark.proves("usable-pages")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_in_light_and_dark(sign_in, clinic, scheme):
    page = sign_in("statistician", color_scheme=scheme, viewport={"width": 360, "height": 740})
    participant = OpenSessionRow.objects.get().participant
    for path in (
        "",
        "participants/",
        f"participants/{participant}/",
        "outcomes/",
        "record/",
        "programme/",
    ):
        page.goto(f"{clinic}/demo/{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, (path, width)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", paper)[:3])) / 3
    assert (brightness > 128) == (scheme == "light")
    assert page.faults == []


@pytest.mark.proves("usable-pages")
def test_pages_work_without_scripts(sign_in, clinic):
    page = sign_in("monitor", java_script_enabled=False)
    page.click("nav >> text=Record")
    page.click("text=Verify now")
    assert "entries hold" in page.inner_text("main")


def contrast(page, selector: str) -> float:
    return page.evaluate(
        """selector => {
          const rgb = text => text.match(/[\\d.]+/g).slice(0, 4).map(Number);
          const behind = node => {
            for (; node; node = node.parentElement) {
              const colour = rgb(getComputedStyle(node).backgroundColor);
              if (colour.length < 4 || colour[3] > 0) return colour;
            }
            return [255, 255, 255];
          };
          const light = colour => colour.slice(0, 3)
            .map(value => value / 255)
            .map(value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
            .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
          const ratios = [...document.querySelectorAll(selector)].map(node => {
            const one = light(rgb(getComputedStyle(node).color)), two = light(behind(node));
            return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
          });
          return Math.min(...ratios);
        }""",
        selector,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_as_wcag_asks(sign_in, clinic, scheme):
    page = sign_in("coordinator", color_scheme=scheme)
    participant = OpenSessionRow.objects.get().participant
    for path in ("", f"participants/{participant}/", "outcomes/", "programme/"):
        page.goto(f"{clinic}/demo/{path}")
        for selector in ("main a:not(.button)", ".soft", ".tag", "h1, h2", "nav a"):
            if page.query_selector(selector):
                assert contrast(page, selector) >= 4.5, (path, selector)


def test_every_control_has_a_name_and_every_page_one_heading(sign_in, clinic):
    page = sign_in("coordinator")
    participant = OpenSessionRow.objects.get().participant
    for path in ("", "participants/", f"participants/{participant}/", "register/",
                 f"participants/{participant}/do/safety.record-adverse-event/"):  # fmt: skip
        page.goto(f"{clinic}/demo/{path}")
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
              .filter(node => !node.labels.length && !node.getAttribute('aria-label'))
              .map(node => node.name)"""
        )
        assert unnamed == [], path
        assert page.locator("h1").count() == 1, path
        assert page.locator("svg[role=img]:not([aria-label])").count() == 0
