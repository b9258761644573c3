"""Safety by keyboard and on a phone, checked by axe-core."""

from datetime import UTC, datetime

import pytest

from sojourn.ledger.rows import ClockRow, EventRow, ParticipantRow
from tests.axe import violations
from tests.clinic import test_browser

pytestmark = pytest.mark.browser
clinic, sign_in = test_browser.clinic, test_browser.sign_in


def treated() -> str:
    rows = ParticipantRow.objects.filter(status="in-progress", sessions_dosed__gt=0)
    return rows.order_by("participant")[0].participant


def press_to(page, name: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"no key leads to {name}")


def test_an_event_is_recorded_by_keyboard_with_a_suggested_term(sign_in, clinic):
    page = sign_in("therapist")
    participant = treated()
    page.goto(f"{clinic}/demo/participants/{participant}/do/safety.record-adverse-event/")
    page.focus("#id_at")
    press_to(page, "term")
    page.keyboard.type("throwing up")
    page.wait_for_selector("input[name=code][value=vomiting]")
    press_to(page, "code")
    page.keyboard.press("Space")
    press_to(page, "grade")
    page.keyboard.type("1")
    press_to(page, "serious")
    page.keyboard.press("ArrowDown")  # from the first to the second: no
    press_to(page, "relatedness")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    press_to(page, "outcome")
    page.keyboard.press("Space")
    press_to(page, "valence")
    page.keyboard.press("Space")
    press_to(page, "started_on")
    page.keyboard.type(f"{datetime.now(UTC):%m%d%Y}")
    page.keyboard.press("Enter")
    page.wait_for_selector(".messages li")
    assert "Recorded: Record an adverse event" in page.inner_text(".messages")
    row = EventRow.objects.get(participant=participant, term="throwing up")
    assert (row.coded_term, row.serious, row.relatedness) == ("Vomiting", False, "possible")
    assert page.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_board_and_its_forms(sign_in, clinic, scheme):
    page = sign_in("prescriber", color_scheme=scheme)
    row = ClockRow.objects.get(clock="us-fda-15")
    about = f"participants/{row.participant}"
    for path in (
        "safety/",
        "safety/report/",
        f"{about}/events/{row.event}/",
        f"{about}/do/safety.record-adverse-event/?term=fainted",
        f"{about}/do/safety.update-adverse-event/",
        f"{about}/do/safety.record-report-sent/",
        f"{about}/do/safety.write-narrative/",
    ):
        page.goto(f"{clinic}/demo/{path}")
        assert violations(page) == [], path


def test_the_leads_pages_of_safety_pass_axe_too(sign_in, clinic):
    page = sign_in("lead")
    for path in ("safety/", "safety/confidential/"):
        page.goto(f"{clinic}/demo/{path}")
        assert violations(page) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_board_and_an_event_fit_a_phone(sign_in, clinic, scheme):
    page = sign_in("monitor", color_scheme=scheme, viewport={"width": 320, "height": 700})
    row = ClockRow.objects.get(clock="us-fda-15")
    for path in ("safety/", f"participants/{row.participant}/events/{row.event}/"):
        page.goto(f"{clinic}/demo/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    assert page.faults == []


def test_the_form_offers_terms_without_scripts(sign_in, clinic):
    page = sign_in("therapist", java_script_enabled=False)
    participant = treated()
    page.goto(f"{clinic}/demo/participants/{participant}/do/safety.record-adverse-event/")
    page.fill("#id_term", "jaw clenching")
    page.fill("[name=grade]", "1")
    page.check("[name=serious][value=no]")
    page.check("[name=relatedness][value=probable]")
    page.check("[name=outcome][value=recovered]")
    page.check("[name=valence][value=neutral]")
    page.fill("[name=started_on]", f"{datetime.now(UTC):%Y-%m-%d}")
    page.click("main button")
    page.check("input[name=code] >> nth=0")
    page.click("main button")
    assert "Recorded" in page.inner_text(".messages")
