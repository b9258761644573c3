"""Lawful ways in: public pages that ask for nothing and keep nothing."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sojourn.exchange.registry import finding
from sojourn.exchange.registry.finding import STATUSES, Search
from sojourn.exchange.registry.ways import names_of, ways_in
from sojourn.ledger import clock
from sojourn.protocols import jurisdiction as jurisdictions

LONGEST = 100  # characters of what someone may look for


@require_safe
@login_not_required
def choose(request: HttpRequest) -> HttpResponse:
    """Choose a country."""
    asked = request.GET.get("country", "")
    code = jurisdictions.code_of(asked) if asked else None
    if code:
        return redirect("ways", country=code)
    known = jurisdictions.load_shipped()
    context = {
        "countries": _countries(),
        "described": sorted((each.name, each.code) for each in known.values()),
        "unknown": asked[:LONGEST],
    }
    return render(request, "clinic/ways_choose.html", context, status=404 if asked else 200)


@require_safe
@login_not_required
def ways(request: HttpRequest, country: str) -> HttpResponse:
    """What is lawful in one country, and which trials recruit there."""
    code = jurisdictions.code_of(country)
    if code is None:
        raise Http404(f"There is no country '{country[:LONGEST]}'.")
    if code != country:
        return redirect("ways", country=code)
    today = timezone.localdate(clock.now())
    search, asked = _search(request, code)
    found = ways_in(code, search, today)
    taken = found.taken_in
    context = {
        "found": found,
        "today": today,
        "asked": asked,
        "statuses": STATUSES,
        "countries": _countries(),
        "trial_countries": finding.countries(),
        "age_days": (today - timezone.localdate(taken.imported_at)).days if taken else None,
        "data_age_days": (today - taken.data_of).days if taken and taken.data_of else None,
    }
    return render(request, "clinic/ways.html", context)


def _search(request: HttpRequest, code: str) -> tuple[Search, dict[str, str]]:
    """What is looked for, and the same as the form shows it again."""
    given = {name: request.GET.get(name, "").strip()[:LONGEST] for name in ("condition", "city")}
    condition = given["condition"] if "condition" in request.GET else "PTSD"
    status = request.GET.get("status", "")
    status = status if status in dict(STATUSES) else "recruiting"
    where = request.GET.get("where", "here")
    names = names_of(code) if where == "here" else ()
    if where not in ("here", "anywhere"):
        names = (where[:LONGEST],)
    asked = {"condition": condition, "city": given["city"], "status": status, "where": where}
    return Search(condition, names, given["city"], status), asked


def _countries() -> list[tuple[str, str]]:
    return sorted((each.name, each.code) for each in jurisdictions.places().countries)
