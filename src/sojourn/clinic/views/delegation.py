"""Who may do what at a site, and what they were trained in: the log and the matrix."""

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from sojourn.clinic import duties
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.models import Member
from sojourn.clinic.views.programme import commands_of
from sojourn.conduct import delegation as log
from sojourn.conduct import documents, tasks, training
from sojourn.conduct.programme import Programme
from sojourn.conduct.qualification import Delegation
from sojourn.ledger import clock


@dataclass(frozen=True, slots=True)
class Line:
    """One delegation as the log shows it; ``lacking`` is training that has run out since."""

    each: Delegation
    name: str
    tasks: tuple[str, ...]
    standing: str
    lacking: tuple[str, ...]


@in_programme
def delegation(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The delegation log, to read and to print."""
    programme = visitor.standing.programme
    today = timezone.localdate(clock.now())
    names = _full_names(programme)
    context = {
        "visitor": visitor,
        "here": "programme",
        "programme": programme,
        "today": today,
        "asked": programme.log.asked(today),
        "investigators": [
            (each, names.get(each.member, each.member)) for each in programme.log.investigators
        ],
        "lines": [_line(visitor, each, today, names) for each in programme.log.delegations],
        "known": tasks.shipped(),
        "waiting": duties.to_accept(visitor),
        "commands": _commands(visitor, tuple(log.DECIDE)),
    }
    return render(request, "clinic/delegation.html", context)


@in_programme
def trainings(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Who was trained in what, as a matrix, and every record behind it."""
    programme, protocol = visitor.standing.programme, visitor.standing.protocol
    today = timezone.localdate(clock.now())
    across = training.columns(programme, protocol)
    context = {
        "visitor": visitor,
        "here": "programme",
        "columns": [training.label_of(each) for each in across],
        "rows": [
            (member, list(zip(map(training.label_of, across), cells, strict=True)))
            for member, cells in training.matrix(programme, protocol, today)
        ],
        "records": [
            (each, training.label_of((each.training, each.about)), each.holds(today))
            for each in reversed(programme.trainings)
        ],
        "tasks": [
            (task, [training.label_of(each) for each in tasks.needed(task, protocol)])
            for task in tasks.shipped().tasks
        ],
        "source": tasks.shipped().source,
        "commands": _commands(visitor, tuple(training.DECIDE)),
    }
    return render(request, "clinic/training.html", context)


@in_programme
def filed(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every document with its versions, approvals and digests, and who has read it."""
    programme, kinds = visitor.standing.programme, dict(documents.KINDS)
    shown = []
    for each in reversed(programme.documents):
        asked = documents.readers(programme, each) if each.in_use else ()
        left = tuple(who for who in asked if not each.read_by(who))
        shown.append((each, kinds[each.document_kind], left))
    mine = visitor.person.name
    context = {
        "visitor": visitor,
        "here": "programme",
        "in_use": [line for line in shown if line[0].in_use],
        "out_of_use": [line for line in shown if not line[0].in_use],
        "to_read": [each for each, _, left in shown if mine in left],
        "commands": _commands(visitor, tuple(documents.DECIDE)),
    }
    return render(request, "clinic/documents.html", context)


def _commands(visitor: Visitor, kinds: tuple[type, ...]) -> list[tuple[str, str]]:
    return [(each.name, each.title) for each in commands_of(visitor) if each in kinds]


def _line(visitor: Visitor, each: Delegation, today: date, names: dict[str, str]) -> Line:
    known, protocol = tasks.shipped(), visitor.standing.protocol
    found = [task for key in each.tasks if (task := known.task(key))]
    ended = each.ended_on or (
        each.valid_until if each.valid_until and each.valid_until < today else None
    )
    lacking = dict.fromkeys(
        why
        for task in found
        for why in (
            *training.untrained(visitor.standing.programme, each.member, task, protocol, today),
            *documents.unread(visitor.standing.programme, each.member, task),
        )
    )
    standing = (
        "ended" if ended else "waits for signature" if not each.accepted_at
        else "in force" if each.valid_from <= today else "to come"
    )  # fmt: skip
    return Line(
        each,
        names.get(each.member, each.member),
        tuple(task.label for task in found),
        standing,
        () if ended else tuple(lacking),
    )


def _full_names(programme: Programme) -> dict[str, str]:
    people = Member.objects.filter(username__in=training.members(programme))
    return {each.get_username(): each.get_full_name() or each.get_username() for each in people}
