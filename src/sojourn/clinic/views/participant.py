"""One participant: the course as a picture, what comes next, and the whole history."""

from dataclasses import replace
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from sojourn import course as courses
from sojourn import instruments, medicines
from sojourn.clinic import drawing, history, quality, signing
from sojourn.clinic.access import Visitor, in_programme, rated_by
from sojourn.clinic.offers import assessments_due, commands_for, guesses_due, offers
from sojourn.conduct import blinding
from sojourn.course.assessment import score_of
from sojourn.course.correction import Corrected
from sojourn.course.deviations import ClassifyDeviation, known
from sojourn.course.medication import stopped_antidepressants
from sojourn.course.schedule import plan
from sojourn.course.state import Course
from sojourn.ledger import clock, programmes, vault
from sojourn.ledger.desk import stream_of
from sojourn.ledger.read import read_stream
from sojourn.ledger.registry import kinds
from sojourn.record.entry import Entry, Fact

HISTORY_PAGE = 40


@in_programme
def participant(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """The course, now or as the record knew it at ``?as_of=``."""
    as_of = moment_of(request.GET.get("as_of", ""), participant)
    entries = read_stream(stream_of(visitor.programme, participant), as_of=as_of)
    if not entries:
        raise Http404(f"No participant {participant} in this programme at that time.")
    course = courses.fold(entries, kinds().read)
    amended, visitor = visitor.standing.programme.amended, visitor.about(course)
    day = timezone.localdate(as_of or clock.now())
    planned = plan(course, visitor.standing.protocol)
    seen = [each for each in entries if may_see(visitor, each)]
    everything = request.GET.get("history") == "all"
    lines = [
        replace(line, correctable=line.correctable and may_correct(visitor, entry))
        for line, entry in zip(
            history.lines(seen, visitor.standing.protocol, signing.names(seen)),
            reversed(seen),
            strict=True,
        )
    ]
    offered = offers(visitor, course, planned)
    context = {
        "visitor": visitor,
        "here": "participants",
        "course": course,
        "queries": quality.seen(visitor, course),
        "names_shown": visitor.role in vault.READERS,
        "day": day,
        "as_of": as_of,
        "follows": visitor.standing.protocol.version if amended else "",
        "has_room": visitor.standing.protocol.dosing is not None,
        "pending": [
            each
            for each in planned
            if each.due(day) in ("due", "overdue")
            and blinding.may_see_visit(visitor.role, each.visit.rated_by)
        ],
        "trajectory": drawing.trajectory(_scores(visitor, course), visitor.standing.protocol),
        "lines": lines if everything else lines[:HISTORY_PAGE],
        "more_lines": 0 if everything else max(0, len(lines) - HISTORY_PAGE),
    }
    if as_of is None:
        context["commands"] = [
            (each.name, each.title) for each in commands_for(visitor, course, offered)
        ]
        context["assessments_due"] = assessments_due(visitor, course, planned, day)
        context["guesses_due"] = guesses_due(visitor, course, day)
    if visitor.sees_course:
        context["verified"] = quality.verified(entries, course)
        context["askable"] = quality.askable(visitor, entries, course) if as_of is None else ()
        context["deviations"] = [
            (each, course.classified.get(each.key))
            for each in reversed(known(course, visitor.standing.protocol, day))
        ]
        context["may_classify"] = as_of is None and visitor.role in ClassifyDeviation.roles
        context["watch_mood"] = stopped_antidepressants(course, medicines.load_shipped())
        context["timeline"] = drawing.timeline(planned, day)
        context["sessions"] = [
            (session, drawing.vitals(session)) for session in course.sessions.values()
        ]
    return render(request, "clinic/participant.html", context)


def may_see(visitor: Visitor, entry: Entry) -> bool:
    """Whether this visitor may see an entry, as it was first written or as a correction has it."""
    fact = _right(entry)
    visit = programmes.planned_visit(visitor.standing, getattr(fact, "visit", ""))
    own = entry.author == visitor.person.name
    return blinding.may_see(visitor.role, fact.kind, own=own) and (
        visit is None or blinding.may_see_visit(visitor.role, visit.rated_by)
    )


def may_correct(visitor: Visitor, entry: Entry) -> bool:
    """Whether this visitor may put an entry of that kind and visit right."""
    return blinding.may_correct(
        visitor.role,
        entry.fact.kind,
        rated_by(visitor.standing.protocol, entry.fact),
        own=entry.author == visitor.person.name,
    )


def _right(entry: Entry) -> Fact:
    """The fact of an entry, or the one that a correction puts in its place."""
    fact = entry.fact
    if not isinstance(fact, Corrected):
        return fact
    return kinds().read(fact.of_kind, fact.of_schema, fact.text)


def _scores(visitor: Visitor, course: Course) -> tuple[drawing.Reading, ...]:
    shipped = instruments.load_shipped()
    primary = visitor.standing.protocol.outcome.instrument
    readings = []
    for assessment in course.assessments.values():
        definition = shipped.get(assessment.instrument)
        visit = visitor.standing.protocol.visit(assessment.visit)
        if assessment.instrument != primary or definition is None:
            continue
        if visit and not blinding.may_see_visit(visitor.role, visit.rated_by):
            continue
        total = score_of(assessment, definition).total
        if total is not None:
            label = visit.label if visit else assessment.visit
            readings.append(drawing.Reading(assessment.at.date(), total, label))
    return tuple(sorted(readings, key=lambda each: each.on))


def moment_of(text: str, participant: str) -> datetime | None:
    """The moment that was asked for; another one is never shown in its place."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        if moment is not None:
            return clock.here(moment if timezone.is_aware(moment) else timezone.make_aware(moment))
    except (ValueError, OverflowError):
        pass
    raise Http404(f"'{text[:40]}' is no moment; write 2026-03-02T09:00 to see {participant} then.")
