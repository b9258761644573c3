"""Emergency unblinding of one participant: what was asked and answered, and the arm, once."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from sojourn.clinic.access import Visitor, in_programme
from sojourn.course.unblinding import ANSWERING, ASKING
from sojourn.ledger import unblinding as emergencies
from sojourn.ledger.desk import load_course
from sojourn.record.command import Refused


@in_programme
def unblinding(request: HttpRequest, visitor: Visitor, participant: str) -> HttpResponse:
    """Every request about this participant; the arm in the one answer to the one who asked."""
    arm, refused, status = "", "", 200
    if request.method == "POST":
        try:
            arm = emergencies.reveal(
                visitor.programme, participant, request.POST.get("request", ""), visitor.person
            )
        except Refused as refusal:
            refused, status = refusal.message, 422
    course = load_course(visitor.programme, participant)
    if not course.participant:
        raise Http404(f"No participant {participant} in this programme.")
    context = {
        "visitor": visitor,
        "here": "participants",
        "course": course,
        "requests": tuple(course.unblindings.values())[::-1],
        "may_ask": visitor.role in ASKING,
        "may_answer": visitor.role in ANSWERING,
        "arm": arm,
        "refused": refused,
    }
    answer = render(request, "clinic/unblinding.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
