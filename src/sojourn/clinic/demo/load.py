"""The demonstration: a programme of virtual participants, run through the commands staff use.

Nobody in it ever lived. Everything is dated to when it would have happened;
the record says truthfully that it was all written when the demonstration was loaded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Sum

from sojourn.clinic.demo import (
    checking,
    diarising,
    dispensing,
    enrolling,
    guessing,
    incidents,
    treating,
)
from sojourn.clinic.demo.programme import PROGRAMME, found_demo
from sojourn.clinic.demo.rating import ratings as rated
from sojourn.clinic.demo.steps import COORDINATOR, in_order
from sojourn.clinic.demo.walk import Walk
from sojourn.course.state import Course
from sojourn.design.calibration import load_shipped
from sojourn.design.virtual import VirtualParticipant, cohort
from sojourn.ledger import allocating, clock, programmes, seal
from sojourn.ledger.desk import at_desk
from sojourn.ledger.models import Head
from sojourn.ledger.rows import OpenAlertRow, OpenSessionRow, ParticipantRow, StatusCount
from sojourn.protocols.model import Protocol

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demonstration holds. Nothing in it tells an arm."""

    participants: int
    randomised: int
    entries: int
    statuses: tuple[tuple[str, int], ...]
    open_sessions: int
    open_alerts: int


def load_demo(
    *,
    today: date | datetime,
    seed: int = 2023,
    participants: int = 104,
    progress: Progress | None = None,
) -> Summary:
    """Found the programme 'demo' and lead its virtual participants up to ``today``.

    ``today`` as a moment is the demonstration's present; as a date it is that
    day's present when it is today, its evening otherwise. All or nothing is written.

    Raises
    ------
    sojourn.record.command.Refused
        If the demonstration was loaded before.
    ValueError
        If ``today`` is still to come, or a moment without its time zone.
    """
    now = _present(today)
    before = _position()
    with transaction.atomic():
        protocol = found_demo(now)
        people = cohort(
            protocol, load_shipped("mapp2"), seed=seed, today=now.date(), participants=participants
        )
        oddities = _oddities(people)
        pool = dispensing.stocked(people, protocol, seed, now)
        for done, person in enumerate(people, start=1):
            _lead(person, protocol, now, oddities.get(person.participant, ""), pool)
            if progress:
                progress(done, len(people))
        for rater, rating in rated(people, protocol, seed, now):
            programmes.execute(PROGRAMME, rating, author=rater, role="fidelity-rater")
        incidents.stage(now)
        dispensing.count_short(pool, now)
        checking.stage(now)
    counts = StatusCount.objects.filter(programme=PROGRAMME).values_list("status")
    return Summary(
        participants=len(people),
        randomised=ParticipantRow.objects.filter(
            programme=PROGRAMME, randomised_on__isnull=False
        ).count(),
        entries=_position() - before,
        statuses=tuple(counts.annotate(Sum("participants")).order_by("status")),
        open_sessions=OpenSessionRow.objects.filter(programme=PROGRAMME).count(),
        open_alerts=OpenAlertRow.objects.filter(programme=PROGRAMME).count(),
    )


def _present(today: date | datetime) -> datetime:
    clock_now = clock.now()
    if isinstance(today, datetime):
        if today.tzinfo is None:
            raise ValueError(f"{today} has no time zone; give it one")
        present = clock.here(today)
    elif today == clock_now.date():
        present = clock_now
    else:
        present = datetime.combine(today, time(20), clock.zone())
    if present > clock_now:
        raise ValueError(f"{today} is still to come; the demonstration ends today at the latest")
    return present.replace(second=0, microsecond=0)


def _position() -> int:
    return int(Head.objects.values_list("position", flat=True).get(id=1))


def _oddities(people: tuple[VirtualParticipant, ...]) -> Mapping[str, str]:
    """What happens to a few of those who finish: a dose withheld, slips corrected."""
    finish = [
        each.participant
        for each in people
        if each.scene is None and each.outcomes and not any(o.leaving for o in each.outcomes)
    ]
    return dict(zip(finish, ("dose-withheld", "slip-0", "slip-1", "slip-2"), strict=False))


def _lead(
    person: VirtualParticipant,
    protocol: Protocol,
    now: datetime,
    oddity: str,
    pool: dispensing.Pool,
) -> None:
    """The whole course of one person up to now, in one transaction."""
    with at_desk(PROGRAMME, person.participant, COORDINATOR) as desk:
        walk = Walk(desk, person, now, oddity)
        for step in enrolling.before_randomisation(person, protocol):
            walk.take(step)
        if not desk.course.eligible_at:
            return
        walk.take(enrolling.randomisation(person, protocol))
        if not desk.course.randomised_at:
            return
        arm = _arm(person, desk.course)
        outcome = person.under(arm)
        kits = dispensing.kits(pool, person.site, arm, protocol)
        told = diarising.diary(person, outcome, protocol, now.date())
        believed = guessing.guesses(person, outcome.arm, protocol)
        course = treating.after_randomisation(person, outcome, protocol, kits)
        for step in in_order([*course, *told, *believed]):
            walk.take(step)


def _arm(person: VirtualParticipant, course: Course) -> str:
    """Nature knows the arm: the simulator looks behind the seal, and tells nobody."""
    sealed = allocating.sealed_arm(PROGRAMME, course)
    if sealed:
        return seal.open_seal(sealed)
    raise LookupError(f"{person.participant} is randomised but has no allocation")
