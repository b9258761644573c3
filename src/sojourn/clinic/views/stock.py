"""The pharmacy's pages: stock, containers, storage, and the controlled-drug register."""

import csv
import secrets
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sojourn.clinic import history, paper, temperature_picture
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.forms import CommandForm
from sojourn.clinic.offers import Choices, Offers
from sojourn.conduct import containers, pharmacy, register
from sojourn.conduct.accountability import COMMANDS, overdue
from sojourn.conduct.containers import Container
from sojourn.course.state import Course
from sojourn.ledger import clock, desk, stock
from sojourn.ledger.append import StaleVersion
from sojourn.ledger.rows import ParticipantRow
from sojourn.record.command import Refused

COLUMNS = ("When", "What", "Container", "Lot", "From or to", "In", "Out", "Balance", "By",
           "Witness")  # fmt: skip


@in_programme
def stock_page(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every site's stock, what is open, and the temperatures of its places."""
    found = containers_of(visitor)
    now = clock.now()
    context = {
        "visitor": visitor,
        "here": "stock",
        "commands": [(each.name, each.title) for each in commands_of(visitor)],
        "open": [(each, gap) for each in found.values() for gap in each.open],
        "sites": [_site(visitor, site, found, now) for site in sites_of(visitor)],
    }
    return render(request, "clinic/stock.html", context)


@in_programme
def container(request: HttpRequest, visitor: Visitor, number: str) -> HttpResponse:
    """One container: how many of its units are where, and all that happened to it."""
    entries = dict(stock.histories(visitor.programme)).get(number)
    if not entries:
        raise Http404(f"No container {number} in this programme.")
    shown = [e for e in entries if not isinstance(e.fact, containers.ContentsSealed)]
    folded = containers.fold(number, entries)
    if not is_here(visitor, folded):
        raise PermissionDenied("This container is at a site you hold no role at.")
    context = {
        "visitor": visitor,
        "here": "stock",
        "container": folded,
        "lines": history.lines(shown, visitor.standing.protocol),
    }
    return render(request, "clinic/container.html", context)


@in_programme
def stock_command(request: HttpRequest, visitor: Visitor, site: str, command: str) -> HttpResponse:
    """The form of one command of the pharmacy, and its answer."""
    kind = COMMANDS.get(command)
    if kind is None or visitor.role not in kind.roles or site not in sites_of(visitor):
        raise Http404(f"'{command}' is no command for a {visitor.role} at '{site}'.")
    form = CommandForm(
        kind,
        offers_of(
            visitor,
            site,
            kind,
            participant=_asked_for(request, "participant"),
            container=_asked_for(request, "container"),
        ),
        data=request.POST if request.method == "POST" else None,
        initial={"key": secrets.token_hex(16), **request.GET.dict()},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and _written(request, visitor, site, form):
            return redirect("stock", programme=visitor.programme)
    context = {"visitor": visitor, "here": "stock", "form": form, "title": f"{kind.title}: {site}"}
    return render(request, "clinic/command.html", context, status=status)


@in_programme
def register_file(request: HttpRequest, visitor: Visitor, site: str, form: str) -> HttpResponse:
    """The controlled-drug register of a site, to print or as CSV."""
    if site not in stock.sites(visitor.programme) or form not in ("pdf", "csv"):
        raise Http404(f"There is no register of site '{site}' as {form}.")
    pages = register.lines(site, stock.histories(visitor.programme))
    if form == "csv":
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        writer = csv.writer(answer)
        writer.writerow(("Form", *COLUMNS))
        for name, page in pages.items():
            writer.writerows((_text(name), *_row(each)) for each in page)
    else:
        answer = HttpResponse(_pdf(visitor, site, pages), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="register-{site}.{form}"'
    return answer


def _pdf(visitor: Visitor, site: str, pages: dict[str, list[register.Line]]) -> bytes:
    now = clock.now()
    signed = (("Pharmacist", "", ""), ("Witness", "", ""))
    sections: list[paper.Table] = []
    for name, page in pages.items():
        rows = tuple(_row(each) for each in page)
        widths = (9, 9, 6, 7, 10, 3, 4, 5, 7, 7)
        sections.append(paper.Table(name, widths, COLUMNS, rows, on_new_page=bool(sections)))
        title = f"{name}: balance {page[-1].balance} units, seen and signed"
        sections.append(paper.Table(title, (3, 6, 3), ("Who", "Signature", "Date"), signed))
    lines = (
        visitor.standing.programme.title,
        f"Site {site}, as of {now:%Y-%m-%d %H:%M %Z}. Units by form as on the label.",
        "Columns follow 21 CFR 1304.22 and ICH E6(R3) appendix C (unverified); your authority "
        "may ask for its own book.",
    )
    return paper.pdf(
        "Controlled-drug register", lines, tuple(sections), f"Site {site}", now, wide=True
    )


def _row(line: register.Line) -> tuple[str, ...]:
    return (
        f"{clock.here(line.at):%Y-%m-%d %H:%M}",
        _text(line.what),
        _text(line.container),
        _text(line.lot),
        _text(line.whom),
        str(line.units_in or ""),
        str(line.units_out or ""),
        str(line.balance),
        _text(line.by),
        _text(line.witness),
    )


def _text(value: str) -> str:
    # A spreadsheet reads a leading sign as a formula.
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t") else value


def commands_of(visitor: Visitor) -> list[type[Any]]:
    """The commands of the pharmacy that this role may give."""
    return [each for each in COMMANDS.values() if visitor.role in each.roles]


def sites_of(visitor: Visitor) -> tuple[str, ...]:
    """Sites that treat someone or keep study drug."""
    rows = ParticipantRow.objects.filter(programme=visitor.programme)
    treating = rows.order_by("site").values_list("site", flat=True).distinct()
    every = sorted({*treating, *stock.sites(visitor.programme)})
    return tuple(each for each in every if visitor.reach.includes(each))


def containers_of(visitor: Visitor) -> dict[str, Container]:
    """The containers at the sites this visitor holds a role at."""
    found = stock.load_all(visitor.programme)
    return {number: each for number, each in found.items() if is_here(visitor, each)}


def is_here(visitor: Visitor, each: Container) -> bool:
    """Whether a container is at such a site or on its way there."""
    return any(map(visitor.reach.includes, (each.site, each.to_site)))


def _site(visitor: Visitor, site: str, found: dict[str, Container], now: Any) -> dict[str, Any]:
    here = [each for each in found.values() if each.site == site or each.to_site == site]
    places = stock.load_storage(visitor.programme, site).places
    today = now.date()
    return {
        "name": site,
        "kept": bool(places),
        "lots": _lots(here),
        "containers": [
            (each, each.hindrance(today), sum(hand.out for hand in each.hand_outs))
            for each in sorted(here, key=lambda each: each.number)
            if each.on_the_shelf or each.open or any(h.out for h in each.hand_outs) or each.to_site
        ],
        "late": [
            (each, hand) for each in here for hand in overdue(each, places.get(each.place), now)
        ],
        "places": [(place, temperature_picture.temperatures(place)) for place in places.values()],
    }


def _lots(here: list[Container]) -> list[tuple[str, str, int, int]]:
    """(form, lot, containers, units on the shelf) of what is here."""
    found: dict[tuple[str, str], list[int]] = {}
    for each in here:
        found.setdefault((each.form, each.lot), []).append(each.on_the_shelf)
    return [(form, lot, len(units), sum(units)) for (form, lot), units in sorted(found.items())]


def course_about(visitor: Visitor, participant: str) -> Course | None:
    """The course of the participant whom a command names, if there is one within reach."""
    if not participant or not visitor.opens(participant.strip()):
        return None
    course = desk.load_course(visitor.programme, participant.strip())
    return course if course.participant else None


def _asked_for(request: HttpRequest, name: str) -> str:
    return request.POST.get(name) or request.GET.get(name, "")


def offers_of(
    visitor: Visitor,
    site: str,
    kind: type[Any] | None = None,
    *,
    participant: str = "",
    container: str = "",
) -> Offers:
    """Every choice a form of the pharmacy may need, about whom and what it names."""
    today = clock.now().date()
    every = containers_of(visitor).values()
    here = [each for each in every if each.site == site]
    # What fits is looked up behind the seal: for whoever dispenses, and for nobody else.
    course = course_about(visitor, participant) if kind is pharmacy.Dispense else None
    fitting = stock.fitting(visitor.programme, site, course) if course else ()
    standing = visitor.about(course).standing if course else visitor.standing
    return Offers(
        {
            "places": tuple(
                (each, each) for each in stock.load_storage(visitor.programme, site).places
            ),
            "witnesses": tuple(
                dict.fromkeys(
                    (each.practitioner, f"{each.practitioner} ({each.profession})")
                    for each in standing.programme.credentials
                    if each.holds(today) and each.practitioner != visitor.person.name
                )
            ),
            "dosing-visits": tuple(
                (each.key, each.label) for each in standing.protocol.dosing_visits()
            ),
            "fitting-containers": _numbered(fitting),
            "containers-here": _numbered(each for each in here if not each.to_site),
            "containers-out": _numbered(
                each for each in here if any(h.returned is None for h in each.hand_outs)
            ),
            "containers-open": _numbered(each for each in every if each.open),
            "containers-held": _numbered(each for each in here if each.quarantine),
            "containers-coming": _numbered(each for each in every if each.to_site == site),
            "discrepancies": tuple(
                dict.fromkeys(
                    (gap.key, f"{each.number}: {gap.label}")
                    for each in every
                    for gap in each.open
                    if container in ("", each.number)
                )
            ),
            "lots": tuple(dict.fromkeys((each.lot, each.lot) for each in every if each.lot)),
        }
    )


def _numbered(found: Any) -> Choices:
    return tuple(
        (each.number, f"{each.number}, lot {each.lot}, {each.on_the_shelf} units") for each in found
    )


def _written(request: HttpRequest, visitor: Visitor, site: str, form: CommandForm) -> bool:
    """Whether the form's command is on the record; if not, the form says why."""
    command = form.to_command()
    about_person = isinstance(command, pharmacy.Dispense)
    about = course_about(visitor, _asked_for(request, "participant")) if about_person else None
    try:
        written = stock.execute(
            visitor.programme,
            site,
            command,
            visitor.person,
            course=about,
            key=str(form.cleaned_data.get("key", "")),
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return False
    except StaleVersion:
        form.add_error(None, "A colleague recorded something first. Read it again.")
        return False
    messages.success(request, f"Recorded: {command.title}.")
    for entry in written:
        if isinstance(entry.fact, containers.DiscrepancyFound):
            messages.error(request, f"An alert of diversion is open: {entry.fact.label}.")
        if isinstance(entry.fact, containers.Quarantined):
            messages.warning(request, f"In quarantine: {entry.fact.reason}.")
    return True
