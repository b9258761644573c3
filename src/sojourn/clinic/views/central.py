"""Central statistical checks for those who monitor: what stands out, by site, arm unknown."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sojourn.analysis.central import LEVEL, Finding
from sojourn.clinic import central_picture
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.central import examined

LABELS = {
    "digits": "Last digits",
    "steady": "Steady readings",
    "site-steady": "Steady readings, site",
    "site-mean": "Mean of a site",
    "site-spread": "Spread of a site",
    "weekend": "Weekend visits",
    "night": "Night visits",
    "crowded": "Visits in a row",
    "copied": "Records alike",
    "carried-forward": "Carried forward",
}
MEANING = {
    "digits": "The commonest last digit's share; a tenth is expected.",
    "steady": "Standard deviation within one person before doses, against everybody else's.",
    "site-steady": "Log variance within people before doses, against the other sites'.",
    "site-mean": "Mean of people's means before doses, against the other sites'.",
    "site-spread": "Distance of people from their site's median, against the other sites'.",
    "weekend": "Share of visits on Saturday or Sunday, against the other sites'.",
    "night": "Share of visits from 22:00 to 06:00, against the other sites'.",
    "crowded": "Share of visits within 5 min of another person's by the same member of staff.",
    "copied": "Pairs of people with the same answers at the same visit, against chance.",
    "carried-forward": "Share of records with the very answers of the visit before.",
}
MOST_PICTURES = 6


@in_programme
def central(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Findings that stand out, how unlikely every test was, and what was looked at."""
    found = examined(visitor.programme, visitor.standing.protocol)
    flagged = [each for each in found.findings if each.flagged]
    context = {
        "visitor": visitor,
        "here": "quality",
        "found": found,
        "level": LEVEL,
        "flagged": [(each, LABELS[each.check], MEANING[each.check]) for each in flagged],
        "checks": [
            (label, MEANING[check], tests, sum(each.flagged for each in tests))
            for check, label in LABELS.items()
            if (tests := [each for each in found.findings if each.check == check])
        ],
        "picture": central_picture.unlikely(found.findings, LABELS) if found.findings else "",
        "digits": [
            (f"{each.subject}, {each.place}", _digits(found.digits, each))
            for each in found.findings
            if each.check == "digits"
        ][:MOST_PICTURES],
    }
    return render(request, "clinic/central.html", context)


def _digits(counts: dict[str, dict[str, tuple[int, ...]]], each: Finding) -> str:
    title = f"{each.subject}, {each.place}"
    return central_picture.digits(counts[each.subject][each.place], title)
