"""Every page of the staff, by axe-core against WCAG 2.2 AA, in light and dark."""

import pytest

from tests.clinic.serving import Served, free_port
from tests.clinic.test_room_browser import violations

pytestmark = pytest.mark.browser
PATHS = (
    "",
    "participants/",
    "participants/{person}/",
    "participants/{person}/suitability/",
    "participants/{person}/do/safety.record-adverse-event/",
    "participants/{person}/do/dosing.give-dose/",
    "participants/{person}/do/dosing.close-session/",
    "participants/{person}/do/assessment.record/",
    "register/",
    "outcomes/",
    "report/",
    "programme/",
    "record/",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory, chromium):
    served = Served(tmp_path_factory.mktemp("axe"), free_port())
    served.load()
    served.start()
    yield served
    served.kill()


@pytest.fixture(scope="module")
def pages(served, chromium):
    """One signed-in page for each scheme."""
    found = {}
    for scheme in ("light", "dark"):
        page = chromium.new_context(color_scheme=scheme).new_page()
        page.goto(f"{served.url}/account/login/")
        assert violations(page) == []
        page.fill("#id_login", "prescriber")
        page.fill("#id_password", served.password)
        page.keyboard.press("Enter")
        page.wait_for_selector(".who")
        found[scheme] = page
    yield found
    for page in found.values():
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_against_wcag_2_2_aa(served, pages, path, scheme):
    page = pages[scheme]
    page.goto(f"{served.url}/demo/{path.format(person=served.people['in_session'])}")
    page.wait_for_selector("h1")
    assert violations(page) == []
