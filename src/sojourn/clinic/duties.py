"""What forms on training, documents and delegation can offer, and which make sense for whom."""

from collections.abc import Mapping

from sojourn.clinic.access import ROLE_LABELS, Visitor
from sojourn.clinic.models import Member
from sojourn.clinic.offers import Choices
from sojourn.conduct import tasks, training
from sojourn.conduct.programme import Programme
from sojourn.conduct.qualification import Delegation
from sojourn.ledger import clock


def choices(visitor: Visitor) -> Mapping[str, Choices]:
    """Members, tasks, trainings, and the delegations this visitor may accept or end."""
    programme = visitor.standing.programme
    known = tasks.shipped()
    return {
        "members": _members(programme),
        "tasks": tuple((each.key, each.label) for each in known.tasks),
        "trainings": tuple((each.key, each.label) for each in known.trainings),
        "training-records": tuple(
            (e.key, f"{e.key}: {e.member}, {training.label_of((e.training, e.about))}")
            for e in programme.trainings
            if not e.withdrawn
        ),
        "documents-in-use": tuple(
            (each.key, f"{each.key}: {each.in_words}")
            for each in programme.documents
            if each.in_use
        ),
        "documents-unread": tuple(
            (each.key, f"{each.key}: {each.in_words}")
            for each in programme.documents
            if each.in_use and not each.read_by(visitor.person.name)
        ),
        "investigators": tuple(
            (each.member, each.member)
            for each in programme.log.investigators
            if each.ended_on is None
        ),
        "delegations-to-accept": tuple(map(_label, to_accept(visitor))),
        "delegations-to-end": tuple(
            _label(each) for each in programme.log.delegations if each.ended_on is None
        ),
    }


def to_accept(visitor: Visitor) -> tuple[Delegation, ...]:
    """What was delegated to this visitor and waits for their signature."""
    return tuple(
        each
        for each in visitor.standing.programme.log.delegations
        if each.member == visitor.person.name and not each.accepted_at and not each.ended_on
    )


def senseless(visitor: Visitor) -> frozenset[str]:
    """Commands on training and delegation that have nothing to act on, or are not for them."""
    programme, today = visitor.standing.programme, clock.now().date()
    name = visitor.person.name
    offered = choices(visitor)
    found = {
        command
        for command, source in (
            ("training.withdraw", "training-records"),
            ("document.withdraw", "documents-in-use"),
            ("document.acknowledge", "documents-unread"),
            ("delegation.end-investigator", "investigators"),
            ("delegation.accept", "delegations-to-accept"),
            ("delegation.end", "delegations-to-end"),
        )
        if not offered[source]
    }
    if not any(e.member == name and e.holds(today, e.site) for e in programme.log.investigators):
        found |= {"delegation.delegate", "delegation.end"}
    found.add("delegation.ask" if programme.log.asked(today) else "delegation.stop-asking")
    return frozenset(found)


def _members(programme: Programme) -> Choices:
    active = Member.objects.filter(is_active=True, role__in=ROLE_LABELS).order_by("username")
    named = {
        each.get_username(): f"{each.get_full_name() or each.get_username()} "
        f"({ROLE_LABELS[each.role]})"
        for each in active
    }
    # Whoever is on record but has no account of their own is offered too.
    others = {each: each for each in training.members(programme) if each not in named}
    return tuple({**named, **others}.items())


def _label(delegation: Delegation) -> tuple[str, str]:
    known = tasks.shipped()
    words = ", ".join(task.label if (task := known.task(key)) else key for key in delegation.tasks)
    return delegation.key, f"{delegation.key}: {delegation.member}, {words}"
