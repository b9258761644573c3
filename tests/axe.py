"""What axe-core holds against a page by WCAG 2.2 AA."""

from axe_playwright_python.sync_playwright import Axe

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}


def violations(page) -> list[str]:
    """Each rule that is broken, with the first element that breaks it."""
    found = Axe().run(page, options=RULES)
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found.response["violations"]]
