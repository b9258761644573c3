"""Every command as a page: ask, decide, show; a conflict is shown, never hidden."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from sojourn import instruments
from sojourn.clinic import quality, signing
from sojourn.clinic.access import Visitor, course_readers_only, in_programme, rated_by
from sojourn.clinic.correcting import command_of
from sojourn.clinic.forms import CommandForm, initial_of
from sojourn.clinic.offers import (
    PAGE_OF,
    Choices,
    Offers,
    assessments_due,
    offers,
)
from sojourn.conduct import blinding
from sojourn.course import COMMANDS, clearing, correction
from sojourn.course.adverse_events import RecordAdverseEvent, UpdateAdverseEvent
from sojourn.course.amendment import MoveToVersion
from sojourn.course.amendment_preview import Preview, preview
from sojourn.course.dose_against_rule import RecordDoseAgainstRule
from sojourn.course.schedule import plan
from sojourn.course.screening import RegisterParticipant
from sojourn.course.state import Course
from sojourn.course.verification import VerifySource
from sojourn.instruments import Instrument
from sojourn.ledger import clock, desk, programmes
from sojourn.ledger.append import StaleVersion
from sojourn.ledger.read import read_stream
from sojourn.ledger.registry import kinds
from sojourn.record.command import Refused

CONFLICT = (
    "A colleague recorded something first. Nothing of yours was written. "
    "Read what changed, then decide again."
)


@in_programme
def register(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Register a new participant."""
    form = _form(request, visitor, RegisterParticipant, Course())

    def write(command: Any, signed: bool) -> str:
        desk.execute(
            visitor.programme,
            command.participant,
            command,
            visitor.person,
            shown=0,
            key=_key(form),
            signed=signed,
        )
        return str(command.participant)

    return _answer(request, visitor, form, RegisterParticipant, write)


@in_programme
def give_command(
    request: HttpRequest, visitor: Visitor, participant: str, command: str
) -> HttpResponse:
    """The form of one command about one participant, and its answer."""
    kind = COMMANDS.get(command)
    if command in PAGE_OF:
        return redirect(PAGE_OF[command], programme=visitor.programme, participant=participant)
    if kind is None or kind is RegisterParticipant:
        raise Http404(f"There is no command '{command}'.")
    if visitor.role not in kind.roles:
        course_readers_only(visitor)
        raise Http404(f"'{kind.title}' is not for a {visitor.role}.")
    course = _course(visitor, participant)
    visitor = visitor.about(course)
    instrument = _instrument(request, kind)
    if kind.name == "assessment.record" and instrument is None:
        return _choose_assessment(request, visitor, course)
    form = _form(request, visitor, kind, course, instrument=instrument)

    def write(asked: Any, signed: bool) -> str:
        written = desk.execute(
            visitor.programme,
            participant,
            asked,
            visitor.person,
            shown=form.cleaned_data.get("version"),
            key=_key(form),
            signed=signed,
        )
        for entry in written:
            if entry.fact.kind == "dosing.dose-withheld":
                reasons = "; ".join(getattr(entry.fact, "reasons", ()))
                messages.warning(request, f"The dose was withheld: {reasons}.")
            if entry.fact.kind == "safety.alert-raised":
                label = getattr(entry.fact, "label", "")
                messages.error(request, f"An alert is open: {label}.")
        return participant

    extra = {"course": course, "hindrances": _hindrances(visitor, course, kind)}
    if kind is MoveToVersion:
        extra |= {"preview": _preview(visitor, course), "limits": _limits(visitor)}
    if kind is VerifySource:
        extra["visits"] = [(e.key, e.label) for e in visitor.standing.protocol.visits]
    return _answer(request, visitor, form, kind, write, **extra)


