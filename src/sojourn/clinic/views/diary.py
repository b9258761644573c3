"""A participant's diary as the team sees it: what was told, the link, the devices."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from sojourn.clinic.access import Visitor, in_programme
from sojourn.course import diary as diaries
from sojourn.course.diary_access import RevokeAccess, SendLink
from sojourn.course.diary_state import DiaryEntry
from sojourn.diary import addresses, keys
from sojourn.diary.models import Device
from sojourn.ledger import clock, desk
from sojourn.protocols.diary import Diary
from sojourn.record.command import Refused


@in_programme
def diary(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """Read the diary, send a link, end access."""
    course = desk.load_course(visitor.programme, participant)
    plan = visitor.about(course).standing.protocol.diary
    if not course.participant or plan is None:
        raise Http404(f"No diary of {participant} in this programme.")
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            said = _act(request, visitor, participant)
        except (Refused, keys.NotSent) as error:
            problems[request.POST.get("do", "")] = str(error)
        else:
            messages.success(request, said)
            return redirect("diary-of", programme=visitor.programme, participant=participant)
    devices = Device.objects.filter(
        programme=visitor.programme, participant=participant, expires_at__gt=clock.now()
    )
    context = {
        "visitor": visitor,
        "here": "participants",
        "course": course,
        "plan": plan,
        "entries": [_told(each, plan) for each in reversed(course.diary)],
        "devices": devices.order_by("opened_at"),
        "may_send": visitor.role in SendLink.roles,
        "may_revoke": visitor.role in RevokeAccess.roles and course.diary_access.open,
        "may_review": visitor.role in diaries.ReviewEffects.roles,
        "address_known": bool(addresses.address_of(visitor.programme, participant)),
        "problems": problems,
        "typed": request.POST.get("address", ""),
    }
    return render(request, "clinic/diary.html", context, status=422 if problems else 200)


def _act(request: HttpRequest, visitor: Visitor, participant: str) -> str:
    if request.POST.get("do") == "send":
        address = addresses.address_of(visitor.programme, participant)
        if not address:
            address = _typed_address(request.POST.get("address", ""))
        keys.send_link(visitor.programme, participant, address, visitor.person)
        return "The link is on its way. It opens the diary once, and only for a short while."
    if request.POST.get("do") == "revoke":
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise Refused("say why access ends", "reason")
        keys.revoke(visitor.programme, participant, reason, visitor.person)
        return "Access has ended on every device."
    raise Refused("choose what to do")


def _typed_address(text: str) -> str:
    try:
        validate_email(text.strip())
    except ValidationError as error:
        raise Refused(f"'{text}' is no e-mail address; check it", "address") from error
    return text.strip()


def _told(entry: DiaryEntry, plan: Diary) -> dict[str, Any]:
    """One entry in words: each question with its answer as the participant read it."""
    lines = []
    for question in plan.questions:
        if question.kind == "effects":
            said = ", ".join(diaries.effects(entry, plan))
        else:
            given = entry.answer(question.key)
            words = f"{given} {question.unit}".strip() if given else ""
            said = dict(question.choices).get(given, words)
        if said:
            lines.append((question.label, said))
    effects = diaries.effects(entry, plan)
    review = dict(diaries.JUDGEMENTS).get(entry.reviewed, entry.reviewed)
    return {"entry": entry, "lines": lines, "effects": effects, "review": review}
