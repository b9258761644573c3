"""Every command as a page: ask, decide, show; a conflict is shown, never hidden."""

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
from sojourn.clinic import signing
from sojourn.clinic.access import Visitor, course_readers_only, in_programme, rated_by
from sojourn.clinic.asking import course_of, form_of, instrument_of
from sojourn.clinic.correcting import command_of
from sojourn.clinic.forms import CommandForm, initial_of
from sojourn.clinic.offers import (
    PAGE_OF,
    Offers,
    assessments_due,
)
from sojourn.conduct import blinding
from sojourn.course import COMMANDS, clearing
from sojourn.course.adverse_events import RecordAdverseEvent
from sojourn.course.amendment import MoveToVersion
from sojourn.course.amendment_preview import Preview, preview
from sojourn.course.schedule import plan
from sojourn.course.screening import RegisterParticipant
from sojourn.course.state import Course
from sojourn.course.verification import VerifySource
from sojourn.instruments import Instrument
from sojourn.ledger import clock, desk, programmes
from sojourn.ledger.append import StaleVersion
from sojourn.ledger.read import read_stream
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
    course = course_of(visitor, participant)
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
    course = course_of(visitor, participant)
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
    form = form_of(
        visitor,
        kind,
        course,
        data=request.POST if request.method == "POST" else signing.draft(request),
        instrument=instrument,
        asked_for=request.GET.dict(),
        initial=initial or {},
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


@in_programme
def terms(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The choice of terms that the words typed so far may mean, for a page to put in place."""
    form = CommandForm(RecordAdverseEvent, Offers({}), initial={"term": request.GET.get("term")})
    return HttpResponse(str(form["code"]))


def _instrument(request: HttpRequest, kind: type[Any]) -> Instrument | None:
    return instrument_of(kind, request.POST.get("instrument") or request.GET.get("instrument", ""))


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
