"""A programme's own counts from its record, in the words and denominators of the literature."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from sojourn import analysis
from sojourn.evidence import Count
from sojourn.evidence.beside import BESIDE, EVENTS
from sojourn.ledger.rows import EventRow, ParticipantRow

LABELS = {
    "response": "Response",
    "loss-of-diagnosis": "Loss of diagnosis",
    "remission": "Remission",
    "discontinuation": "Left or not measured; retention is the rest",
    "serious-adverse-event": "A serious adverse event",
    "muscle-tightness": "Muscle tightness",
    "nausea": "Nausea",
    "decreased-appetite": "Decreased appetite",
    "excessive-sweating": "Excessive sweating",
    "feeling-cold": "Feeling cold",
    "jaw-clenching": "Jaw clenching",
}
# While an allocation is sealed: with fewer people, or with nearly nobody or nearly everybody having
# the outcome, a count of both arms together could tell someone's arm to who knows the people.
FEWEST_PEOPLE, FEWEST_EITHER_WAY = 10, 3


@dataclass(frozen=True, slots=True)
class Own:
    """One arm's count of one outcome; '' is everyone together. None: too few to be shown."""

    outcome: str
    arm: str
    count: Count | None


def counted(
    programme: str,
    observed: pl.DataFrame,
    visit: str,
    arm_of: Callable[[str], str],
    *,
    sealed: bool,
) -> tuple[Own, ...]:
    """Every outcome the literature counts, by the arms that ``arm_of`` gives.

    ``observed`` are the ratings, each under its arm; ``visit`` is the one outcomes are taken at.
    ``sealed`` keeps small numbers back.
    """
    people = {row.participant: row for row in ParticipantRow.objects.filter(programme=programme)}
    found = _rated(observed, visit)
    found |= _left(people.values(), observed, visit, arm_of)
    found |= _events(programme, people, arm_of)
    return tuple(
        Own(outcome, arm, None if sealed and too_few(count) else count)
        for outcome in BESIDE
        for (key, arm), count in sorted(found.items())
        if key == outcome
    )


def too_few(count: Count) -> bool:
    """Whether a pooled count could tell somebody's arm."""
    fewer = min(count.events, count.n - count.events)
    return count.n < FEWEST_PEOPLE or fewer < FEWEST_EITHER_WAY


def _rated(observed: pl.DataFrame, visit: str) -> dict[tuple[str, str], Count]:
    return {
        (each.outcome.replace("_", "-"), each.arm): Count(each.count, each.known)
        for each in analysis.proportions(observed, visit)
        if each.known
    }


def _left(
    people: Iterable[ParticipantRow],
    observed: pl.DataFrame,
    visit: str,
    arm_of: Callable[[str], str],
) -> dict[tuple[str, str], Count]:
    """Of those who had a session and were measured at the end or left: how many were not measured.

    Those still on their way are in neither, as they would be in no trial's count.
    """
    at_end = observed.filter((pl.col("visit") == visit) & pl.col("total").is_not_null())
    measured = set(at_end["participant"])
    stays = [
        (arm_of(row.participant), row.participant not in measured)
        for row in people
        if row.sessions_dosed
        and (row.participant in measured or row.status in ("withdrawn", "lost"))
    ]
    return {("discontinuation", arm): count for arm, count in _by_arm(stays).items()}


def _events(
    programme: str, people: Mapping[str, ParticipantRow], arm_of: Callable[[str], str]
) -> dict[tuple[str, str], Count]:
    """People with each event, of those who had a session."""
    having: dict[str, set[str]] = {outcome: set() for outcome in ("serious-adverse-event", *EVENTS)}
    for event in EventRow.objects.filter(programme=programme):
        said = {event.term.lower(), event.coded_term.lower()}
        for outcome, words in EVENTS.items():
            if said & words:
                having[outcome].add(event.participant)
        if event.serious:
            having["serious-adverse-event"].add(event.participant)
    dosed = [key for key, row in people.items() if row.sessions_dosed]
    return {
        (outcome, arm): count
        for outcome, who in having.items()
        for arm, count in _by_arm((arm_of(key), key in who) for key in dosed).items()
    }


def _by_arm(people: Iterable[tuple[str, bool]]) -> dict[str, Count]:
    found: dict[str, list[bool]] = {}
    for arm, had in people:
        found.setdefault(arm, []).append(had)
    return {arm: Count(sum(each), len(each)) for arm, each in found.items()}
