"""One page to decide on: may this person be treated, and what is still to be found out."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from sojourn.clinic import drawing
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.offers import commands_for, offers
from sojourn.course.history import OUTCOMES
from sojourn.course.medication import RecordMedication
from sojourn.course.schedule import plan
from sojourn.course.state import Answer
from sojourn.course.suitability import summarise
from sojourn.ledger import clock, desk

HERE = ("screening.", "medication.", "consent.")


@in_programme
def suitability(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """The summary of one participant as it stands now."""
    course = desk.load_course(visitor.programme, participant)
    if not course.participant:
        raise Http404(f"No participant {participant} in this programme.")
    now = clock.now()
    today = timezone.localdate(now)
    circumstances = desk.circumstances(
        visitor.standing, visitor.person, site=course.site, at=now, now=now
    )
    summary = summarise(course, circumstances, today)
    protocol = visitor.standing.protocol
    offered = offers(visitor, course, plan(course, protocol))
    context = {
        "visitor": visitor,
        "here": "participants",
        "course": course,
        "summary": summary,
        "protocol": protocol,
        "citations": {each.key: each for each in protocol.citations},
        "characteristics": _characteristics(visitor, course.characteristics),
        "outcomes": dict(OUTCOMES),
        "medicines_picture": drawing.medicines(summary.medicines, today, summary.earliest_dose),
        "commands": [
            (each.name, each.title)
            for each in commands_for(visitor, course, offered)
            if each.name.startswith(HERE)
        ],
        "may_bring": course.status == "screening" and visitor.role in RecordMedication.roles,
    }
    return render(request, "clinic/suitability.html", context)


def _characteristics(
    visitor: Visitor, known: Mapping[str, Answer]
) -> list[tuple[str, list[tuple[str, str, Answer | None]]]]:
    """What is asked, by heading: the question, what was said in words, and who recorded it."""
    groups: dict[str, list[tuple[str, str, Answer | None]]] = {}
    for each in visitor.standing.protocol.characteristics:
        answer = known.get(each.key)
        said = ""
        if answer is not None:
            said = dict(each.options).get(answer.value, f"{answer.value} {each.unit}".strip())
        groups.setdefault(each.group, []).append((each.label, said, answer))
    return list(groups.items())
