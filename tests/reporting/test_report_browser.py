"""The report's own file in a real browser: axe-core, and a phone's width."""

import pytest

from sojourn import reporting
from tests.axe import violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 320)])
def test_the_report_passes_axe_and_fits_a_phone(made, chromium, scheme, width):
    page = chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}
    ).new_page()
    page.goto(made.as_uri())
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


@pytest.fixture
def made(opened, tmp_path):
    reporting.write(opened, tmp_path)
    return tmp_path / reporting.PAGE
