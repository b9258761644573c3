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
    rater: Annotated[str, Ask("Rater", help="Your sign-in name.")]
    recording_digest: Annotated[str, Ask("SHA-256 of the recording")]
    answers: Annotated[tuple[tuple[str, int], ...], Ask("Items", choices_from="fidelity-items")]


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


DECIDE: Mapping[type, Any] = {RateFidelity: rate}
EVOLVE: Mapping[type, Any] = {FidelityRated: rated}
