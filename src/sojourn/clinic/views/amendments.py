"""Versions of the protocol: which is in force, what differs between two, and who follows which."""

from collections import Counter

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.views.programme import commands_of
from sojourn.conduct.amendment import DECIDE
from sojourn.course.amendment import MoveToVersion
from sojourn.ledger import programmes
from sojourn.ledger.rows import FollowedRow, ParticipantRow
from sojourn.protocols import comparing

SHOWN = 200  # people on an earlier version


@in_programme
def amendments(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every version with its approval, the proposed one, and who is still on an earlier one."""
    programme = visitor.standing.programme
    texts = {each.version: each.digest for each in programme.versions}
    if programme.proposal:
        texts[programme.proposal.version] = programme.proposal.digest
    names = list(texts)
    before = request.GET.get("before", names[-2] if len(names) > 1 else names[-1])
    after = request.GET.get("after", names[-1])
    if not {before, after} <= set(texts):
        raise Http404(f"'{before}' or '{after}' is no version of this protocol.")
    waiting = _earlier(visitor)
    context = {
        "visitor": visitor,
        "here": "programme",
        "programme": programme,
        "proposal": programme.proposal,
        "versions": list(reversed(_counted(visitor))),
        "texts": names,
        "before": before,
        "after": after,
        "differences": comparing.differences(
            *(programmes.protocol_text(texts[each]) for each in (before, after))
        ),
        "earlier": _named(visitor, waiting[:SHOWN]),
        "more": max(0, waiting.count() - SHOWN),
        "may_move": visitor.role in MoveToVersion.roles,
        "commands": [(each.name, each.title) for each in commands_of(visitor) if each in DECIDE],
    }
    return render(request, "clinic/amendments.html", context)


def _counted(visitor: Visitor) -> list[tuple[object, int]]:
    """Every version, the first first, with how many follow it."""
    mine = {"programme": visitor.programme}
    later = Counter(FollowedRow.objects.filter(**mine).values_list("digest", flat=True))
    everybody = ParticipantRow.objects.filter(**mine).count()
    first, *others = visitor.standing.programme.versions
    counted: list[tuple[object, int]] = [(first, everybody - later.total())]
    return [*counted, *((each, later[each.digest]) for each in others)]


def _earlier(visitor: Visitor) -> QuerySet[ParticipantRow]:
    """Participants who go on under another version than the one in force."""
    newest = visitor.standing.programme.protocol_digest
    moved = FollowedRow.objects.filter(programme=visitor.programme, digest=newest)
    going_on = ParticipantRow.objects.filter(
        programme=visitor.programme, status__in=("screening", "in-progress")
    )
    left = going_on.exclude(participant__in=moved.values("participant"))
    return left.order_by("participant") if visitor.standing.programme.amended else left.none()


def _named(visitor: Visitor, people: QuerySet[ParticipantRow]) -> list[tuple[str, str, str]]:
    programme = visitor.standing.programme
    names = {each.digest: each.version for each in programme.versions}
    follow = dict(
        FollowedRow.objects.filter(programme=visitor.programme).values_list("participant", "digest")
    )
    first = programme.versions[0].digest
    return [(e.participant, names[follow.get(e.participant, first)], e.status) for e in people]
