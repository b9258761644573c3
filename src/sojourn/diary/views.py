"""The participant's pages. Nothing is shown without an open device, but for how to get help."""

import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_GET, require_POST

from sojourn.conduct.confidential import CATEGORIES, ReportConfidentially
from sojourn.course import reminding
from sojourn.course.diary_access import HOURS, WishReminders
from sojourn.diary import addresses, crisis, keys, receiving, shell
from sojourn.diary.models import Device
from sojourn.ledger import clock, confidential, desk, programmes
from sojourn.protocols.model import Protocol
from sojourn.record.command import Refused

COOKIE = "sojourn-diary"
PATH = "/diary/"
View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """A page of the diary: open without a staff account, never cached by others, one's own only."""

    @wraps(view)
    def guarded(request: HttpRequest, **rest: Any) -> HttpResponse:
        response = view(request, **rest)
        response["Content-Security-Policy"] = shell.POLICY
        response["Referrer-Policy"] = "same-origin"
        response["Cache-Control"] = "private, no-store"
        return response

    guarded.diary_page = True  # type: ignore[attr-defined]
    return login_not_required(guarded)


def with_device(view: View) -> View:
    """Give ``view`` the open device of this browser; without one, show how to get in."""

    @wraps(view)
    def opened(request: HttpRequest, **rest: Any) -> HttpResponse:
        device = keys.device_of(request.COOKIES.get(COOKIE, ""), clock.now())
        if device is None:
            return _closed(request)
        return view(request, device=device, **rest)

    opened.needs_device = True  # type: ignore[attr-defined]
    return opened


