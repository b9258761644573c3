"""Outcomes: by arm for those who opened the seal, pooled for everyone else."""

from dataclasses import dataclass
from datetime import date

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from sojourn import analysis, instruments
from sojourn.clinic import charts
from sojourn.clinic.access import Visitor, in_programme
from sojourn.ledger import clock, opening
from sojourn.ledger.rows import EventRow, ObservationRow, ParticipantRow

OPENED = "opened-allocations"


@dataclass(frozen=True, slots=True)
class Arms:
    """Which arm each participant counts under: their own, or '' for all alike."""

    of: dict[str, str]
    shown: bool

    def get(self, participant: str) -> str:
        return self.of.get(participant, "") if self.shown else ""


@in_programme
def outcomes(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Trajectories, the three outcomes, retention, flow and adverse events."""
    protocol = visitor.standing.protocol
    arms = arms_of(request, visitor)
    labels = {visit.key: visit.label for visit in protocol.visits}
    rated = tuple(
        (visit.key, visit.label)
        for visit in protocol.visits
        if protocol.outcome.instrument in visit.assessments
    )
    observed = observations(visitor, arms)
    points = analysis.trajectories(observed, [key for key, _ in rated])
    found = _known(analysis.proportions(observed, protocol.outcome.visit))
    people = tuple(ParticipantRow.objects.filter(programme=visitor.programme))
    stays = _stays(people, arms)
    steps = analysis.retention(stays)
    name = instruments.load_shipped()[protocol.outcome.instrument].name
    context = {
        "visitor": visitor,
        "here": "outcomes",
        "by_arm": arms.shown,
        "blinded": bool(protocol.randomisation and protocol.randomisation.blinded),
        "instrument": name,
        "outcome_visit": labels.get(protocol.outcome.visit, ""),
        "labels": labels,
        "points": points,
        "proportions": found,
        "flow": analysis.flow(
            analysis.Person(
                row.status,
                arms.get(row.participant) or charts.EVERYONE,
                row.randomised_on is not None,
                row.ended_reason,
            )
            for row in people
        ),
        "events": _events(visitor, arms, people),
        "estimand": protocol.outcome.estimand,
    }
    if points:
        context["trajectory"] = charts.trajectories_chart(points, rated, name)
    if any(each.known for each in found):
        context["shares"] = charts.proportions_chart(found)
    if stays:
        context["retention"] = charts.retention_chart(steps, max(stay.days for stay in stays))
    return render(request, "clinic/outcomes.html", context)


@require_POST
@in_programme
def open_allocation(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Open the seal for this visit to the site; the opening is itself an entry."""
    purpose = request.POST.get("purpose", "").strip()
    if not opening.says_why(purpose):
        messages.error(request, "Say in a few words why the allocation is opened.")
    else:
        opening.record(visitor.programme, purpose, visitor.person)
        request.session[OPENED] = [*request.session.get(OPENED, []), visitor.programme]
        messages.warning(request, "The allocation is open to you; the opening is on the record.")
    return redirect("outcomes", programme=visitor.programme)


def arms_of(request: HttpRequest, visitor: Visitor) -> Arms:
    """Arms as this visitor may see them: where the seal is closed to them, everyone alike."""
    plan = visitor.standing.protocol.randomisation
    labels = {arm.key: arm.label for arm in visitor.standing.protocol.arms}
    if plan is None or not plan.blinded:
        rows = ParticipantRow.objects.filter(programme=visitor.programme)
        of = {name: labels.get(arm, arm) for name, arm in rows.values_list("participant", "arm")}
        return Arms(of, shown=bool(plan))
    if visitor.may_open_allocation and visitor.programme in request.session.get(OPENED, []):
        of = {name: labels[arm] for name, arm in opening.allocations(visitor.programme).items()}
        return Arms(of, shown=True)
    return Arms({}, shown=False)


def _known(found: tuple[analysis.Proportion, ...]) -> tuple[analysis.Proportion, ...]:
    """Without outcomes the instrument does not have, such as a diagnosis it can't make."""
    having = {each.outcome for each in found if each.known}
    return tuple(each for each in found if each.outcome in having)


def observations(visitor: Visitor, arms: Arms) -> pl.DataFrame:
    """Every rating of the outcome's instrument, each under the arm the visitor may see."""
    names = [name for name in analysis.COLUMNS if name != "arm"]
    rows = ObservationRow.objects.filter(
        programme=visitor.programme, instrument=visitor.standing.protocol.outcome.instrument
    ).values_list(*names)
    return analysis.frame([(row[0], arms.get(row[0]), *row[1:]) for row in rows])


def _stays(people: tuple[ParticipantRow, ...], arms: Arms) -> list[analysis.Stay]:
    today = timezone.localdate(clock.now())
    stays = []
    for row in people:
        if row.eligible_on is None:
            continue
        end: date = row.ended_on or today
        left = row.status in ("withdrawn", "lost")
        days = max(0, (end - row.eligible_on).days)
        if row.randomised_on is not None or not arms.shown:
            stays.append(analysis.Stay(arms.get(row.participant), days, left))
    return stays


def _events(
    visitor: Visitor, arms: Arms, people: tuple[ParticipantRow, ...]
) -> list[dict[str, object]]:
    """People with each event, most frequent first; serious ones and special interest apart."""
    columns = sorted({arms.get(row.participant) for row in people if row.sessions_dosed})
    having: dict[str, dict[str, set[str]]] = {}
    marks: dict[str, set[str]] = {}
    for event in EventRow.objects.filter(programme=visitor.programme):
        term = event.term.capitalize()
        having.setdefault(term, {}).setdefault(arms.get(event.participant), set()).add(
            event.participant
        )
        if event.serious:
            marks.setdefault(term, set()).add("serious")
        if event.special_interest:
            marks.setdefault(term, set()).add(event.special_interest)
    ordered = sorted(having.items(), key=lambda each: (-sum(map(len, each[1].values())), each[0]))
    return [
        {
            "term": term,
            "marks": sorted(marks.get(term, ())),
            "counts": [(arm or charts.EVERYONE, len(who.get(arm, ()))) for arm in columns],
        }
        for term, who in ordered
    ]
