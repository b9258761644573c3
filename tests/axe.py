"""What axe-core holds against a page by WCAG 2.2 AA."""

from axe_playwright_python.sync_playwright import Axe

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}


def violations(page, **rules: bool) -> list[str]:
    """Each rule that is broken, with the first element that breaks it.

    A rule is left out where ``rules`` says so by its name, with underscores.
    """
    left_out = {name.replace("_", "-"): {"enabled": on} for name, on in rules.items()}
    return _told(page, {**RULES, "rules": left_out})


def faint(page) -> list[str]:
    """What is too faint to read; all that another colour scheme can change."""
    return _told(page, {"runOnly": {"type": "rule", "values": ["color-contrast"]}})


def _told(page, options) -> list[str]:
    found = Axe().run(page, options=options)
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found.response["violations"]]