@page
def open_link(request: HttpRequest, key: str) -> HttpResponse:
    """A link from a message. Only the button uses it up: mail scanners follow links too."""
    if request.method != "POST":
        return _shown(request, "diary/open.html")
    device = keys.use_link(key, clock.now())
    if not device:
        return _closed(request, used=True)
    response = redirect("diary")
    response.set_cookie(
        COOKIE,
        device,
        max_age=60 * 60 * 24 * settings.DIARY_DAYS,
        path=PATH,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def _protocol(device: Device) -> Protocol:
    """The version of the protocol that this participant follows."""
    standing = programmes.load(device.programme)
    course = desk.load_course(device.programme, device.participant)
    return programmes.followed(standing, course).protocol


@page
@with_device
def diary(request: HttpRequest, device: Device) -> HttpResponse:
    """Today's questions, with help in view."""
    protocol = _protocol(device)
    context: dict[str, Any] = {
        "diary": protocol.diary,
        "owner": keys.owner_of(device.programme, device.participant),
        "fresh_id": secrets.token_hex(16),
        "crisis_answers": _crisis_answers(protocol),
        "done": request.GET.get("done"),
    }
    return _shown(request, "diary/diary.html", device, **context)


@page
@require_POST
@with_device
def entry(request: HttpRequest, device: Device) -> HttpResponse:
    """An entry from the plain form, where scripts don't run."""
    now = clock.now()
    protocol = _protocol(device)
    questions = protocol.diary.questions if protocol.diary else ()
    answers = tuple(
        (each.key, value)
        for each in questions
        for value in request.POST.getlist(each.key)
        if value.strip()
    )
    offset = now.astimezone(addresses.zone_of(device.programme, device.participant)).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    owner = keys.owner_of(device.programme, device.participant)
    filled = {
        "id": request.POST.get("id", ""),
        "filled_at": now.isoformat(),
        "offset_min": minutes,
        "answers": answers,
    }
    body = json.dumps({"owner": owner, "sent_at": now.isoformat(), "entries": [filled]})
    try:
        receipt = receiving.receive(device, receiving.read(body.encode()), now)
    except Refused as refusal:
        return _shown(request, "diary/said.html", device, status=422, words=refusal.message)
    if receipt.refused:
        words = receipt.refused[0][1]
        return _shown(request, "diary/said.html", device, status=422, words=words)
    if not receipt.taken:
        words = "The page was busy. Nothing was kept; please send it again."
        return _shown(request, "diary/said.html", device, status=503, words=words)
    return redirect(f"{PATH}?done=1")


@page
@require_POST
@with_device
def sync(request: HttpRequest, device: Device) -> HttpResponse:
    """Entries kept on a phone; the answer says which may leave it."""
    try:
        receipt = receiving.receive(device, receiving.read(request.body), clock.now())
    except Refused as refusal:
        return JsonResponse({"field": refusal.field, "message": refusal.message}, status=422)
    return JsonResponse(
        {
            "taken": receipt.taken,
            "refused": [{"id": key, "message": why} for key, why in receipt.refused],
            "clock": receipt.clock,
        }
    )


@page
@require_GET
def state(request: HttpRequest) -> HttpResponse:
    """Whether this device is open, whose entries it may send, and the token to send them with."""
    device = keys.device_of(request.COOKIES.get(COOKIE, ""), clock.now())
    if device is None:
        return JsonResponse({"open": False}, status=401)
    owner = keys.owner_of(device.programme, device.participant)
    return JsonResponse({"open": True, "owner": owner, "token": get_token(request)})


@page
@with_device
def reminders(request: HttpRequest, device: Device) -> HttpResponse:
    """When, and whether, to be reminded."""
    course = desk.load_course(device.programme, device.participant)
    standing = programmes.followed(programmes.load(device.programme), course)
    problem = ""
    if request.method == "POST":
        wish = WishReminders(
            clock.now(),
            request.POST.get("reminders") == "yes",
            *(request.POST.get(each, "") for each in ("remind_at", "quiet_from", "quiet_until")),
        )
        try:
            desk.execute(device.programme, device.participant, wish, keys.PARTICIPANT)
        except Refused as refusal:
            problem = refusal.message
        else:
            return redirect(f"{PATH}?done=wishes")
    planned = standing.protocol.diary
    context = {
        "wishes": reminding.wishes_of(course, planned) if planned else None,
        "hours": [(int(key), label) for key, label in HOURS],
        "problem": problem,
    }
    status = 422 if problem else 200
    return _shown(request, "diary/reminders.html", device, status=status, **context)


@page
@with_device
def in_confidence(request: HttpRequest, device: Device) -> HttpResponse:
    """Tell those who oversee the site, past the treating team."""
    by = desk.Person(device.participant, "participant")
    category, text, problem = request.POST.get("category", ""), request.POST.get("text", ""), ""
    if request.method == "POST":
        report = ReportConfidentially(clock.now(), category, text)
        once = request.POST.get("id", "")[:64]
        key = f"confidence:{once}" if once else ""
        try:
            confidential.execute(device.programme, report, by, key=key)
        except Refused as refusal:
            problem = refusal.message
        else:
            return redirect(f"{PATH}in-confidence/?done=1")
    context = {
        "categories": CATEGORIES,
        "chosen": category,
        "text": text,
        "problem": problem,
        "fresh_id": secrets.token_hex(16),
        "done": request.GET.get("done"),
        "told": confidential.own(device.programme, by),
    }
    status = 422 if problem else 200
    return _shown(request, "diary/in_confidence.html", device, status=status, **context)


@page
@require_POST
@with_device
def leave(request: HttpRequest, device: Device) -> HttpResponse:
    """Close the diary on this device; the script forgets the kept pages."""
    device.delete()
    response = redirect("diary-help")
    response.delete_cookie(COOKIE, path=PATH)
    return response


@page
@require_GET
def get_help(request: HttpRequest) -> HttpResponse:
    """Whom to call, for everyone."""
    device = keys.device_of(request.COOKIES.get(COOKIE, ""), clock.now())
    return _shown(request, "diary/help.html", device)


@page
@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What makes the page installable."""
    return JsonResponse(shell.manifest(), content_type="application/manifest+json")


@page
@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that keeps the page at hand without a network."""
    context = {
        "version": shell.version(),
        "kept": json.dumps(shell.kept()),
        "outbox": static("diary/outbox.js"),
    }
    return render(
        request, "diary/service-worker.js", context, content_type="text/javascript; charset=utf-8"
    )


def _closed(request: HttpRequest, *, used: bool = False) -> HttpResponse:
    return _shown(request, "diary/closed.html", status=403, used=used)


def _shown(
    request: HttpRequest,
    template: str,
    device: Device | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    known = crisis.load()
    mine = _country(device, known) if device else None
    others = [each for each in known.countries if each is not mine]
    context |= {"crisis": known, "mine": mine, "others": others, "device": device}
    return render(request, template, context, status=status)


def _country(device: Device, known: crisis.Crisis) -> crisis.Country | None:
    """Where the participant is by the vault, else where the programme is authorised."""
    held = programmes.load(device.programme).programme.authorisation(clock.now().date())
    country = addresses.country_of(device.programme, device.participant)
    return known.of(country, held.jurisdiction if held else "")


def _crisis_answers(protocol: Protocol) -> frozenset[str]:
    rules = protocol.diary.rules if protocol.diary else ()
    return frozenset(
        f"{each.question}:{key}" for each in rules if each.crisis for key in each.one_of
    )
