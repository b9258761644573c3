"""Whether sessions keep to the therapy: ratings of recordings by someone outside the team."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.conduct.programme import FidelityRating, Programme
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact


@dataclass(frozen=True, slots=True)
class RateFidelity:
    name: ClassVar[str] = "programme.rate-fidelity"
    title: ClassVar[str] = "Rate a recorded session"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = ("fidelity-rater",)

    at: Annotated[datetime, Ask("Rated at")]
    participant: Annotated[str, Ask("Participant number")]
    visit: Annotated[str, Ask("Session", choices_from="rated-sessions")]
    recording_digest: Annotated[str, Ask("SHA-256 of the recording")]
    answers: Annotated[tuple[tuple[str, int], ...], Ask("Items", choices_from="fidelity-items")]
    rater: str = ""  # whoever asks


@dataclass(frozen=True, slots=True)
class FidelityRated:
    kind: ClassVar[str] = "programme.fidelity-rated"
    schema: ClassVar[int] = 1
    participant: str
    visit: str
    rater: str
    recording_digest: str
    answers: tuple[int, ...]


def rate(programme: Programme, command: RateFidelity, protocol: Protocol) -> tuple[Fact, ...]:
    plan = protocol.fidelity
    if plan is None:
        raise Refused("the protocol has no items to rate a session by")
    visit = protocol.visit(command.visit)
    if visit is None or visit.phase not in plan.phases:
        raise Refused(f"'{command.visit}' is no session that is rated", "visit")
    if command.rater in programme.practitioners:
        raise Refused(f"'{command.rater}' is a practitioner here; a rater is not", "rater")
    digest = digest_of(command.recording_digest, "recording_digest")
    if not digest:
        raise Refused("name the recording by its SHA-256", "recording_digest")
    for each in programme.fidelity:
        if (each.participant, each.visit, each.rater) == (
            command.participant,
            command.visit,
            command.rater,
        ):
            raise Refused(f"'{command.rater}' rated this session on {each.on} already", "rater")
    given = dict(command.answers)
    answers = []
    for item in plan.items:
        value = given.pop(item.key, None)
        if value is None:
            raise Refused(f"'{item.label}' is not rated", "answers")
        if not plan.lowest <= value <= plan.highest:
            raise Refused(
                f"{item.label} {value} lies outside {plan.lowest} to {plan.highest}", "answers"
            )
        answers.append(value)
    if given:
        raise Refused(f"the protocol has no item '{next(iter(given))}'", "answers")
    return (
        FidelityRated(command.participant, command.visit, command.rater, digest, tuple(answers)),
    )


def rated(programme: Programme, fact: FidelityRated, entry: Entry) -> Programme:
    rating = FidelityRating(
        fact.participant,
        fact.visit,
        fact.rater,
        fact.recording_digest,
        fact.answers,
        entry.occurred_at.date(),
    )
    return replace(programme, fidelity=(*programme.fidelity, rating))


@dataclass(frozen=True, slots=True)
class RatedSession:
    """One recorded session with everyone's answers, in the order of ``raters``."""

    participant: str
    visit: str
    raters: tuple[str, ...]
    answers: tuple[tuple[int, ...], ...]

    @property
    def mean(self) -> float:
        """Mean over raters and items."""
        values = [value for answers in self.answers for value in answers]
        return sum(values) / len(values)


def rated_sessions(programme: Programme) -> tuple[RatedSession, ...]:
    """Ratings gathered by session, in order of the first rating."""
    gathered: dict[tuple[str, str], list[FidelityRating]] = {}
    for each in programme.fidelity:
        gathered.setdefault((each.participant, each.visit), []).append(each)
    return tuple(
        RatedSession(
            *session, tuple(each.rater for each in found), tuple(each.answers for each in found)
        )
        for session, found in gathered.items()
    )


def shared_table(programme: Programme, item: int | None = None) -> tuple[tuple[float, ...], ...]:
    """Scores of the sessions that the two busiest raters both rated: a row each, a column a rater.

    ``item`` counts from 0; None takes the mean of each rater's items. Empty when
    fewer than two raters share a session.
    """
    counts: dict[str, int] = {}
    for each in programme.fidelity:
        counts[each.rater] = counts.get(each.rater, 0) + 1
    pair = sorted(counts, key=lambda rater: (-counts[rater], rater))[:2]
    if len(pair) < 2:
        return ()
    return tuple(
        tuple(_score(session.answers[session.raters.index(rater)], item) for rater in pair)
        for session in rated_sessions(programme)
        if set(pair) <= set(session.raters)
    )


def _score(answers: tuple[int, ...], item: int | None) -> float:
    return float(answers[item]) if item is not None else sum(answers) / len(answers)


DECIDE: Mapping[type, Any] = {RateFidelity: rate}
EVOLVE: Mapping[type, Any] = {FidelityRated: rated}
