"""Who was trained in what, by whom, until when, and what each task asks for (ICH E6(R3), 2.3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from sojourn.conduct import tasks
from sojourn.conduct.programme import Programme
from sojourn.conduct.qualification import TrainingRecord
from sojourn.conduct.tasks import Task
from sojourn.protocols.model import Protocol
from sojourn.record.command import Ask, Nature, Refused, digest_of
from sojourn.record.entry import Entry, Fact

RECORDING = ("sponsor", "coordinator")
State = Literal["valid", "lapsed", "missing"]
Needed = tuple[str, str]  # a training and what it is about


@dataclass(frozen=True, slots=True)
class RecordTraining:
    name: ClassVar[str] = "training.record"
    title: ClassVar[str] = "Record a training"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = RECORDING

    at: Annotated[datetime, Ask("Recorded at")]
    member: Annotated[str, Ask("Who was trained", choices_from="members")]
    training: Annotated[str, Ask("In what", choices_from="trainings")]
    trained_on: Annotated[date, Ask("Trained on")]
    trainer: Annotated[str, Ask("By whom")]
    about: Annotated[
        str,
        Ask(
            "Version, instrument or device",
            help="The version of the protocol, the key of the instrument, or the device's name.",
            longest=80,
            optional=True,
        ),
    ] = ""
    valid_until: Annotated[date | None, Ask("Valid until", optional=True)] = None
    evidence_digest: Annotated[
        str, Ask("SHA-256 of the evidence", help="Of the certificate or list.", optional=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class WithdrawTraining:
    """A training that was recorded wrongly, or whose certificate was withdrawn."""

    name: ClassVar[str] = "training.withdraw"
    title: ClassVar[str] = "Withdraw a training"
    nature: ClassVar[Nature] = "decision"
    roles: ClassVar[tuple[str, ...]] = RECORDING

    at: Annotated[datetime, Ask("Withdrawn at")]
    record: Annotated[str, Ask("Which", choices_from="training-records")]
    cause: Annotated[str, Ask("Why", lines=2)]


@dataclass(frozen=True, slots=True)
class TrainingRecorded:
    kind: ClassVar[str] = "training.recorded"
    schema: ClassVar[int] = 1
    record: str
    member: str
    training: str
    about: str
    trained_on: date
    trainer: str
    valid_until: date | None
    evidence_digest: str


@dataclass(frozen=True, slots=True)
class TrainingWithdrawn:
    kind: ClassVar[str] = "training.withdrawn"
    schema: ClassVar[int] = 1
    record: str
    cause: str


@dataclass(frozen=True, slots=True)
class Cell:
    """How one member stands in one training on a day; ``until`` where an end is known."""

    state: State
    until: date | None = None
    asked_for: bool = False  # by a task delegated to them


def record(programme: Programme, command: RecordTraining, protocol: Protocol) -> tuple[Fact, ...]:
    kind = tasks.shipped().training(command.training)
    if kind is None:
        raise Refused(f"'{command.training}' is no training known here", "training")
    about = command.about.strip()
    versions = [each.version for each in programme.versions]
    if kind.about == "protocol-version" and about not in versions:
        raise Refused(f"name the version: {', '.join(versions)}", "about")
    planned = {key for visit in protocol.visits for key in visit.assessments}
    if kind.about == "instrument" and about not in planned:
        raise Refused(f"name an instrument of the protocol: {', '.join(sorted(planned))}", "about")
    if kind.about == "name" and not about:
        raise Refused("name the device", "about")
    if command.trained_on > command.at.date():
        raise Refused(f"{command.trained_on} is still to come", "trained_on")
    if command.valid_until and command.valid_until < command.trained_on:
        raise Refused(f"{command.valid_until} lies before {command.trained_on}", "valid_until")
    return (
        TrainingRecorded(
            f"T-{len(programme.trainings) + 1}",
            command.member.strip(),
            command.training,
            about if kind.about else "",
            command.trained_on,
            command.trainer.strip(),
            command.valid_until,
            digest_of(command.evidence_digest, "evidence_digest"),
        ),
    )


def withdraw(
    programme: Programme, command: WithdrawTraining, protocol: Protocol
) -> tuple[Fact, ...]:
    kept = {each.key for each in programme.trainings if not each.withdrawn}
    if command.record not in kept:
        raise Refused(f"no training '{command.record}' counts here", "record")
    if not command.cause.strip():
        raise Refused("say why it does not count", "cause")
    return (TrainingWithdrawn(command.record, command.cause.strip()),)


def cell(programme: Programme, member: str, needed: Needed, on: date) -> Cell:
    """How that member stands in that training on that day."""
    mine = [
        each
        for each in programme.trainings
        if (each.member, each.training, each.about) == (member, *needed) and not each.withdrawn
    ]
    held = [each for each in mine if each.holds(on)]
    if held:
        # One without an end outlasts all others.
        ends = [each.valid_until for each in held]
        return Cell("valid", None if None in ends else max(each for each in ends if each))
    past = [each.valid_until for each in mine if each.valid_until and each.valid_until < on]
    return Cell("lapsed", max(past)) if past else Cell("missing")


def untrained(
    programme: Programme, member: str, task: Task, protocol: Protocol, on: date
) -> tuple[str, ...]:
    """What that task asks for and that member lacks, in words; empty when nothing."""
    told = []
    for needed in tasks.needed(task, protocol):
        found = cell(programme, member, needed, on)
        if found.state == "lapsed":
            told.append(f"{label_of(needed)}: lapsed on {found.until}")
        elif found.state == "missing":
            told.append(f"{label_of(needed)}: no training on record")
    return tuple(told)


def label_of(needed: Needed) -> str:
    """A training in words, with what it is about."""
    kind = tasks.shipped().training(needed[0])
    label = kind.label if kind else needed[0]
    if kind and kind.about == "instrument":
        return f"{label} ({needed[1].upper()})"
    return f"{label} ({needed[1]})" if needed[1] else label


def columns(programme: Programme, protocol: Protocol) -> tuple[Needed, ...]:
    """Every training a task asks for now, then what else anybody was trained in."""
    asked = (each for task in tasks.shipped().tasks for each in tasks.needed(task, protocol))
    kept = (e for e in programme.trainings if not e.withdrawn)
    others = ((each.training, each.about) for each in kept)
    return tuple(dict.fromkeys((*asked, *others)))


def members(programme: Programme) -> tuple[str, ...]:
    """Everyone with a credential, a training or a task on record."""
    names = (
        *programme.practitioners,
        *(each.member for each in programme.trainings),
        *(each.member for each in programme.log.delegations),
        *(each.member for each in programme.log.investigators),
    )
    return tuple(dict.fromkeys(names))


def matrix(
    programme: Programme, protocol: Protocol, on: date
) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    """Each member with how they stand in each of the ``columns``."""
    across = columns(programme, protocol)
    rows = []
    for member in members(programme):
        mine = {
            task for e in programme.log.delegations if e.member == member and not e.ended_on
            for task in e.tasks
        }  # fmt: skip
        wanted = {
            each
            for task in tasks.shipped().tasks
            if task.key in mine
            for each in tasks.needed(task, protocol)
        }
        found = (
            replace(cell(programme, member, each, on), asked_for=each in wanted) for each in across
        )
        rows.append((member, tuple(found)))
    return tuple(rows)


def recorded(programme: Programme, fact: TrainingRecorded, entry: Entry) -> Programme:
    made = TrainingRecord(
        fact.record,
        fact.member,
        fact.training,
        fact.about,
        fact.trained_on,
        fact.trainer,
        fact.valid_until,
        fact.evidence_digest,
    )
    return replace(programme, trainings=(*programme.trainings, made))


def withdrawn(programme: Programme, fact: TrainingWithdrawn, entry: Entry) -> Programme:
    trainings = tuple(
        replace(each, withdrawn=fact.cause) if each.key == fact.record else each
        for each in programme.trainings
    )
    return replace(programme, trainings=trainings)


DECIDE: Mapping[type, Any] = {RecordTraining: record, WithdrawTraining: withdraw}
EVOLVE: Mapping[type, Any] = {TrainingRecorded: recorded, TrainingWithdrawn: withdrawn}
