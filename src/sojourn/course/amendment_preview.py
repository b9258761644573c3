"""What a move to an amended protocol would change for one participant, before anybody decides."""

from dataclasses import dataclass, replace

from sojourn.course import amendment, judging
from sojourn.course.amendment_state import Move
from sojourn.course.circumstances import Circumstances
from sojourn.course.schedule import Planned, plan
from sojourn.course.state import Course
from sojourn.protocols import comparing
from sojourn.protocols.comparing import Difference

NOT_A_CHANGE = frozenset({"version"})


@dataclass(frozen=True, slots=True)
class Change:
    """A visit still to come that the move adds, removes or plans for other days."""

    label: str
    change: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """``kept`` counts visits that stay as they were planned; ``obstacles`` forbid the move."""

    version_before: str
    version_after: str
    obstacles: tuple[str, ...]
    consent: str  # the form to be signed first; empty when the one they signed is enough
    kept: int
    visits: tuple[Change, ...]
    rules: tuple[Difference, ...]  # everything else that differs between the two versions
    criteria: tuple[str, ...]  # not satisfied, or not answered, under the new version


def preview(course: Course, circumstances: Circumstances) -> Preview | None:
    """What the move would change now; None where there is no later version to move to."""
    amended, before = circumstances.amended, circumstances.protocol
    if amended is None or amended.protocol.digest == before.digest:
        return None
    now, newest = circumstances.now, amended.protocol
    kept = amendment.settled(course, now)
    move = Move(newest.digest, newest.version, now, kept)
    obstacles = tuple(amendment.obstacles(course, before, newest))
    # A plan of both can't be made where one counts from the other the other way round.
    after = amendment.carried_over(course, before, newest, move) if not obstacles else before
    judged = judging.unsatisfied(course, replace(circumstances, protocol=after), later_visits=False)
    return Preview(
        before.version,
        newest.version,
        obstacles,
        amendment.consent_lacking(course, amended.consent_version, circumstances),
        len(kept),
        _visits(plan(course, before), plan(course, after)),
        tuple(
            each
            for each in comparing.differences(before, newest)
            if each.part != "Visits" and each.name not in NOT_A_CHANGE
        ),
        tuple(each.in_words() for each in judged),
    )


def _visits(before: tuple[Planned, ...], after: tuple[Planned, ...]) -> tuple[Change, ...]:
    old, new = (
        {each.visit.key: each for each in planned if each.standing == "planned"}
        for planned in (before, after)
    )
    removed = [
        Change(each.visit.label, "removed", _days(each), "")
        for key, each in old.items()
        if key not in new
    ]
    others = []
    for key, each in new.items():
        was = old.get(key)
        if was is None:
            others.append(Change(each.visit.label, "added", "", _days(each)))
        elif (_days(was), was.visit.assessments) != (_days(each), each.visit.assessments):
            change = "other days" if _days(was) != _days(each) else "other assessments"
            others.append(Change(each.visit.label, change, _told(was), _told(each)))
    return (*removed, *others)


def _told(planned: Planned) -> str:
    rated = ", ".join(each.upper() for each in planned.visit.assessments)
    return f"{_days(planned)}; {rated}" if rated else _days(planned)


def _days(planned: Planned) -> str:
    if planned.earliest is None or planned.latest is None:
        return "no day yet"
    if planned.earliest == planned.latest:
        return str(planned.earliest)
    return f"{planned.earliest} to {planned.latest}"
