"""The session room: a dosing day on a tablet, for two people who write at once."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.db import connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from sojourn.clinic import session_room
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.correcting import command_of
from sojourn.clinic.taps import command_of as command_of_tap
from sojourn.clinic.taps import made_at
from sojourn.clinic.vitals_chart import limits_of, vitals_chart
from sojourn.course import clearing
from sojourn.course.circumstances import Circumstances
from sojourn.course.readings import in_words
from sojourn.course.room import TEAM, NoteObservation, WriteNote
from sojourn.course.state import Course, Session
from sojourn.ledger import clock, desk, recent, vitals, watching
from sojourn.ledger.append import StaleVersion
from sojourn.ledger.news import newest, news
from sojourn.ledger.read import read_stream
from sojourn.record.command import Refused
from sojourn.record.entry import Entry

MISTAKES = ("Tapped by mistake", "It did not happen", "Happened at another time")


@require_GET
@in_programme
def room(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """The whole page."""
    return render(request, "clinic/room.html", _context(visitor, participant))


@require_GET
@in_programme
def live(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """The part of the page that changes."""
    return render(request, "clinic/_room.html", _context(visitor, participant))


@require_POST
@in_programme
def tap(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """Write one tap. A script gets JSON; a plain form comes back to the room."""
    words, key = request.POST.get("tap", ""), request.POST.get("key", "")
    by_script = request.headers.get("Accept") == "application/json"
    try:
        at = made_at(clock.now(), request.POST.get("age_ms", "0"))
        command = command_of_tap(
            words, request.POST.get("text", ""), request.POST.get("visit", ""), at
        )
        # A form holds many buttons under one key.
        desk.execute(
            visitor.programme, participant, command, visitor.person, key=f"{key} {words}"[:200]
        )
    except Refused as refusal:
        if by_script:
            return JsonResponse({"refused": refusal.message}, status=422)
        messages.error(request, f"Not recorded: {refusal.message}.")
    except StaleVersion:
        if by_script:
            return JsonResponse({"refused": "a colleague wrote first"}, status=409)
        messages.error(request, "Colleagues wrote at the same moment. Tap again.")
    else:
        if by_script:
            return JsonResponse({"recorded": words})
    return redirect("room", programme=visitor.programme, participant=participant)


@in_programme
def undo(request: HttpRequest, visitor: Visitor, participant: str, sequence: int) -> HttpResponse:
    """Correct a mistaken tap or note: it stays on the record and counts no more."""
    if visitor.role not in TEAM:
        raise Http404("Only the team of a session corrects it.")
    entries = read_stream(desk.stream_of(visitor.programme, participant))
    try:
        wrong = command_of(entries, sequence)
    except Refused as refusal:
        raise Http404(refusal.message) from refusal
    if not isinstance(wrong, NoteObservation | WriteNote):
        return redirect(
            "correct", programme=visitor.programme, participant=participant, sequence=sequence
        )
    status = 200
    if request.method == "POST":
        reason = request.POST.get("other", "").strip() or request.POST.get("reason", "")
        try:
            desk.correct(
                visitor.programme,
                participant,
                sequence,
                _as_a_mistake(wrong),
                visitor.person,
                reason=reason,
                key=request.POST.get("key", ""),
            )
        except Refused as refusal:
            messages.error(request, f"Not recorded: {refusal.message}.")
            status = 422
        except StaleVersion:
            messages.error(request, "A colleague wrote at the same moment. Try again.")
            status = 409
        else:
            return redirect("room", programme=visitor.programme, participant=participant)
    visit = session_of(entries, sequence)
    _, course = recent.course_of(desk.stream_of(visitor.programme, participant))
    protocol = visitor.about(course).standing.protocol
    line = next(
        (
            each
            for each in session_room.lines(entries, visit, protocol)
            if each.sequence == sequence
        ),
        None,
    )
    context = {
        "visitor": visitor,
        "participant": participant,
        "line": line,
        "reasons": MISTAKES,
        "key": secrets.token_hex(16),
    }
    return render(request, "clinic/undo.html", context, status=status)


@require_GET
@in_programme
def room_news(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponseBase:
    """Tell an open page of new entries, for as long as it listens."""
    course_stream = desk.stream_of(visitor.programme, participant)
    streams = frozenset({course_stream, *_readings_stream(visitor, participant)})
    known = newest(streams)
    if course_stream not in known:
        raise Http404(f"No participant {participant} in this programme.")
    if not hasattr(request, "scope"):
        # A server that waits for whole answers can't tell of news: the page asks by itself.
        return HttpResponse(status=204)
    told = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    after = int(told) if told.isascii() and told.isdecimal() else max(known.values())
    events = _events(course_stream, streams, after)
    answer = StreamingHttpResponse(events, content_type="text/event-stream")
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"
    return answer


def _readings_stream(visitor: Visitor, participant: str) -> tuple[str, ...]:
    _, course = recent.course_of(desk.stream_of(visitor.programme, participant))
    session = course.open_session
    if session is None:
        return ()
    return (watching.stream_of(visitor.programme, participant, session.visit),)


async def _events(course: str, streams: frozenset[str], after: int) -> AsyncIterator[str]:
    await sync_to_async(_hang_up)()
    yield "retry: 1000\n\n"
    async for told in news.follow(streams, after):
        if told is None:
            yield ": still here\n\n"
        else:
            # A monitor's readings come all the time; what people write matters at once.
            kind = "entries" if course in told.streams else "readings"
            yield f"id: {told.position}\nevent: {kind}\ndata: {told.position}\n\n"


def _hang_up() -> None:
    """Give the connection back: the thread that began an answer lives as long as its stream.

    A database has a hundred places for a whole clinic, and a tablet listens all day.
    """
    if not connection.in_atomic_block:
        connection.close()


def session_of(entries: tuple[Entry, ...], sequence: int) -> str:
    """The visit that the entry of that sequence belongs to; empty when to none."""
    fact: Any = next((each.fact for each in entries if each.sequence == sequence), None)
    return str(getattr(fact, "visit", ""))


def _as_a_mistake(wrong: NoteObservation | WriteNote) -> NoteObservation | WriteNote:
    return replace(wrong, mistaken=True)


def _context(visitor: Visitor, participant: str) -> dict[str, Any]:
    entries, course = recent.course_of(desk.stream_of(visitor.programme, participant))
    if not entries:
        raise Http404(f"No participant {participant} in this programme.")
    visitor = visitor.about(course)
    if visitor.standing.protocol.dosing is None:
        raise Http404("This programme gives no study drug; it has no session room.")
    now = clock.now()
    circumstances = desk.circumstances(
        visitor.standing, visitor.person, site=course.site, at=now, now=now
    )
    context = {
        "visitor": visitor,
        "here": "participants",
        "course": course,
        "now": now,
        "position": entries[-1].position,
        "in_team": visitor.role in TEAM,
        "key": secrets.token_hex(16),
        "session": course.open_session,
    }
    if course.open_session is None:
        return {**context, **_before(course, circumstances)}
    return {**context, **_during(visitor.programme, entries, course, circumstances)}


def _before(course: Course, circumstances: Circumstances) -> dict[str, Any]:
    visit = session_room.next_visit(course, circumstances.protocol)
    last = max(course.sessions.values(), key=lambda each: each.number, default=None)
    found: dict[str, Any] = {"visit": visit, "last": last}
    if visit is None or course.ended:
        return {**found, "visit": None}
    now = circumstances.now
    found["checklist"] = session_room.checklist_rows(course, visit.key, now.date(), circumstances)
    found["hindrances"] = clearing.before_opening(
        course, visit.key, visit.session or 0, now, circumstances
    )
    return found


def _during(
    programme: str, entries: tuple[Entry, ...], course: Course, circumstances: Circumstances
) -> dict[str, Any]:
    session, protocol, now = course.open_session, circumstances.protocol, circumstances.now
    if session is None or protocol.dosing is None:
        return {}
    room_plan, initial = protocol.dosing.room, session.initial
    minutes = (now - initial.at).total_seconds() / 60 if initial else 0.0
    credentialed = circumstances.clearance.practitioners
    return {
        "phase": room_plan.phase(minutes) if room_plan and initial else None,
        "phases": room_plan.phases if room_plan else (),
        "elapsed_min": int(minutes),
        "lasting_min": protocol.dosing.lasting_min,
        "checklist": []
        if initial
        else session_room.checklist_rows(course, session.visit, now.date(), circumstances),
        "near_the_end": minutes >= protocol.dosing.lasting_min - 60,
        "window": session_room.window(session, protocol, now),
        "hindrances": session_room.hindrances(course, session, now, circumstances),
        "too_few": session_room.too_few(session, circumstances),
        "needed": protocol.dosing.practitioners_present,
        "away": sorted(credentialed - set(session.present)),
        **_vital_signs(programme, course, session, circumstances),
        "groups": session_room.buttons(session, protocol),
        "places": session_room.places(session, protocol),
        "prompts": session_room.adverse_event_prompts(course, session, protocol),
        "discharge": session_room.discharge_rows(course, session, now, circumstances)
        if initial
        else [],
        "lines": session_room.lines(entries, session.visit, protocol),
    }


def _vital_signs(
    programme: str, course: Course, session: Session, circumstances: Circumstances
) -> dict[str, Any]:
    """The picture with the site's limits, the newest of each sign, and which is due next."""
    settings = dict(circumstances.clearance.settings)
    protocol, now = circumstances.protocol, circumstances.now
    place = (programme, course.participant, session.visit)
    due = vitals.next_due(course, session, protocol, settings, now)
    return {
        "picture": vitals_chart(
            vitals.series(*place, session=session), limits_of(protocol, settings)
        ),
        "latest": [
            (each.signal, in_words(each.signal.key, each.value), each.at)
            for each in vitals.latest(*place, session=session).values()
        ],
        "due": due,
        "overdue": due.overdue(now) if due else False,
    }
