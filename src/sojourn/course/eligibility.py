"""What screening finds, and where a person decides: criteria by hand, and overrides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sojourn.course import consent
from sojourn.course.circumstances import Circumstances
from sojourn.course.judging import judge
from sojourn.course.state import Answer, Course, Override, changed, with_item
from sojourn.protocols.eligibility import Characteristic
from sojourn.record.command import Ask, Nature, Refused
from sojourn.record.entry import Entry, Fact

CLINICAL = ("prescriber", "therapist", "coordinator")
ANSWERS = (("met", "Met"), ("not-met", "Not met"), ("unknown", "Not known yet"))


@dataclass(frozen=True, slots=True)
class RecordCharacteristics:
    name: ClassVar[str] = "screening.record-characteristics"
    title: ClassVar[str] = "Record what screening found"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = CLINICAL

    at: Annotated[datetime, Ask("Found at")]
    answers: Annotated[tuple[tuple[str, str], ...], Ask("Found", choices_from="characteristics")]
    basis: Annotated[str, Ask("On what basis", lines=2)]


@dataclass(frozen=True, slots=True)
class AssessCriteria:
    """For criteria the protocol gives no rule for."""

    name: ClassVar[str] = "screening.assess-criteria"
    title: ClassVar[str] = "Assess eligibility criteria"
    nature: ClassVar[Nature] = "observation"
    roles: ClassVar[tuple[str, ...]] = CLINICAL

    at: Annotated[datetime, Ask("Assessed at")]
    answers: Annotated[tuple[tuple[str, str], ...], Ask("Criteria", choices_from="criteria")]
    basis: Annotated[str, Ask("On what basis", lines=3)]


@dataclass(frozen=True, slots=True)
class OverrideCriterion:
    name: ClassVar[str] = "screening.override-criterion"
    title: ClassVar[str] = "Treat in spite of a criterion"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = ("prescriber", "sponsor")

    at: Annotated[datetime, Ask("Decided at")]
    criterion: Annotated[str, Ask("Criterion", choices_from="overridable-criteria")]
    reason: Annotated[str, Ask("Why, and after which work-up", lines=3)]


@dataclass(frozen=True, slots=True)
class CharacteristicsRecorded:
    kind: ClassVar[str] = "screening.characteristics-recorded"
    schema: ClassVar[int] = 1
    answers: tuple[tuple[str, str], ...]
    basis: str


@dataclass(frozen=True, slots=True)
class CriteriaAssessed:
    kind: ClassVar[str] = "screening.criteria-assessed"
    schema: ClassVar[int] = 1
    answers: tuple[tuple[str, str], ...]
    basis: str


@dataclass(frozen=True, slots=True)
class CriterionOverridden:
    kind: ClassVar[str] = "screening.criterion-overridden"
    schema: ClassVar[int] = 1
    criterion: str
    grounds: str
    reason: str


def record(
    course: Course, command: RecordCharacteristics, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    asked = {each.key: each for each in circumstances.protocol.characteristics}
    if not command.answers:
        raise Refused("answer at least one question", "answers")
    for key, value in command.answers:
        if key not in asked:
            raise Refused(f"the protocol does not ask for '{key}'", "answers")
        _check(asked[key], value)
    return (CharacteristicsRecorded(tuple(sorted(command.answers)), command.basis),)


def assess(
    course: Course, command: AssessCriteria, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    by_hand = {each.key: each for each in circumstances.protocol.criteria}
    for key, answer in command.answers:
        if key not in by_hand:
            raise Refused(f"the protocol has no criterion '{key}'", "answers")
        if not by_hand[key].answered_by_hand:
            raise Refused(
                f"'{by_hand[key].label}' follows from what is recorded; record that instead",
                "answers",
            )
        if answer not in dict(ANSWERS):
            raise Refused(f"'{answer}' is no answer; say met, not-met or unknown", "answers")
    if not command.answers:
        raise Refused("answer at least one criterion", "answers")
    return (CriteriaAssessed(tuple(sorted(command.answers)), command.basis),)


def override(
    course: Course, command: OverrideCriterion, circumstances: Circumstances
) -> tuple[Fact, ...]:
    consent.require(course, circumstances)
    judged = {each.criterion.key: each for each in judge(course, circumstances)}
    found = judged.get(command.criterion)
    if found is None:
        raise Refused(f"the protocol has no criterion '{command.criterion}'", "criterion")
    allowed = found.criterion.override_by
    if not allowed:
        raise Refused(f"'{found.criterion.label}' is absolute; nobody may override it", "criterion")
    if circumstances.role not in allowed:
        raise Refused(
            f"'{found.criterion.label}' may be overridden by {', '.join(allowed)}, "
            f"not by a {circumstances.role}",
            "criterion",
        )
    if found.verdict == "unknown":
        raise Refused(f"{found.in_words()}; find out first", "criterion")
    if found.satisfied:
        raise Refused(f"'{found.criterion.label}' stands in nobody's way", "criterion")
    if len(command.reason.strip()) < 8:
        raise Refused("say in a few words why, and after which work-up", "reason")
    return (
        CriterionOverridden(found.criterion.key, "; ".join(found.grounds), command.reason.strip()),
    )


def recorded(course: Course, fact: CharacteristicsRecorded, entry: Entry) -> Course:
    known = course.characteristics
    for key, value in fact.answers:
        known = with_item(known, key, Answer(value, entry.occurred_at, entry.author))
    return changed(course, characteristics=known)


def assessed(course: Course, fact: CriteriaAssessed, entry: Entry) -> Course:
    criteria = course.criteria
    for key, answer in fact.answers:
        criteria = with_item(criteria, key, answer)
    return changed(course, criteria=criteria)


def overridden(course: Course, fact: CriterionOverridden, entry: Entry) -> Course:
    made = Override(fact.criterion, fact.grounds, fact.reason, entry.occurred_at, entry.author)
    return changed(course, overrides=with_item(course.overrides, fact.criterion, made))


def _check(asked: Characteristic, value: str) -> None:
    if not asked.is_number:
        if value not in dict(asked.options):
            known = ", ".join(key for key, _ in asked.options)
            raise Refused(f"{asked.label} '{value}' is not one of: {known}", "answers")
        return
    if not (value.isascii() and value.removeprefix("-").isdigit()):
        raise Refused(f"{asked.label} '{value}' is not a whole number", "answers")
    lowest, highest = asked.lowest or 0, asked.highest or 0
    if not lowest <= int(value) <= highest:
        raise Refused(
            f"{asked.label} {value} {asked.unit} lies outside {lowest} to {highest}", "answers"
        )


DECIDE: Mapping[type, Any] = {
    RecordCharacteristics: record,
    AssessCriteria: assess,
    OverrideCriterion: override,
}
EVOLVE: Mapping[type, Any] = {
    CharacteristicsRecorded: recorded,
    CriteriaAssessed: assessed,
    CriterionOverridden: overridden,
}
