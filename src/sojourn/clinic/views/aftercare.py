"""Everyone in the days after a session on one page, so that nobody is forgotten."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from sojourn.clinic import sparkline
from sojourn.clinic.access import Visitor, in_programme
from sojourn.course.after_session import AfterSession, seen
from sojourn.course.aftercare import RecordAttempt
from sojourn.diary import addresses
from sojourn.ledger import clock, desk
from sojourn.ledger.rows import AftercareRow

DAYS = 7


@in_programme
def aftercare(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Those up to seven days after a session, whoever needs someone first."""
    today = timezone.localdate(clock.now())
    people = people_of(visitor)
    context = {
        "visitor": visitor,
        "here": "aftercare",
        "today": today,
        "may_record": visitor.role in RecordAttempt.roles,
        "people": [
            (each, sparkline.mood(each.moods, each.session.opened_at.date(), today, each.baseline))
            for each in people
        ],
    }
    return render(request, "clinic/aftercare.html", context)


def people_of(visitor: Visitor) -> list[AfterSession]:
    """Those up to seven days after a session, whoever needs someone first."""
    now = clock.now()
    today = timezone.localdate(now)
    every = AftercareRow.objects.filter(
        programme=visitor.programme, session_on__gte=today - timedelta(days=DAYS)
    )
    rows = visitor.at_sites(every)
    found = []
    for participant in rows.values_list("participant", flat=True):
        course = desk.load_course(visitor.programme, participant)
        circumstances = desk.circumstances(
            visitor.about(course).standing, visitor.person, site=course.site, at=now, now=now
        )
        zone = addresses.zone_of(visitor.programme, participant)
        person = seen(course, circumstances, today, zone)
        if person is not None:
            found.append(person)
    return sorted(found, key=lambda each: (each.urgency, -each.day))
