"""A member makes a token in a real browser, proves who they are for it, and revokes it."""

import os
import re

import pytest

from tests.axe import violations
from tests.clinic.serving import Served, free_port
from tests.clinic.test_signing_in_browser import OPEN, PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path, chromium):
    site = Served(tmp_path, free_port())
    site.run(OPEN, PASSWORD)
    site.start()
    yield site
    site.kill()


@pytest.mark.parametrize("scheme", ["dark"])
def test_a_token_is_made_by_its_member_alone(site, chromium, scheme):
    page = chromium.new_context(
        color_scheme=scheme, viewport={"width": 320, "height": 900}
    ).new_page()
    page.goto(f"{site.url}/account/login/")
    page.fill("#id_login", "ana")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".who")
    page.get_by_role("link", name=re.compile("ana")).click()
    page.get_by_role("link", name="API tokens").click()
    assert violations(page) == []
    page.get_by_role("button", name="Make the token").click()
    assert page.get_by_text("This field is required").first.is_visible()
    assert violations(page) == []
    page.get_by_label("What it is for").fill("Nightly import of ratings")
    page.get_by_label("Participants: courses").first.check()
    page.get_by_role("button", name="Make the token").click()
    if page.locator("input[name=password]").count():  # asked when the sign-in is older
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
    shown = page.get_by_text(re.compile(r"personal\.[\w-]{43}"))
    shown.wait_for()
    assert violations(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320
    if folder := os.environ.get("SOJOURN_PICTURES"):
        page.screenshot(path=f"{folder}/tokens.png", full_page=True)
    page.get_by_role("button", name="Revoke Nightly import of ratings").click()
    page.get_by_text("it does nothing from now on").wait_for()
    page.context.close()
