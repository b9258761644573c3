"""The study and its plan: ResearchStudy, PlanDefinition, and one person's CarePlan."""

from collections.abc import Sequence

from sojourn.course.schedule import Planned, plan
from sojourn.exchange.fhir.codes import UCUM, codes
from sojourn.exchange.fhir.elements import (
    About,
    Made,
    Resource,
    coded,
    day,
    identifier,
    instant,
    patient,
    resource,
    without_nothing,
)
from sojourn.ledger import programmes
from sojourn.protocols.model import Visit
from sojourn.record.entry import Entry

ENROLMENT = "enrolment"


def research_study(about: About, entries: Sequence[Entry]) -> Resource:
    """The programme; ``entries`` are those of its own stream."""
    programme, protocol = about.standing.programme, about.standing.protocol
    made = Made(about.programme, tuple(entries), ())
    return resource(
        "ResearchStudy",
        made,
        identifier=identifier(about, "programme", about.programme),
        title=programme.title,
        protocol=[{"reference": f"PlanDefinition/{about.programme}"}],
        status=codes().study_status[programme.status],
        arm=[{"name": each.key, "description": each.label} for each in protocol.arms],
    )


def plan_definition(about: About) -> Resource:
    """The visits of the protocol, each so many days after the one it counts from."""
    protocol, programme = about.standing.protocol, about.standing.programme
    return without_nothing(
        {
            "resourceType": "PlanDefinition",
            "id": about.programme,
            "url": _url(about),
            "identifier": identifier(about, "protocol", protocol.digest),
            "version": programme.protocol_version,
            "title": programme.title,
            "status": "active",
            "action": [
                {"id": ENROLMENT, "title": "Registration"},
                *(_action(each) for each in protocol.visits),
            ],
        }
    )


def _action(visit: Visit) -> Resource:
    window = visit.window
    low, high = (
        {"value": d, "unit": "d", "system": UCUM, "code": "d"}
        for d in (window.earliest, window.latest)
    )
    after = {
        "actionId": visit.anchor,
        "relationship": "after-start",
        "offsetRange": {"low": low, "high": high},
    }
    return {
        "id": visit.key,
        "title": visit.label,
        "code": [coded("", "", visit.phase)],
        "relatedAction": [after],
    }


def care_plan(about: About, made: Made) -> Resource:
    """One person's visits: when each may be held, and what became of it."""
    course = made.course
    planned = plan(course, programmes.followed(about.standing, course).protocol)
    period = {"start": day(course.registered_at.date())} if course.registered_at else {}
    if course.ended_at:
        period["end"] = day(course.ended_at.date())
    return resource(
        "CarePlan",
        made,
        instantiatesCanonical=[_url(about)],
        status=codes().plan_status[course.status],
        intent="plan",
        subject=patient(made.participant),
        period=period,
        created=instant(made.at),
        activity=[{"detail": _activity(each)} for each in planned],
    )


def _activity(planned: Planned) -> Resource:
    first, last = (planned.on, planned.on) if planned.on else (planned.earliest, planned.latest)
    return without_nothing(
        {
            "code": coded("", "", planned.visit.label),
            "status": codes().activity_status[planned.standing],
            "scheduledPeriod": without_nothing({"start": day(first), "end": day(last)}),
        }
    )


def _url(about: About) -> str:
    return f"{about.base}/PlanDefinition/{about.programme}"