@in_programme
def correct(
    request: HttpRequest, visitor: Visitor, participant: str, sequence: int
) -> HttpResponse:
    """Correct one entry through the form of the command that made it."""
    course = _course(visitor, participant)
    visitor = visitor.about(course)
    entries = read_stream(desk.stream_of(visitor.programme, participant))
    entry = next((each for each in entries if each.sequence == sequence), None)
    kind_of_fact = entry.fact.kind if entry else ""
    rated = rated_by(visitor.standing.protocol, entry.fact if entry else None)
    own = entry is not None and entry.author == visitor.person.name
    if not blinding.may_correct(visitor.role, kind_of_fact, rated, own=own):
        course_readers_only(visitor)
        raise Http404(f"Entry {sequence} is not for a {visitor.role} to correct.")
    try:
        wrong = command_of(entries, sequence)
    except Refused as refusal:
        raise Http404(refusal.message) from refusal
    kind = type(wrong)
    key = getattr(wrong, "instrument", "")
    form = _form(
        request,
        visitor,
        kind,
        course,
        instrument=instruments.load_shipped().get(key),
        initial=initial_of(wrong),
        correcting=True,
    )

    def write(asked: Any, _: bool) -> str:
        desk.correct(
            visitor.programme,
            participant,
            sequence,
            asked,
            visitor.person,
            reason=form.cleaned_data["reason_for_correction"],
            key=_key(form),
        )
        return participant

    return _answer(request, visitor, form, kind, write, course=course, correcting=sequence)


def _answer(
    request: HttpRequest,
    visitor: Visitor,
    form: CommandForm,
    kind: type[Any],
    write: Callable[[Any, bool], str],
    **extra: Any,
) -> HttpResponse:
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                participant = write(form.to_command(), signing.prove(request, form))
            except signing.AskedElsewhere as asked:
                return asked.answer
            except Refused as refusal:
                form.refuse(refusal.field, refusal.message)
            except StaleVersion:
                form.add_error(None, CONFLICT)
                status = 409
            else:
                signing.done(request, form)
                messages.success(request, f"Recorded: {kind.title}.")
                page = "room" if kind.name.startswith("dosing.") else "participant"
                answer = redirect(page, programme=visitor.programme, participant=participant)
                if page == "room" and request.headers.get("HX-Request"):
                    # The room has a script of its own: it must be loaded as a whole page.
                    return HttpResponseClientRedirect(answer.url)
                return answer
    context = {"visitor": visitor, "form": form, "title": kind.title, **extra}
    return render(request, "clinic/command.html", context, status=status)


def _form(
    request: HttpRequest,
    visitor: Visitor,
    kind: type[Any],
    course: Course,
    *,
    instrument: Instrument | None = None,
    initial: dict[str, Any] | None = None,
    correcting: bool = False,
) -> CommandForm:
    offered = offers(visitor, course, plan(course, visitor.standing.protocol))
    if instrument is not None:
        offered = offered.with_choice("instruments", instrument.key, instrument.name)
        visits = visitor.standing.protocol.visits
        offered = offered.with_choices(
            "assessed-visits",
            tuple((each.key, each.label) for each in visits if instrument.key in each.assessments),
        )
    to_verify = _to_verify(request, visitor, kind, course)
    offered = offered.with_choices("unverified-entries", to_verify)
    if correcting:
        offered = offered.with_all_visits(visitor.standing.protocol)
    ours = ("at", "key", "version")
    asked_for = {name: value for name, value in request.GET.items() if name not in ours}
    start = {
        # A rater takes no decisions, and learns from no form how much others have written.
        "version": course.version if visitor.sees_course else None,
        "key": secrets.token_hex(16),
        # When it happened is asked for and not offered: now would read as leave to give it.
        **({"at": None} if kind is RecordDoseAgainstRule else {}),
        # Whoever asks for a whole visit has looked at all of it; else each entry is chosen.
        **({"entries": [key for key, _ in to_verify]} if request.GET.get("visit") else {}),
        **_as_it_stands(kind, course, request.GET.get("event", "")),
        **asked_for,
        **(initial or {}),
    }
    form = CommandForm(
        kind,
        offered,
        data=request.POST if request.method == "POST" else signing.draft(request),
        initial=start,
        instrument=instrument,
        protocol=visitor.standing.protocol,
        correcting=correcting,
    )
    if not correcting:
        signing.ask(form, kind, request.user)
    if getattr(form.fields.get("code"), "suggested", False):
        form.fields["term"].widget.attrs |= {
            "autocomplete": "off",
            "hx-get": reverse("terms", args=[visitor.programme]),
            "hx-trigger": "input changed delay:250ms",
            "hx-target": "#id_code",
            "hx-swap": "outerHTML",
            "hx-push-url": "false",
        }
    return form


