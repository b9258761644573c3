"""One adverse event: its clocks, and its report on paper and as a message."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from sojourn.clinic import board
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.cases import case_of, clocks_of
from sojourn.clinic.paper import form_tables, pdf
from sojourn.course import COMMANDS
from sojourn.course.state import AdverseEvent, Course
from sojourn.ledger import clock, desk
from sojourn.vigilance import icsr, paper
from sojourn.vigilance.clocks import SERIOUSNESS

FORMS = {
    "cioms": ("CIOMS I form, draft", paper.cioms),
    "medwatch": ("FDA MedWatch 3500A, draft", paper.medwatch),
}
FOLLOWING = ("safety.update-adverse-event", "safety.write-narrative")


@in_programme
def event(request: HttpRequest, visitor: Visitor, participant: str, event: str) -> HttpResponse:
    """The event in full, with what is due about it."""
    course, found = _found(visitor, participant, event)
    now = clock.now()
    case = case_of(visitor, course, found, now)
    criteria = dict(SERIOUSNESS)
    context = {
        "visitor": visitor,
        "here": "safety",
        "course": course,
        "event": found,
        "criteria": [criteria[key] for key in found.seriousness],
        "clocks": [
            (each, board.time_left(each.due_at, now), each.due_at < now)
            for each in clocks_of(course, found)
        ],
        "forms": [(key, title, make(case)) for key, (title, make) in FORMS.items()],
        "gaps": icsr.gaps(case, _party(visitor)),
        "commands": [
            (name, COMMANDS[name].title)
            for name in FOLLOWING
            if visitor.role in COMMANDS[name].roles
        ],
        "may_report": visitor.role in COMMANDS["safety.record-report-sent"].roles,
        "may_waive": visitor.role in COMMANDS["safety.waive-report"].roles,
    }
    return render(request, "clinic/event.html", context)


@in_programme
def event_form(
    request: HttpRequest, visitor: Visitor, participant: str, event: str, form: str
) -> HttpResponse:
    """A draft of one paper form as PDF."""
    if form not in FORMS:
        raise Http404(f"There is no form '{form}'; there are: {', '.join(FORMS)}.")
    course, found = _found(visitor, participant, event)
    now = clock.now()
    case = case_of(visitor, course, found, now)
    title, make = FORMS[form]
    made = pdf(
        title,
        (f"{case.identifier}, as recorded by {now:%Y-%m-%d %H:%M} UTC",),
        form_tables(make(case)),
        f"{case.identifier}. A draft from the record: check it before it is sent.",
        now,
    )
    return _file(made, "application/pdf", f"{form}-{case.identifier}.pdf")


@in_programme
def event_message(
    request: HttpRequest, visitor: Visitor, participant: str, event: str
) -> HttpResponse:
    """The case as ICH E2B(R3) XML."""
    course, found = _found(visitor, participant, event)
    case = case_of(visitor, course, found, clock.now())
    text = icsr.xml(case, _party(visitor)).encode()
    return _file(text, "application/xml", f"{case.identifier}.xml")


def _found(visitor: Visitor, participant: str, event: str) -> tuple[Course, AdverseEvent]:
    course = desk.load_course(visitor.programme, participant)
    found = course.adverse_events.get(event)
    if found is None:
        raise Http404(f"Participant {participant} has no adverse event '{event}'.")
    return course, found


def _party(visitor: Visitor) -> icsr.Party:
    # Sender and receiver identifiers are agreed with the authority; a draft leaves them open.
    return icsr.Party("", "", visitor.standing.programme.title)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
