"""From registration to eligibility in a real browser, with what goes wrong on the way."""

from datetime import timedelta

import pytest

from sojourn.course.screening import RegisterParticipant
from sojourn.ledger import clock, desk
from tests.clinic.test_browser import PASSWORD, clinic, sign_in  # noqa: F401
from tests.course.story import SUITABLE

pytestmark = pytest.mark.browser
NEW = "D-950"


@pytest.fixture
def pages(clinic, sign_in):  # noqa: F811
    """Signed-in pages by user, each kept open."""
    command = RegisterParticipant(clock.now(), NEW, "site-01", 1980, "female")
    desk.execute("demo", NEW, command, desk.Person("coordinator", "coordinator"))
    opened = {}

    def page_of(username):
        if username not in opened:
            opened[username] = sign_in(username)
        return opened[username]

    page_of.address = f"{clinic}/demo/participants/{NEW}"
    return page_of


def fill(page, answers):
    """Fill a form by field name: text is typed, a choice is checked."""
    for name, value in answers.items():
        box = page.locator(f"[name='{name}']").first
        if box.get_attribute("type") in ("radio", "checkbox"):
            for each in (value,) if isinstance(value, str) else value:
                page.check(f"[name='{name}'][value='{each}']")
        elif box.evaluate("node => node.tagName") == "SELECT":
            page.select_option(f"[name='{name}']", value)
        else:
            page.fill(f"[name='{name}']", value)


def give(pages, username, command, **answers):
    """Fill the form of ``command`` and record it; the main text of what came back."""
    page = pages(username)
    page.goto(f"{pages.address}/do/{command}/")
    fill(page, answers)
    page.evaluate(
        """() => {
          const root = document.documentElement;
          delete root.dataset.settled;
          document.addEventListener("htmx:afterSettle", () => { root.dataset.settled = "yes"; });
        }"""
    )
    page.click("main form button:has-text('Record')")
    page.wait_for_selector("html[data-settled]")
    assert page.faults == []
    return page.inner_text("main")


def consent(pages, **changes):
    whole = {
        "form_version": "1.0 (demonstration)", "explained_by": "therapist", "language": "English",
        "understanding": "shown", "capacity": "present",
        "signatures": ("participant", "investigator"),
    }  # fmt: skip
    return give(pages, "therapist", "consent.sign", **{**whole, **changes})


def confirm(pages, rationale):
    return give(
        pages,
        "prescriber",
        "screening.confirm-eligibility",
        rationale=rationale,
        signature=PASSWORD,
    )


@pytest.mark.proves("whole-course")
def test_a_person_is_led_from_registration_to_eligibility(pages):
    told = confirm(pages, "looks suitable")
    assert "no consent is in force" in told
    assert "signature of the investigator is missing" in consent(pages, signatures=("participant",))
    assert "explain again" in consent(pages, understanding="not-shown")
    assert "Recorded: Consent signed" in consent(pages)

    told = confirm(pages, "looks suitable")
    assert "criteria are not satisfied or not answered" in told
    page = pages("prescriber")
    page.goto(f"{pages.address}/suitability/")
    assert "not known" in page.inner_text("main")

    found = {f"answers-{key}": value for key, value in SUITABLE}
    told = give(pages, "prescriber", "screening.record-characteristics", basis="interview", **found)
    assert "Recorded: Record what screening found" in told
    told = confirm(pages, "weighed with care")
    assert "Recorded: Confirm eligibility" in told
    assert desk.load_course("demo", NEW).eligible_at


def test_medicines_are_asked_back_counted_and_shown_with_the_first_free_day(pages):
    consent(pages)
    told = give(
        pages, "coordinator", "medication.record", medicine="fenelzine", indication="depression"
    )
    assert "did you mean phenelzine" in told
    yesterday = clock.now().date() - timedelta(days=1)
    give(pages, "coordinator", "medication.record", medicine="Zoloft 50 mg",
         indication="depression", stopped_on=f"{yesterday}")  # fmt: skip
    give(pages, "coordinator", "medication.record", medicine="Nardil", indication="depression",
         ended="yes")  # fmt: skip
    page = pages("prescriber")
    page.goto(f"{pages.address}/suitability/")
    text = page.inner_text("main")
    assert f"washout of zoloft 50 mg: sertraline (SSRI) ends on {yesterday + timedelta(29)}" in text
    assert "ended on a day not known; record the latest day it can have been" in text
    assert "No day can be named yet" in text


def test_a_pregnancy_is_absolute_and_nobody_is_offered_to_override_it(pages):
    consent(pages)
    found = {
        **{f"answers-{key}": value for key, value in SUITABLE},
        "answers-pregnancy": "positive",
    }
    give(pages, "prescriber", "screening.record-characteristics", basis="test today", **found)
    told = confirm(pages, "she insists")
    assert "Pregnancy or lactation" in told
    page = pages("prescriber")
    page.goto(f"{pages.address}/do/screening.override-criterion/")
    assert "Pregnancy" not in page.inner_text("main form")
    assert not desk.load_course("demo", NEW).eligible_at


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_gate_s_pages_fit_a_phone(clinic, sign_in, scheme):  # noqa: F811
    from sojourn.ledger.rows import ParticipantRow

    someone = ParticipantRow.objects.filter(status="in-progress").first().participant
    page = sign_in("lead", color_scheme=scheme, viewport={"width": 320, "height": 700})
    for path in ("practitioners/", f"participants/{someone}/suitability/",
                 f"participants/{someone}/identity/"):  # fmt: skip
        page.goto(f"{clinic}/demo/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    assert page.faults == []