def _to_verify(request: HttpRequest, visitor: Visitor, kind: type[Any], course: Course) -> Choices:
    if kind is not VerifySource:
        return ()
    entries = read_stream(desk.stream_of(visitor.programme, course.participant))
    as_they_read = correction.effective(entries, kinds().read)
    return quality.to_verify(visitor, as_they_read, course, request.GET.dict())


@in_programme
def terms(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The choice of terms that the words typed so far may mean, for a page to put in place."""
    form = CommandForm(RecordAdverseEvent, Offers({}), initial={"term": request.GET.get("term")})
    return HttpResponse(str(form["code"]))


def _as_it_stands(kind: type[Any], course: Course, event: str) -> dict[str, Any]:
    """What was last said of the event that is followed up, so that a change is one answer."""
    known = course.adverse_events.get(event)
    if kind is not UpdateAdverseEvent or known is None:
        return {}
    return {
        "grade": known.grade,
        "serious": "yes" if known.serious else "no",
        "seriousness": known.seriousness,
        "outcome": known.outcome,
        "ended_on": known.ended_on,
    }


def _course(visitor: Visitor, participant: str) -> Course:
    course = desk.load_course(visitor.programme, participant)
    if not course.participant:
        raise Http404(f"No participant {participant} in this programme.")
    return course


def _instrument(request: HttpRequest, kind: type[Any]) -> Instrument | None:
    if kind.name != "assessment.record":
        return None
    key = request.POST.get("instrument") or request.GET.get("instrument", "")
    return instruments.load_shipped().get(key)


def _choose_assessment(request: HttpRequest, visitor: Visitor, course: Course) -> HttpResponse:
    schedule = plan(course, visitor.standing.protocol)
    due = assessments_due(visitor, course, schedule, timezone.localdate(clock.now()))
    context = {"visitor": visitor, "course": course, "due": due}
    return render(request, "clinic/choose_assessment.html", context)


def _hindrances(visitor: Visitor, course: Course, kind: type[Any]) -> tuple[str, ...]:
    session = course.open_session
    if kind.name != "dosing.give-dose" or session is None:
        return ()
    now = clock.now()
    circumstances = desk.circumstances(
        visitor.standing, visitor.person, site=course.site, at=now, now=now
    )
    return clearing.hindrances(course, session, session.next_dose, now, circumstances)


def _limits(visitor: Visitor) -> list[tuple[str, int | None, int | None]]:
    """Limits of the site that differ between their version and the one in force."""
    newest = programmes.load(visitor.programme)
    before, after = (dict(each.programme.settings) for each in (visitor.standing, newest))
    asked = (*visitor.standing.protocol.site_settings, *newest.protocol.site_settings)
    labels = {each.key: f"{each.label}, {each.unit}" for each in asked}
    return [
        (label, before.get(key), after.get(key))
        for key, label in labels.items()
        if before.get(key) != after.get(key)
    ]


def _preview(visitor: Visitor, course: Course) -> Preview | None:
    now = clock.now()
    found = desk.circumstances(visitor.standing, visitor.person, site=course.site, at=now, now=now)
    newest = programmes.amended(programmes.load(visitor.programme).programme)
    return preview(course, replace(found, amended=newest))


def _key(form: CommandForm) -> str:
    return str(form.cleaned_data.get("key", ""))
